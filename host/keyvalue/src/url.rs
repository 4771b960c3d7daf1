use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;
use url::Url;

/// Where an engine is: `memory`, `sqlite:PATH`, `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or
/// `nats://USER:PASSWORD@HOST:PORT/BUCKET`. What is shown of it has no password.
///
/// ```
/// use plimsoll_keyvalue::EngineUrl;
///
/// let url: EngineUrl = "redis://:secret@cache:6379/2".parse()?;
/// assert_eq!(url.to_string(), "redis://:***@cache:6379/2");
/// # Ok::<(), plimsoll_keyvalue::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EngineUrl(pub(crate) Place);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Sqlite(PathBuf),
    Redis(Url),
    Nats(Url),
}

/// Why a text names no engine. It shows nothing of the text, which may have a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// It begins as no engine does.
    #[error(
        "a store is written `memory`, `sqlite:PATH`, `redis://HOST:PORT/DATABASE` or \
         `nats://HOST:PORT/BUCKET`"
    )]
    Scheme,
    /// Nothing follows `sqlite:`.
    #[error("`sqlite:` lacks the path of the file; write `sqlite:PATH`, or `memory`")]
    NoPath,
    /// The path is one that no file has.
    #[error(
        "the path of the file has `?`, U+0000 or is `:memory:`; name a plain file, or `memory`"
    )]
    Path,
    /// The rest is no host with a port, a user and a password.
    #[error(
        "the URL of the store cannot be read; write redis://USER:PASSWORD@HOST:PORT/DATABASE or \
         nats://USER:PASSWORD@HOST:PORT/BUCKET, with %40 for @ in the password"
    )]
    Server,
    /// The path of a URL of Redis is no number.
    #[error(
        "the path of the URL of Redis is the number of its database; write redis://HOST:PORT/0"
    )]
    Database,
    /// The path of a URL of NATS is no name of a bucket.
    #[error(
        "the path of the URL of NATS is the name of a bucket of JetStream: ASCII letters, digits, \
         `-` and `_`"
    )]
    Bucket,
    /// It has parameters, as other tools take them.
    #[error("parameters after `?` or `#` are not read; use EngineOptions")]
    Parameters,
}

impl EngineUrl {
    /// The same, the path of a file taken from `folder` if it is relative.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self.0 {
            Place::Sqlite(path) => Self(Place::Sqlite(folder.join(path))),
            _ => self,
        }
    }
}

impl FromStr for EngineUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let place = match text.split_once(':') {
            None if text == "memory" => Place::Memory,
            Some(("sqlite", path)) => Place::Sqlite(file(path)?),
            Some(("redis", _)) => Place::Redis(redis(server(text)?)?),
            Some(("nats", _)) => Place::Nats(nats(server(text)?)?),
            _ => return Err(UrlError::Scheme),
        };
        Ok(Self(place))
    }
}

fn file(path: &str) -> Result<PathBuf, UrlError> {
    match path.strip_prefix("//").unwrap_or(path) {
        "" => Err(UrlError::NoPath),
        ":memory:" => Err(UrlError::Path),
        path if path.contains(['?', '\0']) => Err(UrlError::Path),
        path => Ok(PathBuf::from(path)),
    }
}

fn server(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text).map_err(|_| UrlError::Server)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(UrlError::Parameters);
    }
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    if has_host { Ok(url) } else { Err(UrlError::Server) }
}

fn redis(url: Url) -> Result<Url, UrlError> {
    let path = url.path().trim_start_matches('/');
    let is_number = path.is_empty() || path.parse::<u16>().is_ok();
    if is_number { Ok(url) } else { Err(UrlError::Database) }
}

fn nats(url: Url) -> Result<Url, UrlError> {
    let path = url.path().trim_start_matches('/');
    let is_name = path.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_name { Ok(url) } else { Err(UrlError::Bucket) }
}

/// What stands behind the host.
pub(crate) fn path(url: &Url) -> Option<&str> {
    Some(url.path().trim_start_matches('/')).filter(|path| !path.is_empty())
}

/// A URL as it may be shown. A user of NATS without a password is a token, and as secret as one.
pub(crate) fn masked(url: &Url) -> String {
    let mut shown = url.clone();
    let is_token = url.scheme() == "nats" && url.password().is_none() && !url.username().is_empty();
    // Neither fails: the URL has a host.
    if is_token {
        let _ = shown.set_username("***");
    }
    if url.password().is_some() {
        let _ = shown.set_password(Some("***"));
    }
    shown.to_string()
}

impl fmt::Display for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Memory => f.write_str("memory"),
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Redis(url) | Place::Nats(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EngineUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<EngineUrl>().unwrap().to_string()
    }

    #[test]
    fn urls_are_shown_without_their_passwords() {
        for (text, masked) in [
            ("memory", "memory"),
            ("sqlite:a/b.db", "sqlite:a/b.db"),
            ("sqlite:///a b.db", "sqlite:/a b.db"),
            ("redis://h", "redis://h"),
            ("redis://bob:a%40b@h:1/2", "redis://bob:***@h:1/2"),
            ("redis://:secret@h", "redis://:***@h"),
            ("nats://bob:secret@h/flows", "nats://bob:***@h/flows"),
            ("nats://token@h", "nats://***@h"),
        ] {
            assert_eq!(shown(text), masked);
        }
        let debug = format!("{:?}", "redis://:swordfish@h".parse::<EngineUrl>().unwrap());
        assert_eq!(debug, "EngineUrl(redis://:***@h)");
    }

    #[test]
    fn other_texts_say_what_is_wrong() {
        for (text, problem) in [
            ("", UrlError::Scheme),
            ("memory:", UrlError::Scheme),
            ("rediss://h", UrlError::Scheme),
            ("sqlite:", UrlError::NoPath),
            ("sqlite::memory:", UrlError::Path),
            ("sqlite:a?b", UrlError::Path),
            ("redis:h", UrlError::Server),
            ("redis://bob:swordfish@h:port", UrlError::Server),
            ("redis://h/flows", UrlError::Database),
            ("nats://h/a.b", UrlError::Bucket),
            ("nats://h/a?b=c", UrlError::Parameters),
        ] {
            assert_eq!(text.parse::<EngineUrl>(), Err(problem), "{text}");
        }
    }
}
