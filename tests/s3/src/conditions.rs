//! HTTP's conditions on tags.
//!
//! Pure.

use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode, S3Result};

/// `If-Match`: goes on only where the object is the one named.
pub fn if_match(condition: &ETagCondition, tag: &ETag) -> S3Result<()> {
    match condition {
        ETagCondition::Any => Ok(()),
        ETagCondition::ETag(wanted) if wanted.strong_cmp(tag) => Ok(()),
        ETagCondition::ETag(_) => Err(S3Error::new(S3ErrorCode::PreconditionFailed)),
    }
}

/// `If-None-Match`: goes on only where the object is another one; else `otherwise`.
pub fn if_none_match(condition: &ETagCondition, tag: &ETag, otherwise: S3ErrorCode) -> S3Result<()> {
    match condition {
        ETagCondition::ETag(unwanted) if !unwanted.weak_cmp(tag) => Ok(()),
        ETagCondition::Any | ETagCondition::ETag(_) => Err(S3Error::new(otherwise)),
    }
}
