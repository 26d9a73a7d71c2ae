//! Why tasks do not start, from the texts in which ECS says it (E4).

use super::words::shortened;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One reason, in plain words, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    pub cause: String,
    pub remedy: String,
    /// What ECS said, shortened.
    pub said: String,
}

/// One kind of failure: what a text must contain, in lower case; what it means; what to do.
struct Row(&'static [&'static str], &'static str, &'static str);

const ARCHITECTURE: (&str, &str) = (
    "the image is for another CPU architecture than the tasks",
    "build it for the architecture in service.architecture, or change that",
);
const NO_WAY_TO_ECR: (&str, &str) = (
    "there is no way from the tasks' subnets to ECR",
    "see that their route table leads to a NAT gateway that is available, or to endpoints for ecr.api, ecr.dkr, logs and S3, and that security groups and network ACLs let port 443 out",
);
const DIGEST_GONE: (&str, &str) = (
    "the image of that digest is no longer in the repository, or the execution role may not read the repository",
    "push the image again and see whether a lifecycle policy deletes it; if it is there, allow the role ecr:BatchGetImage",
);
const NOT_ALLOWED: (&str, &str) = (
    "the execution role, or a policy on the way, does not allow what ECS needs to start the task",
    "give the execution role AmazonECSTaskExecutionRolePolicy and the secrets that it reads; the text names the missing action",
);
const CREDENTIALS_WRONG: (&str, &str) = (
    "the registry did not take the credentials, or asks for some",
    "see that service.registryCredentials names a secret whose JSON has the username and a password or token that is still good",
);
const CREDENTIALS_SHORT: (&str, &str) = (
    "the registry knows the credentials, but they may not read that repository",
    "give the user or the token in service.registryCredentials the right to read it, and see that the image's address is right",
);
const EXITED: (&str, &str) = (
    "the container ended by itself",
    "read its last lines in the log group; an exit code that is not 0 comes from the program, 137 is a kill, 143 a request to stop",
);

