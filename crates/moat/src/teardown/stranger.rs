//! Things of others that are in the way: named with id, kind and whose they probably are, never touched (T2, D7).

use std::collections::BTreeMap;
use std::fmt;

/// Something that is not the owner's, inside what the owner wants removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranger {
    /// In AWS's words: `subnet`, `VPC peering connection`, `network interface`.
    pub kind: String,
    pub id: String,
    /// What else AWS says of it: its name, its description.
    pub description: String,
    pub tags: BTreeMap<String, String>,
}

/// What tells whose a thing is, with how to say it. The first that is there counts.
const SIGNS: [(&str, &str); 9] = [
    (crate::tags::SERVICE, "moat's service"),
    (crate::tags::NETWORK, "moat's network"),
    ("aws:cloudformation:stack-name", "CloudFormation stack"),
    ("aws:ecs:serviceName", "ECS service"),
    ("aws:ecs:clusterName", "ECS cluster"),
    ("eks:cluster-name", "EKS cluster"),
    ("aws:autoscaling:groupName", "Auto Scaling group"),
    ("owner", "owner"),
    ("Name", "named"),
];

/// Whose a thing is, as far as its tags tell: `of CloudFormation stack billing`.
pub fn guess(tags: &BTreeMap<String, String>) -> Option<String> {
    let of_key = |key: &str| tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    SIGNS.into_iter().find_map(|(key, words)| Some(format!("{words} {}", of_key(key)?)))
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)?;
        if !self.description.is_empty() {
            write!(f, " \"{}\"", self.description)?;
        }
        match guess(&self.tags) {
            Some(owner) => write!(f, " ({owner})"),
            None => f.write_str(" (nothing tells whose it is)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d7_a_stranger_is_named_with_kind_id_description_and_probable_owner() {
        let tags = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let stranger = |description: &str, pairs: &[(&str, &str)]| Stranger {
            kind: "subnet".into(),
            id: "subnet-1".into(),
            description: description.into(),
            tags: tags(pairs),
        };
        let stack = [("Name", "db"), ("aws:cloudformation:stack-name", "billing")];
        assert_eq!(
            stranger("10.0.9.0/24", &stack).to_string(),
            "subnet subnet-1 \"10.0.9.0/24\" (CloudFormation stack billing)"
        );
        assert_eq!(stranger("", &[("Owner", "ada")]).to_string(), "subnet subnet-1 (owner ada)");
        assert_eq!(stranger("", &[]).to_string(), "subnet subnet-1 (nothing tells whose it is)");
    }
}
