use super::*;

/// Texts as ECS writes them, with the beginning of the cause that they must be told as.
const TEXTS: &[(&str, &str)] = &[
    (
        r#"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 52.46.146.144:443: i/o timeout. Please check your task network configuration."#,
        "there is no way from the tasks' subnets to ECR",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": context deadline exceeded",
        "there is no way from the tasks' subnets to ECR",
    ),
    (
        r#"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:0a1b: failed to do request: Head "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/sha256:0a1b": dial tcp 10.0.1.7:443: i/o timeout"#,
        "there is no way from the tasks' subnets to ECR",
    ),
    (
        r#"CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/d1-1/123456789012/x?X-Amz": dial tcp 52.217.10.1:443: i/o timeout"#,
        "there is no way from the tasks' subnets to S3",
    ),
    (
        r#"CannotPullContainerError: inspect image has been retried 5 time(s): failed to resolve ref "docker.io/library/nginx:latest": failed to do request: Head "https://registry-1.docker.io/v2/library/nginx/manifests/latest": dial tcp 34.237.244.67:443: i/o timeout"#,
        "there is no way from the tasks' subnets to Docker Hub",
    ),
    (
        r#"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1B2c3 from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded: dial tcp: i/o timeout"#,
        "there is no way from the tasks' subnets to Secrets Manager",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/moat-execution/4a6f is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action status code: 400",
        "the execution role, or a policy on the way, does not allow",
    ),
    (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:0a1b: unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/web/manifests/sha256:0a1b: 403 Forbidden",
        "the image of that digest is no longer in the repository",
    ),
    (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:0a1b: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:0a1b: not found",
        "the image of that digest is no longer in the repository",
    ),
    (
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:lates: 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:lates: not found",
        "there is no image with that tag",
    ),
    (
        "CannotPullContainerError: Error response from daemon: manifest for 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:lates not found: manifest unknown: Requested image not found",
        "there is no image with that tag",
    ),
    (
        "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"docker.io/team/web:1\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        "the repository does not exist, or it may not be read",
    ),
    (
        "CannotPullContainerError: Error response from daemon: name unknown: The repository with name 'wep' does not exist in the registry with id '123456789012'",
        "the repository does not exist in that registry",
    ),
    (
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
        "the image is for another CPU architecture",
    ),
    (
        "CannotPullContainerError: Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries",
        "the image is for another CPU architecture",
    ),
    ("exec /usr/local/bin/web: exec format error", "the image is for another CPU architecture"),
    (
        "CannotPullContainerError: inspect image has been retried 5 time(s): httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:0a1b: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
        "the registry limits how often",
    ),
    (
        r#"ResourceInitializationError: unable to pull secrets or registry auth: RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp: lookup api.ecr.us-east-1.amazonaws.com on 10.0.0.2:53: no such host"#,
        "the name of an AWS service does not resolve",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:db from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        "a secret that the task definition names",
    ),
    (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
        "the log group of the container is gone",
    ),
    (
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:0a1b: write /var/lib/containerd/x: no space left on device: unknown",
        "the image is larger than the storage",
    ),
    ("OutOfMemoryError: Container killed due to memory usage", "the container used more memory"),
    (
        r#"CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "webb": executable file not found in $PATH: unknown"#,
        "the program that the container should start is not in the image",
    ),
    (
        r#"CannotStartContainerError: ResourceInitializationError: unable to create new container: exec: "/bin/web": stat /bin/web: no such file or directory: unknown"#,
        "the program that the container should start, or the loader",
    ),
    (
        "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/moat-web/73e2d6bc24d8a067)",
        "the tasks started, but the load balancer's health check",
    ),
    (
        "(service moat-web) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/moat-web/73e2d6bc24d8a067) due to (reason Health checks failed with these codes: [404])",
        "the tasks started, but the load balancer's health check",
    ),
    ("Task failed container health checks", "the container's own health check failed"),
    (
        "(service moat-web) failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::123456789012:role/moat-execution' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions).",
        "ECS may not use the role",
    ),
    (
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        "Fargate has no capacity",
    ),
    (
        "(service moat-web) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently.",
        "the account's limit of Fargate vCPUs",
    ),
    (
        "TaskFailedToStart: Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
        "a subnet of the tasks has no free address",
    ),
    (
        "Timeout waiting for network interface provisioning to complete.",
        "AWS could not make the task's network interface",
    ),
    ("Your Spot Task was interrupted.", "AWS took back the Spot capacity"),
    ("Host EC2 (instance i-0123456789abcdef0) terminated.", "the host that the task ran on is gone"),
    (
        "ECS is performing maintenance on the underlying infrastructure hosting the task.",
        "AWS retired the host that the task ran on",
    ),
    ("Essential container in task exited", "the container ended by itself"),
    ("CannotPullContainerError: something that nobody has met yet", "the image could not be pulled"),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-EaPYTy from secrets manager: AccessDeniedException: Access to KMS is not allowed status code: 400, request id: a87a66d9-f839-4353-b8c2-9984b1465695",
        "the execution role may not use the KMS key",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3 from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/moat-task-execution-us-east-1/4a6f is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-a1B2c3 because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400",
        "the execution role may not read a secret",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/moat-task-execution-us-east-1/10f3cb5a956e is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/db because no identity-based policy allows the ssm:GetParameters action",
        "the execution role may not read a parameter",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): invalid character '\\'' looking for beginning of value",
        "a secret is not the JSON object",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key password",
        "a secret has no such key",
    ),
    (
        "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"ghcr.io/team/web:1\": failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "the registry did not take the credentials",
    ),
    (
        "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"docker.io/team/web:1\": failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token: 401 Unauthorized: incorrect username or password",
        "the registry did not take the credentials",
    ),
    (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ghcr.io/team/web:1: failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://ghcr.io/token: 403 Forbidden",
        "the registry knows the credentials",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 5 time(s): RequestCanceled: request context canceled caused by: context deadline exceeded",
        "there is no way from the tasks' subnets to Systems Manager",
    ),
    (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:123456789012:secret:DBPasswordSecret-a1B2c3 from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task network configuration.",
        "there is no way from the tasks' subnets to Secrets Manager",
    ),
];

