use std::collections::BTreeSet;

use crate::Component;
use crate::exports::flow::storage::backend::{
    Description, Error, Guest, OpenConfig, StateLocation,
};
use crate::state::{Namespace, with_state};

impl Guest for Component {
    fn describe() -> Result<Description, Error> {
        Ok(Description {
            name: "{{name}}".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // Say `Shared` once the state is behind an import, where other instances see it.
            state: StateLocation::Instance,
            // Say `true` once what was answered with `Ok` survives a killed process.
            durable: false,
        })
    }

    fn open(config: OpenConfig) -> Result<(), Error> {
        // Checked first: an `open` that fails changes nothing.
        if let Some((name, _)) = config.settings.first() {
            return Err(Error::InvalidArgument(format!(
                "there is no setting `{name}`"
            )));
        }
        let ids: BTreeSet<_> = config.registered_flows.iter().map(|flow| flow.id).collect();
        if ids.len() < config.registered_flows.len() {
            return Err(Error::InvalidArgument(
                "a flow is registered twice".to_owned(),
            ));
        }
        with_state(|state| {
            state
                .namespaces
                .entry(config.namespace.clone())
                .or_default();
            state.open = Some(config.namespace);
        });
        Ok(())
    }

    fn discard(namespace: String) -> Result<(), Error> {
        with_state(|state| {
            if state.open.as_ref() == Some(&namespace) {
                // It stays open, and is empty.
                state.namespaces.insert(namespace, Namespace::default());
            } else {
                state.namespaces.remove(&namespace);
            }
        });
        Ok(())
    }
}
