use crate::exports::flow::storage::backend::{
    Description, Error, Guest, OpenConfig, StateLocation,
};
use crate::{Journal, session};

/// In bytes. Every byte may become three in the path of the log, and systems end paths at 4,096.
const LONGEST_NAMESPACE: usize = 1_000;

impl Guest for Journal {
    fn describe() -> Result<Description, Error> {
        Ok(Description {
            name: "journal".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: StateLocation::Instance,
            durable: true,
        })
    }

    fn open(config: OpenConfig) -> Result<(), Error> {
        if config.namespace.len() > LONGEST_NAMESPACE {
            let message = format!("a namespace has {LONGEST_NAMESPACE} bytes at the most");
            return Err(Error::InvalidArgument(message));
        }
        session::open(config)
    }

    fn discard(namespace: String) -> Result<(), Error> {
        if namespace.len() > LONGEST_NAMESPACE {
            // It cannot have been opened.
            return Ok(());
        }
        session::discard(&namespace)
    }
}
