//! The names of moat's SSM parameters. Other stacks and people read them, so they are a contract.

use crate::image::Ecr;
use crate::name::Name;
use crate::tags::Owner;

/// Bytes that an advanced parameter holds. A standard one holds 4096 and is free, so SSM's intelligent tiering picks
/// the smallest that fits ("Managing parameter tiers", Systems Manager).
pub const MAX_SIZE: usize = 8192;

/// The recorded spec: `/moat/networks/<name>` or `/moat/services/<name>`.
pub fn spec(owner: &Owner) -> String {
    match owner {
        Owner::Network(name) => format!("/moat/networks/{name}"),
        Owner::Service(name) => format!("/moat/services/{name}"),
    }
}

/// Who is changing it now: `/moat/locks/network/<name>` or `/moat/locks/service/<name>`.
pub fn lock(owner: &Owner) -> String {
    match owner {
        Owner::Network(name) => format!("/moat/locks/network/{name}"),
        Owner::Service(name) => format!("/moat/locks/service/{name}"),
    }
}

/// Whether this is the name of a lock, or of a claim to one.
pub fn is_lock(name: &str) -> bool {
    name.starts_with("/moat/locks/")
}

/// What was mended when, and which question is open: `/moat/drift/network/<name>` or `/moat/drift/service/<name>`.
pub fn drift(owner: &Owner) -> String {
    match owner {
        Owner::Network(name) => format!("/moat/drift/network/{name}"),
        Owner::Service(name) => format!("/moat/drift/service/{name}"),
    }
}

/// Where the service answers, for other stacks to read.
pub fn url(service: &Name) -> String {
    format!("/moat/outputs/{service}/url")
}

/// What runs, what ran before, and which digests are in quarantine: `/moat/releases/<service>`.
pub fn release(service: &Name) -> String {
    format!("/moat/releases/{service}")
}

/// The parameters that an owner alone can have, by their names. The entry in the list of images is not among them: its
/// name depends on the spec, so it is found by its tags.
pub fn of(owner: &Owner) -> Vec<String> {
    let mut names = vec![spec(owner), drift(owner)];
    if let Owner::Service(name) = owner {
        names.extend([release(name), url(name)]);
    }
    names
}

/// Under which the services that are made from this repository are listed: `/moat/images/<account>/<region>/<repository>`.
///
/// A parameter's name has 15 levels at most, so the slashes of the repository become dots. Two repositories may thus
/// share an address: it says where to look, and the recorded spec decides.
pub fn images(repository: &Ecr) -> String {
    format!("/moat/images/{}/{}/{}", repository.account, repository.region, repository.repository.replace('/', "."))
}

/// One service in that list. The parameter's value is the service's name, too.
pub fn image(repository: &Ecr, service: &Name) -> String {
    format!("{}/{service}", images(repository))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_with_many_slashes_has_an_address_that_ssm_takes() {
        let repository = "a/".repeat(100) + "web";
        let repository = Ecr { account: "123456789012".into(), region: "eu-west-1".into(), repository };
        let name = image(&repository, &Name::new("web").unwrap());
        assert!(name.starts_with(&(images(&repository) + "/")) && name.ends_with(".web/web"));
        assert!(name.matches('/').count() <= 15 && name.len() <= 1011, "{name}");
    }
}
