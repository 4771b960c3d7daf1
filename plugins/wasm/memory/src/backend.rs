use std::collections::BTreeSet;

use crate::Memory;
use crate::exports::flow::storage::backend::{
    Description, Error, Guest, OpenConfig, StateLocation,
};
use crate::state::{Namespace, with_state};

impl Guest for Memory {
    fn describe() -> Result<Description, Error> {
        Ok(Description {
            name: "memory".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: StateLocation::Instance,
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
        with_state(|state| {
            state.namespaces.entry(config.namespace.clone()).or_default();
            state.opened = Some(config);
            Ok(())
        })
    }

    fn discard(namespace: String) -> Result<(), Error> {
        with_state(|state| {
            if state.opened.as_ref().is_some_and(|opened| opened.namespace == namespace) {
                state.namespaces.insert(namespace, Namespace::default());
            } else {
                state.namespaces.remove(&namespace);
            }
            Ok(())
        })
    }
}