#[test]
fn e4_each_text_of_ecs_is_told_as_its_cause() {
    for (text, beginning) in TEXTS {
        let found = causes([*text]);
        let [cause] = found.as_slice() else { panic!("{text}: {found:?}") };
        assert!(cause.cause.starts_with(beginning), "{text}\nwas told as: {}", cause.cause);
        assert!(!cause.remedy.is_empty() && cause.said.len() <= 300);
    }
}

#[test]
fn e4_what_is_no_failure_has_no_cause() {
    let texts = [
        "Scaling activity initiated by (deployment ecs-svc/9223370526531524353)",
        "(service moat-web) has reached a steady state.",
        "(service moat-web) (deployment ecs-svc/9223370526531524353) deployment completed.",
        "(service moat-web) has started 2 tasks: (task 8e2d).",
        "(service moat-web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/x/1)",
        "Task stopped by user",
        "",
    ];
    assert_eq!(causes(texts), []);
}

#[test]
fn e4_two_faults_at_once_are_both_told_and_each_only_once() {
    let (network, _) = TEXTS[0];
    let (iam, _) = TEXTS[6];
    let found = causes([network, iam, network, iam]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].remedy.contains("AmazonECSTaskExecutionRolePolicy"));
}

#[test]
fn every_row_is_reached_by_its_own_words() {
    for Row(words, cause, _) in ROWS {
        let found = causes([words.join(" ").as_str()]);
        assert_eq!(found.first().map(|found| found.cause.as_str()), Some(*cause), "{words:?}");
        assert!(words.iter().all(|word| *word == word.to_lowercase()), "{words:?}");
    }
}
