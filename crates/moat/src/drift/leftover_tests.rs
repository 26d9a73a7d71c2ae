use super::*;

fn tagged(arn: &str, owner: &str, resource: &str) -> Tagged {
    let (key, name) = owner.split_once(' ').unwrap();
    let tags = [(format!("moat:{key}"), name.to_owned()), (tags::RESOURCE.into(), resource.into())].into();
    Tagged::read(arn, &tags).unwrap()
}

const LB: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/moat-web/1";

#[test]
fn what_has_our_tags_and_no_spec_is_told_with_what_it_costs() {
    let all = [
        tagged("arn:aws:ec2:us-east-1:123456789012:natgateway/nat-1", "network old", "nat-gateway a"),
        tagged("arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-1", "network old", "elastic-ip a"),
        tagged("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1", "network main", "vpc"),
        tagged("arn:aws:ec2:us-east-1:123456789012:vpc-endpoint/vpce-1", "network old", "vpc-endpoint s3"),
        tagged(LB, "service web", "load-balancer"),
        tagged("arn:aws:ecs:us-east-1:123456789012:task/moat-web/1", "service web", "service"),
        tagged("arn:aws:ecs:us-east-1:123456789012:service/moat-old/moat-old", "service old", "service"),
        tagged("arn:aws:logs:us-east-1:123456789012:log-group:/moat/web", "service web", "log-group"),
    ];
    let name = |name: &str| Name::new(name).unwrap();
    let (main, web) = (Owner::Network(name("main")), Owner::Service(name("web")));
    let seen = [(main.clone(), ["vpc-1".to_owned()].into()), (web.clone(), ["/moat/web".to_owned()].into())].into();
    let left = leftovers(&[main.clone(), web.clone()].into(), &seen, &all);
    let lines: Vec<String> = left.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    nat-gateway a nat-1 has the tags of network old, of which no spec is recorded; about 32.85 USD a month
    elastic-ip a eipalloc-1 has the tags of network old, of which no spec is recorded; about 3.65 USD a month
    vpc-endpoint s3 vpce-1 has the tags of network old, of which no spec is recorded; it costs nothing
    service arn:aws:ecs:us-east-1:123456789012:service/moat-old/moat-old has the tags of service old, of which no spec is recorded; what it costs depends on what runs in it
    load-balancer arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/moat-web/1 has the tags of service web, which has no use for it; about 16.43 USD a month
    ");
    assert!(left.iter().all(|left| left.why == Why::Orphan || left.id == LB));
    let unread = leftovers(&[main, web].into(), &BTreeMap::new(), &all);
    assert!(unread.iter().all(|left| left.why == Why::Orphan), "an owner that could not be read has no strays");
}

#[test]
fn what_is_not_ours_or_is_a_parameter_is_no_leftover() {
    let ours: BTreeMap<String, String> = [(tags::NETWORK.to_owned(), "main".to_owned())].into();
    assert_eq!(Tagged::read("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1", &BTreeMap::new()), None);
    assert_eq!(Tagged::read("arn:aws:ssm:us-east-1:123456789012:parameter/moat/networks/main", &ours), None);
    assert_eq!(Tagged::read("not an arn", &ours), None);
    assert_eq!(Tagged::read("arn:aws:s3:::bucket/x", &ours).map(|it| it.kind), Some(Kind::Other));
}
