use super::*;
use crate::name::Name;
use crate::plan::Hazard;
use crate::plan::Step;
use crate::teardown::Stranger;
use crate::teardown::service::observed::{Cluster, LogGroup};

fn spec(logs: Logs) -> ServiceTeardownSpec {
    ServiceTeardownSpec { service: Name::new("web").unwrap(), logs }
}

fn revision(number: u32, is_active: bool) -> Revision {
    let arn = format!("arn:aws:ecs:us-east-1:123456789012:task-definition/moat-web:{number}");
    Revision { arn: arn.into(), is_active }
}

fn whole() -> Observed {
    Observed {
        is_scaled: true,
        cluster: Some(Cluster { arn: "arn:aws:ecs:::cluster/moat-web".into(), is_ours: true, tasks: 2 }),
        service: Some(Service {
            arn: "arn:aws:ecs:::service/moat-web/moat-web".into(),
            is_ours: true,
            is_draining: false,
            desired: 2,
            running: 2,
        }),
        strangers: Vec::new(),
        revisions: vec![revision(2, true), revision(1, false)],
        log_group: Some(LogGroup { name: "/moat/web".into(), is_ours: true }),
    }
}

fn due(logs: Logs, observed: &Observed) -> Vec<String> {
    let plan = plan(&spec(logs), observed).unwrap();
    let bindings = facts(observed).bindings();
    let due = plan.steps.iter().filter(|step| step.needs().iter().all(|need| bindings.has(need)));
    due.map(ToString::to_string).collect()
}

#[test]
fn t1_the_whole_way_is_planned_and_only_the_first_part_is_due() {
    insta::assert_snapshot!(plan(&spec(Logs::Delete), &whole()).unwrap(), @r"
    stop the autoscaling of service/moat-web/moat-web
    scale service moat-web from 2 tasks to 0
    delete service moat-web
    deregister task-definition moat-web:1 to moat-web:2
    delete task-definition moat-web:1 to moat-web:2
    delete cluster moat-web
    delete log-group /moat/web with all that was logged
    ");
    assert_eq!(due(Logs::Delete, &whole()), ["stop the autoscaling of service/moat-web/moat-web"]);
    assert!(plan(&spec(Logs::Delete), &whole()).unwrap().steps.iter().all(|s| s.hazard() == Hazard::Destructive));
}

#[test]
fn t1_each_layer_is_due_when_the_one_before_was_seen_to_be_gone() {
    let mut observed = whole();
    observed.is_scaled = false;
    assert_eq!(due(Logs::Delete, &observed), ["scale service moat-web from 2 tasks to 0"]);
    let service = |observed: &mut Observed, change: fn(&mut Service)| observed.service.as_mut().map(change);
    service(&mut observed, |service| service.desired = 0);
    assert_eq!(due(Logs::Delete, &observed), ["delete service moat-web"]);
    service(&mut observed, |service| service.is_draining = true);
    assert_eq!(due(Logs::Delete, &observed), [""; 0]);
    assert_eq!(plan(&spec(Logs::Keep), &observed).unwrap().waiting[0].on, "service (2 tasks are stopping)");
    observed.service = None;
    assert_eq!(due(Logs::Delete, &observed), ["deregister task-definition moat-web:1 to moat-web:2"]);
    observed.cluster.as_mut().unwrap().tasks = 0;
    observed.revisions[0].is_active = false;
    assert_eq!(
        due(Logs::Delete, &observed),
        [
            "delete task-definition moat-web:1 to moat-web:2",
            "delete cluster moat-web",
            "delete log-group /moat/web with all that was logged"
        ]
    );
    (observed.cluster, observed.revisions) = (None, Vec::new());
    assert!(plan(&spec(Logs::Keep), &observed).unwrap().is_empty(), "the logs stay");
    assert_eq!(kept(&spec(Logs::Keep), &observed).len(), 1);
}

#[test]
fn revisions_go_ten_at_a_time_the_oldest_first() {
    let observed =
        Observed { revisions: (1..=25).rev().map(|number| revision(number, true)).collect(), ..Observed::default() };
    insta::assert_snapshot!(plan(&spec(Logs::Keep), &observed).unwrap(), @r"
    deregister task-definition moat-web:1 to moat-web:10
    delete task-definition moat-web:1 to moat-web:10
    deregister task-definition moat-web:11 to moat-web:20
    delete task-definition moat-web:11 to moat-web:20
    deregister task-definition moat-web:21 to moat-web:25
    delete task-definition moat-web:21 to moat-web:25
    ");
    assert_eq!(due(Logs::Keep, &observed), ["deregister task-definition moat-web:1 to moat-web:10"]);
}

#[test]
fn d7_what_others_run_in_the_cluster_stops_it() {
    let stranger = Stranger {
        kind: "ECS service".into(),
        id: "batch".into(),
        description: String::new(),
        tags: Default::default(),
    };
    let observed = Observed { strangers: vec![stranger], ..whole() };
    let refusal = plan(&spec(Logs::Keep), &observed).unwrap_err().to_string();
    assert!(refusal.starts_with("ECS service batch (nothing tells whose it is) is in cluster moat-web"), "{refusal}");
}

#[test]
fn what_is_not_ours_is_kept_and_told() {
    let mut observed = whole();
    observed.cluster.as_mut().unwrap().is_ours = false;
    observed.service.as_mut().unwrap().is_ours = false;
    observed.log_group.as_mut().unwrap().is_ours = false;
    observed.revisions.clear();
    assert!(plan(&spec(Logs::Delete), &observed).unwrap().is_empty(), "somebody else's scalable target stays, too");
    assert_eq!(kept(&spec(Logs::Delete), &observed).len(), 3);
}
