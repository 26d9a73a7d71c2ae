//! Reads what the proof is made from: a VPC, whoever made it, and the service whose tasks are in it.
//!
//! Each kind of thing is described once, filtered by the VPC, side by side with the others: nine calls for a VPC and up to
//! three more that depend on what they find, whatever its size, and pages. A service adds two for itself and one for the
//! listeners of its load balancer. One call tells of the interfaces of all services that are looked at together, and one of
//! twenty target groups or load balancers.
//!
//! What the proof can say that it does not know may stay unread where AWS denies it: ACLs, gateways, prefix lists. Anything
//! else that cannot be read is a failure, since what is not in the evidence counts as absent there.

mod acls;
mod doors;
mod endpoints;
mod gateways;
mod groups;
mod interfaces;
mod lists;
mod service;
mod subnets;
mod tables;
mod vpc;

use aws_config::SdkConfig;
use futures_util::future::join_all;
use moat::error::{Failure, Kind};
use moat::ids::{SecurityGroupId, VpcId};
use moat::plan::Bindings;
use moat::proof::facts::{Evidence, Placement, Role};
use moat::proof::order::Order;
use moat::proof::planned::Tasks;
use tokio::try_join;

/// EC2, ECS and Elastic Load Balancing, as the proof uses them: reading only.
#[derive(Debug, Clone)]
pub struct Reader {
    ec2: aws_sdk_ec2::Client,
    ecs: aws_sdk_ecs::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    region: String,
}

/// A VPC with everything that decides where packets in it go, for the proof of any service in it.
#[derive(Debug, Clone)]
pub struct Around {
    evidence: Evidence,
    /// AWS gives it to tasks that name no group.
    default_group: Option<SecurityGroupId>,
}

impl Reader {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            ec2: aws_sdk_ec2::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            region: crate::config::region(config),
        }
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// The evidence for tasks that ECS does not know yet.
    ///
    /// # Errors
    /// Unreadable is not absent.
    pub async fn planned(&self, vpc: &VpcId, tasks: Tasks) -> Result<Evidence, Failure> {
        Ok(self.around(vpc).await?.evidence.of_tasks(tasks))
    }

    /// The evidence for the tasks of a service, whoever made it.
    ///
    /// # Errors
    /// `Moat.Refused` where there is no such service, or not in that VPC.
    pub async fn running(&self, order: &Order) -> Result<Evidence, Failure> {
        let tasks = self.tasks(order).await?;
        let vpc = match &order.vpc {
            Some(vpc) => vpc.clone(),
            None => self.vpc_of(&tasks.placement.subnets).await?,
        };
        let around = self.around(&vpc).await?;
        let mut read = self.with_doors(&around, vec![inside(&around, order, tasks)]).await;
        read.pop().unwrap_or_else(|| Err(Failure::new(Kind::Unexpected, format!("{order} was not looked at"))))
    }

    /// The same for several services, in a VPC that was read before.
    ///
    /// # Errors
    /// As those of `running`, for each service.
    pub async fn running_in(&self, around: &Around, orders: &[Order]) -> Vec<Result<Evidence, Failure>> {
        let tasks = orders.iter().map(async |order| inside(around, order, self.tasks(order).await?));
        self.with_doors(around, join_all(tasks).await).await
    }

    /// What leads to the tasks of all these services, read once for all of them.
    async fn with_doors(&self, around: &Around, tasks: Vec<Result<Tasks, Failure>>) -> Vec<Result<Evidence, Failure>> {
        let placements = || tasks.iter().flatten().map(|tasks| &tasks.placement);
        let target_groups: Vec<_> = placements().flat_map(|it| &it.target_groups).cloned().collect();
        let groups: Vec<_> = placements().flat_map(|it| &it.groups).cloned().collect();
        let vpc = &around.evidence.vpc.id;
        let read = try_join!(self.doors(&target_groups), self.interfaces(vpc, &groups));
        let evidence = tasks.into_iter().map(|tasks| {
            let tasks = tasks?;
            let (doors, found) = read.as_ref().map_err(Clone::clone)?;
            let interfaces = interfaces::of(found, &tasks.placement.groups, &tasks.placement.name);
            let (load_balancers, target_groups) = doors.to(&tasks.placement.target_groups);
            Ok(Evidence { load_balancers, target_groups, interfaces, ..around.evidence.of_tasks(tasks) })
        });
        evidence.collect()
    }

    /// Everything of a VPC.
    ///
    /// # Errors
    /// `Moat.Refused` where there is no such VPC.
    pub async fn around(&self, vpc: &VpcId) -> Result<Around, Failure> {
        let id = vpc.as_str();
        let (found, subnets, tables, internet_gateways, nat_gateways, endpoints, acls, groups) = try_join!(
            self.vpc(id),
            self.subnets(id),
            self.tables(id),
            self.internet_gateways(id),
            self.nat_gateways(id),
            self.endpoints(id),
            self.acls(id),
            self.groups(id),
        )?;
        let (groups, default_group) = groups;
        let gateways = endpoints::gateways(&endpoints);
        let tables = tables.iter().map(|table| tables::table(table, &gateways)).collect::<Result<Vec<_>, _>>()?;
        let (vpc, more, prefix_lists) = try_join!(
            self.with_names(found, &endpoints),
            self.tables_of_gateways(&nat_gateways, &tables, &gateways),
            self.lists(lists::named(&tables, &groups)),
        )?;
        let tables = tables.into_iter().chain(more).collect();
        let acls = acls::in_force(acls, &subnets);
        let evidence = Evidence {
            region: self.region.clone(),
            vpc,
            subnets,
            tables,
            internet_gateways,
            nat_gateways,
            endpoints,
            acls,
            groups,
            prefix_lists,
            load_balancers: Vec::new(),
            target_groups: Vec::new(),
            service: Tasks::planned(None, &self.region, &Bindings::default()).placement,
            interfaces: Vec::new(),
            needs: Vec::new(),
            role: Role::default(),
        };
        Ok(Around { evidence, default_group })
    }
}

/// Nothing, where AWS denies what the proof can do without; whatever else fails may pass.
fn or_unread<T>(found: Result<Vec<T>, Failure>) -> Result<Vec<T>, Failure> {
    match found {
        Err(failure) if failure.kind == Kind::Denied => {
            tracing::warn!("{failure}");
            Ok(Vec::new())
        }
        found => found,
    }
}

/// The tasks, where they are in this VPC. Those that name no group are in the one that AWS gives them.
fn inside(around: &Around, order: &Order, mut tasks: Tasks) -> Result<Tasks, Failure> {
    let Around { evidence, default_group } = around;
    let placement = &mut tasks.placement;
    if !placement.subnets.iter().any(|id| evidence.subnets.iter().any(|subnet| subnet.id == *id)) {
        return Err(elsewhere(order, placement, &evidence.vpc.id));
    }
    if placement.groups.is_empty() {
        placement.groups.extend(default_group.clone());
    }
    Ok(tasks)
}

fn elsewhere(order: &Order, placement: &Placement, vpc: &VpcId) -> Failure {
    let subnets: Vec<&str> = placement.subnets.iter().map(|id| id.as_str()).collect();
    let message =
        format!("{order} runs in {}, which is not in {vpc}. Leave the VPC out, or name another", subnets.join(", "));
    Failure::new(Kind::Refused, message)
}
