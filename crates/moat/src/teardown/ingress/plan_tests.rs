use super::*;
use crate::name::Name;
use crate::plan::Step;
use crate::rule::{Direction, Peer, Rule};
use crate::teardown::ingress::observed::Listener;
use crate::teardown::{Group, Reference};

const BALANCER: &str = "arn:aws:elasticloadbalancing:::loadbalancer/app/moat-web/1";

fn spec(is_protection_ours: bool) -> IngressTeardownSpec {
    IngressTeardownSpec { service: Name::new("web").unwrap(), is_protection_ours, with: Default::default() }
}

fn group(resource: &str, id: &str, peer: &str) -> Group {
    let rules = vec![Rule::tcp(Direction::Egress, 8080, Peer::Group(peer.into())), Rule::all_out()];
    Group { id: id.into(), resource: resource.into(), vpc: "vpc-1".into(), rules }
}

fn interface(description: &str, requester: &str) -> Interface {
    Interface {
        id: "eni-1".into(),
        vpc: "vpc-1".into(),
        subnet: "subnet-1".into(),
        groups: ["sg-1".into()].into(),
        kind: "interface".into(),
        description: description.into(),
        requester: Some(requester.into()),
        instance: None,
        public_ip: None,
        tags: Default::default(),
    }
}

fn whole() -> Observed {
    let arn = "arn:aws:elasticloadbalancing:::listener/app/moat-web/1/2";
    Observed {
        load_balancer: Some(LoadBalancer { arn: BALANCER.into(), is_ours: true, is_protected: false }),
        listeners: vec![Listener { arn: arn.into(), port: 80, protocol: "HTTP".into() }],
        target_group: Some(TargetGroup {
            arn: "arn:aws:elasticloadbalancing:::targetgroup/moat-web/3".into(),
            is_ours: true,
            used_by: vec![BALANCER.into()],
        }),
        groups: vec![
            group("security-group load-balancer", "sg-1", "sg-2"),
            group("security-group tasks", "sg-2", "sg-1"),
        ],
        rules: Vec::new(),
        hosts: Default::default(),
        references: Vec::new(),
        interfaces: vec![interface("ELB app/moat-web/1", "amazon-elb")],
    }
}

fn due(observed: &Observed) -> Vec<String> {
    let plan = plan(&spec(true), observed).unwrap();
    let bindings = facts(observed).bindings();
    let due = plan.steps.iter().filter(|step| step.needs().iter().all(|need| bindings.has(need)));
    due.map(ToString::to_string).collect()
}

#[test]
fn t1_the_whole_way_is_planned() {
    insta::assert_snapshot!(plan(&spec(false), &whole()).unwrap(), @r"
    delete listener HTTP on port 80 of load-balancer moat-web
    delete load-balancer moat-web
    delete target-group moat-web
    remove from security-group load-balancer sg-1, before groups are deleted: tcp 8080 out to sg-2
    remove from security-group tasks sg-2, before groups are deleted: tcp 8080 out to sg-1
    delete security-group load-balancer sg-1
    delete security-group tasks sg-2
    ");
}

#[test]
fn t1_each_layer_is_due_when_the_one_before_was_seen_to_be_gone() {
    let mut observed = whole();
    observed.load_balancer.as_mut().unwrap().is_protected = true;
    assert_eq!(due(&observed), ["turn off the deletion protection of load-balancer moat-web"]);
    observed.load_balancer.as_mut().unwrap().is_protected = false;
    assert_eq!(due(&observed), ["delete listener HTTP on port 80 of load-balancer moat-web"]);
    observed.listeners.clear();
    assert_eq!(due(&observed), ["delete load-balancer moat-web"]);
    observed.load_balancer = None;
    observed.target_group.as_mut().unwrap().used_by.clear();
    assert_eq!(due(&observed), ["delete target-group moat-web"]);
    observed.target_group = None;
    // The interface is in the load balancer's group only.
    let rule = "before groups are deleted: tcp 8080 out to";
    assert_eq!(due(&observed), [format!("remove from security-group tasks sg-2, {rule} sg-1")]);
    let waiting = &plan(&spec(false), &observed).unwrap().waiting;
    assert_eq!(waiting[0].on, "network interface eni-1 of load balancer moat-web to be taken away by AWS");
    observed.interfaces.clear();
    assert_eq!(due(&observed).len(), 2, "{:?}", due(&observed));
    observed.groups.iter_mut().for_each(|group| group.rules.truncate(0));
    assert_eq!(due(&observed), ["delete security-group load-balancer sg-1", "delete security-group tasks sg-2"]);
}

#[test]
fn t2_everything_that_others_did_is_told_at_once() {
    let mut observed = whole();
    observed.load_balancer.as_mut().unwrap().is_protected = true;
    let other = "arn:aws:elasticloadbalancing:::loadbalancer/app/billing/9";
    observed.target_group.as_mut().unwrap().used_by.push(other.into());
    let rule = Rule::tcp(Direction::Ingress, 5432, Peer::Group("sg-2".into()));
    observed.references = vec![Reference { group: "sg-9".into(), name: "db".into(), of: None, rule }];
    observed.interfaces.push(interface("RDSNetworkInterface", "amazon-rds"));
    insta::assert_snapshot!(plan(&spec(false), &observed).unwrap_err(), @r#"
    load-balancer arn:aws:elasticloadbalancing:::loadbalancer/app/moat-web/1 is protected from deletion, and it was not moat that turned that on. Turn its attribute deletion_protection.enabled off, then start again
    load balancer arn:aws:elasticloadbalancing:::loadbalancer/app/billing/9, which is not service web's, forwards to its target-group. Take that out of its listener, then start again
    security group sg-9 (db), which is somebody else's, has a rule that names security-group tasks: tcp 5432 in from sg-2. Remove that rule, since AWS deletes no group that another names
    network interface eni-1 "type interface, RDSNetworkInterface, made by amazon-rds" (nothing tells whose it is) uses security-group load-balancer of service web. moat removes nothing of others; give it another group, then start again
    "#);
}

#[test]
fn t2_a_task_of_another_service_in_our_group_is_not_waited_for() {
    let task = interface("arn:aws:ecs:us-east-1:123456789012:attachment/1", "578734482556");
    let of = |service: Option<&str>| {
        let mut task = task.clone();
        task.tags.extend(service.map(|name| ("aws:ecs:serviceName".to_owned(), name.to_owned())));
        plan(&spec(false), &Observed { interfaces: vec![task], groups: whole().groups, ..Observed::default() })
    };
    assert_eq!(of(None).unwrap().waiting.len(), 1);
    assert_eq!(of(Some("moat-web")).unwrap().waiting.len(), 1);
    assert!(of(Some("billing")).unwrap_err().to_string().contains("ECS service billing"));
}

#[test]
fn a_load_balancer_that_elb_still_names_after_it_is_gone_is_nobody_elses() {
    let observed = Observed { load_balancer: None, listeners: Vec::new(), interfaces: Vec::new(), ..whole() };
    assert_eq!(due(&observed), ["delete target-group moat-web"]);
    let foreign = LoadBalancer { arn: BALANCER.into(), is_ours: false, is_protected: false };
    let observed = Observed { load_balancer: Some(foreign), ..observed };
    assert!(plan(&spec(true), &observed).unwrap_err().to_string().contains("which is not service web's"));
}
