//! What other people and machines do to a service behind moat's back, and what a run may learn of what is left over.

use crate::execution::Asked;
use crate::shelf::{HasId, Shelf};
use crate::state::Scaling;
use crate::world::World;
use moat::drift::Tagged;
use moat::drift::inspect;
use moat::ingress::Ingress;
use moat::network::Network;
use moat::parameters;
use moat::plan::Bindings;
use moat::service::Service;
use moat::tags::Owner;
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// Starts a deployment of what runs already.
    pub fn deploy_anew(&self) {
        self.change(|state| {
            let (now, completes) = (state.now, state.after(state.rules.deployment));
            let services = state.services.there_mut();
            services.for_each(|service| (service.began, service.completes) = (now, Some(completes)));
        });
    }

    /// Sets the health-check grace of every service.
    pub fn change_grace(&self, seconds: u32) {
        self.change(|state| state.services.there_mut().for_each(|service| service.grace = seconds));
    }

    /// An autoscaler with these limits sets the number of tasks of every service, now.
    pub fn autoscale(&self, least: u32, most: u32, tasks: u32) {
        self.change(|state| {
            let scaling = Scaling { least, most, acted: Some(state.now) };
            let names: Vec<String> = state.services.there().map(|service| service.name.clone()).collect();
            state.scalings.extend(names.into_iter().map(|name| (name, scaling)));
            for service in state.services.there_mut().filter(|service| service.draining.is_none()) {
                (service.desired, service.running) = (tasks, tasks);
            }
        });
    }

    /// How many tasks there should be, in all services.
    pub fn desired(&self) -> u32 {
        self.read(|state| state.services.there().map(|service| service.desired).sum())
    }

    /// Puts the load balancers into another group.
    pub fn move_group_of_the_load_balancer(&self) {
        self.change(|state| state.balancers.there_mut().for_each(|it| it.groups = ["sg-theirs".into()].into()));
    }

    /// Changes how long every log group keeps its lines.
    pub fn retain_logs_for(&self, days: u32) {
        self.change(|state| state.log_groups.there_mut().for_each(|group| group.retention_days = Some(days)));
    }

    /// An execution of this name takes the locks.
    pub fn hold_lock(&self, asked: &Asked, execution: &str) {
        self.change(|state| {
            let locks = asked.owners().map(|owner| (parameters::lock(&owner), execution.to_owned()));
            state.parameters.extend(locks);
        });
    }

    /// Everything with moat's tags, as the Resource Groups Tagging API lists it.
    pub fn tagged(&self) -> Vec<Tagged> {
        self.read(|state| {
            let ec2 = |kind: &'static str| move |id: &str| format!("arn:aws:ec2:us-east-1:123456789012:{kind}/{id}");
            let mut all = of(&state.vpcs, ec2("vpc"));
            all.extend(of(&state.subnets, ec2("subnet")));
            all.extend(of(&state.internet_gateways, ec2("internet-gateway")));
            all.extend(of(&state.addresses, ec2("elastic-ip")));
            all.extend(of(&state.nat_gateways, ec2("natgateway")));
            all.extend(of(&state.tables, ec2("route-table")));
            all.extend(of(&state.endpoints, ec2("vpc-endpoint")));
            all.extend(of(&state.groups, ec2("security-group")));
            all.extend(of(&state.balancers, str::to_owned));
            all.extend(of(&state.targets, str::to_owned));
            all.extend(of(&state.listeners, str::to_owned));
            all.extend(of(&state.clusters, str::to_owned));
            all.extend(of(&state.services, str::to_owned));
            all.extend(of(&state.log_groups, |name| format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}")));
            all
        })
    }

    /// The ids that looks at the network and at the service see.
    ///
    /// # Panics
    /// When one of them cannot be read.
    pub fn seen(&self, asked: &Asked) -> BTreeMap<Owner, BTreeSet<String>> {
        let (hand, nothing, permit) = (self.hand(), Bindings::default(), Default::default());
        let [main, web] = asked.owners();
        self.run(async {
            let readable = "nothing happens to these hands";
            let network = inspect::<Network, _>(&hand, &asked.network(), &nothing, &permit).await.expect(readable);
            let mut given = network.bindings;
            let ingress = inspect::<Ingress, _>(&hand, &asked.ingress(&given), &given, &permit).await.expect(readable);
            given.extend(&ingress.bindings);
            let service = inspect::<Service, _>(&hand, &asked.service(&given), &given, &permit).await.expect(readable);
            let inside: BTreeSet<String> = ingress.seen.union(&service.seen).cloned().collect();
            [(main, network.seen), (web, inside)].into()
        })
    }
}

fn of<T: HasId + Clone>(shelf: &Shelf<T>, arn: impl Fn(&str) -> String) -> Vec<Tagged> {
    shelf.kept().filter_map(|kept| Tagged::read(&arn(kept.thing.id()), &kept.tags)).collect()
}
