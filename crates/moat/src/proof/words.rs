//! Causes in sentences: what is wrong, with the ids that AWS's console shows, and what to do about it.

use super::cause::{Cause, Thing};
use super::facts::{EndpointState, Target};
use super::filters::Ports;
use super::lookup::Lookup;
use super::ranges::Ranges;
use super::report::{Fault, Hit, and};
use crate::ids::{SecurityGroupId, SubnetId};
use crate::rule::Direction;

pub struct Words<'a, 'b>(pub &'b Lookup<'a>);

impl Words<'_, '_> {
    pub fn fault(&self, cause: &Cause, hit: &Hit) -> Fault {
        let (code, what, fix) = self.say(cause, &hit.about);
        Fault { code: code.into(), what, cuts: hit.cuts(), fix }
    }

    fn say(&self, cause: &Cause, about: &Ranges) -> (&'static str, String, String) {
        self.of_names(cause)
            .or_else(|| self.of_routes(cause, about))
            .or_else(|| self.of_gateways(cause))
            .or_else(|| self.of_filters(cause, about))
            .or_else(|| self.of_endpoints(cause, about))
            .or_else(|| self.of_the_door(cause))
            .unwrap_or_else(|| self.unread(cause))
    }

    fn of_names(&self, cause: &Cause) -> Option<(&'static str, String, String)> {
        Some(match cause {
            Cause::DnsSupportOff(vpc) => (
                "dns-support-off",
                format!("{vpc} has DNS support off, so no name has an address in it"),
                "Turn enableDnsSupport on".into(),
            ),
            Cause::DnsHostnamesOff(vpc) => (
                "dns-hostnames-off",
                format!("{vpc} has DNS hostnames off, so the private DNS names of its endpoints do not answer"),
                "Turn enableDnsHostnames on".into(),
            ),
            Cause::OtherResolvers(servers) => (
                "other-resolvers",
                format!(
                    "the DHCP options name other DNS servers than Amazon's ({}), and what they answer cannot be seen",
                    servers.join(", ")
                ),
                "Make them forward to Amazon's resolver, or set AmazonProvidedDNS in the DHCP options".into(),
            ),
            _ => return None,
        })
    }

    fn of_routes(&self, cause: &Cause, about: &Ranges) -> Option<(&'static str, String, String)> {
        Some(match cause {
            Cause::NoRoute(table) => (
                "no-route",
                format!("route table {table} has no route to {}", self.addresses(about)),
                if self.is_public(about) {
                    "Add a route 0.0.0.0/0 to a NAT gateway, or VPC endpoints for what AWS has them for in this region"
                        .into()
                } else {
                    "Add a route for it".into()
                },
            ),
            Cause::BlackHole(table, by, target) => (
                "black-hole",
                format!("route table {table} leads {by} to {target}, which is gone: the route is a black hole"),
                format!("Replace the route {by}, or delete it where another one should count"),
            ),
            Cause::NoPublicIp(table, by, gateway) => (
                "internet-gateway-without-public-ip",
                format!(
                    "route table {table} leads {by} to the Internet gateway {gateway}, which carries only what has a public IP, and tasks have none"
                ),
                format!("Lead {by} to a NAT gateway, or run tasks in private subnets"),
            ),
            Cause::Unfollowed(table, by, target) => (
                "not-followed",
                format!("route table {table} leads {by} to {target}, and what is behind it cannot be seen from here"),
                self.unfollowed(target),
            ),
            _ => return None,
        })
    }

    fn unfollowed(&self, target: &Target) -> String {
        match target {
            Target::Interface(_) => "Try it from a task, or use a NAT gateway".into(),
            Target::EgressOnlyInternetGateway(_) => "It carries IPv6 only; lead IPv4 to a NAT gateway".into(),
            _ => "Try it from a task, or prove the other network by itself".into(),
        }
    }

    fn of_gateways(&self, cause: &Cause) -> Option<(&'static str, String, String)> {
        Some(match cause {
            Cause::Detached(gateway) => (
                "internet-gateway-detached",
                format!("Internet gateway {gateway} is not attached to {}", self.0.evidence.vpc.id),
                "Attach it".into(),
            ),
            Cause::NatNotAvailable(gateway, state) => (
                "nat-not-available",
                format!("NAT gateway {gateway} is {state}"),
                match state.as_str() {
                    "pending" => "Wait; it takes about two minutes".into(),
                    _ => "Create a new NAT gateway and lead the route to it".into(),
                },
            ),
            Cause::NatIsPrivate(gateway) => (
                "nat-is-private",
                format!("NAT gateway {gateway} is a private one, which reaches other networks and not the Internet"),
                "Use a public NAT gateway".into(),
            ),
            Cause::NatStranded(gateway, subnet, table, target) => {
                let stands =
                    subnet.as_ref().map_or("is regional".into(), |id| format!("stands in {}", self.subnet(id)));
                let leads = match target {
                    None => "has no route to the Internet".into(),
                    Some(target) => format!("leads to {target} and not to an Internet gateway"),
                };
                (
                    "nat-stranded",
                    format!("NAT gateway {gateway} {stands}, whose route table {table} {leads}"),
                    format!(
                        "Add a route 0.0.0.0/0 to the Internet gateway to {table}, or put the NAT gateway in a public subnet"
                    ),
                )
            }
            _ => return None,
        })
    }

