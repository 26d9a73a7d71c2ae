//! How moat talks to AWS: with what patience, and what may be asked twice.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// The configuration of every client, from the environment. Build it once, at start.
///
/// The SDK repeats a call up to three times when it was throttled or got no answer. That is right for reading, and
/// for creating with a client token; everything else goes through [`once`].
pub async fn load() -> SdkConfig {
    let patience = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(patience)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}

/// The same, but each call is made once.
///
/// A create whose answer was lost must not be repeated blindly, since AWS would make a twin. The step fails as
/// `Moat.Unavailable`, and the next pass looks first.
pub fn once(config: &SdkConfig) -> SdkConfig {
    config.to_builder().retry_config(RetryConfig::disabled()).build()
}

/// The region that the Lambda runs in.
pub fn region(config: &SdkConfig) -> String {
    config.region().map(ToString::to_string).unwrap_or_default()
}
