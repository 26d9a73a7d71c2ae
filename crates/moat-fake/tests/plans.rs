//! Start settled, change one thing, and read the plan.

use moat::ingress::desired::Group;
use moat::rule::{Direction, Peer, Rule};
use moat::spec::Nat;
use moat_fake::World;
use moat_fake::trial::{IMAGE, asked, digest, empty, plan, settled};

fn without(resource: &str) -> String {
    let asked = asked(2, Nat::Single);
    plan(&settled(1, &asked).without(resource), &asked)
}

fn after(deed: impl FnOnce(&World)) -> String {
    let asked = asked(2, Nat::Single);
    let world = settled(1, &asked);
    deed(&world);
    // Ids are as random as AWS's.
    let text = plan(&world, &asked);
    text.replace(&world.id("internet-gateway"), "igw-1")
}

#[test]
fn the_second_run_plans_nothing() {
    for nat in [Nat::Single, Nat::PerZone] {
        for zones in 2..=4 {
            let asked = asked(zones, nat);
            assert_eq!(plan(&settled(1, &asked), &asked), "");
        }
    }
}

#[test]
fn an_empty_account_shows_the_plan_of_all_three_stages() {
    insta::assert_snapshot!(plan(&empty(1), &asked(2, Nat::Single)), @r"
    create vpc 10.0.0.0/16
    turn on DNS hostnames of vpc
    create internet-gateway
    attach internet-gateway to vpc
    create subnet public-a 10.0.0.0/20 in us-east-1a
    create subnet public-b 10.0.16.0/20 in us-east-1b
    create subnet private-a 10.0.128.0/20 in us-east-1a
    create subnet private-b 10.0.144.0/20 in us-east-1b
    allocate elastic-ip a
    create nat-gateway a in subnet public-a
    create route-table public
    create route-table private-a
    create route-table private-b
    associate subnet public-a with route-table public
    associate subnet public-b with route-table public
    associate subnet private-a with route-table private-a
    associate subnet private-b with route-table private-b
    create route 0.0.0.0/0 to internet-gateway in route-table public
    create route 0.0.0.0/0 to nat-gateway a in route-table private-a
    create route 0.0.0.0/0 to nat-gateway a in route-table private-b
    create vpc-endpoint s3 on route-table private-a, route-table private-b
    remove all rules of default-security-group
    create security-group load-balancer
    allow tcp 80 in from anywhere (0.0.0.0/0) in security-group load-balancer
    allow tcp 8080 out to security-group tasks in security-group load-balancer
    create security-group tasks
    allow tcp 8080 in from security-group load-balancer in security-group tasks
    create load-balancer, internet-facing, in subnet public-a, subnet public-b
    set load-balancer routing.http.drop_invalid_header_fields.enabled = true
    create target-group, health check / each 10 s within 5 s, well after 2, ill after 3
    set target-group deregistration_delay.timeout_seconds = 20
    create listener http on port 80 to target-group
    create cluster moat-web
    create log-group /moat/web
    keep logs of /moat/web for 30 days
    register task-definition 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:0000000000000000000000000000000000000000000000000000000000000001 with 256 CPU units and 512 MiB
    create service with 2 tasks and no public IPs in subnet private-a, subnet private-b
    ");
}

#[test]
fn what_is_missing_is_put_back_with_what_hangs_on_it() {
    insta::assert_snapshot!(without("subnet private-a"), @r"
    create subnet private-a 10.0.128.0/20 in us-east-1a
    associate subnet private-a with route-table private-a
    wait for the deleted service of the same name to stop its tasks (draining)
    ");
    insta::assert_snapshot!(without("default route of route-table private-b"), @"create route 0.0.0.0/0 to nat-gateway a in route-table private-b");
    insta::assert_snapshot!(without("vpc-endpoint s3"), @"create vpc-endpoint s3 on route-table private-a, route-table private-b");
    insta::assert_snapshot!(without("listener http"), @"create listener http on port 80 to target-group");
    insta::assert_snapshot!(without("log-group"), @r"
    create log-group /moat/web
    keep logs of /moat/web for 30 days
    ");
}

#[test]
fn what_others_opened_is_closed() {
    insta::assert_snapshot!(after(|world| world.lead_to_the_internet("route-table private-a", "0.0.0.0/0")), @"replace route 0.0.0.0/0 to igw-1 in route-table private-a: to nat-gateway a");
    insta::assert_snapshot!(after(|world| world.lead_to_the_internet("route-table private-a", "0.0.0.0/1")), @"delete route 0.0.0.0/1 to igw-1 in route-table private-a, which must stay private");
    let ssh = Rule::tcp(Direction::Ingress, 22, Peer::Cidr(moat::cidr::Cidr::ANYWHERE));
    insta::assert_snapshot!(after(|world| world.allow(Group::Tasks, ssh)), @"remove tcp 22 in from anywhere (0.0.0.0/0) from security-group tasks");
    insta::assert_snapshot!(after(World::assign_public_ips), @"update service to no public IPs");
}

#[test]
fn a_new_image_under_the_same_tag_is_a_change_of_the_service_alone() {
    insta::assert_snapshot!(after(|world| world.push(IMAGE, &digest(2))), @r"
    register task-definition 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:0000000000000000000000000000000000000000000000000000000000000002 with 256 CPU units and 512 MiB
    update service to the new task-definition
    ");
}
