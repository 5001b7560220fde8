//! S3's operations on the objects.
//!
//! Owns the protocol's details: ranges, conditions, pages, parts. Takes the mode of its request from the request's
//! extensions, where `transport` puts it. Never draws a fault itself.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use s3s::dto::*;
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use std::sync::Arc;
use std::time::Duration;

use crate::conditions::{if_match, if_none_match};
use crate::double::BUCKET;
use crate::listing::{Asked, page};
use crate::mode::{Lie, Mode, Refusal};
use crate::objects::{Objects, PutConditions, Stored};

/// The operations.
pub struct Service {
    pub objects: Arc<Objects>,
}

fn error<T>(code: S3ErrorCode) -> S3Result<T> {
    Err(S3Error::new(code))
}

fn mode_of<T>(request: &S3Request<T>) -> Mode {
    request.extensions.get::<Mode>().cloned().unwrap_or_default()
}

/// What every request goes through; gives the mode.
fn admit<T>(request: &S3Request<T>, bucket: &str, changes: bool) -> S3Result<Mode> {
    let mode = mode_of(request);
    match mode.refusal {
        Some(Refusal::ExpiredCredentials) => {
            // AWS says 400 or 403 depending on the service in front; clients must go by the code.
            let mut expired = S3Error::with_message(S3ErrorCode::ExpiredToken, "The provided token has expired.");
            expired.set_status_code(http::StatusCode::FORBIDDEN);
            return Err(expired);
        }
        Some(Refusal::NoSuchBucket) => return error(S3ErrorCode::NoSuchBucket),
        Some(Refusal::ReadOnly) if changes => return error(S3ErrorCode::AccessDenied),
        Some(Refusal::ReadOnly) | None => {}
    }
    if bucket != BUCKET {
        return error(S3ErrorCode::NoSuchBucket);
    }
    Ok(mode)
}

async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let mut bytes = BytesMut::new();
    let Some(mut body) = body else { return Ok(Bytes::new()) };
    while let Some(chunk) = body.next().await {
        // A body that breaks off stores nothing, as it should.
        bytes.extend_from_slice(&chunk.map_err(|source| S3Error::with_source(S3ErrorCode::IncompleteBody, source))?);
    }
    Ok(bytes.freeze())
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).expect("objects of tests are small")
}

impl Service {
    fn find(
        &self,
        key: &str,
        matches: Option<&ETagCondition>,
        none_matches: Option<&ETagCondition>,
    ) -> S3Result<Stored> {
        let stored = self.objects.get(key).ok_or_else(|| S3Error::new(S3ErrorCode::NoSuchKey))?;
        if let Some(condition) = matches {
            if_match(condition, &stored.tag)?;
        }
        if let Some(condition) = none_matches {
            if_none_match(condition, &stored.tag, S3ErrorCode::NotModified)?;
        }
        Ok(stored)
    }

