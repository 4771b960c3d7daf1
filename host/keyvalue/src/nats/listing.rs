use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::TryStreamExt;

use super::{ENDS, NatsEngine, OPERATION, names};
use crate::fault::lost;
use crate::{EngineError, Result};

/// How many messages are asked for at once.
const BATCH: usize = 1_000;

/// How long the server keeps a consumer that nobody uses.
const FORGOTTEN: Duration = Duration::from_secs(30);

impl NatsEngine {
    /// The keys of a bucket behind a cursor, in the order of their bytes. The server answers all
    /// subjects of one moment, in no order that is of use; those of values that ended, few at any
    /// time, are told apart by their messages.
    pub(super) async fn listing(&self, bucket: &str, cursor: Option<&str>) -> Result<Vec<String>> {
        let prefix = format!("{}{}.", self.prefix, names::token(bucket));
        let filter = format!("{prefix}*");
        let mut subjects = self.subjects(&filter).await?;
        if !subjects.is_empty() {
            for ended in self.ended(&filter).await? {
                subjects.remove(&ended);
            }
        }
        let keys =
            subjects.iter().filter_map(|subject| names::text(subject.strip_prefix(&prefix)?));
        let mut keys: Vec<_> = keys.filter(|key| cursor.is_none_or(|it| &**key > it)).collect();
        keys.sort_unstable();
        Ok(keys)
    }

    async fn subjects(&self, filter: &str) -> Result<HashSet<String>> {
        let listing = self.stream.info_with_subjects(filter).await.map_err(away)?;
        listing.map_ok(|(subject, _)| subject).try_collect().await.map_err(away)
    }

    /// The subjects whose last message marks the end of a value.
    async fn ended(&self, filter: &str) -> Result<Vec<String>> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::LastPerSubject,
            ack_policy: AckPolicy::None,
            filter_subject: filter.to_owned(),
            headers_only: true,
            inactive_threshold: FORGOTTEN,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.stream.create_consumer(config).await.map_err(away)?;
        let mut ended = Vec::new();
        // Those that there are now: while others write, there is no end of them.
        let mut pending = usize::try_from(consumer.cached_info().num_pending).unwrap_or(usize::MAX);
        while pending > 0 {
            let wanted = pending.min(BATCH);
            let batch = consumer.fetch().max_messages(wanted).messages().await.map_err(away)?;
            let batch: Vec<_> = batch.try_collect().await.map_err(|_| lost())?;
            if batch.is_empty() {
                break;
            }
            pending = pending.saturating_sub(batch.len());
            let ends = batch.iter().filter(|message| {
                let operation = message.headers.as_ref().and_then(|it| it.get(OPERATION));
                operation.is_some_and(|it| ENDS.contains(&it.as_str()))
            });
            ended.extend(ends.map(|message| message.subject.to_string()));
        }
        // If this fails, the server forgets it by itself.
        let _ = self.stream.delete_consumer(&consumer.cached_info().name).await;
        Ok(ended)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn away<E>(_: E) -> EngineError {
    lost()
}
