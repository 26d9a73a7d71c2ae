//! People who change things behind moat's back, and what they know of the account.

use super::{Call, Way, ec2};
use aws_sdk_ec2::types::{Filter, NatGatewayState, Tag};
use moat::name::Name;
use moat::tags::Owner;
use moat_tests::local::Local;
use moat_tests::proxy::{ask, ask_form};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Stands for the ARN of the revision that the call before registered.
pub const REGISTERED: &str = "{registered}";

const WHY: &str = "the local AWS answers";

pub struct Strangers {
    owner: Owner,
    network: String,
    /// Ids by the name of the resource: ours by their tags, and what the strangers brought.
    ids: BTreeMap<String, String>,
    tags: BTreeMap<String, Vec<(String, String)>>,
    /// Subnet and table of each association.
    associations: BTreeMap<String, (String, String)>,
    /// Tables that have a default route.
    default_routes: Vec<String>,
    definition: Value,
}

fn xml(answer: &str, field: &str) -> String {
    let inner = answer.split(&format!("<{field}>")).nth(1).and_then(|rest| rest.split('<').next());
    inner.unwrap_or_else(|| panic!("no {field} in {answer}")).to_owned()
}

impl Strangers {
    /// Looks around and brings what the changes need.
    pub async fn arrive(local: &Local, kind: &str, name: &str) -> Self {
        let name = Name::new(name).expect("a name");
        let owner = if kind == "network" { Owner::Network(name.clone()) } else { Owner::Service(name.clone()) };
        let mut them = Self {
            owner,
            network: name.as_str().to_owned(),
            ids: BTreeMap::new(),
            tags: BTreeMap::new(),
            associations: BTreeMap::new(),
            default_routes: Vec::new(),
            definition: Value::Null,
        };
        them.look_around(local).await;
        them.bring(local).await;
        them
    }

    async fn bring(&mut self, local: &Local) {
        let (vpc, public) = (self.id("vpc").to_owned(), self.id("subnet public-a").to_owned());
        let foreign = self.make(local, "vpc-theirs", "vpcId", "CreateVpc&CidrBlock=172.31.0.0/16".into()).await;
        let peering = format!("CreateVpcPeeringConnection&VpcId={vpc}&PeerVpcId={foreign}");
        self.make(local, "pcx-theirs", "vpcPeeringConnectionId", peering).await;
        self.make(local, "eni-theirs", "networkInterfaceId", format!("CreateNetworkInterface&SubnetId={public}")).await;
        let egress = format!("CreateEgressOnlyInternetGateway&VpcId={vpc}");
        self.make(local, "eigw-theirs", "egressOnlyInternetGatewayId", egress).await;
        let list = "CreateManagedPrefixList&PrefixListName=theirs&AddressFamily=IPv4&MaxEntries=2";
        self.make(local, "pl-theirs", "prefixListId", list.into()).await;
        let group = format!("CreateSecurityGroup&VpcId={vpc}&GroupName=theirs&GroupDescription=theirs");
        self.make(local, "sg-theirs", "groupId", group).await;
        self.make(local, "eipalloc-theirs", "allocationId", "AllocateAddress&Domain=vpc".into()).await;
        let role = format!(
            "Version=2010-05-08&Action=CreateRole&RoleName=theirs-{}&AssumeRolePolicyDocument=%7B%7D",
            self.network
        );
        ask_form(&local.endpoint, "iam", role).await;
        let targets = format!("theirs-{}", self.network);
        let call = local.elb.create_target_group().name(targets).vpc_id(vpc).port(80);
        let call = call.target_type(aws_sdk_elasticloadbalancingv2::types::TargetTypeEnum::Ip);
        let made = call.protocol(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::Http).send().await.expect(WHY);
        let arn = made.target_groups()[0].target_group_arn().expect("an ARN").to_owned();
        self.ids.insert("target-group theirs".into(), arn);
    }

    async fn make(&mut self, local: &Local, name: &str, field: &str, form: String) -> String {
        let Call::Form(service, form) = ec2(form) else { unreachable!("EC2 takes forms") };
        let id = xml(&ask_form(&local.endpoint, service, form).await, field);
        self.ids.insert(name.into(), id.clone());
        id
    }

