//! The template: who may do what, to what, and that nothing in it is left to a default that surprises.

mod infra;

use infra::{list, machines, resources, role_of, statements, states, strings, template};
use serde_json::Value;
use std::collections::BTreeSet;

/// Actions for which IAM knows no resource.
/// Source: "Actions, resources, and condition keys" of each service, Service Authorization Reference.
const WITHOUT_RESOURCES: &[&str] = &[
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingActivities",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeEgressOnlyInternetGateways",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpnGateways",
    "ecr:DescribePullThroughCacheRules",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "ecs:ListServices",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "logs:DescribeLogGroups",
    "servicequotas:ListAWSDefaultServiceQuotas",
    "servicequotas:ListServiceQuotas",
    "ssm:DescribeParameters",
    "tag:GetResources",
];

/// Changes that no tag can guard, and what guards them instead.
const UNTAGGED: &[(&str, &str)] = &[
    ("CreateGroupsInItsNetwork", "the VPC may be one that somebody else made; the group itself asks for a tag"),
    (
        "PutEndpointsInNetworksOfOthers",
        "VPC, subnets and route tables may be what somebody else made; the endpoint and its group ask for a tag",
    ),
    ("EmptyTheDefaultGroup", "AWS makes the group and gives it no tags; the actions only take rules away"),
    ("CloseForeignDoors", "a foreign listener has no tag of ours; its ARN names our load balancer"),
    ("PutWebAclsBeforeItsOwn", "a web ACL is somebody else's; ELB asks for our tag on the load balancer, by SetWebACL"),
    ("RemoveForeignRules", "a foreign rule has no tag of ours; its ARN names our load balancer"),
    ("KeepLocksAndItsMemory", "parameters have no tags; their path is ours"),
    ("KeepSpecsAndLocks", "parameters have no tags; their path is ours"),
    ("WriteItsLog", "its own log group, by ARN"),
    ("GiveTasksTheirExecutionRole", "one role, to one service"),
    ("GiveTasksTheirOwnRole", "roles that were made for tasks, by name, to one service"),
    (
        "DecryptThem",
        "only on behalf of the two stores, and what they hold asks for a tag; the key's policy decides, too",
    ),
    ("FillThePullThroughCache", "without a rule nothing is fetched; a repository that ECR makes has no tag of ours"),
    ("LetElbWork", "one role, for one service"),
    ("LetEcsWork", "one role, for one service"),
    ("LetEcsAndElbWork", "two roles that AWS defines, for two services"),
    ("SettleAStage", "one machine"),
    ("SettleAStageAndStartARollout", "two machines"),
    ("LookAfterEachGroup", "one machine"),
    ("StartARun", "one machine"),
    ("FollowItToItsEnd", "executions of one machine"),
    ("BeToldThatItEnded", "one rule"),
    ("CallTheLambdas", "functions, by ARN"),
    ("CallTheStages", "functions, by ARN"),
    ("CallTheRollout", "one function"),
    ("StartARollout", "one machine"),
    ("TellPeople", "one topic"),
    ("TellPrograms", "one event bus"),
    ("KeepReleasesAndLocks", "parameters have no tags; their path is ours"),
    ("ForgetWhatIsRecorded", "parameters have no tags; their path is ours"),
    ("StopScaling", "whoever scales a service gives the target no tag of ours; the code asks for the service's name"),
    ("ClearOldRevisions", "IAM knows no tag of a revision; the code asks for its tags, and for who uses it"),
];

fn actions(statement: &Value) -> Vec<&str> {
    strings(&statement["Action"])
}

fn reads(action: &str) -> bool {
    let verb = action.split(':').nth(1).unwrap();
    ["BatchGet", "Describe", "Get", "List", "Simulate"].iter().any(|read| verb.starts_with(read))
}

/// Every statement of every role, with the role's id.
fn all(template: &Value) -> Vec<(&str, &Value)> {
    let roles = resources(template, "AWS::IAM::Role");
    roles.into_iter().flat_map(|(id, role)| statements(role).into_iter().map(move |found| (id, found))).collect()
}

