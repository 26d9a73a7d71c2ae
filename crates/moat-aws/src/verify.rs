//! Reads what the proof looks at: route tables in force, subnets, network interfaces, and the ECS service.

use crate::answer::{Answer, present};
use crate::ec2::filter;
use crate::network::route_table;
use aws_config::SdkConfig;
use aws_sdk_ec2::types as aws;
use aws_sdk_ecs::types::AssignPublicIp;
use moat::cidr::Side;
use moat::error::Failure;
use moat::ingress::desired::Group;
use moat::network::desired;
use moat::network::observed::RouteTable;
use moat::plan::Bindings;
use moat::proof::{Interface, Service, Snapshot, Subnet};
use moat::spec::{NetworkSpec, ServiceSpec};
use moat::tags::Owner;
use tokio::try_join;

/// EC2 and ECS, as the proof uses them: reading only.
#[derive(Debug, Clone)]
pub struct Verifier {
    ec2: aws_sdk_ec2::Client,
    ecs: aws_sdk_ecs::Client,
}

impl Verifier {
    pub fn new(config: &SdkConfig) -> Self {
        Self { ec2: aws_sdk_ec2::Client::new(config), ecs: aws_sdk_ecs::Client::new(config) }
    }

    /// From clients that a test made.
    pub fn of(ec2: aws_sdk_ec2::Client, ecs: aws_sdk_ecs::Client) -> Self {
        Self { ec2, ecs }
    }

    /// Looks at the private subnets that are bound, and at the service's tasks where a service is named.
    pub async fn snapshot(
        &self,
        network: &NetworkSpec,
        service: Option<&ServiceSpec>,
        bindings: &Bindings,
    ) -> Result<Snapshot, Failure> {
        let names = desired::subnets(network, Side::Private, bindings).into_iter();
        let bound: Vec<(String, String)> =
            names.filter_map(|name| Some((name.to_string(), bindings.get(&name)?.to_owned()))).collect();
        let group = service.and_then(|_| bindings.get(&Group::Tasks.logical()));
        let owner = Owner::Network(network.name.clone());
        let (tables, subnets, interfaces, service) = try_join!(
            self.tables(&owner, bindings.get(&desired::vpc())),
            self.subnets(&bound),
            self.interfaces(group),
            self.service(service),
        )?;
        let subnets = subnets.iter().map(|subnet| {
            let id = present(subnet.subnet_id(), "describe subnets", "id")?;
            let name = bound.iter().find(|(_, bound)| bound == id).map_or(id, |(name, _)| name);
            Ok(Subnet {
                name: name.to_owned(),
                id: id.to_owned(),
                gives_public_ips: subnet.map_public_ip_on_launch().unwrap_or(false),
                table: in_force(&tables, id),
            })
        });
        Ok(Snapshot { subnets: subnets.collect::<Result<_, Failure>>()?, service, interfaces })
    }

    /// The tables of the VPC, each with whether it is the main one.
    async fn tables(&self, owner: &Owner, vpc: Option<&str>) -> Result<Vec<(bool, RouteTable)>, Failure> {
        let Some(vpc) = vpc else { return Ok(Vec::new()) };
        let doing = format!("describe route tables of {vpc}");
        let inside = filter("vpc-id", [vpc.to_owned()]);
        let found = self.ec2.describe_route_tables().filters(inside).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let is_main = |table: &aws::RouteTable| table.associations().iter().any(|a| a.main().unwrap_or(false));
        found
            .iter()
            .filter(|table| table.vpc_id() == Some(vpc))
            .map(|table| Ok((is_main(table), route_table(owner, table, &doing)?)))
            .collect()
    }

    async fn subnets(&self, bound: &[(String, String)]) -> Result<Vec<aws::Subnet>, Failure> {
        if bound.is_empty() {
            return Ok(Vec::new());
        }
        let ids = filter("subnet-id", bound.iter().map(|(_, id)| id.clone()));
        let found = self.ec2.describe_subnets().filters(ids).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read("describe subnets")?;
        let is_bound = |subnet: &aws::Subnet| bound.iter().any(|(_, id)| subnet.subnet_id() == Some(id));
        Ok(found.into_iter().filter(is_bound).collect())
    }

    async fn interfaces(&self, group: Option<&str>) -> Result<Vec<Interface>, Failure> {
        let Some(group) = group else { return Ok(Vec::new()) };
        let doing = format!("describe network interfaces of {group}");
        let within = filter("group-id", [group.to_owned()]);
        let found = self.ec2.describe_network_interfaces().filters(within).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let is_within = |interface: &&aws::NetworkInterface| {
            interface.groups().iter().any(|member| member.group_id() == Some(group))
        };
        let interfaces = found.iter().filter(is_within).map(|interface| {
            let public_ip = interface.association().and_then(|association| association.public_ip());
            Ok(Interface {
                id: present(interface.network_interface_id(), &doing, "id")?.to_owned(),
                subnet: interface.subnet_id().unwrap_or_default().to_owned(),
                public_ip: public_ip.map(str::to_owned),
            })
        });
        interfaces.collect()
    }

    async fn service(&self, service: Option<&ServiceSpec>) -> Result<Option<Service>, Failure> {
        let Some(spec) = service else { return Ok(None) };
        let name = format!("moat-{}", spec.name);
        let answer = self.ecs.describe_services().cluster(&name).services(&name).send().await;
        let Some(answer) = answer.find(format!("describe service {name}"))? else { return Ok(None) };
        let mut active = answer.services().iter().filter(|service| service.status() != Some("INACTIVE"));
        let count = |value: i32| u32::try_from(value).unwrap_or_default();
        Ok(active.next().map(|found| {
            let vpc = found.network_configuration().and_then(|network| network.awsvpc_configuration());
            Service {
                name: spec.name.to_string(),
                assigns_public_ip: vpc.is_some_and(|vpc| vpc.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
                subnets: vpc.map(|vpc| vpc.subnets().to_vec()).unwrap_or_default(),
                desired: count(found.desired_count()),
                running: count(found.running_count()),
            }
        }))
    }
}

/// The table that routes for a subnet: the one it is associated with, or else the VPC's main one.
fn in_force(tables: &[(bool, RouteTable)], subnet: &str) -> Option<RouteTable> {
    let is_associated = |table: &RouteTable| table.associations.iter().any(|(_, id)| id.as_str() == subnet);
    let explicit = tables.iter().find(|(_, table)| is_associated(table));
    explicit.or_else(|| tables.iter().find(|(is_main, _)| *is_main)).map(|(_, table)| table.clone())
}
