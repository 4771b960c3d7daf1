use plimsoll_contract::{Answer, Description, Error, OpenConfig, StateLocation};

use crate::Spec;

/// The interface `backend`.
pub trait Backend: Spec {
    /// BACKEND-14 to 16.
    fn describe(&mut self) -> Answer<Description> {
        Ok(Description {
            name: "model".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: StateLocation::Instance,
            durable: false,
        })
    }

    /// BACKEND-17 to 24.
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        if let Some((name, _)) = config.settings.first() {
            return Err(Error::InvalidArgument(format!("unknown setting `{name}`")));
        }
        for (index, flow) in config.registered_flows.iter().enumerate() {
            if config.registered_flows[..index].iter().any(|earlier| earlier.id == flow.id) {
                let message = format!("flow {} is registered twice", flow.id);
                return Err(Error::InvalidArgument(message));
            }
        }
        let state = self.state();
        state.namespaces.entry(config.namespace.clone()).or_default();
        state.open = Some(config.namespace.clone());
        state.registered_flows.clone_from(&config.registered_flows);
        Ok(())
    }

    /// BACKEND-25 to 27.
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        let state = self.state();
        state.namespaces.remove(namespace);
        if state.open.as_deref() == Some(namespace) {
            state.namespaces.entry(namespace.to_owned()).or_default();
        }
        Ok(())
    }
}