    pub fn id(&self, resource: &str) -> &str {
        self.ids.get(resource).unwrap_or_else(|| panic!("nobody knows {resource}: {:?}", self.ids))
    }

    pub fn tags(&self, resource: &str) -> &[(String, String)] {
        self.tags.get(resource).map_or(&[], Vec::as_slice)
    }

    pub fn name(&self) -> &str {
        &self.network
    }

    pub fn address(&self) -> &str {
        self.id("eipalloc-theirs")
    }

    pub fn definition(&self) -> &Value {
        &self.definition
    }

    pub fn association(&self, subnet: &str) -> &str {
        let subnet = self.id(subnet);
        let found = self.associations.iter().find(|(_, (of, _))| of == subnet);
        found.map(|(id, _)| id.as_str()).unwrap_or_else(|| panic!("{subnet} has no association"))
    }

    pub fn associations_of(&self, table: &str) -> Vec<&str> {
        self.associations.iter().filter(|(_, (_, of))| of == table).map(|(id, _)| id.as_str()).collect()
    }

    pub fn has_default_route(&self, table: &str) -> bool {
        self.default_routes.iter().any(|of| of == table)
    }

    /// The text with names instead of ids, as the fake's test has it.
    pub fn unnamed(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| {
            let name =
                if name.contains("-theirs") || name.starts_with('<') { name.clone() } else { format!("<{name}>") };
            text.replace(id.as_str(), &name)
        })
    }

    /// Makes the calls, one after the other.
    pub async fn strike(&self, local: &Local, calls: &[Call]) {
        let mut registered = String::new();
        for call in calls {
            match call {
                Call::Form(service, form) => _ = ask_form(&local.endpoint, service, form.clone()).await,
                Call::Json(service, target, body) => {
                    let body: Value =
                        serde_json::from_str(&body.to_string().replace(REGISTERED, &registered)).expect("JSON");
                    let answer = ask(&local.endpoint, service, target, &body).await;
                    let arn = answer["taskDefinition"]["taskDefinitionArn"].as_str();
                    registered = arn.unwrap_or_default().to_owned();
                }
            }
        }
    }

    /// Takes back what moat leaves to people.
    pub async fn undo(&self, local: &Local, way: &Way) {
        if way.nature != "Riddle" {
            return;
        }
        let known = self.id(&way.resource);
        if way.what == "tags taken off" {
            let tags = self.tags(&way.resource).iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
            local.ec2.create_tags().resources(known).set_tags(Some(tags.collect())).send().await.expect(WHY);
            return;
        }
        let tag = Filter::builder().name("tag:moat:network").values(&self.network).build();
        let is_twin = |id: Option<&str>, tags: &[Tag]| {
            id.filter(|id| *id != known && tags.iter().any(|tag| tag.value() == Some(&way.resource))).map(str::to_owned)
        };
        let subnets = local.ec2.describe_subnets().filters(tag).send().await.expect(WHY);
        for id in subnets.subnets().iter().filter_map(|it| is_twin(it.subnet_id(), it.tags())) {
            local.ec2.delete_subnet().subnet_id(id).send().await.expect(WHY);
        }
        let endpoints = local.ec2.describe_vpc_endpoints().send().await.expect(WHY);
        for id in endpoints.vpc_endpoints().iter().filter_map(|it| is_twin(it.vpc_endpoint_id(), it.tags())) {
            local.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await.expect(WHY);
        }
    }

    fn note(&mut self, id: Option<&str>, tags: &[Tag]) {
        let value = |key: &str| tags.iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value());
        let is_ours = [value("moat:network"), value("moat:service")].contains(&Some(&self.network));
        let (Some(resource), Some(id), true) = (value("moat:resource"), id, is_ours) else { return };
        self.ids.insert(resource.to_owned(), id.to_owned());
        let pairs = tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
        self.tags.insert(resource.to_owned(), pairs.collect());
    }

    /// Learns the ids of what is there now.
    pub async fn look_around(&mut self, local: &Local) {
        let client = &local.ec2;
        let vpcs = client.describe_vpcs().send().await.expect(WHY);
        vpcs.vpcs().iter().for_each(|it| self.note(it.vpc_id(), it.tags()));
        let subnets = client.describe_subnets().send().await.expect(WHY);
        subnets.subnets().iter().for_each(|it| self.note(it.subnet_id(), it.tags()));
        let gateways = client.describe_internet_gateways().send().await.expect(WHY);
        gateways.internet_gateways().iter().for_each(|it| self.note(it.internet_gateway_id(), it.tags()));
        let addresses = client.describe_addresses().send().await.expect(WHY);
        addresses.addresses().iter().for_each(|it| self.note(it.allocation_id(), it.tags()));
        let nats = client.describe_nat_gateways().send().await.expect(WHY);
        let live = nats.nat_gateways().iter().filter(|it| it.state() == Some(&NatGatewayState::Available));
        live.for_each(|it| self.note(it.nat_gateway_id(), it.tags()));
        let endpoints = client.describe_vpc_endpoints().send().await.expect(WHY);
        endpoints.vpc_endpoints().iter().for_each(|it| self.note(it.vpc_endpoint_id(), it.tags()));
        self.look_at_tables(local).await;
        self.look_at_groups(local).await;
        if matches!(self.owner, Owner::Service(_)) {
            self.look_at_service(local).await;
        }
    }

    async fn look_at_tables(&mut self, local: &Local) {
        let of = Filter::builder().name("vpc-id").values(self.id("vpc")).build();
        let tables = local.ec2.describe_route_tables().filters(of).send().await.expect(WHY);
        (self.associations, self.default_routes) = (BTreeMap::new(), Vec::new());
        for table in tables.route_tables() {
            let id = table.route_table_id().expect("an id").to_owned();
            self.note(Some(&id), table.tags());
            for association in table.associations() {
                if association.main() == Some(true) {
                    self.ids.insert("<main>".into(), id.clone());
                }
                let (Some(this), Some(subnet)) = (association.route_table_association_id(), association.subnet_id())
                else {
                    continue;
                };
                self.associations.insert(this.to_owned(), (subnet.to_owned(), id.clone()));
            }
            if table.routes().iter().any(|route| route.destination_cidr_block() == Some("0.0.0.0/0")) {
                self.default_routes.push(id);
            }
        }
    }

    async fn look_at_groups(&mut self, local: &Local) {
        let of = Filter::builder().name("vpc-id").values(self.id("vpc")).build();
        let groups = local.ec2.describe_security_groups().filters(of).send().await.expect(WHY);
        for group in groups.security_groups() {
            self.note(group.group_id(), group.tags());
            if group.group_name() == Some("default") {
                self.ids.insert("default-security-group".into(), group.group_id().expect("an id").to_owned());
            }
        }
    }

    async fn look_at_service(&mut self, local: &Local) {
        let name = format!("moat-{}", self.network);
        let balancers = local.elb.describe_load_balancers().names(&name).send().await.expect(WHY);
        let balancer = balancers.load_balancers()[0].load_balancer_arn().expect("an ARN").to_owned();
        let targets = local.elb.describe_target_groups().names(&name).send().await.expect(WHY);
        let listeners = local.elb.describe_listeners().load_balancer_arn(&balancer).send().await.expect(WHY);
        let ours = listeners.listeners().iter().find(|it| it.port() == Some(80)).and_then(|it| it.listener_arn());
        let target = targets.target_groups()[0].target_group_arn().expect("an ARN");
        self.ids.insert("target-group".into(), target.to_owned());
        self.ids.insert("listener http".into(), ours.expect("a listener").to_owned());
        self.ids.insert("load-balancer".into(), balancer);
        let body = json!({"cluster": name, "services": [name]});
        let target = "AmazonEC2ContainerServiceV20141113.DescribeServices";
        let found = ask(&local.endpoint, "ecs", target, &body).await;
        let body = json!({"taskDefinition": found["services"][0]["taskDefinition"]});
        let target = "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition";
        self.definition = ask(&local.endpoint, "ecs", target, &body).await["taskDefinition"].clone();
    }
}
