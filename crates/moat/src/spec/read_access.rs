//! What a service may read, and who may read it: secrets, the registry's credentials, the container's role, ECS Exec.

use super::reader::{Reader, below};
use super::{Secret, Store, TaskRole};
use crate::image::Image;
use std::collections::BTreeMap;

pub(super) struct Access {
    pub secrets: BTreeMap<String, Secret>,
    pub registry_credentials: Option<Secret>,
    pub task_role: Option<TaskRole>,
    pub exec: bool,
}

pub(super) fn access(fields: &mut Reader<'_>, image: Option<&Image>, environment: &BTreeMap<String, String>) -> Access {
    let secrets = secrets(fields, environment);
    let credentials: Option<String> = fields.optional("registryCredentials", None);
    let registry_credentials = credentials.and_then(|text| registry_credentials(fields, image, &text));
    let role: Option<String> = fields.optional("taskRole", None);
    let has_role = role.is_some();
    let task_role = role.and_then(|text| match TaskRole::new(&text) {
        Ok(role) => Some(role),
        Err(message) => {
            fields.report("taskRole", message);
            None
        }
    });
    let exec = fields.optional("exec", false);
    if exec && !has_role {
        fields.report(
            "exec",
            "needs taskRole: ECS Exec works with the container's own role, which must be allowed ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel",
        );
    }
    Access { secrets, registry_credentials, task_role, exec }
}

fn secrets(fields: &mut Reader<'_>, environment: &BTreeMap<String, String>) -> BTreeMap<String, Secret> {
    let written: BTreeMap<String, String> = fields.optional("secrets", BTreeMap::new());
    let mut secrets = BTreeMap::new();
    for (name, text) in written {
        let at = below_secrets(&name);
        if name.is_empty() || name.contains('=') || name.contains("{{") {
            fields.report_at(&at, "an environment variable's name is not empty and has neither = nor {{");
        }
        if environment.contains_key(&name) {
            fields.report_at(&at, "is in environment, too; a variable has one value, so take it out of one of the two");
        }
        match Secret::new(&text) {
            Ok(secret) => _ = secrets.insert(name, secret),
            Err(message) => fields.report_at(&at, message),
        }
    }
    secrets
}

fn below_secrets(name: &str) -> String {
    below("/secrets", name)
}

fn registry_credentials(fields: &mut Reader<'_>, image: Option<&Image>, text: &str) -> Option<Secret> {
    if image.is_some_and(|image| image.ecr().is_some()) {
        fields.report(
            "registryCredentials",
            "is for other registries; ECR is read with the execution role. Take it out, or name an image that is not in ECR",
        );
    }
    match Secret::new(text) {
        Ok(secret) if secret.store() != Store::SecretsManager => {
            fields.report(
                "registryCredentials",
                "is in Parameter Store, but ECS takes credentials from Secrets Manager only",
            );
            None
        }
        Ok(secret) if secret.is_part() => {
            fields.report(
                "registryCredentials",
                "names a part of a secret; ECS takes the whole one, a JSON object with username and password",
            );
            None
        }
        Ok(secret) => Some(secret),
        Err(message) => {
            fields.report("registryCredentials", message);
            None
        }
    }
}
