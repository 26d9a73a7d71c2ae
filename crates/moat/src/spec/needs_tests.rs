use super::*;

fn service(name: &str, image: &str) -> ServiceSpec {
    serde_json::from_value(serde_json::json!({ "name": name, "network": "main", "image": image })).unwrap()
}

fn network(egress: &str) -> NetworkSpec {
    let egress: serde_json::Value = serde_json::from_str(egress).unwrap();
    serde_json::from_value(serde_json::json!({ "name": "main", "egress": egress })).unwrap()
}

#[test]
fn the_needs_of_a_network_are_those_of_all_its_services() {
    let here = service("web", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest");
    let there = service("shop", "210987654321.dkr.ecr.us-east-1.amazonaws.com/shop:latest");
    let needs = Needs::of([&here, &there], "us-east-1");
    assert_eq!(needs.registries, ["123456789012", "210987654321"].map(String::from).into());
    assert_eq!(needs.endpoints(), EndpointService::BASE.into());
    assert!(needs.is_complete && !Needs::default().is_complete);
}

#[test]
fn e1_an_image_that_no_endpoint_reaches_is_told_before_anything_is_made() {
    let services = [
        service("web", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest"),
        service("far", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/far:latest"),
        service("hub", "public.ecr.aws/nginx/nginx:1.27"),
    ];
    let told = |egress: &str| -> Vec<String> {
        out_of_reach(&network(egress), "us-east-1", &services).iter().map(ToString::to_string).collect()
    };
    insta::assert_snapshot!(told(r#"{"endpoints":"auto"}"#).join("\n"));
    assert_eq!(told(r#"{"endpoints":"auto","nat":"single"}"#), [""; 0]);
    assert_eq!(told("{}"), [""; 0]);
}

#[test]
fn e1_what_is_in_another_region_asks_for_no_endpoint_and_is_out_of_reach_of_endpoints_alone() {
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest";
    let far: ServiceSpec = serde_json::from_value(serde_json::json!({
        "name": "web",
        "network": "main",
        "image": image,
        "secrets": {
            "HERE": "arn:aws:ssm:us-east-1:123456789012:parameter/here",
            "THERE": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:there-a1b2c3",
        },
        "registryCredentials": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry-a1b2c3",
    }))
    .unwrap();
    assert_eq!(needs(&far, "us-east-1"), [EndpointService::Ssm].into());
    assert_eq!(needs(&far, "eu-west-1"), [EndpointService::SecretsManager].into());
    let told = |egress: &str| -> Vec<String> {
        let problems = out_of_reach(&network(egress), "us-east-1", std::slice::from_ref(&far));
        problems.iter().map(ToString::to_string).collect()
    };
    insta::assert_snapshot!(told(r#"{"endpoints":"auto"}"#).join("\n"));
    assert_eq!(told(r#"{"endpoints":"auto","nat":"single"}"#), [""; 0]);
    let image = service("far", "210987654321.dkr.ecr.eu-west-1.amazonaws.com/far:latest");
    assert_eq!(Needs::of([&image], "us-east-1").registries, BTreeSet::new(), "no policy speaks of another region's");
}

#[test]
fn an_egress_of_nothing_is_one_nat_gateway_and_what_is_recorded_today_reads_and_writes_the_same() {
    let of = |text: &str| network(text).egress;
    assert_eq!(of("{}"), of(r#"{"nat":"single"}"#));
    for text in [
        r#"{"nat":"single"}"#,
        r#"{"nat":"per-zone"}"#,
        r#"{"nat":"regional"}"#,
        r#"{"endpoints":"auto"}"#,
        r#"{"nat":"single","endpoints":"auto"}"#,
    ] {
        assert_eq!(serde_json::to_string(&of(text)).unwrap(), text);
    }
    assert!(of(r#"{"endpoints":"auto"}"#).is_endpoints_only());
}
