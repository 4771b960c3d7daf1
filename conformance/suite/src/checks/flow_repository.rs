use plimsoll_contract::Interface::{FlowRepository, FlowStore};
use plimsoll_contract::{FlowHandle, OpenConfig};

use crate::{Check, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "flow-repository/registered-flows-changed",
        clauses: &["REPO-1"],
        goal: "Three flows are registered in no order; they are listed whole, in that order, twice.",
        usual_cause: "the list is sorted, or a field is dropped",
        uses: &[FlowRepository],
        run: |t| Box::pin(registered_flows_changed(t)),
    },
    Check {
        id: "flow-repository/earlier-flows-listed",
        clauses: &["REPO-2"],
        goal: "A namespace is opened again with other flows, and with none.",
        usual_cause: "registered flows are stored, and new ones added to them",
        uses: &[FlowRepository],
        run: |t| Box::pin(earlier_flows_listed(t)),
    },
    Check {
        id: "flow-repository/stored-definitions-listed",
        clauses: &["REPO-2"],
        goal: "A definition is saved; it is not registered by that.",
        usual_cause: "the list is that of flow-store",
        uses: &[FlowStore, FlowRepository],
        run: |t| Box::pin(stored_definitions_listed(t)),
    },
];

fn handle(t: &Trial, name: &str, manifest_json: Option<&str>) -> FlowHandle {
    FlowHandle {
        id: t.flow_id(),
        name: name.to_owned(),
        version: "1.0".to_owned(),
        manifest_json: manifest_json.map(str::to_owned),
    }
}

async fn register(t: &Trial, flows: &[FlowHandle]) -> Outcome {
    Ok(t.open(&OpenConfig { registered_flows: flows.to_vec(), ..t.own_config() }).await?)
}

async fn registered_flows_changed(t: &Trial) -> Outcome {
    let flows =
        [handle(t, "Zebra", Some("{}")), handle(t, "alpha", None), handle(t, "Mike", Some(""))];
    register(t, &flows).await?;
    for _ in 0..2 {
        let listed = t.flow_repository().get_all_flows().await?;
        t.expect("they are listed as they were registered", &listed, &flows.to_vec());
    }
    t.backend().discard(&t.namespace).await?;
    let listed = t.flow_repository().get_all_flows().await?;
    t.expect("also when the namespace was discarded", &listed, &flows.to_vec());
    Ok(())
}

async fn earlier_flows_listed(t: &Trial) -> Outcome {
    register(t, &[handle(t, "Old", None)]).await?;
    for flows in [vec![handle(t, "New", None)], vec![]] {
        register(t, &flows).await?;
        let listed = t.flow_repository().get_all_flows().await?;
        t.expect("only the latest are listed", &listed, &flows);
    }
    Ok(())
}

async fn stored_definitions_listed(t: &Trial) -> Outcome {
    t.flow_store().save(&t.a_definition("Invoice")).await?;
    let listed = t.flow_repository().get_all_flows().await?;
    t.expect("no flow is registered", &listed, &Vec::new());
    Ok(())
}
