use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// Where the database is, and how it is used.
///
/// ```
/// use std::time::Duration;
///
/// use plimsoll_sqlite::SqliteOptions;
///
/// let options: SqliteOptions = "sqlite:data/orders.db".parse()?;
/// let options = options.busy_timeout(Duration::from_secs(30)).readers(8);
/// # let _ = options;
/// # Ok::<(), plimsoll_sqlite::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    pub(crate) place: Place,
    pub(crate) readers: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) busy_timeout: Duration,
    pub(crate) max_pages: Option<u32>,
    pub(crate) listener: Listener,
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Memory,
}

impl SqliteOptions {
    /// A database in a file, which is made if it is missing; its folder is not.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::File(path.into()))
    }

    /// A database in memory, of one backend alone, gone when that is dropped.
    #[must_use]
    pub fn memory() -> Self {
        Self::at(Place::Memory)
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            readers: 4,
            acquire_timeout: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            max_pages: None,
            listener: Listener::default(),
        }
    }

    /// How many connections read at the same time, beside the one that writes; 4 if nobody says,
    /// at least 1. In memory reads go through the connection that writes.
    #[must_use]
    pub fn readers(mut self, readers: u32) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// How long a read waits for one of the [`readers`](Self::readers) before it is `unavailable`;
    /// 5 seconds if nobody says.
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// How long a statement waits for another process that holds the file before it is
    /// `unavailable`; 5 seconds if nobody says, 24 days at the most.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout.min(Duration::from_millis(i32::MAX as u64));
        self
    }

    /// How many pages of 4 KiB the database may have before writes are `unavailable`, so that it
    /// cannot fill a disk that others use; no limit if nobody says.
    #[must_use]
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = Some(pages);
        self
    }

    /// Tells `listener` the text of each statement that a call makes, before it runs: to ask SQLite
    /// how it answers them, with `EXPLAIN QUERY PLAN`.
    #[must_use]
    pub fn on_statement(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.listener = Listener(Some(Arc::new(listener)));
        self
    }
}

/// Who hears of statements. Only itself is equal to it.
#[derive(Clone, Default)]
pub(crate) struct Listener(Option<Arc<Hear>>);

/// What is told the text of a statement.
type Hear = dyn Fn(&str) + Send + Sync;

impl Listener {
    pub(crate) fn hear(&self, statement: &str) {
        if let Some(listener) = &self.0 {
            listener(statement);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener" } else { "None" })
    }
}

impl PartialEq for Listener {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(theirs)) => Arc::ptr_eq(own, theirs),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Listener {}

impl FromStr for SqliteOptions {
    type Err = TargetError;

    /// Reads `sqlite:PATH`, `sqlite://PATH` or `sqlite::memory:`. The path is taken as it is.
    fn from_str(target: &str) -> Result<Self, TargetError> {
        let rest = target.strip_prefix("sqlite:").ok_or(TargetError::Scheme)?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        match path {
            ":memory:" => Ok(Self::memory()),
            "" => Err(TargetError::NoPath),
            path if path.contains('?') => Err(TargetError::Parameters),
            path if path.contains('\0') => Err(TargetError::Nul),
            path => Ok(Self::file(path)),
        }
    }
}

/// Why a text names no SQLite database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// It does not begin with `sqlite:`.
    #[error("a SQLite database is written `sqlite:PATH` or `sqlite::memory:`")]
    Scheme,
    /// Nothing follows `sqlite:`.
    #[error("`sqlite:` lacks the path of the file; write `sqlite:PATH` or `sqlite::memory:`")]
    NoPath,
    /// It has parameters, as other tools take them.
    #[error("parameters after `?` are not read; use the functions of SqliteOptions")]
    Parameters,
    /// The path has U+0000.
    #[error("the path has U+0000, which no file name may have")]
    Nul,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_a_file_or_the_memory() {
        for target in ["sqlite:a/b.db", "sqlite://a/b.db"] {
            assert_eq!(target.parse(), Ok(SqliteOptions::file("a/b.db")));
        }
        assert_eq!("sqlite:/a%20b.db".parse(), Ok(SqliteOptions::file("/a%20b.db")));
        assert_eq!("sqlite::memory:".parse(), Ok(SqliteOptions::memory()));
    }

    #[test]
    fn other_targets_say_what_is_wrong() {
        let problem = |target: &str| target.parse::<SqliteOptions>().unwrap_err();
        assert_eq!(problem("postgres://host/db"), TargetError::Scheme);
        assert_eq!(problem("sqlite:"), TargetError::NoPath);
        assert_eq!(problem("sqlite:a.db?mode=ro"), TargetError::Parameters);
        assert_eq!(problem("sqlite:a\0b"), TargetError::Nul);
    }
}