/// The narrow ones first: the first row whose words are all there counts. Sources: "Amazon ECS stopped tasks error
/// messages", "Service event messages" and "Fargate capacity", Amazon ECS Developer Guide.
const ROWS: &[Row] = &[
    Row(&["does not contain descriptor matching platform"], ARCHITECTURE.0, ARCHITECTURE.1),
    Row(&["no matching manifest for"], ARCHITECTURE.0, ARCHITECTURE.1),
    Row(&["exec format error"], ARCHITECTURE.0, ARCHITECTURE.1),
    Row(&["no match for platform in manifest"], ARCHITECTURE.0, ARCHITECTURE.1),
    Row(
        &["toomanyrequests"],
        "the registry limits how often images are pulled",
        "keep a copy of the image in ECR, or set up a pull through cache with credentials",
    ),
    Row(
        &["429 too many requests"],
        "the registry limits how often images are pulled",
        "keep a copy of the image in ECR, or set up a pull through cache with credentials",
    ),
    Row(
        &["no such host"],
        "the name of an AWS service does not resolve in the VPC",
        "turn on DNS support and DNS host names of the VPC, and private DNS of the endpoints",
    ),
    Row(
        &["server misbehaving"],
        "the name of an AWS service does not resolve in the VPC",
        "turn on DNS support and DNS host names of the VPC, and private DNS of the endpoints",
    ),
    Row(
        &["starport-layer-bucket", "timeout"],
        "there is no way from the tasks' subnets to S3, where ECR keeps the layers of images",
        "add the S3 gateway endpoint to the route table of those subnets, or a route to a NAT gateway, and let port 443 out",
    ),
    Row(
        &["secretsmanager", "timeout"],
        "there is no way from the tasks' subnets to Secrets Manager",
        "add an endpoint for secretsmanager, or a route to a NAT gateway, and let port 443 out",
    ),
    Row(
        &["ssm", "parameter", "timeout"],
        "there is no way from the tasks' subnets to Systems Manager",
        "add an endpoint for ssm, or a route to a NAT gateway, and let port 443 out",
    ),
    Row(
        &["unable to retrieve secret from asm", "context deadline exceeded"],
        "there is no way from the tasks' subnets to Secrets Manager",
        "add an endpoint for secretsmanager, or a route to a NAT gateway, and let port 443 out",
    ),
    Row(
        &["unable to retrieve secrets from ssm", "context deadline exceeded"],
        "there is no way from the tasks' subnets to Systems Manager",
        "add an endpoint for ssm, or a route to a NAT gateway, and let port 443 out",
    ),
    Row(
        &["registry-1.docker.io", "timeout"],
        "there is no way from the tasks' subnets to Docker Hub",
        "add a route to a NAT gateway, or keep a copy of the image in ECR",
    ),
    Row(&["i/o timeout"], NO_WAY_TO_ECR.0, NO_WAY_TO_ECR.1),
    Row(&["resourceinitializationerror", "context deadline exceeded"], NO_WAY_TO_ECR.0, NO_WAY_TO_ECR.1),
    Row(&["cannotpullcontainererror", "context deadline exceeded"], NO_WAY_TO_ECR.0, NO_WAY_TO_ECR.1),
    Row(&["request canceled while waiting for connection"], NO_WAY_TO_ECR.0, NO_WAY_TO_ECR.1),
    Row(&["client.timeout exceeded while awaiting headers"], NO_WAY_TO_ECR.0, NO_WAY_TO_ECR.1),
    Row(&["the task cannot pull registry auth from amazon ecr"], NO_WAY_TO_ECR.0, NO_WAY_TO_ECR.1),
    Row(
        &["log group does not exist"],
        "the log group of the container is gone",
        "run moat-provision for the service: it makes the log group again",
    ),
    Row(&["unexpected status from head request", "sha256:", "403"], DIGEST_GONE.0, DIGEST_GONE.1),
    Row(&["unexpected status code [manifests sha256:", "403"], DIGEST_GONE.0, DIGEST_GONE.1),
    Row(
        &["can't find the specified secret"],
        "a secret that the task definition names does not exist",
        "create the secret, or take it out of the task definition",
    ),
    Row(
        &["unable to assume the service linked role"],
        "ECS's own role in the account is not there yet",
        "wait a minute and try again; if it stays, create the role with aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com",
    ),
    Row(
        &["unable to assume the role"],
        "ECS may not use the role of the task definition",
        "let ecs-tasks.amazonaws.com assume the role, and wait a minute if it was created just now",
    ),
    Row(
        &["access to kms is not allowed"],
        "the execution role may not use the KMS key of a secret",
        "let the key's policy give the account's roles kms:Decrypt, and see that the secret's ARN is of this account",
    ),
    Row(
        &["secretsmanager:getsecretvalue"],
        "the execution role may not read a secret of Secrets Manager",
        "give the secret the tag moat:readable = true: the role reads no others; in another account its own policy must allow the role, too",
    ),
    Row(
        &["ssm:getparameters"],
        "the execution role may not read a parameter of Parameter Store",
        "give the parameter the tag moat:readable = true: the role reads no others",
    ),
    Row(
        &["unable to retrieve secrets from ssm", "accessdenied"],
        "the execution role may not read a parameter of Parameter Store",
        "give the parameter the tag moat:readable = true: the role reads no others",
    ),
    Row(
        &["unable to retrieve secrets from ssm", "invalid parameters"],
        "a parameter that the task definition names does not exist",
        "create the parameter, or take it out of service.secrets",
    ),
    Row(
        &["retrieved secret from secrets manager did not contain json key"],
        "a secret has no such key as service.secrets asks for",
        "put the key into the secret's JSON, or mend the part of the ARN behind its name",
    ),
    Row(
        &["unable to retrieve secret from asm", "looking for beginning of value"],
        "a secret is not the JSON object that it is read as",
        "store it as a JSON object: with the keys that service.secrets asks for, or with username and password for registryCredentials",
    ),
    Row(&["accessdenied"], NOT_ALLOWED.0, NOT_ALLOWED.1),
    Row(&["is not authorized to perform"], NOT_ALLOWED.0, NOT_ALLOWED.1),
    Row(&["incorrect username or password"], CREDENTIALS_WRONG.0, CREDENTIALS_WRONG.1),
    Row(&["cannotpullcontainererror", "401 unauthorized"], CREDENTIALS_WRONG.0, CREDENTIALS_WRONG.1),
    Row(
        &["cannotpullcontainererror", "unauthorized: authentication required"],
        CREDENTIALS_WRONG.0,
        CREDENTIALS_WRONG.1,
    ),
    Row(&["cannotpullcontainererror", "no basic auth credentials"], CREDENTIALS_WRONG.0, CREDENTIALS_WRONG.1),
    Row(
        &["pull access denied"],
        "the repository does not exist, or it may not be read without credentials",
        "see whether the image's address is right, and whether the repository is public; if it is not, name its secret in service.registryCredentials",
    ),
    Row(&["cannotpullcontainererror", "ghcr.io", "403 forbidden"], CREDENTIALS_SHORT.0, CREDENTIALS_SHORT.1),
    Row(
        &["cannotpullcontainererror", "denied: requested access to the resource is denied"],
        CREDENTIALS_SHORT.0,
        CREDENTIALS_SHORT.1,
    ),
    Row(
        &["repository with name", "does not exist"],
        "the repository does not exist in that registry",
        "see whether the account, the region and the name in service.image are right",
    ),
    Row(&["cannotpullcontainererror", "403 forbidden"], NOT_ALLOWED.0, NOT_ALLOWED.1),
    Row(&["cannotpullcontainererror", "sha256:", "not found"], DIGEST_GONE.0, DIGEST_GONE.1),
    Row(
        &["cannotpullcontainererror", "not found"],
        "there is no image with that tag in the repository",
        "push the image, or mend the tag",
    ),
    Row(
        &["cannotpullcontainererror", "manifest unknown"],
        "there is no image with that tag or digest in the repository",
        "push the image, or mend the tag",
    ),
    Row(
        &["no space left on device"],
        "the image is larger than the storage of the task, or the container has filled it",
        "make the image smaller, or give the task more ephemeral storage",
    ),
    Row(
        &["outofmemory"],
        "the container used more memory than the task has, and was killed",
        "raise service.memory, or see why the program needs so much",
    ),
    Row(
        &["executable file not found"],
        "the program that the container should start is not in the image",
        "mend the image's ENTRYPOINT or service.command",
    ),
    Row(
        &["cannotstartcontainererror", "no such file or directory"],
        "the program that the container should start, or the loader that it needs, is not in the image",
        "mend the image's ENTRYPOINT or service.command; a program linked with glibc does not start in an image with musl",
    ),
    Row(
        &["permission denied", "cannotstartcontainererror"],
        "the program that the container should start is not executable",
        "make it executable in the image (chmod +x)",
    ),
    Row(
        &["failed elb health checks"],
        "the tasks started, but the load balancer's health check did not get a good answer from them",
        "see that the program listens on service.port on all addresses (0.0.0.0), that the path of the health check answers 200, and that it is up within the grace time",
    ),
    Row(
        &["is unhealthy in", "target-group"],
        "the tasks started, but the load balancer's health check did not get a good answer from them",
        "see that the program listens on service.port on all addresses (0.0.0.0), that the path of the health check answers 200, and that it is up within the grace time",
    ),
    Row(
        &["failed container health checks"],
        "the container's own health check failed",
        "run the health check's command in the image by hand; it must end with 0 within its time",
    ),
    Row(
        &["capacity is unavailable"],
        "Fargate has no capacity left in that zone just now",
        "wait and try again, or spread the service over more zones",
    ),
    Row(
        &["limit on the number of vcpus"],
        "the account's limit of Fargate vCPUs is reached",
        "ask for more in Service Quotas (Fargate On-Demand vCPU resource count), or run fewer tasks",
    ),
    Row(
        &["insufficientfreeaddresses"],
        "a subnet of the tasks has no free address",
        "remove what is not needed in it, or use a larger network",
    ),
    Row(
        &["network interface provisioning"],
        "AWS could not make the task's network interface in time",
        "try again; if it stays, see whether the subnets have free addresses and the account's limit of interfaces is reached",
    ),
    Row(
        &["does not have an associated load balancer"],
        "no listener leads to the target group of the service",
        "run moat-provision for the service: it makes the listener again",
    ),
    Row(
        &["spot", "interrupted"],
        "AWS took back the Spot capacity that the task ran on",
        "nothing is wrong with the image; use Fargate without Spot where that hurts",
    ),
    Row(
        &["performing maintenance on the underlying infrastructure"],
        "AWS retired the host that the task ran on",
        "nothing is wrong with the image; ECS starts another task by itself",
    ),
    Row(
        &["host ec2", "terminated"],
        "the host that the task ran on is gone",
        "nothing is wrong with the image; ECS starts another task by itself",
    ),
    Row(
        &["failed to validate logger args"],
        "the container's log driver could not be set up",
        "see that the log group exists, that the execution role may write to it, and that the tasks reach CloudWatch Logs",
    ),
    Row(&["essential container in task exited"], EXITED.0, EXITED.1),
    Row(&["exit code", "container"], EXITED.0, EXITED.1),
    Row(
        &["cannotstartcontainererror"],
        "the container could not be started",
        "start the image by hand with the same command; the text says what failed",
    ),
    Row(
        &["cannotcreatecontainererror"],
        "the container could not be made from its task definition",
        "the text says what is wrong with it",
    ),
    Row(
        &["cannotpullcontainererror"],
        "the image could not be pulled",
        "see whether it is in the repository, whether the execution role may pull it, and whether the tasks reach the registry",
    ),
    Row(
        &["unable to pull secrets or registry auth"],
        "the task could not get its secrets or the registry's credentials",
        "see whether the execution role may read them, and whether the tasks reach Secrets Manager and ECR",
    ),
];

/// How many causes are worth telling.
const MOST: usize = 5;

/// The causes in these texts, each once, in the order of the texts. Texts that say nothing of a failure give none.
pub fn causes<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for text in texts {
        if let Some(cause) = cause(text)
            && causes.len() < MOST
            && !causes.iter().any(|known| known.cause == cause.cause)
        {
            causes.push(cause);
        }
    }
    causes
}

fn cause(text: &str) -> Option<Cause> {
    let lower = text.to_lowercase();
    let Row(_, cause, remedy) = ROWS.iter().find(|Row(words, ..)| words.iter().all(|word| lower.contains(word)))?;
    Some(Cause { cause: (*cause).to_owned(), remedy: (*remedy).to_owned(), said: shortened(text, 300) })
}

#[cfg(test)]
#[path = "cause_tests.rs"]
mod tests;
