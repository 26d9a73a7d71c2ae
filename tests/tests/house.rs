//! The direction of dependencies: nothing that thinks depends on anything that acts.

mod infra;

use std::collections::BTreeSet;

/// The crates that a package depends on, outside of its tests.
fn dependencies(package: &str) -> BTreeSet<String> {
    let text = infra::text(&format!("{package}/Cargo.toml"));
    let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_mind_knows_neither_aws_nor_a_runtime_nor_the_other_crates() {
    for name in dependencies("crates/moat") {
        let foreign = ["aws", "tokio", "hyper", "reqwest", "lambda", "moat"];
        assert!(!foreign.iter().any(|prefix| name.starts_with(prefix)), "crates/moat depends on {name}");
    }
}

#[test]
fn only_the_hands_know_the_aws_sdk() {
    for package in ["crates/moat-fake", "crates/moat-lambda"] {
        for name in dependencies(package) {
            assert!(!name.starts_with("aws-sdk-"), "{package} depends on {name}");
        }
    }
    for entry in std::fs::read_dir(infra::path("functions")).expect("functions") {
        let package = format!("functions/{}", entry.unwrap().file_name().to_string_lossy());
        for name in dependencies(&package) {
            assert!(!name.starts_with("aws-sdk-"), "{package} depends on {name}");
        }
    }
}

#[test]
fn nothing_points_back() {
    assert!(!dependencies("crates/moat-aws").contains("moat-lambda"));
    assert!(!dependencies("crates/moat-aws").contains("lambda_runtime"));
    assert!(!dependencies("crates/moat-lambda").contains("moat-aws"));
}
