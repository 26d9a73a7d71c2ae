//! Two executions at once, and executions that died.

use super::input;
use crate::Body;
use moat_tests::faults::Slowness;
use moat_tests::holdings::{of_network, of_service};
use moat_tests::local::Local;
use std::sync::Arc;
use std::time::Duration;

pub fn trials() -> Vec<(&'static str, Body)> {
    vec![
        ("c4_two_executions_at_once_make_exactly_one_of_each", |l| Box::pin(at_once(l))),
        ("the_lock_of_a_stopped_execution_is_taken_over", |l| Box::pin(stopped(l))),
        ("s1_the_two_long_waits_run_side_by_side", |l| Box::pin(side_by_side(l))),
    ]
}

async fn at_once(local: Arc<Local>) {
    local.plan(&[], Slowness::default());
    let wanted = input("double", "double");
    // Without any wait the second would have asked forty times for the lock before the first is done.
    local.scale_waits(0.05).await;
    let (one, two) = tokio::join!(local.provision(&wanted), local.provision(&wanted));
    local.scale_waits(0.0).await;
    assert_eq!((&one.output()["outcome"], &two.output()["outcome"]), (&"settled".into(), &"settled".into()));
    assert_eq!(local.network_holdings("double").await, of_network(2, 1));
    assert_eq!(local.service_holdings("double").await, of_service());
    // One of them did it all; the other waited for the lock and found nothing to do.
    assert!(one.changes().is_empty() != two.changes().is_empty(), "{:?}\n{:?}", one.changes(), two.changes());
}

async fn stopped(local: Arc<Local>) {
    let slow = Slowness { nat_gateway: Duration::from_secs(60), ..Slowness::default() };
    local.plan(&[], slow);
    local.scale_waits(1.0).await;
    let wanted = input("stopped", "stopped");
    let arn = local.start_provision(&wanted).await;
    let is_begun = || local.proxy.calls().iter().any(|call| call.operation.name == "CreateNatGateway");
    for _ in 0..400 {
        if is_begun() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(is_begun(), "the NAT gateway was never asked for");
    local.stop(&arn).await;
    local.plan(&[], Slowness::default());
    // Its Lambda may still be at work, so the lock is kept for a while; the next execution waits for that.
    let again = local.start_provision(&wanted).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(
        local.proxy.changes().iter().all(|call| call.operation.service == "ssm"),
        "the lock was taken over at once"
    );
    let ended = local.end_of(&again).await;
    local.scale_waits(0.0).await;
    assert_eq!(ended.output()["outcome"], "settled");
    assert_eq!(local.network_holdings("stopped").await, of_network(2, 1));
    assert_eq!(local.service_holdings("stopped").await, of_service());
}

async fn side_by_side(local: Arc<Local>) {
    let slow = Slowness { nat_gateway: Duration::from_secs(2), load_balancer: Duration::from_secs(12), hurry: 99 };
    local.plan(&[], slow);
    // A hundredth: a wait of 100 s takes one, and what is one second old is shown as 100 s old.
    local.scale_waits(0.01).await;
    let ended = local.provision(&input("slow", "slow")).await;
    local.scale_waits(0.0).await;
    assert_eq!(ended.output()["outcome"], "settled");
    let calls: Vec<String> = local.proxy.calls().iter().map(|call| call.operation.name.clone()).collect();
    let first =
        |name: &str| calls.iter().position(|call| call == name).unwrap_or_else(|| panic!("{name} was not called"));
    let last =
        |name: &str| calls.iter().rposition(|call| call == name).unwrap_or_else(|| panic!("{name} was not called"));
    assert!(first("CreateLoadBalancer") < last("DescribeNatGateways"), "the load balancer waited for the NAT gateway");
    // C3: the private route comes after the gateway is available, and tasks after the route.
    assert!(last("CreateRoute") < first("CreateService"), "tasks were started before they could reach out");
    assert!(first("CreateService") < last("DescribeLoadBalancers"), "the service waited for the load balancer");
}
