//! What a task needs, by the names that AWS has for it: endpoint services, actions, prefix lists.

use super::facts::{Need, PrefixList, What};
use crate::image::Image;
use crate::spec::{EndpointService, Secret, ServiceSpec, Store};

/// What a container image asks of the network, wherever it lives.
///
/// An image in ECR takes three ways: the API for the token and the manifest's address, the registry itself, and S3 for
/// the layers ("Amazon ECR interface VPC endpoints", ECR guide).
pub fn of_image(image: &Image, region: &str) -> Vec<Need> {
    let need = |what, region: &str| Need { what, region: region.to_owned() };
    match image.ecr() {
        Some(ecr) => [What::EcrApi, What::EcrDkr, What::Layers].map(|what| need(what, &ecr.region)).into(),
        None => {
            let host = image.repository.split('/').next().filter(|host| host.contains('.')).unwrap_or("docker.io");
            vec![need(What::Registry(host.to_owned()), region)]
        }
    }
}

/// What the tasks of a service ask of the network, by its spec: the image, the logs, its secrets and ECS Exec.
///
/// Secrets Manager and Parameter Store decrypt what they answer with KMS by themselves, so a task needs no way to KMS for
/// them. A task's role comes from an address in its own host, so it needs none to STS ("Task IAM role", ECS guide).
pub fn of_spec(spec: &ServiceSpec, region: &str) -> Vec<Need> {
    let need = |what, region: &str| Need { what, region: region.to_owned() };
    let mut needs = of_image(&spec.image, region);
    needs.push(need(What::Logs, region));
    for secret in spec.secrets.values().chain(&spec.registry_credentials) {
        let need = need(of_store(secret), secret.region());
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    needs.extend(spec.exec.then(|| need(What::SsmMessages, region)));
    needs
}

/// What an image asks, as a task definition writes it: there the tag may be missing.
pub fn of_image_text(text: &str, region: &str) -> Vec<Need> {
    match Image::new(text).or_else(|_| Image::new(&format!("{text}:latest"))) {
        Ok(image) => of_image(&image, region),
        Err(_) => vec![Need { what: What::Registry(text.to_owned()), region: region.to_owned() }],
    }
}

/// What a secret asks, by what it is taken from: an ARN of Secrets Manager, or an ARN or a name of Parameter Store
/// ("Secret", ECS API).
pub fn of_secret(value_from: &str, region: &str) -> Need {
    let mut parts = value_from.split(':').skip(2);
    let (what, region) = match (parts.next(), parts.next()) {
        (Some("secretsmanager"), Some(of)) => (What::SecretsManager, of),
        (Some("ssm"), Some(of)) => (What::Ssm, of),
        _ => (What::Ssm, region),
    };
    Need { what, region: region.to_owned() }
}

const fn of_store(secret: &Secret) -> What {
    match secret.store() {
        Store::SecretsManager => What::SecretsManager,
        Store::ParameterStore => What::Ssm,
    }
}

impl What {
    /// The service whose interface endpoint leads there.
    pub const fn interface(&self) -> Option<EndpointService> {
        Some(match self {
            Self::EcrApi => EndpointService::EcrApi,
            Self::EcrDkr => EndpointService::EcrDkr,
            Self::Logs => EndpointService::Logs,
            Self::SecretsManager => EndpointService::SecretsManager,
            Self::Ssm => EndpointService::Ssm,
            Self::Kms => EndpointService::Kms,
            Self::SsmMessages => EndpointService::SsmMessages,
            Self::Sts => EndpointService::Sts,
            Self::Layers | Self::Registry(_) | Self::Internet => return None,
        })
    }

    /// The last part of the endpoint service's name, or `None` where only a public address will do.
    pub fn service(&self) -> Option<&'static str> {
        match self {
            // A gateway endpoint.
            Self::Layers => Some("s3"),
            _ => self.interface().map(EndpointService::as_str),
        }
    }

    /// What the execution role must be allowed ("Amazon ECS task execution IAM role", ECS guide).
    pub const fn rights(&self) -> &'static [&'static str] {
        match self {
            Self::EcrApi => &[
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
            ],
            Self::Logs => &["logs:CreateLogStream", "logs:PutLogEvents"],
            Self::SecretsManager => &["secretsmanager:GetSecretValue"],
            Self::Ssm => &["ssm:GetParameters"],
            Self::Kms => &["kms:Decrypt"],
            _ => &[],
        }
    }

    /// What the policy of an endpoint on the way must allow.
    pub const fn passes(&self) -> &'static [&'static str] {
        match self {
            Self::EcrDkr => &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            Self::Layers => &["s3:GetObject"],
            Self::SsmMessages => &["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"],
            Self::Sts => &["sts:AssumeRole"],
            _ => self.rights(),
        }
    }
}