#[test]
fn every_function_and_machine_has_a_role_of_its_own() {
    let template = template();
    let mut roles = BTreeSet::new();
    for kind in ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"] {
        for (id, properties) in resources(&template, kind) {
            let role = properties["Role"].as_str().unwrap_or_else(|| panic!("{id} has no explicit role"));
            assert!(roles.insert(role.to_owned()), "{id} shares {role}");
        }
    }
}

#[test]
fn no_statement_allows_more_actions_than_it_names() {
    let template = template();
    for (id, statement) in all(&template) {
        assert_eq!(statement["Effect"], "Allow");
        for action in actions(statement) {
            assert!(!action.contains('*') && action.contains(':'), "{id}: {action}");
        }
        assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "{id}");
    }
}

#[test]
fn every_resource_is_named_unless_iam_knows_none() {
    let template = template();
    for (id, statement) in all(&template) {
        if strings(&statement["Resource"]).contains(&"*") {
            for action in actions(statement) {
                assert!(WITHOUT_RESOURCES.contains(&action), "{id}: {action} on every resource");
            }
        }
    }
}

#[test]
fn every_change_asks_for_ownership() {
    let template = template();
    for (id, statement) in all(&template) {
        let sid = statement["Sid"].as_str().expect("a Sid");
        let is_excepted = UNTAGGED.iter().any(|(excepted, _)| *excepted == sid);
        let changes = actions(statement).into_iter().any(|action| !reads(action));
        let condition = statement["Condition"].to_string();
        let is_guarded = ["aws:RequestTag/moat:", "aws:ResourceTag/moat:", "CreateAction"];
        let is_guarded = is_guarded.iter().any(|key| condition.contains(key));
        assert!(!changes || is_excepted || is_guarded, "{id}: {sid} changes things that may not be moat's");
        assert!(!is_excepted || changes, "{id}: {sid} needs no exception");
    }
}

#[test]
fn tags_can_be_set_only_on_what_is_being_created() {
    let template = template();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        let allowed: BTreeSet<&str> = statements(role).into_iter().flat_map(actions).collect();
        for statement in statements(role) {
            for service in ["ec2", "ecs", "elasticloadbalancing"] {
                let created = strings(&statement["Condition"]["StringEquals"][format!("{service}:CreateAction")]);
                for action in &created {
                    assert!(allowed.contains(&*format!("{service}:{action}")), "{id} never calls {action}");
                }
                let tagging = ["ec2:CreateTags", "ecs:TagResource", "elasticloadbalancing:AddTags"];
                if actions(statement).iter().any(|action| tagging.contains(action) && action.starts_with(service)) {
                    assert!(!created.is_empty(), "{id} may tag anything");
                }
            }
        }
    }
}

#[test]
fn the_execution_role_reads_only_secrets_that_their_owner_has_marked() {
    let template = template();
    let role = resources(&template, "AWS::IAM::Role")["TaskExecutionRole"];
    let (tag, value) = moat::service::access::READABLE;
    for (action, key) in
        [("secretsmanager:GetSecretValue", "secretsmanager:ResourceTag"), ("ssm:GetParameters", "ssm:resourceTag")]
    {
        let granting = statements(role).into_iter().filter(|statement| actions(statement).contains(&action));
        let granting: Vec<&Value> = granting.collect();
        assert_eq!(granting.len(), 1, "{action}");
        assert_eq!(granting[0]["Condition"]["StringEquals"][format!("{key}/{tag}")], value, "{action}");
    }
    let decrypts = statements(role).into_iter().find(|statement| actions(statement).contains(&"kms:Decrypt")).unwrap();
    assert!(decrypts["Condition"]["StringLike"]["kms:ViaService"].is_array());
}

#[test]
fn only_roles_that_were_made_for_tasks_are_passed_on_and_only_to_tasks() {
    let template = template();
    for (id, statement) in all(&template).into_iter().filter(|(_, it)| actions(it).contains(&"iam:PassRole")) {
        let to = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
        assert_eq!(to, "ecs-tasks.amazonaws.com", "{id}");
        for resource in strings(&statement["Resource"]) {
            let is_for_tasks = resource.contains(&format!(":role/{}*", moat::spec::TASK_ROLE_PREFIX));
            assert!(is_for_tasks || resource.contains("TaskExecutionRole"), "{id}: {resource}");
        }
    }
}

