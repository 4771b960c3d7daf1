use std::time::Duration;

/// How an engine is used, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    pub(crate) timeout: Duration,
    pub(crate) capacity: Option<u64>,
    pub(crate) space: String,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), capacity: None, space: "plimsoll".to_owned() }
    }
}

impl EngineOptions {
    /// How long a call waits for an answer, and [`connect`](crate::connect) for a connection;
    /// 5 seconds if nobody says.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes there may be in all buckets before writes are refused; 256 MiB in memory and
    /// no limit elsewhere if nobody says. SQLite counts the file, in pages of 4 KiB. NATS counts
    /// what it stores, and remembers the limit that its bucket was made with. Redis knows none for
    /// a part of its keys.
    #[must_use]
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = Some(bytes);
        self
    }

    /// What sets the data apart from that of others on the same server: what the keys of Redis
    /// begin with, and the name of the bucket of JetStream, unless the URL names one. `plimsoll` if
    /// nobody says. Files and memories hold nothing of others.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        name.clone_into(&mut self.space);
        self
    }
}
