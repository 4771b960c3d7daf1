use std::time::Duration;

use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, RedisError, RedisResult, Script};
use url::Url;

use crate::connect::ConnectError;
use crate::fault::{foreign, full, lost, within};
use crate::limits::{Budget, check, no_number, too_large, too_many};
use crate::url::masked;
use crate::{
    Engine, EngineError, EngineOptions, Entry, Keys, MANY_BYTES, PAGE_KEYS, Result, Version,
};

/// How many keys or entries go to the server at once: it does nothing else meanwhile.
const CHUNK: usize = 256;

/// What a version in front of a value takes at the most: its digits and a colon.
const VERSION_BYTES: usize = 21;

/// In a Redis server, or one that speaks like it. What it promises holds on one server that keeps
/// its memory: an eviction or a failover may take what was written, versions among it.
///
/// A bucket is a hash of values, each behind its version, and a sorted set of their keys. The
/// version of the latest write counts for all buckets.
pub(crate) struct RedisEngine {
    connection: ConnectionManager,
    timeout: Duration,
    space: String,
    scripts: Scripts,
}

struct Scripts {
    delete: Script,
    set: Script,
    swap: Script,
    increment: Script,
    get_many: Script,
}

impl RedisEngine {
    /// The one on the server at `url`, under keys that begin with the
    /// space of the options and a colon.
    ///
    /// # Errors
    ///
    /// If the server does not answer or let us in, evicts keys, or a capacity is asked for.
    pub(crate) async fn connect(
        url: &Url,
        options: &EngineOptions,
    ) -> std::result::Result<Self, ConnectError> {
        let place = masked(url);
        if options.capacity.is_some() {
            let why = "Redis bounds no part of its keys; set maxmemory on a server of its own, and \
                       give no capacity";
            return Err(ConnectError::Unsuitable { place, why: why.to_owned() });
        }
        let refused = |error| refusal(&place, &error);
        let info = url.as_str().into_connection_info().map_err(refused)?;
        let client = Client::open(info).map_err(refused)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(Duration::from_millis(50))
            .set_connection_timeout(Some(options.timeout))
            .set_response_timeout(Some(options.timeout));
        let connecting = ConnectionManager::new_with_config(client, config);
        let mut connection = match tokio::time::timeout(options.timeout, connecting).await {
            Ok(connected) => connected.map_err(refused)?,
            Err(_) => {
                let why = "no answer in time".to_owned();
                return Err(ConnectError::Unreachable { place, why });
            }
        };
        keeps_its_memory(&mut connection, &place).await?;
        Ok(Self {
            connection,
            timeout: options.timeout,
            space: options.space.clone(),
            scripts: Scripts::new(),
        })
    }

    fn values(&self, bucket: &str) -> String {
        format!("{}:values:{bucket}", self.space)
    }

    fn index(&self, bucket: &str) -> String {
        format!("{}:keys:{bucket}", self.space)
    }

    fn latest(&self) -> String {
        format!("{}:latest", self.space)
    }

    /// A script that writes to a bucket.
    async fn write<T: FromRedisValue>(
        &self,
        script: &Script,
        bucket: &str,
        arguments: &[&[u8]],
    ) -> Result<T> {
        let mut call = script.prepare_invoke();
        call.key(self.values(bucket)).key(self.index(bucket)).key(self.latest());
        call.key(format!("{}:sum", self.space));
        for argument in arguments {
            call.arg(*argument);
        }
        let mut connection = self.connection.clone();
        self.answer(call.invoke_async(&mut connection)).await
    }

    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let mut connection = self.connection.clone();
        self.answer(command.query_async(&mut connection)).await
    }

    async fn answer<T>(&self, call: impl Future<Output = RedisResult<T>>) -> Result<T> {
        within(self.timeout, async { call.await.map_err(fault) }).await
    }
}

impl Scripts {
    fn new() -> Self {
        Self {
            delete: Script::new(include_str!("redis/delete.lua")),
            set: Script::new(include_str!("redis/set.lua")),
            swap: Script::new(include_str!("redis/swap.lua")),
            increment: Script::new(include_str!("redis/increment.lua")),
            get_many: Script::new(include_str!("redis/get_many.lua")),
        }
    }
}

/// Refuses a server that removes keys when it is full: versions would begin again.
async fn keeps_its_memory(
    connection: &mut ConnectionManager,
    place: &str,
) -> std::result::Result<(), ConnectError> {
    let info: RedisResult<String> = redis::cmd("INFO").arg("memory").query_async(connection).await;
    match info {
        Ok(info) if info.contains("maxmemory_policy:allkeys") => {
            let why = "it removes keys when its memory is full; set maxmemory-policy to noeviction";
            Err(ConnectError::Unsuitable { place: place.to_owned(), why: why.to_owned() })
        }
        // Whoever has a login and may not ask is believed to have looked.
        Err(error) if error.code() != Some("NOPERM") => Err(refusal(place, &error)),
        _ => Ok(()),
    }
}

