//! What one entry holds: a run, and all that changes together with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::codec::{decode, decode_start, encode};
use crate::flow::storage::types::{Error, Instant, RunControl, RunStatus, Uuid};
use crate::hash::Hash;
use crate::step::Step;
use crate::texts::Text;

/// The start of an entry, which lists read alone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Head {
    pub id: Uuid,
    /// It was removed, and what stands beside it with it.
    pub is_dead: bool,
    /// Of the idempotency keys that were registered for it, each with the number of the call.
    pub keys: BTreeSet<(Hash, u64)>,
    /// None for a run that was not started: claims, outputs and others may come first.
    pub record: Option<Record>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    pub flow_id: Uuid,
    pub flow_name: String,
    pub status: RunStatus,
    pub trigger_key: String,
    pub trigger_data: Option<Text>,
    pub job_id: Option<String>,
    pub started_at: Instant,
    pub completed_at: Option<Instant>,
    pub source_run_id: Option<Uuid>,
}

/// The rest of an entry.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Body {
    /// Whether outputs or events stand beside the entry.
    pub has_slots: bool,
    pub control: Option<RunControl>,
    pub steps: BTreeMap<String, Step>,
    pub claims: BTreeSet<String>,
    /// With the job runtime's id, where it was annotated.
    pub dispatches: BTreeMap<String, Option<String>>,
    pub waiters: BTreeMap<String, Waiter>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Waiter {
    pub signal_name: String,
    pub created_at: Instant,
    pub expires_at: Option<Instant>,
    /// When, and with which payload.
    pub delivery: Option<(Instant, Text)>,
}

pub struct Run {
    pub head: Head,
    pub body: Body,
}

impl Head {
    pub fn new(id: Uuid) -> Self {
        Self { id, is_dead: false, keys: BTreeSet::new(), record: None }
    }

    /// The head of an entry that lives, and the bytes behind it.
    pub fn decode<'a>(key: &str, bytes: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, Error> {
        let (head, rest): (Self, _) = decode_start(key, bytes)?;
        Ok((!head.is_dead).then_some((head, rest)))
    }
}

impl Run {
    pub fn new(id: Uuid) -> Self {
        Self { head: Head::new(id), body: Body::default() }
    }

    /// The run of an entry that lives.
    pub fn decode(key: &str, bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some((head, rest)) = Head::decode(key, bytes)? else { return Ok(None) };
        Ok(Some(Self { head, body: decode(key, rest)? }))
    }

    /// Whether the entry would be the same for a run that nobody knows.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.encode()? == Self::new(self.head.id).encode()?)
    }

    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        encode(&(&self.head, &self.body))
    }

    /// The mark that is left of a run that is removed, until its remains are.
    pub fn mark(head: &Head) -> Result<Vec<u8>, Error> {
        let dead = Head { is_dead: true, record: None, ..head.clone() };
        encode(&(dead, Body::default()))
    }
}
