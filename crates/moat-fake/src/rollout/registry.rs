//! Images in ECR: which tag each has, and since when it is there.

use super::moment;
use moat::image::Digest;
use moat::rollout::{Candidate, Lookup, Platform};

/// One repository.
#[derive(Debug, Default)]
pub struct Registry {
    images: Vec<Candidate>,
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SINGLE: &str = "application/vnd.oci.image.manifest.v1+json";

impl Registry {
    /// Pushes an image of one platform. The tag moves from the image that had it.
    pub fn push(&mut self, digest: &Digest, tag: &str, now: u64) {
        self.put(digest, Some(tag), SINGLE, None, now);
    }

    /// Pushes as buildx does: the manifests of two platforms and their attestations without tags, then their index.
    /// Answers the digests, the index last.
    pub fn push_index(&mut self, digests: [Digest; 4], index: &Digest, tag: &str, now: u64) -> Vec<Digest> {
        for (at, digest) in digests.iter().enumerate() {
            self.put(digest, None, SINGLE, None, now + at as u64);
        }
        let on = |architecture: &str| Platform { os: "linux".into(), architecture: architecture.into() };
        self.put(index, Some(tag), INDEX, Some(vec![on("amd64"), on("arm64")]), now + 4);
        digests.into_iter().chain([index.clone()]).collect()
    }

    /// Pushes the index of an image that is for linux on one architecture alone.
    pub fn push_for(&mut self, architecture: &str, index: &Digest, tag: &str, now: u64) {
        let platform = Platform { os: "linux".into(), architecture: architecture.into() };
        self.put(index, Some(tag), INDEX, Some(vec![platform]), now);
    }

    /// Gives an image that is there another tag: a promotion.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tag(&mut self, digest: &Digest, tag: &str) {
        self.images.iter_mut().for_each(|image| _ = image.tags.remove(tag));
        let image = self.images.iter_mut().find(|image| image.digest == *digest).expect("it was pushed");
        image.tags.insert(tag.to_owned());
    }

    pub fn delete(&mut self, digest: &Digest) {
        self.images.retain(|image| image.digest != *digest);
    }

    pub fn has(&self, digest: &Digest) -> bool {
        self.images.iter().any(|image| image.digest == *digest)
    }

    fn put(&mut self, digest: &Digest, tag: Option<&str>, kind: &str, platforms: Option<Vec<Platform>>, now: u64) {
        if let Some(tag) = tag {
            self.images.iter_mut().for_each(|image| _ = image.tags.remove(tag));
        }
        if let Some(image) = self.images.iter_mut().find(|image| image.digest == *digest) {
            image.tags.extend(tag.map(str::to_owned));
            return;
        }
        self.images.push(Candidate {
            digest: digest.clone(),
            tags: tag.map(str::to_owned).into_iter().collect(),
            pushed_at: moment(now),
            media_type: Some(kind.to_owned()),
            artifact_type: None,
            platforms,
        });
    }

    /// `DescribeImages`, which says nothing of platforms.
    pub fn describe(&self, lookup: &Lookup) -> Vec<Candidate> {
        let is_meant = |image: &&Candidate| match lookup {
            Lookup::Tag(tag) => image.tags.contains(tag),
            Lookup::Digest(digest) => image.digest == *digest,
            Lookup::Tagged => !image.tags.is_empty(),
            Lookup::Nothing => false,
        };
        let shown = |image: &Candidate| Candidate { platforms: None, ..image.clone() };
        self.images.iter().filter(is_meant).map(shown).collect()
    }

    /// What the manifest of an image says.
    pub fn platforms(&self, digest: &Digest) -> Option<Vec<Platform>> {
        self.images.iter().find(|image| image.digest == *digest)?.platforms.clone()
    }
}
