//! What ECS says in words, for want of a code.

use aws_sdk_ecs::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// ECS has no code of its own for an unknown family: it sends ClientException, which means many things.
pub(crate) fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let says = |error: &E| {
        error.code() == Some("ClientException")
            && error.message().is_some_and(|message| message.contains("Unable to describe task definition"))
    };
    error.as_service_error().is_some_and(says)
}
