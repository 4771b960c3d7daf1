//! `wasi:keyvalue` as a guest sees it, over the engine that it was granted.
#![allow(unreachable_pub, reason = "the generated bindings export the resources again")]

use std::sync::Arc;

use plimsoll_keyvalue::{Engine, EngineError, Entry, Keys};
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use crate::bindings::key_value::wasi::keyvalue::{atomics, batch, store};
use crate::instance::Data;
use crate::seam::{Gate, Stopped};

/// How many keys of a batch are read at once: their values are in memory together.
const BATCH_KEYS: usize = 32;

/// An open bucket: its name.
pub struct Bucket(String);

/// A key as it was when somebody looked.
pub struct Cas {
    bucket: String,
    key: String,
    seen: Option<Entry>,
}

/// What the calls of one instance work with.
pub(crate) struct KeyValue<'a> {
    table: &'a mut ResourceTable,
    door: Door,
    /// The largest answer, in bytes.
    answer_bytes: usize,
}

/// The way from a call to the engine.
struct Door {
    engine: Option<Arc<dyn Engine>>,
    gate: Gate,
}

struct HasKeyValue;

impl HasData for HasKeyValue {
    type Data<'a> = KeyValue<'a>;
}

fn view(data: &mut Data) -> KeyValue<'_> {
    let door = Door { engine: data.grants.key_value.clone(), gate: data.gate.clone() };
    KeyValue { door, answer_bytes: data.meter.limits().host_memory, table: &mut data.table }
}

/// Links the three interfaces. Whether a component may import them is decided when it is loaded.
pub(crate) fn add_to_linker(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    store::add_to_linker::<Data, HasKeyValue>(linker, view)?;
    atomics::add_to_linker::<Data, HasKeyValue>(linker, view)?;
    batch::add_to_linker::<Data, HasKeyValue>(linker, view)
}

type Answer<T> = wasmtime::Result<std::result::Result<T, store::Error>>;

impl From<EngineError> for store::Error {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NoSuchStore => Self::NoSuchStore,
            EngineError::AccessDenied => Self::AccessDenied,
            EngineError::Other(text) => Self::Other(text),
        }
    }
}

impl Door {
    fn engine(&self) -> plimsoll_keyvalue::Result<&dyn Engine> {
        self.engine.as_deref().ok_or(EngineError::AccessDenied)
    }

    /// Asks the seam; true if the instance ends when the call was made.
    async fn pass(&self, function: &'static str, key: Option<&str>) -> Answer<bool> {
        match self.gate.pass(function, key).await {
            Ok(is_last) => Ok(Ok(is_last)),
            Err(Stopped::Failed(text)) => Ok(Err(store::Error::Other(text))),
            Err(stopped) => Err(wasmtime::Error::new(stopped)),
        }
    }
}

/// Makes a call of the engine, if the seam lets it pass.
macro_rules! through {
    ($door:expr, $function:literal, $key:expr, $engine:ident => $made:expr) => {{
        let door: &Door = $door;
        match door.pass(concat!("wasi:keyvalue/", $function), $key).await? {
            Err(error) => Ok(Err(error)),
            Ok(is_last) => {
                let answer = match door.engine() {
                    Ok($engine) => $made.await,
                    Err(error) => Err(error),
                };
                match is_last {
                    true => Err(wasmtime::Error::new(Stopped::CutOff)),
                    false => Ok(answer.map_err(store::Error::from)),
                }
            }
        }
    }};
}

impl KeyValue<'_> {
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<String> {
        Ok(self.table.get(bucket)?.0.clone())
    }

    /// Hands a resource to the guest, if there is one.
    fn lend<T: Send + 'static>(
        &mut self,
        made: std::result::Result<T, store::Error>,
    ) -> Answer<Resource<T>> {
        Ok(match made {
            Ok(resource) => Ok(self.table.push(resource)?),
            Err(error) => Err(error),
        })
    }
}

impl store::Host for KeyValue<'_> {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        let opened: Answer<Bucket> = through!(&self.door, "store.open", None, _engine => async {
            Ok(Bucket(identifier))
        });
        self.lend(opened?)
    }
}