#[test]
fn everything_that_can_be_tagged_is() {
    let template = template();
    let function_tags = &template["Globals"]["Function"]["Tags"];
    assert!(function_tags["moat:stack"].is_string());
    for (id, resource) in template["Resources"].as_object().unwrap() {
        // A policy of a queue is a part of it; CloudFormation takes no tags for the others.
        let untagged = [
            "AWS::Serverless::Function",
            "AWS::SQS::QueuePolicy",
            "AWS::CloudWatch::Dashboard",
            "AWS::Scheduler::Schedule",
        ];
        if !untagged.contains(&resource["Type"].as_str().unwrap()) {
            assert!(resource["Properties"]["Tags"].to_string().contains("moat:stack"), "{id} has no tags");
        }
    }
}

#[test]
fn every_function_logs_to_a_group_that_forgets() {
    let template = template();
    let groups = resources(&template, "AWS::Logs::LogGroup");
    for (id, function) in resources(&template, "AWS::Serverless::Function") {
        let group = groups[function["LoggingConfig"]["LogGroup"].as_str().unwrap()];
        let name = function["FunctionName"].as_str().unwrap();
        assert_eq!(group["LogGroupName"], format!("/aws/lambda/{name}"), "{id}");
        assert!(group["RetentionInDays"].is_string(), "{id} keeps its logs for ever");
        assert_eq!(function["LoggingConfig"]["LogFormat"], "JSON", "{id}");
    }
}

#[test]
fn functions_are_small_rust_programs() {
    let template = template();
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Handler"], "bootstrap");
    for (id, function) in resources(&template, "AWS::Serverless::Function") {
        let name = function["FunctionName"].as_str().unwrap();
        assert_eq!(function["CodeUri"], format!("../.build/lambda/{name}/"), "{id}");
        assert!(infra::text("Makefile").contains(name), "{name} is not built");
    }
}

#[test]
fn a_function_gives_up_before_the_task_that_waits_for_it() {
    let template = template();
    let patience = template["Globals"]["Function"]["Timeout"].as_u64().unwrap();
    for (name, machine) in machines() {
        for (state_name, state) in states(name, &machine) {
            if state["Type"] == "Task" {
                assert!(state["TimeoutSeconds"].as_u64() > Some(patience), "{name}: {state_name}");
            }
        }
    }
}

#[test]
fn a_machine_may_call_what_it_calls_and_nothing_else() {
    let template = template();
    for (id, file) in [("Provision", "provision"), ("Teardown", "teardown"), ("Verify", "verify")] {
        let machine = &resources(&template, "AWS::Serverless::StateMachine")[id];
        let named = infra::text(&format!("infra/statemachines/{file}.asl.json"));
        let named = infra::between(&named, "${", '}').into_iter().filter(|name| name.ends_with("Function"));
        assert_eq!(invoked(role_of(&template, machine)), named.map(|name| format!("{name}.Arn")).collect(), "{id}");
    }

    let settle = &resources(&template, "AWS::Serverless::StateMachine")["Settle"];
    let stages = ["IngressFunction.Arn", "NetworkFunction.Arn", "ServiceFunction.Arn", "TeardownFunction.Arn"];
    assert_eq!(self::invoked(role_of(&template, settle)), stages.map(str::to_owned).into());

    // It hands the ARNs of the stages to moat-settle, and calls none of them itself.
    let remediate = &resources(&template, "AWS::Serverless::StateMachine")["Remediate"];
    let called = ["DriftFunction.Arn", "RolloutFunction.Arn"];
    assert_eq!(self::invoked(role_of(&template, remediate)), called.map(str::to_owned).into());

    for (id, file) in [("Remediate", "remediate"), ("Rollout", "rollout")] {
        let properties = &resources(&template, "AWS::Serverless::StateMachine")[id];
        let role = role_of(&template, properties);
        let allowed: BTreeSet<&str> = statements(role).into_iter().flat_map(actions).collect();
        let machine = &machines()[file];
        let called = states(file, machine).into_iter().filter_map(|(_, state)| state["Resource"].as_str());
        assert_eq!(allowed, called.flat_map(asks_for).copied().collect(), "{id}");
    }
}

