//! What somebody does to a service's groups, load balancer, target group and listener.

use super::network::rule;
use super::strangers::Strangers;
use super::{Calls, Way, elb};

/// The calls that make this change, where it is about a door.
pub fn calls(way: &Way, them: &Strangers) -> Option<Calls> {
    let what = way.what.as_str();
    Some(match way.resource.as_str() {
        group @ ("security-group load-balancer" | "security-group tasks") => match what {
            "deleted" => Err("AWS deletes no group that is in use or named by a rule"),
            "there twice, and in use" => Err("AWS allows a group's name once in a VPC"),
            what => rule(them.id(group), what, them),
        },
        "load-balancer" => load_balancer(what, them),
        "target-group" => target_group(what, them),
        "listener http" => listener(what, them),
        _ => return None,
    })
}

fn load_balancer(what: &str, them: &Strangers) -> Calls {
    let arn = them.id("load-balancer");
    if let Some(subnet) = what.strip_prefix("subnets: ") {
        let instead = subnet.split(" instead").next().unwrap_or(subnet);
        let kept = if instead.ends_with('a') { "subnet public-b" } else { "subnet public-a" };
        let subnets = format!("Subnets.member.1={}&Subnets.member.2={}", them.id(instead), them.id(kept));
        return Ok(vec![elb(format!("SetSubnets&LoadBalancerArn={arn}&{subnets}"))]);
    }
    if let Some(key) = what.strip_prefix("attribute ") {
        let attribute = |key: &str, value: &str| {
            let member = format!("Attributes.member.1.Key={key}&Attributes.member.1.Value={value}");
            vec![elb(format!("ModifyLoadBalancerAttributes&LoadBalancerArn={arn}&{member}"))]
        };
        let value = match key {
            "routing.http.desync_mitigation_mode" => "monitor",
            "routing.http.xff_header_processing.mode" => "preserve",
            "idle_timeout.timeout_seconds" => "300",
            "routing.http.drop_invalid_header_fields.enabled" | "routing.http2.enabled" => "false",
            _ => "true",
        };
        return Ok(attribute(key, value));
    }
    let groups = |first: &str| format!("SetSecurityGroups&LoadBalancerArn={arn}&SecurityGroups.member.1={first}");
    match what {
        "groups: another one" => Ok(vec![elb(groups(them.id("sg-theirs")))]),
        "groups: another one more" => {
            let own = groups(them.id("security-group load-balancer"));
            Ok(vec![elb(format!("{own}&SecurityGroups.member.2={}", them.id("sg-theirs")))])
        }
        "deleted" => Ok(vec![elb(format!("DeleteLoadBalancer&LoadBalancerArn={arn}"))]),
        _ => Err("moat looks for the name, which AWS allows once; teardown and leftovers see the other by its tags"),
    }
}

fn target_group(what: &str, them: &Strangers) -> Calls {
    let arn = them.id("target-group");
    if let Some(key) = what.strip_prefix("attribute ") {
        let value = if key == "stickiness.enabled" { "true" } else { "299" };
        let member = format!("Attributes.member.1.Key={key}&Attributes.member.1.Value={value}");
        return Ok(vec![elb(format!("ModifyTargetGroupAttributes&TargetGroupArn={arn}&{member}"))]);
    }
    let change = match what.strip_prefix("health check: ") {
        Some("path") => "HealthCheckPath=/theirs",
        Some("protocol") => "HealthCheckProtocol=HTTPS",
        Some("port") => "HealthCheckPort=9999",
        Some("codes") => "Matcher.HttpCode=200-499",
        Some("interval") => "HealthCheckIntervalSeconds=299",
        Some("timeout") => "HealthCheckTimeoutSeconds=2",
        Some("healthy") => "HealthyThresholdCount=9",
        Some("unhealthy") => "UnhealthyThresholdCount=9",
        _ if what == "deleted" => return Err("AWS deletes no target group that a listener forwards to"),
        _ => return Err("moat looks for the name, which AWS allows once; leftovers see the other by its tags"),
    };
    Ok(vec![elb(format!("ModifyTargetGroup&TargetGroupArn={arn}&{change}"))])
}

fn listener(what: &str, them: &Strangers) -> Calls {
    let (arn, theirs) = (them.id("listener http"), them.id("target-group theirs"));
    let modify = |change: String| Ok(vec![elb(format!("ModifyListener&ListenerArn={arn}&{change}"))]);
    let forward = format!("Actions.member.1.Type=forward&Actions.member.1.TargetGroupArn={theirs}");
    match what {
        "deleted" => Ok(vec![elb(format!("DeleteListener&ListenerArn={arn}"))]),
        "port" => modify("Port=8081".into()),
        "forwards_to: another target group" => modify(format!("Default{forward}")),
        "forwards_to: a redirect" => {
            let redirect = "DefaultActions.member.1.RedirectConfig";
            modify(format!(
                "DefaultActions.member.1.Type=redirect&{redirect}.StatusCode=HTTP_301&{redirect}.Host=theirs.example"
            ))
        }
        "rules: one more" => {
            let condition = "Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=/theirs";
            Ok(vec![elb(format!("CreateRule&ListenerArn={arn}&Priority=1&{condition}&{forward}"))])
        }
        "there twice" => {
            let balancer = them.id("load-balancer");
            let listener = format!("CreateListener&LoadBalancerArn={balancer}&Protocol=HTTP&Port=8443");
            Ok(vec![elb(format!("{listener}&Default{forward}"))])
        }
        _ => Err("another protocol needs a certificate"),
    }
}
