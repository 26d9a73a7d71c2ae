//! What the ingress reads: groups by tag, the rest by its one name, and whose it is by its tags.

use crate::ingress_apply::{CERTIFICATE, spec, spec_with};
use crate::wire::{Answer, Wire};
use crate::xml::{item, list, tag, tags};
use moat::error::{Failure, Kind};
use moat::ingress::desired::Group;
use moat::ingress::observed::{LoadBalancerState, Observed};
use moat::rule::{Direction, Peer, Rule};
use moat::stage::Cloud;
use moat_aws::ingress::IngressCloud;

async fn observe(wire: &Wire) -> Result<Observed, Failure> {
    IngressCloud::new(&wire.config()).observe(&spec()).await
}

async fn observe_as(wire: &Wire, door: serde_json::Value) -> Observed {
    IngressCloud::new(&wire.config()).observe(&spec_with(door)).await.unwrap()
}

fn member(name: &str, items: &[String]) -> String {
    list(name, "member", items)
}

fn balancer(name: &str, arn: &str, state: &str) -> String {
    let zone = |subnet: &str| item(&[("SubnetId", subnet)], &[]);
    let fields = [("LoadBalancerName", name), ("LoadBalancerArn", arn), ("Scheme", "internet-facing")];
    let zones = member("AvailabilityZones", &[zone("subnet-1"), zone("subnet-2")]);
    let state = tag("State", item(&[("Code", state), ("Reason", "it is so")], &[]));
    item(&fields, &[zones, state, member("SecurityGroups", &["sg-1".to_owned()])])
}

fn target(name: &str, arn: &str) -> String {
    let fields = [("TargetGroupName", name), ("TargetGroupArn", arn), ("VpcId", "vpc-1")];
    item(&fields, &[item(&[("HealthCheckPath", "/up"), ("HealthCheckIntervalSeconds", "10")], &[])])
}

fn owned(arn: &str, owner: &str) -> String {
    let tag = item(&[("Key", "moat:service"), ("Value", owner)], &[]);
    item(&[("ResourceArn", arn)], &[member("Tags", &[tag])])
}

fn listener(arn: &str, port: &str, action: &str) -> String {
    let action = item(&[("Type", action), ("TargetGroupArn", "arn:tg")], &[]);
    item(&[("ListenerArn", arn), ("Port", port), ("Protocol", "HTTP")], &[member("DefaultActions", &[action])])
}

/// A load balancer and a target group of ours, with a listener.
fn settled() -> Wire {
    Wire::default()
        .on("DescribeLoadBalancers", [member("LoadBalancers", &[balancer("moat-web", "arn:lb", "active")])])
        .on("DescribeTargetGroups", [member("TargetGroups", &[target("moat-web", "arn:tg")])])
        .on("DescribeTags", [member("TagDescriptions", &[owned("arn:lb", "web"), owned("arn:tg", "web")])])
        .on("DescribeListeners", [member("Listeners", &[listener("arn:l", "80", "forward")])])
}

#[tokio::test]
async fn c5_every_describe_is_filtered_by_tag_name_or_arn() {
    let wire = settled();
    observe(&wire).await.unwrap();
    for call in wire.calls() {
        let (field, value) = match call.action.as_str() {
            "DescribeSecurityGroups" => {
                assert_eq!(call.filters(), [("tag:moat:service".to_owned(), "web".to_owned())]);
                continue;
            }
            "DescribeLoadBalancers" | "DescribeTargetGroups" => ("Names.member.1", "moat-web"),
            "DescribeTags" => ("ResourceArns.member.1", "arn:lb"),
            "DescribeTargetGroupAttributes" => ("TargetGroupArn", "arn:tg"),
            "DescribeRules" => ("ListenerArn", "arn:l"),
            _ => ("LoadBalancerArn", "arn:lb"),
        };
        assert_eq!(call.field(field), value, "{}", call.action);
    }
    assert_eq!(wire.calls().len(), 8);
}

#[tokio::test]
async fn c5_without_a_load_balancer_nothing_is_asked_by_an_empty_list() {
    let wire = Wire::default()
        .on("DescribeLoadBalancers", [Answer::error("LoadBalancerNotFound")])
        .on("DescribeTargetGroups", [Answer::error("TargetGroupNotFound")]);
    assert_eq!(observe(&wire).await, Ok(Observed::default()));
    assert_eq!(wire.calls().len(), 3);
}

#[tokio::test]
async fn a_load_balancer_of_ours_is_read_whole() {
    let observed = observe(&settled()).await.unwrap();
    let found = observed.load_balancer.unwrap();
    assert!(found.is_ours && found.is_internet_facing);
    assert_eq!(found.subnets, ["subnet-1".into(), "subnet-2".into()].into());
    assert_eq!(found.groups, ["sg-1".into()].into());
    assert_eq!(found.state, LoadBalancerState::Active);
    let target = observed.target_group.unwrap();
    assert!(target.is_ours);
    assert_eq!((target.health_check.path.as_str(), target.health_check.interval), ("/up", 10));
    assert_eq!(observed.listeners[0].forwards_to, Some("arn:tg".into()));
}

