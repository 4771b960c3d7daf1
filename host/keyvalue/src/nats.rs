use std::time::Duration;

use async_nats::jetstream::context::{Context, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};
use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use url::Url;

use crate::connect::ConnectError;
use crate::fault::{full, lost, within};
use crate::limits::{Budget, check, sum};
use crate::{Engine, EngineError, EngineOptions, Entry, Keys, Result, Version};

mod listing;
mod names;
mod open;

/// How many gets of one `get_many` are under way.
const AT_ONCE: usize = 16;

/// What marks a message as the end of a value, and what it says then.
const OPERATION: &str = "KV-Operation";
const ENDS: [&str; 2] = ["DEL", "PURGE"];

/// In a bucket of the key-value store of NATS JetStream; the buckets of this crate are parts of it.
/// Revisions are versions.
///
/// Reads go to the leader of the stream. The shorter way that JetStream has, direct gets, is served
/// by any replica: with one there is no difference, with several it may show an older value.
pub(crate) struct NatsEngine {
    context: Context,
    stream: Stream,
    /// What the subjects of the bucket begin with.
    prefix: String,
    timeout: Duration,
}

/// The last message of a key.
struct Latest {
    sequence: u64,
    /// None if it marks the end of the value before.
    value: Option<Vec<u8>>,
}

/// What became of a write that expects something.
enum Written {
    Done(u64),
    /// The key has another version.
    Lost,
}

impl NatsEngine {
    /// The one on the server at `url`, in the bucket that its path or the
    /// space of the options names, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// If the server does not answer or let us in, has no JetStream, or the bucket forgets values.
    pub(crate) async fn connect(
        url: &Url,
        options: &EngineOptions,
    ) -> std::result::Result<Self, ConnectError> {
        open::engine(url, options).await
    }

    fn subject(&self, bucket: &str, key: &str) -> String {
        format!("{}{}.{}", self.prefix, names::token(bucket), names::token(key))
    }

    async fn latest(&self, subject: &str) -> Result<Option<Latest>> {
        match self.stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => {
                let operation = message.headers.get(OPERATION);
                let is_end = operation.is_some_and(|it| ENDS.contains(&it.as_str()));
                let value = (!is_end).then(|| message.payload.to_vec());
                Ok(Some(Latest { sequence: message.sequence, value }))
            }
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(error) => Err(fault(error.error_code())),
                _ => Err(lost()),
            },
        }
    }

    async fn entry(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        check(bucket, key, &[])?;
        let latest = within(self.timeout, self.latest(&self.subject(bucket, key))).await?;
        Ok(latest.and_then(|Latest { sequence, value }| {
            value.map(|value| Entry { value, version: Version(sequence) })
        }))
    }

    /// Publishes a message, if the last one of its subject is the one that is expected.
    async fn publish(&self, subject: &str, message: PublishMessage) -> Result<Written> {
        let sent = self.context.send_publish(subject.to_owned(), message).await;
        let answered = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match answered {
            Ok(acknowledgement) => Ok(Written::Done(acknowledgement.sequence)),
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence => Ok(Written::Lost),
                PublishErrorKind::StreamNotFound => Err(lost()),
                _ => Err(reason(&error).map_or_else(lost, fault)),
            },
        }
    }

    /// Writes a value over the message that is expected, 0 for none.
    async fn write_over(&self, subject: &str, expected: u64, value: &[u8]) -> Result<bool> {
        let message = PublishMessage::build().payload(value.to_vec().into());
        let message = message.expected_last_subject_sequence(expected);
        Ok(matches!(self.publish(subject, message).await?, Written::Done(_)))
    }

    /// Writes a value if there is none.
    async fn create(&self, subject: &str, value: &[u8]) -> Result<bool> {
        let mut expected = 0;
        // Each further turn is of a value that came and went.
        while !self.write_over(subject, expected, value).await? {
            expected = match self.latest(subject).await? {
                None => 0,
                Some(Latest { sequence, value: None }) => sequence,
                Some(_) => return Ok(false),
            };
        }
        Ok(true)
    }

    /// Ends a value by a message that says so, which outlives a crash of the server as any other;
    /// then removes the message, which would stay for good.
    async fn end(&self, subject: &str) -> Result<()> {
        let end = PublishMessage::build().header(OPERATION, ENDS[0]);
        match self.publish(subject, end).await {
            Ok(Written::Done(sequence)) => {
                let purge = self.stream.purge().filter(subject).sequence(sequence + 1);
                // The key has no value, whatever becomes of this.
                let _ = purge.await;
                Ok(())
            }
            Ok(Written::Lost) => Err(lost()),
            // No room for a message: the value has to go without one.
            Err(error) if error == full() => {
                self.stream.purge().filter(subject).await.map(|_| ()).map_err(|_| lost())
            }
            Err(error) => Err(error),
        }
    }
}

/// What JetStream says of a write that it refuses.
fn reason(error: &async_nats::jetstream::context::PublishError) -> Option<ErrorCode> {
    let source = std::error::Error::source(error)?;
    Some(source.downcast_ref::<jetstream::Error>()?.error_code())
}

/// What a guest is told of an error of JetStream.
fn fault(code: ErrorCode) -> EngineError {
    match code {
        ErrorCode::STREAM_STORE_FAILED
        | ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED => full(),
        ErrorCode::STREAM_NOT_FOUND => EngineError::NoSuchStore,
        _ => lost(),
    }
}

#[async_trait]
impl Engine for NatsEngine {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        self.entry(bucket, key).await
    }

    async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut budget = Budget::default();
        let entries: Vec<_> = keys.iter().map(|key| self.entry(bucket, key).boxed()).collect();
        let mut entries = stream::iter(entries).buffered(AT_ONCE);
        let mut values = Vec::with_capacity(keys.len());
        while let Some(entry) = entries.try_next().await? {
            let value = entry.map(|entry| entry.value);
            budget.take(value.as_deref())?;
            values.push(value);
        }
        Ok(values)
    }

    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        check(bucket, key, value)?;
        let message = PublishMessage::build().payload(value.to_vec().into());
        let subject = self.subject(bucket, key);
        match within(self.timeout, self.publish(&subject, message)).await? {
            Written::Done(_) => Ok(()),
            Written::Lost => Err(lost()),
        }
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        check(bucket, key, &[])?;
        within(self.timeout, self.end(&self.subject(bucket, key))).await
    }

    async fn keys(&self, bucket: &str, cursor: Option<&str>) -> Result<Keys> {
        check(bucket, cursor.unwrap_or_default(), &[])?;
        let keys = within(self.timeout, self.listing(bucket, cursor)).await?;
        Ok(Keys::page(keys))
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64> {
        check(bucket, key, &[])?;
        let subject = self.subject(bucket, key);
        within(self.timeout, async {
            loop {
                let latest = self.latest(&subject).await?;
                let value = latest.as_ref().and_then(|latest| latest.value.as_deref());
                let sum = sum(value, delta)?;
                let expected = latest.map_or(0, |latest| latest.sequence);
                if self.write_over(&subject, expected, sum.to_string().as_bytes()).await? {
                    return Ok(sum);
                }
            }
        })
        .await
    }

    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
    ) -> Result<bool> {
        check(bucket, key, value)?;
        let subject = self.subject(bucket, key);
        match expected {
            // No message has the number, and JetStream takes it for none.
            Some(Version(0)) => Ok(false),
            Some(Version(expected)) => {
                within(self.timeout, self.write_over(&subject, expected, value)).await
            }
            None => within(self.timeout, self.create(&subject, value)).await,
        }
    }
}
