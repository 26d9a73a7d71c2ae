//! What a settled provision shows: the way in, the picture, the steps, the image and the proof.

use super::picture::picture;
use super::{count, duration, warnings};
use crate::paint::Paint;
use moat::ingress::facts::IngressFacts;
use moat::network::facts::NetworkFacts;
use moat::proof::Proof;
use moat::service::facts::ServiceFacts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The whole report. `took` is how long the execution ran, in seconds.
///
/// Parts of the output that are missing or have another shape are left out.
pub fn summary(output: &Value, took: f64, paint: Paint) -> String {
    let network: Option<NetworkFacts> = part(output, "network");
    let ingress: Option<IngressFacts> = part(output, "service");
    let service: Option<ServiceFacts> = part(output, "service");
    let changes: Vec<String> = part(output, "changes").unwrap_or_default();
    let proof: Option<Proof> = part(output, "proof");

    let mut text = format!("{}\n", paint.green(paint.bold(headline(changes.len(), took))));
    if let Some(url) = ingress.as_ref().and_then(|ingress| ingress.url.as_ref()) {
        text.push_str(&format!("\n  {}\n", paint.bold(paint.cyan(url))));
    }
    if let Some(network) = network.filter(|network| network.vpc_id.is_some()) {
        text.push_str(&format!("\n{}", picture(&network, ingress.as_ref(), service.as_ref())));
    }
    if let Some(service) = service {
        text.push_str(&format!("\n{}\n{}", paint.bold(format!("Service {}", service.name)), rows(&service)));
    }
    if !changes.is_empty() {
        text.push_str(&format!("\n{}\n", paint.bold(format!("Changes ({})", changes.len()))));
        changes.iter().for_each(|change| text.push_str(&format!("  {change}\n")));
    }
    if let Some(proof) = proof {
        text.push_str(&format!("\n{}\n{}", paint.bold(super::proof::title(&proof)), super::proof::sentences(&proof)));
    }
    text.push_str(&warnings(output, paint));
    text
}

fn headline(changes: usize, took: f64) -> String {
    match changes {
        0 => format!("Nothing changed: everything is as the spec says. ({})", duration(took)),
        some => format!("Settled in {}, with {}.", duration(took), count(some, "change")),
    }
}

fn rows(service: &ServiceFacts) -> String {
    let ServiceFacts { task_definition, image, image_kept, log_group, desired_tasks, running_tasks, .. } = service;
    let tasks = format!("{running_tasks} of {desired_tasks} running");
    let definition = task_definition.as_deref().map(|arn| arn.rsplit('/').next().unwrap_or(arn));
    [
        ("image", image.as_deref()),
        ("kept, because", image_kept.as_deref()),
        ("tasks", Some(tasks.as_str())),
        ("task definition", definition),
        ("logs", Some(log_group.as_str())),
    ]
    .into_iter()
    .chain(service.warnings.iter().map(|warning| ("but know that", Some(warning.as_str()))))
    .filter_map(|(name, value)| Some(format!("  {name:<16} {}\n", value?)))
    .collect()
}

fn part<T: DeserializeOwned>(output: &Value, field: &str) -> Option<T> {
    Option::<T>::deserialize(output.get(field)?).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settled() -> Value {
        let subnet = |name: &str, id: &str, cidr: &str, zone: &str, route: &str| json!({"name": name, "id": id, "cidr": cidr, "zone": zone, "routeTable": "rtb-1", "defaultRoute": route});
        json!({
            "outcome": "settled",
            "network": {
                "name": "main", "cidr": "10.0.0.0/16", "vpcId": "vpc-0a1b2c3d4e5f60718", "internetGateway": "igw-0a1b2c3d4e5f60718",
                "publicSubnets": [
                    subnet("public-a", "subnet-0aaaaaaaaaaaaaaa1", "10.0.0.0/20", "us-east-1a", "igw-0a1b2c3d4e5f60718"),
                    subnet("public-b", "subnet-0bbbbbbbbbbbbbbb1", "10.0.16.0/20", "us-east-1b", "igw-0a1b2c3d4e5f60718"),
                ],
                "privateSubnets": [
                    subnet("private-a", "subnet-0aaaaaaaaaaaaaaa2", "10.0.128.0/20", "us-east-1a", "nat-0a1b2c3d4e5f60718"),
                    subnet("private-b", "subnet-0bbbbbbbbbbbbbbb2", "10.0.144.0/20", "us-east-1b", "nat-0a1b2c3d4e5f60718"),
                ],
                "natGateways": [{"name": "a", "id": "nat-0a1b2c3d4e5f60718", "subnet": "subnet-0aaaaaaaaaaaaaaa1",
                                 "publicIp": "203.0.113.7", "isAvailable": true}],
                "s3Endpoint": "vpce-0a1b2c3d4e5f60718",
            },
            "service": {
                "url": "http://moat-web-1234567890.us-east-1.elb.amazonaws.com",
                "loadBalancer": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/moat-web/0123456789abcdef",
                "targetGroup": "arn:tg", "loadBalancerGroup": "sg-1", "tasksGroup": "sg-2", "isActive": true,
                "name": "web", "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/moat/web", "cluster": "arn:cluster",
                "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/moat-web:3",
                "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "logGroup": "/moat/web", "desiredTasks": 2, "runningTasks": 2, "isDeployed": true,
            },
            "changes": ["create vpc 10.0.0.0/16", "create subnet private-a 10.0.128.0/20 in us-east-1a"],
            "proof": {"holds": true, "statements": [
                "no route table in force for tasks leads to an Internet gateway: private-a (rtb-0a1b2c3d4e5f60718)",
            ], "faults": []},
        })
    }

    #[test]
    fn a_settled_provision_is_drawn_with_its_real_ids() {
        insta::assert_snapshot!(summary(&settled(), 252.0, Paint::OFF));
    }

    #[test]
    fn a_network_alone_in_three_zones_without_a_service() {
        let mut output = settled();
        output["service"] = Value::Null;
        output["changes"] = json!([]);
        let third = |name: &str, id: &str, cidr: &str, route: &str| json!({"name": name, "id": id, "cidr": cidr, "zone": "us-east-1c", "defaultRoute": route});
        let network = &mut output["network"];
        let public = third("public-c", "subnet-0ccccccccccccccc1", "10.0.32.0/20", "igw-0a1b2c3d4e5f60718");
        network["publicSubnets"].as_array_mut().unwrap().push(public);
        let private = third("private-c", "subnet-0ccccccccccccccc2", "10.0.160.0/20", "nat-0a1b2c3d4e5f60718");
        network["privateSubnets"].as_array_mut().unwrap().push(private);
        insta::assert_snapshot!(summary(&output, 6.0, Paint::OFF));
    }

    #[test]
    fn an_output_of_another_shape_is_no_reason_to_fail() {
        insta::assert_snapshot!(summary(&json!({"outcome": "settled", "network": {"odd": true}}), 1.0, Paint::OFF), @"Nothing changed: everything is as the spec says. (1 s)");
    }
}