/// What a role needs for a task.
/// Source: "IAM policies for integrated services", Step Functions.
fn asks_for(resource: &str) -> &'static [&'static str] {
    match resource.trim_end_matches(".waitForTaskToken") {
        "arn:aws:states:::lambda:invoke" => &["lambda:InvokeFunction"],
        "arn:aws:states:::sns:publish" => &["sns:Publish"],
        "arn:aws:states:::events:putEvents" => &["events:PutEvents"],
        "arn:aws:states:::states:startExecution" => &["states:StartExecution"],
        "arn:aws:states:::states:startExecution.sync:2" => &[
            "states:StartExecution",
            "states:DescribeExecution",
            "states:StopExecution",
            "events:PutTargets",
            "events:PutRule",
            "events:DescribeRule",
        ],
        other => panic!("{other}"),
    }
}

fn invoked(role: &Value) -> BTreeSet<String> {
    let invoking = statements(role).into_iter().filter(|found| actions(found).contains(&"lambda:InvokeFunction"));
    invoking.flat_map(|found| strings(&found["Resource"])).map(str::to_owned).collect()
}

#[test]
fn whoever_meets_a_lock_may_ask_whether_its_holder_still_runs() {
    let takes = |machine: &Value| states("", machine).iter().any(|(name, _)| name.starts_with("Take lock"));
    let takers: Vec<&str> =
        machines().into_iter().filter(|(_, machine)| takes(machine)).map(|(name, _)| name).collect();
    assert!(takers.len() >= 4, "{takers:?}");
    let template = template();
    let asking = all(&template).into_iter().filter(|(_, found)| actions(found).contains(&"states:DescribeExecution"));
    let asking: Vec<_> = asking.filter(|(_, found)| actions(found).len() == 1).collect();
    assert!(asking.len() >= 3, "{asking:?}");
    for (id, statement) in asking {
        let resources = statement["Resource"].to_string();
        for name in &takers {
            assert!(resources.contains(&format!(":execution:moat-{name}:*")), "{id}: moat-{name}");
        }
    }
}

#[test]
fn c6_no_role_can_be_made_but_those_that_aws_defines_for_ecs_and_elb() {
    let template = template();
    for (id, statement) in all(&template) {
        for action in actions(statement).into_iter().filter(|action| action.starts_with("iam:") && !reads(action)) {
            assert!(["iam:CreateServiceLinkedRole", "iam:PassRole"].contains(&action), "{id}: {action}");
            if action == "iam:CreateServiceLinkedRole" {
                let services = strings(&statement["Condition"]["StringEquals"]["iam:AWSServiceName"]);
                let known = ["ecs.amazonaws.com", "elasticloadbalancing.amazonaws.com"];
                assert!(!services.is_empty() && services.iter().all(|it| known.contains(it)), "{id}: {services:?}");
                let is_linked = |resource: &&str| resource.contains(":role/aws-service-role/");
                assert!(strings(&statement["Resource"]).iter().all(is_linked), "{id}");
            }
        }
    }
}

#[test]
fn names_that_others_rely_on_stay() {
    let template = template();
    let functions = resources(&template, "AWS::Serverless::Function");
    let names: BTreeSet<&str> = functions.values().filter_map(|function| function["FunctionName"].as_str()).collect();
    assert_eq!(
        names,
        [
            "moat-drift",
            "moat-ingress",
            "moat-network",
            "moat-preflight",
            "moat-rollout",
            "moat-service",
            "moat-spec",
            "moat-teardown",
            "moat-verify"
        ]
        .into()
    );
    let machines = resources(&template, "AWS::Serverless::StateMachine");
    let names: BTreeSet<&str> = machines.values().filter_map(|machine| machine["Name"].as_str()).collect();
    let expected = ["moat-provision", "moat-remediate", "moat-rollout", "moat-settle", "moat-teardown", "moat-verify"];
    assert_eq!(names, expected.into());
    assert!(list(&template["Parameters"]["OwnershipConditions"]["AllowedValues"]).contains(&Value::from("off")));
    assert_eq!(template["Parameters"]["OwnershipConditions"]["Default"], "enforced");
}