    /// A put as the store does it that lies, or does not.
    fn apply(
        &self,
        lie: Option<Lie>,
        conditions: PutConditions,
        put: impl Fn(&PutConditions) -> S3Result<ETag>,
    ) -> S3Result<ETag> {
        let is_conditional = conditions.if_match.is_some() || conditions.if_none_match.is_some();
        match lie.filter(|_| is_conditional) {
            None => put(&conditions),
            Some(Lie::IgnoresConditions) => put(&PutConditions::default()),
            Some(Lie::SaysCreated) => put(&conditions).or_else(|_| Ok(ETag::Strong("of-no-object".to_owned()))),
            Some(Lie::SaysExists) => {
                put(&conditions)?;
                error(S3ErrorCode::PreconditionFailed)
            }
        }
    }
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        admit(&request, &request.input.bucket, false)?;
        let input = request.input;
        let stored = self.find(&input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let total = u64::try_from(stored.bytes.len()).expect("a length fits");
        let (bytes, content_range) = match input.range {
            None => (stored.bytes.clone(), None),
            Some(range) => {
                let part = range.check(total).map_err(|_| S3Error::new(S3ErrorCode::InvalidRange))?;
                let said = format!("bytes {}-{}/{total}", part.start, part.end - 1);
                let at = |place: u64| usize::try_from(place).expect("it is within the object");
                (stored.bytes.slice(at(part.start)..at(part.end)), Some(said))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(&bytes)),
            content_range,
            e_tag: Some(stored.tag),
            last_modified: Some(stored.modified.into()),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        admit(&request, &request.input.bucket, false)?;
        let input = request.input;
        let stored = self.find(&input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(&stored.bytes)),
            e_tag: Some(stored.tag),
            last_modified: Some(stored.modified.into()),
            ..HeadObjectOutput::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let mode = admit(&request, &request.input.bucket, true)?;
        let input = request.input;
        let bytes = whole(input.body).await?;
        let conditions = PutConditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let tag =
            self.apply(mode.lie, conditions, |conditions| self.objects.put(&input.key, bytes.clone(), conditions))?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(tag), ..PutObjectOutput::default() }))
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        admit(&request, &request.input.bucket, true)?;
        let CopySource::Bucket { bucket, key, .. } = &request.input.copy_source else {
            return error(S3ErrorCode::NotImplemented);
        };
        admit(&request, bucket, false)?;
        let stored = self.find(key, None, None)?;
        let tag = self.objects.put(&request.input.key, stored.bytes, &PutConditions::default())?;
        let result = CopyObjectResult {
            e_tag: Some(tag),
            last_modified: Some(stored.modified.into()),
            ..CopyObjectResult::default()
        };
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        admit(&request, &request.input.bucket, true)?;
        self.objects.remove(&request.input.key);
        Ok(S3Response::with_status(DeleteObjectOutput::default(), http::StatusCode::NO_CONTENT))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        admit(&request, &request.input.bucket, true)?;
        let mut deleted = Vec::new();
        for object in request.input.delete.objects {
            self.objects.remove(&object.key);
            deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
        }
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), ..DeleteObjectsOutput::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let mode = admit(&request, &request.input.bucket, false)?;
        let input = request.input;
        let asked_max = input.max_keys.and_then(|keys| usize::try_from(keys).ok()).unwrap_or(usize::MAX);
        let after = input.continuation_token.as_deref().or(input.start_after.as_deref()).unwrap_or_default();
        let asked = Asked {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref(),
            after,
            entries_max: asked_max.min(mode.page_entries_max).max(1),
        };
        let page = page(&self.objects.listed(Duration::from_millis(mode.listing_lag_ms)), asked);
        let contents: Vec<Object> = page.objects.into_iter().map(listed).collect();
        let common = page.common_prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) });
        let common: Vec<CommonPrefix> = common.collect();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            key_count: i32::try_from(contents.len() + common.len()).ok(),
            max_keys: i32::try_from(asked.entries_max).ok(),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            continuation_token: input.continuation_token,
            contents: Some(contents),
            common_prefixes: Some(common),
            delimiter: input.delimiter,
            prefix: input.prefix,
            start_after: input.start_after,
            ..ListObjectsV2Output::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        admit(&request, &request.input.bucket, true)?;
        let input = request.input;
        let upload_id = Some(self.objects.begin_upload(&input.key));
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id,
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        admit(&request, &request.input.bucket, true)?;
        let input = request.input;
        let bytes = whole(input.body).await?;
        let tag = self.objects.put_part(&input.upload_id, input.part_number, bytes)?;
        Ok(S3Response::new(UploadPartOutput { e_tag: Some(tag), ..UploadPartOutput::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let mode = admit(&request, &request.input.bucket, true)?;
        let input = request.input;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts: Vec<_> = parts.into_iter().map(|part| (part.part_number.unwrap_or(0), part.e_tag)).collect();
        let conditions = PutConditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let tag = self.apply(mode.lie, conditions, |conditions| {
            self.objects.complete_upload(&input.upload_id, &parts, conditions)
        })?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(tag),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        admit(&request, &request.input.bucket, true)?;
        self.objects.abort_upload(&request.input.upload_id)?;
        Ok(S3Response::with_status(AbortMultipartUploadOutput::default(), http::StatusCode::NO_CONTENT))
    }
}

fn listed((key, stored): (String, Stored)) -> Object {
    Object {
        key: Some(key),
        size: Some(length(&stored.bytes)),
        e_tag: Some(stored.tag),
        last_modified: Some(stored.modified.into()),
        ..Object::default()
    }
}