impl Need {
    /// `com.amazonaws.us-east-1.ecr.api`
    pub fn endpoint_service(&self) -> Option<String> {
        Some(format!("com.amazonaws.{}.{}", self.region, self.what.service()?))
    }

    /// What an endpoint's policy must let through, where it is one thing: ECR's layers lie in a bucket of AWS's own
    /// ("Minimum Amazon S3 bucket permissions for Amazon ECR", ECR guide).
    pub fn resource(&self) -> Option<String> {
        match self.what {
            What::Layers => Some(format!("arn:aws:s3:::prod-{}-starport-layer-bucket/*", self.region)),
            _ => None,
        }
    }

    /// As a sentence names it.
    pub fn label(&self) -> String {
        match &self.what {
            What::EcrApi => "ECR's API".into(),
            What::EcrDkr => "ECR's registry".into(),
            What::Layers => "image layers in S3".into(),
            What::Logs => "CloudWatch Logs".into(),
            What::SecretsManager => "Secrets Manager".into(),
            What::Ssm => "Parameter Store".into(),
            What::Kms => "KMS".into(),
            What::SsmMessages => "ECS Exec".into(),
            What::Sts => "STS".into(),
            What::Registry(host) => host.clone(),
            What::Internet => "the Internet".into(),
        }
    }
}

impl PrefixList {
    /// Whether it holds the addresses of a service that has gateway endpoints: S3 and DynamoDB.
    pub fn is_of_gateway_service(&self) -> bool {
        self.name.starts_with("com.amazonaws.") && (self.name.ends_with(".s3") || self.name.ends_with(".dynamodb"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn e1_what_a_secret_needs_is_told_by_what_it_is_taken_from() {
        let of = |text: &str| of_secret(text, "eu-west-1");
        let need = |what, region: &str| Need { what, region: region.to_owned() };
        assert_eq!(
            of("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1b2c3:password::"),
            need(What::SecretsManager, "us-east-1")
        );
        assert_eq!(of("arn:aws:ssm:us-east-1:123456789012:parameter/db"), need(What::Ssm, "us-east-1"));
        assert_eq!(of("db-password"), need(What::Ssm, "eu-west-1"));
    }

    #[test]
    fn e1_an_image_without_a_tag_asks_its_registry() {
        let what = |text: &str| of_image_text(text, "eu-west-1").into_iter().map(|need| need.what).collect::<Vec<_>>();
        assert_eq!(what("nginx"), [What::Registry("docker.io".into())]);
        assert_eq!(what("ghcr.io/team/web"), [What::Registry("ghcr.io".into())]);
        assert_eq!(
            what("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web"),
            [What::EcrApi, What::EcrDkr, What::Layers]
        );
    }

    fn needs(more: &serde_json::Value) -> Vec<String> {
        let mut service = json!({ "name": "web", "network": "main", "image": "ghcr.io/team/web:1" });
        service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let spec: ServiceSpec = serde_json::from_value(service).unwrap();
        of_spec(&spec, "eu-west-1").iter().map(|need| format!("{} in {}", need.label(), need.region)).collect()
    }

    #[test]
    fn e1_a_task_needs_its_image_its_logs_each_store_of_its_secrets_once_and_the_channel_of_ecs_exec() {
        assert_eq!(needs(&json!({})), ["ghcr.io in eu-west-1", "CloudWatch Logs in eu-west-1"]);
        let found = needs(&json!({
            "secrets": {
                "A": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a",
                "B": "arn:aws:secretsmanager:us-east-1:123456789012:secret:b",
                "C": "arn:aws:ssm:eu-west-1:123456789012:parameter/c",
            },
            "registryCredentials": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ghcr",
            "taskRole": "arn:aws:iam::123456789012:role/moat-task-web",
            "exec": true,
        }));
        let beyond = [
            "Secrets Manager in eu-west-1",
            "Secrets Manager in us-east-1",
            "Parameter Store in eu-west-1",
            "ECS Exec in eu-west-1",
        ];
        assert_eq!(found[2..], beyond);
    }
}
