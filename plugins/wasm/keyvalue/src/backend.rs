use std::collections::BTreeSet;

use crate::KeyValue;
use crate::exports::flow::storage::backend::{
    Description, Error, Guest, OpenConfig, StateLocation,
};
use crate::session::{Buckets, Session};
use crate::store;

impl Guest for KeyValue {
    fn describe() -> Result<Description, Error> {
        Ok(Description {
            name: "keyvalue".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: StateLocation::Shared,
            // The store may be durable, and nothing says so. A run that was being removed, or a
            // namespace, when the process was killed may be left in part.
            durable: false,
        })
    }

    fn open(config: OpenConfig) -> Result<(), Error> {
        if let Some((name, _)) = config.settings.first() {
            return Err(Error::InvalidArgument(format!("there is no setting `{name}`")));
        }
        let ids: BTreeSet<_> = config.registered_flows.iter().map(|flow| flow.id).collect();
        if ids.len() < config.registered_flows.len() {
            return Err(Error::InvalidArgument("a flow is registered twice".to_owned()));
        }
        let buckets = Buckets::open(&config.namespace)?;
        // A store that cannot be reached must show now, and not in the first run.
        buckets.directory.exists("0000").map_err(store::failed)?;
        Session::begin(config, buckets);
        Ok(())
    }

    fn discard(namespace: String) -> Result<(), Error> {
        Buckets::open(&namespace)?.clear()
    }
}