impl store::HostBucket for KeyValue<'_> {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        let bucket = self.bucket(&bucket)?;
        let entry: Answer<Option<Entry>> = through!(
            &self.door, "store.bucket.get", Some(&key), engine => engine.get(&bucket, &key)
        );
        Ok(entry?.map(|entry| entry.map(|entry| entry.value)))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        through!(
            &self.door, "store.bucket.set", Some(&key), engine => engine.set(&bucket, &key, &value)
        )
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        through!(
            &self.door, "store.bucket.delete", Some(&key), engine => engine.delete(&bucket, &key)
        )
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        let bucket = self.bucket(&bucket)?;
        through!(
            &self.door, "store.bucket.exists", Some(&key), engine => engine.exists(&bucket, &key)
        )
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Answer<store::KeyResponse> {
        let bucket = self.bucket(&bucket)?;
        let page: Answer<Keys> = through!(
            &self.door, "store.bucket.list-keys", None,
            engine => engine.keys(&bucket, cursor.as_deref())
        );
        Ok(page?.map(|Keys { keys, cursor }| store::KeyResponse { keys, cursor }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for KeyValue<'_> {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Answer<i64> {
        let bucket = self.bucket(&bucket)?;
        through!(
            &self.door, "atomics.increment", Some(&key),
            engine => engine.increment(&bucket, &key, delta)
        )
    }

    async fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<std::result::Result<(), atomics::CasError>> {
        let cas = self.table.delete(cas)?;
        let newer: Answer<Option<Cas>> = through!(
            &self.door, "atomics.swap", Some(&cas.key), engine => swap(engine, &cas, &value)
        );
        Ok(match newer? {
            Ok(None) => Ok(()),
            Ok(Some(newer)) => Err(atomics::CasError::CasFailed(self.table.push(newer)?)),
            Err(error) => Err(atomics::CasError::StoreError(error)),
        })
    }
}

/// Writes, or answers the handle of what somebody else wrote.
async fn swap(
    engine: &dyn Engine,
    cas: &Cas,
    value: &[u8],
) -> plimsoll_keyvalue::Result<Option<Cas>> {
    let Cas { bucket, key, seen } = cas;
    let expected = seen.as_ref().map(|entry| entry.version);
    if engine.swap(bucket, key, expected, value).await? {
        return Ok(None);
    }
    let seen = engine.get(bucket, key).await?;
    Ok(Some(Cas { bucket: bucket.clone(), key: key.clone(), seen }))
}

impl atomics::HostCas for KeyValue<'_> {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let bucket = self.bucket(&bucket)?;
        let seen: Answer<Option<Entry>> = through!(
            &self.door, "atomics.cas.new", Some(&key), engine => engine.get(&bucket, &key)
        );
        self.lend(seen?.map(|seen| Cas { bucket, key, seen }))
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        let seen = &self.table.get(&cas)?.seen;
        Ok(Ok(seen.as_ref().map(|entry| entry.value.clone())))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl batch::Host for KeyValue<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let (bucket, limit) = (self.bucket(&bucket)?, self.answer_bytes);
        through!(
            &self.door, "batch.get-many", keys.first().map(String::as_str),
            engine => get_many(engine, &bucket, &keys, limit)
        )
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        key_values: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        through!(
            &self.door, "batch.set-many", key_values.first().map(|(key, _)| key.as_str()),
            engine => engine.set_many(&bucket, &key_values)
        )
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        through!(
            &self.door, "batch.delete-many", keys.first().map(String::as_str),
            engine => engine.delete_many(&bucket, &keys)
        )
    }
}

/// Reads in parts, so that an answer which is too large is given up before it is whole.
async fn get_many(
    engine: &dyn Engine,
    bucket: &str,
    keys: &[String],
    limit: usize,
) -> plimsoll_keyvalue::Result<Vec<Option<(String, Vec<u8>)>>> {
    let mut found = Vec::with_capacity(keys.len());
    let mut bytes = 0;
    for part in keys.chunks(BATCH_KEYS) {
        let values = engine.get_many(bucket, part).await?;
        for (key, value) in part.iter().zip(values) {
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            found.push(value.map(|value| (key.clone(), value)));
        }
        if bytes > limit {
            let message = format!("the values have more than the {limit} bytes of an answer");
            return Err(EngineError::Other(message));
        }
    }
    Ok(found)
}
