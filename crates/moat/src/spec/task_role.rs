//! The role that a container's own code has.

use super::secret::is_account;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the name of a role begins that tasks may have. moat's roles may pass these and no others, so that whoever may start
/// a provision cannot give a container any role of the account.
pub const TASK_ROLE_PREFIX: &str = "moat-task-";

/// How the name of the role begins with which ECS itself reads secrets and images. A container never has it.
const EXECUTION_ROLE_PREFIX: &str = "moat-task-execution";

/// `arn:aws:iam::<account>:role/moat-task-<name>`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^arn:aws[a-z-]*:iam::[0-9]{12}:role/moat-task-[A-Za-z0-9_+=,.@-]+$"))]
pub struct TaskRole(String);

impl TaskRole {
    pub fn new(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (account, resource) = match parts.as_slice() {
            ["arn", partition, "iam", "", account, resource] if partition.starts_with("aws") => (*account, *resource),
            _ => {
                return Err(format!(
                    "{text:?} is not the ARN of a role; write arn:aws:iam::<account>:role/moat-task-<name>"
                ));
            }
        };
        let Some(name) = resource.strip_prefix("role/").filter(|_| is_account(account)) else {
            return Err(format!(
                "{text:?} is not the ARN of a role; write arn:aws:iam::<account>:role/moat-task-<name>"
            ));
        };
        if name.contains('/') {
            return Err(format!("{text:?} is a role with a path; moat may pass roles without one only"));
        }
        if !name.starts_with(TASK_ROLE_PREFIX) || name == TASK_ROLE_PREFIX {
            return Err(format!(
                "is role {name:?}, but moat may pass only roles whose names begin with {TASK_ROLE_PREFIX}, so that who starts a provision cannot give a container any role of the account. Name a role so"
            ));
        }
        if name.starts_with(EXECUTION_ROLE_PREFIX) {
            return Err(format!(
                "is role {name:?}, with which ECS itself reads secrets and images; a container that had it could read the secrets of every service. Make a role of its own"
            ));
        }
        if name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
            return Err(format!("{name:?} is not the name of a role: at most 64 letters, digits and _+=,.@-"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

impl TryFrom<String> for TaskRole {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<TaskRole> for String {
    fn from(role: TaskRole) -> Self {
        role.0
    }
}

impl fmt::Display for TaskRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_role_that_moat_may_pass_and_that_is_not_the_execution_role_is_taken() {
        let role = |name: &str| TaskRole::new(&format!("arn:aws:iam::123456789012:role/{name}"));
        assert_eq!(role("moat-task-web").unwrap().account(), "123456789012");
        for (name, why) in [
            ("admin", "begin with moat-task-"),
            ("moat-task-", "begin with moat-task-"),
            ("moat-task-execution-eu-west-1", "every service"),
            ("team/moat-task-web", "with a path"),
            ("moat-task-web/x", "with a path"),
            ("moat-task-*", "is not the name"),
        ] {
            let said = role(name).unwrap_err();
            assert!(said.contains(why), "{name}: {said}");
        }
        assert!(TaskRole::new("moat-task-web").unwrap_err().contains("is not the ARN"));
        assert!(TaskRole::new("arn:aws:iam::1:role/moat-task-web").unwrap_err().contains("is not the ARN"));
    }
}