#[tokio::test]
async fn each_state_of_a_load_balancer_is_told_and_an_unknown_one_is_not_active() {
    let states = [
        ("provisioning", LoadBalancerState::Provisioning),
        ("active_impaired", LoadBalancerState::Impaired("it is so".into())),
        ("failed", LoadBalancerState::Failed("it is so".into())),
        ("quantum", LoadBalancerState::Provisioning),
    ];
    for (state, expected) in states {
        let balancer = balancer("moat-web", "arn:lb", state);
        let wire = settled().on("DescribeLoadBalancers", [member("LoadBalancers", &[balancer])]);
        assert_eq!(observe(&wire).await.unwrap().load_balancer.unwrap().state, expected);
    }
}

#[tokio::test]
async fn c5_somebody_elses_load_balancer_of_our_name_is_not_ours_and_its_listeners_are_none_of_our_business() {
    let tags = member("TagDescriptions", &[owned("arn:lb", "other"), item(&[("ResourceArn", "arn:tg")], &[])]);
    let observed = observe(&settled().on("DescribeTags", [tags])).await.unwrap();
    assert!(!observed.load_balancer.unwrap().is_ours);
    assert!(!observed.target_group.unwrap().is_ours);
    assert!(observed.listeners.is_empty());
}

#[tokio::test]
async fn c5_a_load_balancer_of_another_name_is_dropped_even_if_aws_ignores_the_name() {
    let wire = settled()
        .on("DescribeLoadBalancers", [member("LoadBalancers", &[balancer("other", "arn:other", "active")])])
        .on(
            "DescribeTargetGroups",
            [member("TargetGroups", &[target("other", "arn:x"), target("moat-web", "arn:tg")])],
        );
    let observed = observe(&wire).await.unwrap();
    assert_eq!(observed.load_balancer, None);
    assert_eq!(observed.target_group.unwrap().arn, "arn:tg".into());
}

#[tokio::test]
async fn listeners_are_read_page_by_page_and_a_redirect_forwards_nowhere() {
    let first = member("Listeners", &[listener("arn:l", "80", "forward")]) + &tag("NextMarker", "two");
    let second = member("Listeners", &[listener("arn:m", "8080", "redirect")]);
    let wire = settled().on("DescribeListeners", [first, second]);
    let observed = observe(&wire).await.unwrap();
    let read: Vec<_> = observed.listeners.iter().map(|l| (l.port, l.forwards_to.is_some())).collect();
    assert_eq!(read, [(80, true), (8080, false)]);
}

#[tokio::test]
async fn d4_a_rule_of_the_listener_is_read_unless_it_is_the_default_one() {
    let rule = |arn: &str, priority: &str, is_default: &str| {
        item(&[("RuleArn", arn), ("Priority", priority), ("IsDefault", is_default)], &[])
    };
    let rules = member("Rules", &[rule("arn:rule", "1", "false"), rule("arn:default", "default", "true")]);
    let observed = observe(&settled().on("DescribeRules", [rules])).await.unwrap();
    let read: Vec<_> = observed.listeners[0].rules.iter().map(|it| (it.arn.as_str(), it.priority.as_str())).collect();
    assert_eq!(read, [("arn:rule", "1")]);
}

#[tokio::test]
async fn groups_are_told_by_their_resource_tag_with_every_rule_split_by_its_peer() {
    let group = |id: &str, tags: String, rest: &str| {
        item(&[("groupId", id), ("vpcId", "vpc-1"), ("groupName", "any")], &[tags, rest.to_owned()])
    };
    let ours = |resource: &str| tags("moat:service", "web", resource);
    let range = |field: &str, range: &str| item(&[(field, range)], &[]);
    let ranges = list("ipRanges", "item", &[range("cidrIp", "10.0.0.0/8"), range("cidrIp", "0.0.0.0/0")]);
    let ipv6 = list("ipv6Ranges", "item", &[range("cidrIpv6", "::/0")]);
    let fields = [("ipProtocol", "tcp"), ("fromPort", "80"), ("toPort", "80")];
    let permission = list("ipPermissions", "item", &[item(&fields, &[ranges, ipv6])]);
    let groups = [
        group("sg-1", ours("security-group load-balancer"), &permission),
        group("sg-7", tags("moat:service", "other", "security-group tasks"), ""),
        group("sg-8", String::new(), ""),
        group("sg-9", ours("something else"), ""),
    ];
    let wire = Wire::default().on("DescribeSecurityGroups", [list("securityGroupInfo", "item", &groups)]);
    let observed = observe(&wire).await.unwrap();
    let [found] = &observed.groups[..] else { panic!("{observed:?}") };
    assert_eq!((found.id.as_str(), found.group), ("sg-1", Group::LoadBalancer));
    let cidr = |text: &str| Peer::Cidr(moat::cidr::Cidr::new(text).unwrap());
    let mut expected = [cidr("10.0.0.0/8"), cidr("0.0.0.0/0"), Peer::Ipv6("::/0".into())]
        .map(|peer| Rule::tcp(Direction::Ingress, 80, peer));
    expected.sort();
    assert_eq!(found.rules, expected);
}

