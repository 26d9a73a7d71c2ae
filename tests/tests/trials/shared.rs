//! Several services behind the load balancer of one.

use super::{image, input};
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::local::{Ended, Local};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![("d2_t5_services_share_a_load_balancer_and_each_goes_without_the_others", |local| Box::pin(guests(local)))]
}

fn guest(name: &str, door: Value) -> Value {
    let service =
        json!({"name": name, "network": "shared", "image": image("hello:1"), "port": 8080, "loadBalancer": door});
    json!({ "service": service })
}

fn is_permitted(local: &Local) {
    let refused: Vec<_> = local.proxy.calls().into_iter().filter(|call| call.status == 403).collect();
    assert!(refused.is_empty(), "IAM refused {refused:?}");
}

async fn settled(local: &Local, document: &Value) -> Ended {
    local.plan(&[], Slowness::default());
    let ended = local.provision(document).await;
    assert_eq!(ended.output()["outcome"], "settled", "{}", ended.cause);
    is_permitted(local);
    ended
}

async fn guests(local: Arc<Local>) {
    let api = guest("shared-api", json!({"shared": "shared-web", "paths": ["/api/*"]}));
    local.plan(&[], Slowness::default());
    let too_soon = local.provision(&api).await;
    assert!(too_soon.cause.contains("shared"), "{:?} {} {}", too_soon.status, too_soon.error, too_soon.output);
    settled(&local, &input("shared", "shared-web")).await;
    let admin = guest("shared-admin", json!({"shared": "shared-web", "hosts": ["admin.example.com"], "paths": ["/*"]}));
    let documents = [input("shared", "shared-web"), api, admin];
    let first = settled(&local, &documents[1]).await;
    let url = first.output()["service"]["url"].as_str().unwrap_or_default().to_owned();
    assert!(url.starts_with("http://moat-shared-web") && url.ends_with("/api/"), "{url}");
    let first = settled(&local, &documents[2]).await;
    assert_eq!(first.output()["service"]["url"], "http://admin.example.com/");
    for document in &documents {
        let again = settled(&local, document).await;
        assert!(again.changes().is_empty(), "the second provision changed {:#?}", again.changes());
    }
    let drift = local.remediate(&json!({"network": "shared", "mode": "plan"})).await;
    assert_eq!(drift.output()["findings"], 0, "{:#}", drift.output());
    for service in ["shared-web", "shared-api", "shared-admin"] {
        let drift = local.remediate(&json!({"service": service, "mode": "plan"})).await;
        assert_eq!(drift.output()["findings"], 0, "{service}: {:#}", drift.output());
    }

    // A host is needed by its guests; a guest by nobody.
    let of = |service: &str| json!({"service": service, "confirm": service, "logs": "delete"});
    let refused = local.tear_down(&of("shared-web")).await;
    assert!(refused.cause.contains("service shared-api uses security-group load-balancer"), "{}", refused.cause);
    local.plan(&[], Slowness::default());
    let gone = local.tear_down(&of("shared-api")).await;
    assert_eq!(gone.output()["billableLeftovers"], 0, "{}", gone.output());
    is_permitted(&local);
    assert!(local.service_holdings("shared-api").await.is_empty());
    for document in [&documents[0], &documents[2]] {
        let again = settled(&local, document).await;
        assert!(again.changes().is_empty(), "a guest that goes changes nobody: {:#?}", again.changes());
    }
    let all = json!({"network": "shared", "confirm": "shared", "with": "services", "logs": "delete"});
    let gone = local.tear_down(&all).await;
    assert_eq!(gone.output()["billableLeftovers"], 0, "{}", gone.output());
    for service in ["shared-web", "shared-api", "shared-admin"] {
        let left = local.service_holdings(service).await;
        assert!(left.is_empty(), "{service}: {left:?}");
    }
    assert!(local.network_holdings("shared").await.is_empty());
}
