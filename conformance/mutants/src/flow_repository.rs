use plimsoll_contract::{Answer, FlowHandle, OpenConfig};
use plimsoll_model::{Backend, FlowRepository, Spec};

use crate::Mutant;
use crate::broken::{backend, flow_repository, keeping, models};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "flow-repository/sorts-flows",
        clause: "REPO-1",
        how: "lists registered flows by name",
        dies: &[("flow-repository/registered-flows-changed", "they are listed as they were")],
        backend: flow_repository::<SortsFlows>,
    },
    Mutant {
        id: "flow-repository/order-changes",
        clause: "REPO-1",
        how: "lists registered flows in another order each time",
        dies: &[("flow-repository/registered-flows-changed", "they are listed as they were")],
        backend: flow_repository::<OrderChanges>,
    },
    Mutant {
        id: "flow-repository/drops-the-manifest",
        clause: "REPO-1",
        how: "answers no manifest where it is empty",
        dies: &[("flow-repository/registered-flows-changed", "they are listed as they were")],
        backend: flow_repository::<DropsManifest>,
    },
    Mutant {
        id: "flow-repository/discard-forgets-the-flows",
        clause: "REPO-1",
        how: "forgets the registered flows when the open namespace is discarded",
        dies: &[("flow-repository/registered-flows-changed", "also when the namespace was")],
        backend: backend::<DiscardForgetsFlows>,
    },
    Mutant {
        id: "flow-repository/adds-to-earlier-flows",
        clause: "REPO-2",
        how: "keeps the flows of an earlier open and adds the new ones",
        dies: &[("flow-repository/earlier-flows-listed", "only the latest are listed")],
        backend: backend::<AddsToEarlier>,
    },
    Mutant {
        id: "flow-repository/lists-definitions",
        clause: "REPO-2",
        how: "lists the stored definitions with the registered flows",
        dies: &[("flow-repository/stored-definitions-listed", "no flow is registered")],
        backend: flow_repository::<ListsDefinitions>,
    },
];

models! { SortsFlows DropsManifest DiscardForgetsFlows AddsToEarlier ListsDefinitions }

impl FlowRepository for SortsFlows {
    fn get_all_flows(&mut self) -> Answer<Vec<FlowHandle>> {
        let mut flows = self.0.get_all_flows()?;
        flows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(flows)
    }
}

keeping! {
    OrderChanges {
        listed: usize,
    }
}

impl FlowRepository for OrderChanges {
    fn get_all_flows(&mut self) -> Answer<Vec<FlowHandle>> {
        let mut flows = self.model.get_all_flows()?;
        let first = self.listed % flows.len().max(1);
        flows.rotate_left(first);
        self.listed += 1;
        Ok(flows)
    }
}

impl FlowRepository for DropsManifest {
    fn get_all_flows(&mut self) -> Answer<Vec<FlowHandle>> {
        let mut flows = self.0.get_all_flows()?;
        for flow in &mut flows {
            flow.manifest_json = flow.manifest_json.take().filter(|text| !text.is_empty());
        }
        Ok(flows)
    }
}

impl Backend for AddsToEarlier {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let mut flows = self.state().registered_flows.clone();
        self.0.open(config)?;
        flows.extend(config.registered_flows.iter().cloned());
        self.state().registered_flows = flows;
        Ok(())
    }
}

impl Backend for DiscardForgetsFlows {
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        self.0.discard(namespace)?;
        if self.state().open.as_deref() == Some(namespace) {
            self.state().registered_flows.clear();
        }
        Ok(())
    }
}

impl FlowRepository for ListsDefinitions {
    fn get_all_flows(&mut self) -> Answer<Vec<FlowHandle>> {
        let mut flows = self.0.get_all_flows()?;
        flows.extend(self.space()?.definitions.values().cloned().map(|stored| FlowHandle {
            id: stored.id,
            name: stored.name,
            version: stored.version,
            manifest_json: stored.manifest_json,
        }));
        Ok(flows)
    }
}