    fn of_filters(&self, cause: &Cause, about: &Ranges) -> Option<(&'static str, String, String)> {
        Some(match cause {
            Cause::Acl(acl, direction, ports) => {
                let (verb, end) = match direction {
                    Direction::Ingress => ("in", "from"),
                    Direction::Egress => ("out", "to"),
                };
                let (others, why) = (self.addresses(about), meaning(*ports));
                (
                    if *ports == Ports::HTTPS { "acl-https" } else { "acl-ephemeral-ports" },
                    format!("network ACL {acl} does not let all of tcp {ports} {verb} {end} {others}{why}"),
                    format!("Allow tcp {ports} {verb} {end} {others} in {acl}, before any entry that denies it"),
                )
            }
            Cause::GroupOut(groups) => (
                "group-egress",
                format!("{} does not let tcp 443 out to {}", self.groups(groups), self.addresses(about)),
                format!("Add an egress rule for tcp 443 to {}", self.addresses(about)),
            ),
            _ => return None,
        })
    }

    fn of_endpoints(&self, cause: &Cause, about: &Ranges) -> Option<(&'static str, String, String)> {
        Some(match cause {
            Cause::NoEndpoint(service) => (
                "no-endpoint",
                format!("there is no VPC endpoint for {service}, and no route to the Internet"),
                match service.ends_with(".s3") {
                    true => format!("Create the gateway endpoint {service} on the tasks' route tables; it is free"),
                    false => format!("Create the interface endpoint {service} with private DNS on"),
                },
            ),
            Cause::PrivateDnsOff(endpoint) => (
                "private-dns-off",
                format!(
                    "endpoint {} has private DNS off, so the service's own name does not lead to it",
                    self.endpoint(endpoint)
                ),
                "Turn private DNS names on".into(),
            ),
            Cause::EndpointNotAvailable(endpoint, state) => (
                "endpoint-not-available",
                format!("endpoint {} is {state}", self.endpoint(endpoint)),
                match state {
                    EndpointState::Pending => "Wait; it takes about two minutes".into(),
                    EndpointState::Other(state) if state == "pendingAcceptance" => {
                        "Have the owner of the service accept it".into()
                    }
                    _ => "Create it again".into(),
                },
            ),
            Cause::EndpointOffTable(endpoint, table) => (
                "endpoint-off-table",
                format!("gateway endpoint {} has no route in route table {table}", self.endpoint(endpoint)),
                format!("Add {table} to the endpoint's route tables"),
            ),
            Cause::EndpointNowhere(endpoint) => (
                "endpoint-without-subnets",
                format!("endpoint {} is in no subnet, so it has no address", self.endpoint(endpoint)),
                "Add a subnet in each zone of the tasks to it".into(),
            ),
            Cause::EndpointGroup(groups) => (
                "endpoint-group",
                format!(
                    "{} of VPC endpoints does not let tcp 443 in from {}",
                    self.groups(groups),
                    self.addresses(about)
                ),
                format!("Add an ingress rule for tcp 443 from {}", list(&self.0.evidence.service.groups)),
            ),
            Cause::EndpointPolicy(endpoint, actions) => (
                "endpoint-policy",
                format!("the policy of endpoint {} does not allow {}", self.endpoint(endpoint), actions.join(", ")),
                "Allow it in the endpoint's policy".into(),
            ),
            Cause::Denied(role, actions) => (
                "role-denied",
                format!("the execution role {role} may not {}", actions.join(", ")),
                "Allow it in the role's policy".into(),
            ),
            _ => return None,
        })
    }

