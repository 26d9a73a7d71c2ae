use super::*;
use serde_json::json;

fn candidate(media_type: Option<&str>, artifact_type: Option<&str>) -> Candidate {
    Candidate {
        digest: Digest::new(&format!("sha256:{}", "a".repeat(64))).unwrap(),
        tags: BTreeSet::new(),
        pushed_at: Moment::from_millis(0),
        media_type: media_type.map(str::to_owned),
        artifact_type: artifact_type.map(str::to_owned),
        platforms: None,
    }
}

#[test]
fn i2_signatures_attestations_and_artifacts_are_no_images() {
    let manifest = Some("application/vnd.oci.image.manifest.v1+json");
    assert!(candidate(manifest, Some("application/vnd.oci.image.config.v1+json")).is_image());
    assert!(candidate(Some("application/vnd.oci.image.index.v1+json"), None).is_image());
    assert!(candidate(None, None).is_image());
    for artifact in ["application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.cncf.helm.config.v1+json"] {
        assert!(!candidate(manifest, Some(artifact)).is_image(), "{artifact}");
    }
    assert!(!candidate(Some("application/vnd.oci.artifact.manifest.v1+json"), None).is_image());
}

#[test]
fn i2_tags_that_tools_give_are_told_from_those_of_people() {
    let hex = "0123456789abcdef".repeat(4);
    for suffix in [".sig", ".att", ".sbom", "", ".sigstore.json"] {
        assert!(not_for_people(&format!("sha256-{hex}{suffix}")).is_some(), "{suffix}");
    }
    assert!(not_for_people("moat-keep-1").is_some());
    for tag in ["latest", "sha256-fix", "sha256", "v1.2.3", &hex[..40]] {
        assert_eq!(not_for_people(tag), None, "{tag}");
    }
}

/// As `docker buildx build --platform linux/amd64,linux/arm64 --push` makes it.
fn index() -> String {
    let entry = |os: &str, architecture: &str| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 480,
            "digest": format!("sha256:{}", "b".repeat(64)), "platform": {"architecture": architecture, "os": os}
        })
    };
    let mut attestation = entry("unknown", "unknown");
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let manifests = [entry("linux", "amd64"), entry("linux", "arm64"), attestation];
    json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests})
        .to_string()
}

#[test]
fn i1_attestations_in_an_index_are_no_platforms() {
    let platforms = platforms_of_index(&index()).unwrap();
    assert_eq!(platforms.iter().map(ToString::to_string).collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
}

#[test]
fn i9_an_image_without_the_services_architecture_is_told() {
    let mut image = candidate(None, None);
    assert_eq!(image.objection(Architecture::Arm64), None, "nobody looked");
    image.platforms = platforms_of_index(&index());
    assert_eq!((image.objection(Architecture::Arm64), image.objection(Architecture::X86_64)), (None, None));
    image.platforms.as_mut().unwrap().pop();
    insta::assert_snapshot!(image.objection(Architecture::Arm64).unwrap(), @"the image runs on linux/amd64, but the service's tasks are linux/arm64; build it for that too");
    image.platforms = Some(vec![Platform { os: "windows".into(), architecture: "amd64".into() }]);
    assert!(image.objection(Architecture::X86_64).is_some());
}

#[test]
fn i9_a_single_image_says_its_platform_in_its_configuration() {
    let digest = format!("sha256:{}", "c".repeat(64));
    let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 7});
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": []}).to_string();
    assert_eq!(platforms_of_index(&manifest), None);
    assert_eq!(config_of(&manifest).unwrap().as_str(), digest);
    assert_eq!(config_of(&index()), None);
    let config = json!({"architecture": "arm64", "os": "linux", "config": {"Cmd": ["/web"]}}).to_string();
    assert_eq!(platform_of_config(&config).unwrap().to_string(), "linux/arm64");
    assert_eq!((platforms_of_index("{"), platform_of_config("3"), config_of("")), (None, None, None));
}