#[tokio::test]
async fn unreadable_is_never_absent() {
    for action in ["DescribeLoadBalancers", "DescribeTags", "DescribeListeners", "DescribeSecurityGroups"] {
        let wire = settled().on(action, [Answer::error("AccessDenied")]);
        assert_eq!(observe(&wire).await.unwrap_err().kind, Kind::Denied, "{action}");
    }
}

#[tokio::test]
async fn a_listener_with_tls_is_read_with_its_certificate_and_its_policy_and_a_redirect_as_one() {
    let redirect = |port: &str, path: &str| {
        let fields = [("Protocol", "HTTPS"), ("Port", port), ("StatusCode", "HTTP_301"), ("Path", path)];
        let action = item(&[("Type", "redirect")], &[tag("RedirectConfig", item(&fields, &[]))]);
        item(&[("ListenerArn", "arn:80"), ("Port", "80"), ("Protocol", "HTTP")], &[member("DefaultActions", &[action])])
    };
    let forward = item(&[("Type", "forward"), ("TargetGroupArn", "arn:tg")], &[]);
    let certificates = member("Certificates", &[tag("CertificateArn", CERTIFICATE)]);
    let fields = [("ListenerArn", "arn:443"), ("Port", "443"), ("Protocol", "HTTPS"), ("SslPolicy", "policy-1")];
    let https = item(&fields, &[member("DefaultActions", &[forward]), certificates]);
    for (http, is_ours) in
        [(redirect("443", "/#{path}"), true), (redirect("8443", "/#{path}"), false), (redirect("443", "/login"), false)]
    {
        let wire = settled().on("DescribeListeners", [member("Listeners", &[http, https.clone()])]);
        let observed = observe_as(&wire, serde_json::json!({ "certificate": CERTIFICATE })).await;
        let [http, https] = &observed.listeners[..] else { panic!("{observed:?}") };
        assert_eq!((http.redirects, &http.forwards_to), (is_ours, &None));
        let tls = (https.certificate.as_deref(), https.policy.as_deref());
        assert_eq!((tls, https.redirects), ((Some(CERTIFICATE), Some("policy-1")), false));
        assert_eq!(wire.count("DescribeRules"), 2, "either may have rules");
        assert_eq!(wire.count("DescribeListenerCertificates"), 0, "nobody asks for more than the one");
    }
    let certificate = |arn: &str, is_default: &str| item(&[("CertificateArn", arn), ("IsDefault", is_default)], &[]);
    let both = [certificate(CERTIFICATE, "true"), certificate("arn:two", "false")];
    let wire = settled()
        .on("DescribeListeners", [member("Listeners", &[redirect("443", "/#{path}"), https])])
        .on("DescribeListenerCertificates", [member("Certificates", &both)]);
    let two = CERTIFICATE.replace("one", "two");
    let door = serde_json::json!({ "certificate": CERTIFICATE, "additionalCertificates": [two] });
    let observed = observe_as(&wire, door).await;
    let found: Vec<Vec<&str>> = observed
        .listeners
        .iter()
        .map(|listener| listener.additional_certificates.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(found, [vec![], vec!["arn:two"]], "without the default one");
    assert_eq!(wire.count("DescribeListenerCertificates"), 1, "a listener without TLS has none");
}

#[tokio::test]
async fn a_network_load_balancer_is_asked_for_its_idle_timeout_where_one_is_asked_for_and_never_for_rules() {
    let attribute = item(&[("Key", "tcp.idle_timeout.seconds"), ("Value", "350")], &[]);
    let wire = settled().on("DescribeListenerAttributes", [member("Attributes", &[attribute])]);
    let observed = observe_as(&wire, serde_json::json!({ "type": "network", "idleTimeout": 600 })).await;
    assert_eq!(observed.listeners[0].attributes["tcp.idle_timeout.seconds"], "350");
    assert_eq!(wire.count("DescribeRules"), 0);
    let wire = settled();
    observe_as(&wire, serde_json::json!({ "type": "network" })).await;
    assert_eq!(wire.count("DescribeListenerAttributes"), 0);
}

#[tokio::test]
async fn a_web_acl_is_asked_for_where_the_document_names_one() {
    let acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/all/1";
    let found = serde_json::json!({ "WebACL": {
        "Name": "all", "Id": "1", "ARN": acl, "DefaultAction": { "Allow": {} },
        "VisibilityConfig": { "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "all" },
    } });
    let answers: [(Answer, Option<String>); 3] =
        [(found.into(), Some(acl.into())), ("{}".into(), None), (Answer::error("WAFNonexistentItemException"), None)];
    for (answer, expected) in answers {
        let wire = settled().on("GetWebACLForResource", [answer]);
        let observed = observe_as(&wire, serde_json::json!({ "wafAcl": acl })).await;
        assert_eq!(observed.load_balancer.unwrap().web_acl, expected);
        assert_eq!(wire.call("GetWebACLForResource").json["ResourceArn"], "arn:lb");
    }
    let wire = settled();
    observe(&wire).await.unwrap();
    assert_eq!(wire.count("GetWebACLForResource"), 0);
}

/// A rule of a listener for one path, and a tag of whose it is.
fn rule(arn: &str, priority: &str, path: &str, target: &str) -> String {
    let values = member("Values", &[path.to_owned()]);
    let config = tag("PathPatternConfig", values);
    let conditions = member("Conditions", &[item(&[("Field", "path-pattern")], &[config])]);
    let actions = member("Actions", &[item(&[("Type", "forward"), ("TargetGroupArn", target)], &[])]);
    let fields = [("RuleArn", arn), ("Priority", priority), ("IsDefault", "false")];
    item(&fields, &[conditions, actions])
}

#[tokio::test]
async fn a_rule_is_read_with_whose_it_is_what_it_asks_for_and_where_it_leads_and_tags_of_all_in_one_call() {
    let (one, two) = ("arn:rule-1", "arn:rule-2");
    let rules = member("Rules", &[rule(one, "7", "/api/*", "arn:tg-api"), rule(two, "8", "/x", "arn:tg-x")]);
    let tags = member("TagDescriptions", &[owned("arn:lb", "web"), owned("arn:tg", "web"), owned(one, "api")]);
    let wire = settled().on("DescribeRules", [rules]).on("DescribeTags", [tags.clone(), tags]);
    let observed = observe(&wire).await.unwrap();
    let [api, stray] = &observed.listeners[0].rules[..] else { panic!("{observed:?}") };
    assert_eq!(api.service.as_ref().map(|name| name.as_str()), Some("api"));
    assert_eq!(
        (api.conditions.paths.as_slice(), api.conditions.to_string()),
        (["/api/*".to_owned()].as_slice(), "path /api/*".into())
    );
    assert_eq!(api.forwards_to, Some("arn:tg-api".into()));
    assert_eq!((&stray.service, stray.priority.as_str()), (&None, "8"));
    assert_eq!(wire.count("DescribeTags"), 2, "load balancer and target group, then both rules");
}

#[tokio::test]
async fn a_guest_reads_the_load_balancer_of_its_host_and_the_rules_of_its_main_listener_only() {
    let listeners = [listener("arn:80", "80", "redirect"), listener("arn:443", "443", "forward")];
    let groups = item(
        &[("groupId", "sg-host"), ("vpcId", "vpc-1"), ("groupName", "any")],
        &[tags("moat:service", "host", "security-group load-balancer")],
    );
    let wire = Wire::default()
        .on("DescribeLoadBalancers", [member("LoadBalancers", &[balancer("moat-host", "arn:lb", "active")])])
        .on("DescribeSecurityGroups", [list("securityGroupInfo", "item", &[groups])])
        .on("DescribeTags", [member("TagDescriptions", &[owned("arn:lb", "host")])])
        .on("DescribeListeners", [member("Listeners", &listeners)])
        .on("DescribeRules", [member("Rules", &[])]);
    let observed = observe_as(&wire, serde_json::json!({ "shared": "host", "paths": ["/api/*"] })).await;
    let host = observed.host.unwrap();
    assert!(host.load_balancer.as_ref().is_some_and(|found| found.is_ours && found.arn == "arn:lb".into()));
    assert_eq!(host.group.as_ref().map(|found| found.id.as_str()), Some("sg-host"));
    assert_eq!(host.main().map(|found| found.arn.as_str()), Some("arn:443"));
    assert_eq!(wire.call("DescribeRules").field("ListenerArn"), "arn:443");
    assert_eq!(wire.count("DescribeRules"), 1);
    assert_eq!(observed.load_balancer, None, "it has none of its own");
    assert_eq!(wire.count("DescribeSecurityGroups"), 1, "its groups and its host's together");
    assert_eq!(wire.count("DescribeLoadBalancers"), 1);
}