fn refusal(place: &str, error: &RedisError) -> ConnectError {
    let place = place.to_owned();
    let is_login = error.kind() == redis::ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    if is_login {
        return ConnectError::Login { place };
    }
    // An error of the transport, which has seen no password.
    let why = if error.is_timeout() { "no answer in time".to_owned() } else { error.to_string() };
    ConnectError::Unreachable { place, why }
}

/// What a guest is told of an error.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn fault(error: RedisError) -> EngineError {
    match error.code() {
        Some("OOM") => full(),
        Some("NUMBER") => no_number(),
        Some("SUM") => too_large(),
        Some("MANY") => too_many(),
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => EngineError::AccessDenied,
        Some("WRONGTYPE") => foreign(),
        Some("READONLY" | "MISCONF" | "NOREPLICAS") => EngineError::Other(
            "the store takes no writes just now; try again when its server does".to_owned(),
        ),
        _ => lost(),
    }
}

/// Takes a value and its version apart.
fn entry(mut text: Vec<u8>) -> Result<Entry> {
    let colon = text.iter().take(VERSION_BYTES).position(|byte| *byte == b':');
    let colon = colon.ok_or_else(foreign)?;
    let value = text.split_off(colon + 1);
    let version = std::str::from_utf8(&text[..colon]).ok().and_then(|text| text.parse().ok());
    Ok(Entry { value, version: Version(version.ok_or_else(foreign)?) })
}

#[async_trait]
impl Engine for RedisEngine {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        check(bucket, key, &[])?;
        let mut command = redis::cmd("HGET");
        command.arg(self.values(bucket)).arg(key);
        self.read::<Option<Vec<u8>>>(&command).await?.map(entry).transpose()
    }

    async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        for key in keys {
            check(bucket, key, &[])?;
        }
        let mut budget = Budget::default();
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(CHUNK) {
            let mut call = self.scripts.get_many.key(self.values(bucket));
            call.arg(MANY_BYTES + keys.len() * VERSION_BYTES).arg(keys);
            let mut connection = self.connection.clone();
            let texts = call.invoke_async::<Vec<Option<Vec<u8>>>>(&mut connection);
            for text in self.answer(texts).await? {
                let value = text.map(entry).transpose()?.map(|entry| entry.value);
                budget.take(value.as_deref())?;
                values.push(value);
            }
        }
        Ok(values)
    }

    async fn exists(&self, bucket: &str, key: &str) -> Result<bool> {
        check(bucket, key, &[])?;
        let mut command = redis::cmd("HEXISTS");
        command.arg(self.values(bucket)).arg(key);
        self.read(&command).await
    }

    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        check(bucket, key, value)?;
        self.write(&self.scripts.set, bucket, &[key.as_bytes(), value]).await
    }

    async fn set_many(&self, bucket: &str, entries: &[(String, Vec<u8>)]) -> Result<()> {
        for (key, value) in entries {
            check(bucket, key, value)?;
        }
        for entries in entries.chunks(CHUNK) {
            let pairs = entries.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_slice()]);
            let pairs: Vec<&[u8]> = pairs.collect();
            self.write::<()>(&self.scripts.set, bucket, &pairs).await?;
        }
        Ok(())
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        self.delete_many(bucket, &[key.to_owned()]).await
    }

    async fn delete_many(&self, bucket: &str, keys: &[String]) -> Result<()> {
        for key in keys {
            check(bucket, key, &[])?;
        }
        for keys in keys.chunks(CHUNK) {
            let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
            self.write::<()>(&self.scripts.delete, bucket, &keys).await?;
        }
        Ok(())
    }

    async fn keys(&self, bucket: &str, cursor: Option<&str>) -> Result<Keys> {
        check(bucket, cursor.unwrap_or_default(), &[])?;
        let after = cursor.map_or_else(|| "-".to_owned(), |cursor| format!("({cursor}"));
        let mut command = redis::cmd("ZRANGEBYLEX");
        command.arg(self.index(bucket)).arg(after).arg("+");
        command.arg("LIMIT").arg(0).arg(PAGE_KEYS + 1);
        let keys: Vec<Vec<u8>> = self.read(&command).await?;
        let keys = keys.into_iter().map(|key| String::from_utf8(key).map_err(|_| foreign()));
        Ok(Keys::page(keys.collect::<Result<_>>()?))
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64> {
        check(bucket, key, &[])?;
        let delta = delta.to_string();
        let arguments = [key.as_bytes(), delta.as_bytes()];
        let sum: String = self.write(&self.scripts.increment, bucket, &arguments).await?;
        sum.parse().map_err(|_| foreign())
    }

    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
    ) -> Result<bool> {
        check(bucket, key, value)?;
        let expected = expected.map_or_else(String::new, |version| version.0.to_string());
        let arguments = [key.as_bytes(), expected.as_bytes(), value];
        self.write(&self.scripts.swap, bucket, &arguments).await
    }
}