    fn of_the_door(&self, cause: &Cause) -> Option<(&'static str, String, String)> {
        Some(match cause {
            Cause::PublicIpAssigned(service) => (
                "public-ip-assigned",
                format!("service {service} gives its tasks public IPs (assignPublicIp is ENABLED)"),
                "Set assignPublicIp to DISABLED".into(),
            ),
            Cause::PublicIp(interface, subnet, ip) => (
                "public-ip",
                format!("network interface {interface} in {} has the public IP {ip}", self.subnet(subnet)),
                "Replace the task, with assignPublicIp DISABLED".into(),
            ),
            Cause::SubnetGivesPublicIps(subnet) => (
                "subnet-gives-public-ips",
                format!("{} gives public IPs to what starts in it", self.subnet(subnet)),
                "Turn auto-assign public IPv4 address off".into(),
            ),
            Cause::OpenRoute(subnet, table, by, target) => (
                "open-route",
                format!(
                    "{} is not private: its route table {table} leads {by} to the Internet gateway {target}",
                    self.subnet(subnet)
                ),
                "Delete that route, or run tasks in another subnet".into(),
            ),
            Cause::Admits(group, rule) => (
                "group-admits-internet",
                format!("{group} of the tasks lets {rule}"),
                "Remove that rule; tasks need to admit the load balancer's group and nobody else".into(),
            ),
            Cause::OpenBesideListeners(balancer, group, rule) => (
                "open-beside-listeners",
                format!(
                    "{group} of load balancer {} lets {rule}, where not every port is a listener's",
                    name_of(balancer.as_str())
                ),
                "Narrow that rule to the listeners' ports".into(),
            ),
            _ => return None,
        })
    }

    fn unread(&self, cause: &Cause) -> (&'static str, String, String) {
        let Cause::Unread(thing) = cause else {
            return (
                "nothing-to-prove",
                "no task subnet could be found, so nothing is proven".into(),
                "Name the service's subnets".into(),
            );
        };
        let thing = match thing {
            Thing::Subnet(id) => format!("subnet {id}"),
            Thing::Ipv4(id) => {
                return (
                    "no-ipv4",
                    format!("{} has no IPv4 range, and this proof follows IPv4 only", self.subnet(id)),
                    "Run tasks in a subnet that has one".into(),
                );
            }
            Thing::TableOf(id) => format!("the route table of {}", self.subnet(id)),
            Thing::Table(id) => format!("route table {id}"),
            Thing::AclOf(id) => format!("the network ACL of {}", self.subnet(id)),
            Thing::Group(id) => format!("security group {id}"),
            Thing::List(id) => format!("prefix list {id}"),
            Thing::NatGateway(id) => format!("NAT gateway {id}"),
            Thing::InternetGateway(id) => format!("Internet gateway {id}"),
            Thing::Endpoint(id) => format!("endpoint {id}"),
        };
        ("unread", format!("{thing} could not be read"), "Allow its Describe call, and ask again".into())
    }

    /// `private-a (subnet-1)`
    pub fn subnet(&self, id: &SubnetId) -> String {
        match self.0.called(id) {
            name if name == id.as_str() => name.to_owned(),
            name => format!("{name} ({id})"),
        }
    }

    fn endpoint(&self, id: &crate::ids::VpcEndpointId) -> String {
        match self.0.endpoint(id) {
            Some(endpoint) => format!("{id} ({})", endpoint.service),
            None => id.to_string(),
        }
    }

    fn groups(&self, groups: &[SecurityGroupId]) -> String {
        match groups {
            [] => "no security group".into(),
            [one] => format!("security group {one}"),
            many => {
                format!("none of the security groups {}", list(many)).replacen("none of the", "the union of the", 1)
            }
        }
    }

    fn is_public(&self, about: &Ranges) -> bool {
        !about.is_empty() && Ranges::public_ipv4().covers(about)
    }

    /// Addresses by the name of what they are, where they have one.
    pub fn addresses(&self, about: &Ranges) -> String {
        if about.covers(self.0.public()) {
            return "the Internet".into();
        }
        let evidence = self.0.evidence;
        if let Some(list) =
            evidence.prefix_lists.iter().find(|list| list.ranges.iter().copied().collect::<Ranges>() == *about)
        {
            return format!("{} ({})", list.name, list.id);
        }
        let whole: Vec<_> = evidence.subnets.iter().filter(|subnet| about.covers(&self.0.ipv4(subnet))).collect();
        let all = whole.iter().fold(Ranges::none(), |all, subnet| all.or(&self.0.ipv4(subnet)));
        if !whole.is_empty() && all == *about {
            return and(&whole.iter().map(|subnet| subnet.name.as_str()).collect::<Vec<_>>());
        }
        about.to_string()
    }
}

fn list(groups: &[SecurityGroupId]) -> String {
    and(&groups.iter().map(SecurityGroupId::as_str).collect::<Vec<_>>())
}

const fn meaning(ports: Ports) -> &'static str {
    match ports {
        Ports::TASK => ", where answers to tasks come in",
        Ports::NAT => ", where answers to a NAT gateway come in",
        _ => "",
    }
}

/// The name inside of a load balancer's ARN: `…:loadbalancer/app/<name>/<id>`.
pub fn name_of(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or(arn)
}
