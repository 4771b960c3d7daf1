use std::collections::BTreeMap;

use plimsoll_contract::{Answer, Error, FlowDefinition, FlowId, Instant};
use plimsoll_model::{FlowStore, Model, Spec};

use crate::broken::{flow_store, keeping, models};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "flow-store/hides-disabled-flows",
        clause: "FLOW-1",
        how: "lists enabled definitions alone",
        dies: &[("flow-store/disabled-flow-not-listed", "all are listed once")],
        backend: flow_store::<HidesDisabled>,
    },
    Mutant {
        id: "flow-store/lists-backwards",
        clause: "FLOW-2",
        how: "lists the last name first",
        dies: &[("flow-store/names-out-of-order", "they come by name")],
        backend: flow_store::<ListsBackwards>,
    },
    Mutant {
        id: "flow-store/orders-by-the-first-name",
        clause: "FLOW-2",
        how: "leaves a definition that is renamed in its place",
        dies: &[("flow-store/names-out-of-order", "by the new name of one that was renamed")],
        backend: flow_store::<OrdersByFirstName>,
    },
    Mutant {
        id: "flow-store/makes-up-flows",
        clause: "FLOW-4",
        how: "answers an empty definition for an unknown id",
        dies: &[("flow-store/unknown-flow-found", "there is none")],
        backend: flow_store::<MakesUpFlows>,
    },
    Mutant {
        id: "flow-store/keeps-the-version",
        clause: "FLOW-5",
        how: "leaves the version alone when a definition is replaced",
        dies: &[("flow-store/fields-lost", "save answers what it was given")],
        backend: flow_store::<KeepsTheVersion>,
    },
    Mutant {
        id: "flow-store/echoes-the-argument",
        clause: "FLOW-5",
        how: "answers the definition that it was given, not the one that is stored",
        dies: &[("flow-store/fields-lost", "reads back as it was answered")],
        backend: flow_store::<EchoesTheArgument>,
    },
    Mutant {
        id: "flow-store/manifest-of-none-becomes-text",
        clause: "FLOW-6",
        how: "stores a manifest of none as an empty text",
        dies: &[("flow-store/absent-manifest-becomes-text", "the manifest reads back as it was")],
        backend: flow_store::<NoneBecomesText>,
    },
    Mutant {
        id: "flow-store/empty-manifest-becomes-none",
        clause: "FLOW-6",
        how: "stores an empty manifest as none",
        dies: &[("flow-store/absent-manifest-becomes-text", "the manifest reads back as it was")],
        backend: flow_store::<TextBecomesNone>,
    },
    Mutant {
        id: "flow-store/replaces-the-row",
        clause: "FLOW-7",
        how: "deletes and inserts, so that created-at is the latest save",
        dies: &[("flow-store/created-at-moves", "and stays so")],
        backend: flow_store::<ReplacesTheRow>,
    },
    Mutant {
        id: "flow-store/believes-created-at",
        clause: "FLOW-7",
        how: "takes created-at from the argument",
        dies: &[("flow-store/created-at-moves", "created-at is when it was first saved")],
        backend: flow_store::<BelievesCreatedAt>,
    },
    Mutant {
        id: "flow-store/believes-updated-at",
        clause: "FLOW-8",
        how: "takes updated-at from the argument",
        dies: &[("flow-store/updated-at-wrong", "a first save stamps updated-at")],
        backend: flow_store::<BelievesUpdatedAt>,
    },
    Mutant {
        id: "flow-store/enabling-is-no-update",
        clause: "FLOW-8",
        how: "leaves updated-at alone in set-enabled",
        dies: &[("flow-store/updated-at-wrong", "and set-enabled")],
        backend: flow_store::<EnablingIsNoUpdate>,
    },
    Mutant {
        id: "flow-store/concurrent-saves-clash",
        clause: "FLOW-9",
        how: "gives a key error to the loser of a race",
        dies: &[("flow-store/first-save-race-fails", "every save succeeds")],
        backend: racy::clashing,
    },
    Mutant {
        id: "flow-store/two-callers-save-one-definition",
        clause: "FLOW-9",
        how: "writes the version of a definition after its other fields",
        dies: &[
            ("flow-store/first-save-race-fails", "it is one caller's as a whole"),
            ("flow-store/definitions-in-no-order", "the saves of one definition"),
        ],
        backend: racy::tearing,
    },
    Mutant {
        id: "flow-store/delete-is-a-stub",
        clause: "FLOW-10",
        how: "deletes nothing",
        dies: &[("flow-store/deleted-flow-remains", "it is not found")],
        backend: flow_store::<DeleteIsAStub>,
    },
    Mutant {
        id: "flow-store/remembers-the-deleted",
        clause: "FLOW-10",
        how: "gives a definition that is saved anew the age of the deleted one",
        dies: &[("flow-store/deleted-flow-remains", "saved anew it is a new definition")],
        backend: flow_store::<RemembersTheDeleted>,
    },
    Mutant {
        id: "flow-store/deleting-unknown-is-an-error",
        clause: "FLOW-10",
        how: "answers not-found when there is nothing to delete",
        dies: &[("flow-store/deleting-unknown-fails", "it succeeds")],
        backend: flow_store::<DeletingUnknownFails>,
    },
    Mutant {
        id: "flow-store/deletes-everything",
        clause: "FLOW-10",
        how: "deletes without looking at the id",
        dies: &[("flow-store/deleting-unknown-fails", "the other definition stays")],
        backend: flow_store::<DeletesEverything>,
    },
    Mutant {
        id: "flow-store/delete-cascades-to-runs",
        clause: "FLOW-11",
        how: "deletes the runs of a flow with it",
        dies: &[("flow-store/delete-takes-runs", "the run is still there")],
        backend: flow_store::<DeleteCascades>,
    },
    Mutant {
        id: "flow-store/delete-cascades-to-history",
        clause: "FLOW-11",
        how: "deletes the runs of a flow that have ended with it",
        dies: &[("flow-store/delete-takes-runs", "the run that has ended is still there")],
        backend: flow_store::<DeletesHistory>,
    },
    Mutant {
        id: "flow-store/enabling-drops-the-manifest",
        clause: "FLOW-12",
        how: "writes the whole record back in set-enabled, without its manifest",
        dies: &[("flow-store/enabling-changes-more", "only is-enabled has changed")],
        backend: flow_store::<EnablingDropsManifest>,
    },
    Mutant {
        id: "flow-store/enabling-is-not-stored",
        clause: "FLOW-12",
        how: "changes the answer of set-enabled, not the record",
        dies: &[("flow-store/enabling-changes-more", "the change is stored")],
        backend: flow_store::<EnablingIsNotStored>,
    },
    Mutant {
        id: "flow-store/enabling-creates",
        clause: "FLOW-13",
        how: "creates a definition that it does not find",
        dies: &[("flow-store/enabling-unknown-creates", "it is not found")],
        backend: flow_store::<EnablingCreates>,
    },
    Mutant {
        id: "flow-store/cuts-manifests",
        clause: "BACKEND-6",
        how: "cuts manifests to 64 KiB",
        dies: &[("flow-store/long-manifest-cut", "the manifest is whole")],
        backend: flow_store::<CutsManifests>,
    },
    Mutant {
        id: "flow-store/orders-by-the-first-eight",
        clause: "FLOW-2",
        how: "orders names by their first eight characters",
        dies: &[("flow-store/names-out-of-order", "they come by name")],
        backend: flow_store::<OrdersByFirstEight>,
    },
    Mutant {
        id: "flow-store/stamps-changes-of-enabled-alone",
        clause: "FLOW-8",
        how: "stamps no set-enabled that changes nothing",
        dies: &[("flow-store/updated-at-wrong", "also to what it was")],
        backend: flow_store::<StampsChangesAlone>,
    },
    Mutant {
        id: "flow-store/none-keeps-the-manifest",
        clause: "FLOW-6",
        how: "keeps the manifest when a save has none",
        dies: &[("flow-store/absent-manifest-becomes-text", "a manifest of none replaces another")],
        backend: flow_store::<NoneKeepsManifest>,
    },
    Mutant {
        id: "flow-store/enables-deleted-ones",
        clause: "FLOW-13",
        how: "marks deleted definitions, and enables them like the others",
        dies: &[("flow-store/enabling-unknown-creates", "neither is a deleted one")],
        backend: flow_store::<EnablesDeleted>,
    },
    Mutant {
        id: "flow-store/merges-namesakes",
        clause: "FLOW-1",
        how: "lists one definition of each name",
        dies: &[("flow-store/disabled-flow-not-listed", "all are listed once")],
        backend: flow_store::<MergesNamesakes>,
    },
    Mutant {
        id: "flow-store/enabling-writes-the-row-back",
        clause: "FLOW-12",
        how: "reads a definition to enable it, and writes all of it back",
        dies: &[("flow-store/enabling-race-loses-save", "what was saved is there")],
        backend: racy::stale_enabling,
    },
    Mutant {
        id: "flow-store/list-goes-by-instants",
        clause: "BACKEND-1",
        how: "lists what it listed before while there are as many definitions and no later instant",
        dies: &[("flow-store/disabled-flow-not-listed", "as it was saved last")],
        backend: flow_store::<ListGoesByInstants>,
    },
    Mutant {
        id: "flow-store/lists-in-pieces",
        clause: "FLOW-1",
        how: "reads lists three rows at a time, by offset",
        dies: &[("flow-store/definitions-listed-in-pieces", "every list of definitions")],
        backend: racy::pieces,
    },
    Mutant {
        id: "flow-store/answers-what-another-set",
        clause: "FLOW-12",
        how: "enables a definition and reads its answer later",
        dies: &[("flow-store/enabling-race-loses-save", "what another one set")],
        backend: racy::late_answers,
    },
];

models! {
    MergesNamesakes
    NoneKeepsManifest
    StampsChangesAlone
    OrdersByFirstEight
    HidesDisabled ListsBackwards MakesUpFlows KeepsTheVersion EchoesTheArgument NoneBecomesText
    TextBecomesNone ReplacesTheRow BelievesCreatedAt BelievesUpdatedAt EnablingIsNoUpdate
    DeleteIsAStub DeletingUnknownFails DeletesEverything DeleteCascades EnablingDropsManifest
    EnablingIsNotStored EnablingCreates
    CutsManifests DeletesHistory
}

impl FlowStore for HidesDisabled {
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        let mut all = self.0.get_all()?;
        all.retain(|definition| definition.is_enabled);
        Ok(all)
    }
}

impl FlowStore for ListsBackwards {
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        Ok(self.0.get_all()?.into_iter().rev().collect())
    }
}

fn an_empty_definition(id: FlowId, now: Instant) -> FlowDefinition {
    FlowDefinition {
        id,
        name: String::new(),
        version: String::new(),
        manifest_json: None,
        is_enabled: true,
        created_at: now,
        updated_at: now,
    }
}

impl FlowStore for MakesUpFlows {
    fn get_by_id(&mut self, id: FlowId) -> Answer<Option<FlowDefinition>> {
        let made_up = an_empty_definition(id, self.now());
        Ok(self.0.get_by_id(id)?.or(Some(made_up)))
    }
}

impl FlowStore for KeepsTheVersion {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let stored = self.0.get_by_id(definition.id)?;
        let version = stored.map_or(definition.version.clone(), |stored| stored.version);
        self.0.save(&FlowDefinition { version, ..definition.clone() })
    }
}

impl FlowStore for EchoesTheArgument {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        self.0.save(definition)?;
        Ok(definition.clone())
    }
}

impl FlowStore for NoneBecomesText {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let manifest_json = Some(definition.manifest_json.clone().unwrap_or_default());
        self.0.save(&FlowDefinition { manifest_json, ..definition.clone() })
    }
}

impl FlowStore for TextBecomesNone {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let manifest_json = definition.manifest_json.clone().filter(|text| !text.is_empty());
        self.0.save(&FlowDefinition { manifest_json, ..definition.clone() })
    }
}

impl FlowStore for ReplacesTheRow {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        self.0.delete(definition.id)?;
        self.0.save(definition)
    }
}

/// Changes a stored definition and answers it.
fn amended(
    model: &mut Model,
    id: FlowId,
    amend: impl FnOnce(&mut FlowDefinition),
) -> Answer<FlowDefinition> {
    let stored = model.space()?.definitions.get_mut(&id).ok_or(Error::NotFound)?;
    amend(stored);
    Ok(stored.clone())
}

impl FlowStore for BelievesCreatedAt {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        self.0.save(definition)?;
        amended(&mut self.0, definition.id, |stored| stored.created_at = definition.created_at)
    }
}

impl FlowStore for BelievesUpdatedAt {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        self.0.save(definition)?;
        amended(&mut self.0, definition.id, |stored| stored.updated_at = definition.updated_at)
    }
}

impl FlowStore for EnablingIsNoUpdate {
    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        amended(&mut self.0, id, |stored| stored.is_enabled = enabled)
    }
}

impl FlowStore for DeleteIsAStub {
    fn delete(&mut self, _id: FlowId) -> Answer<()> {
        Ok(())
    }
}

keeping! {
    RemembersTheDeleted {
        created: BTreeMap<FlowId, Instant>,
    }
}

impl FlowStore for RemembersTheDeleted {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let saved = self.model.save(definition)?;
        let created_at = *self.created.entry(saved.id).or_insert(saved.created_at);
        amended(&mut self.model, saved.id, |stored| stored.created_at = created_at)
    }
}

impl FlowStore for DeletingUnknownFails {
    fn delete(&mut self, id: FlowId) -> Answer<()> {
        self.0.get_by_id(id)?.ok_or(Error::NotFound)?;
        self.0.delete(id)
    }
}

impl FlowStore for DeletesEverything {
    fn delete(&mut self, _id: FlowId) -> Answer<()> {
        self.space()?.definitions.clear();
        Ok(())
    }
}

impl FlowStore for DeleteCascades {
    fn delete(&mut self, id: FlowId) -> Answer<()> {
        self.space()?.runs.retain(|_, run| run.flow_id != id);
        self.0.delete(id)
    }
}

impl FlowStore for DeletesHistory {
    fn delete(&mut self, id: FlowId) -> Answer<()> {
        let runs = &mut self.space()?.runs;
        runs.retain(|_, run| run.flow_id != id || run.completed_at.is_none());
        self.0.delete(id)
    }
}

impl FlowStore for EnablingDropsManifest {
    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        self.0.set_enabled(id, enabled)?;
        amended(&mut self.0, id, |stored| stored.manifest_json = None)
    }
}

impl FlowStore for EnablingIsNotStored {
    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        let stored = self.0.get_by_id(id)?.ok_or(Error::NotFound)?;
        Ok(FlowDefinition { is_enabled: enabled, updated_at: self.now(), ..stored })
    }
}

impl FlowStore for EnablingCreates {
    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        if self.0.get_by_id(id)?.is_none() {
            let definition = an_empty_definition(id, self.now());
            self.0.save(&definition)?;
        }
        self.0.set_enabled(id, enabled)
    }
}

impl FlowStore for CutsManifests {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let whole = definition.manifest_json.as_ref();
        let manifest_json = whole.map(|text| text.chars().take(64 << 10).collect());
        self.0.save(&FlowDefinition { manifest_json, ..definition.clone() })
    }
}

impl FlowStore for OrdersByFirstEight {
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        let mut all = self.0.get_all()?;
        all.reverse();
        all.sort_by_key(|flow| flow.name.chars().take(8).collect::<String>());
        Ok(all)
    }
}

keeping! {
    /// A mutant that keeps the first name of each definition.
    OrdersByFirstName {
        first: BTreeMap<FlowId, String>,
    }
}

impl FlowStore for OrdersByFirstName {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        self.first.entry(definition.id).or_insert_with(|| definition.name.clone());
        self.model.save(definition)
    }

    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        let mut all = self.model.get_all()?;
        all.sort_by_key(|flow| self.first.get(&flow.id).cloned());
        Ok(all)
    }
}

impl FlowStore for StampsChangesAlone {
    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        match self.0.get_by_id(id)? {
            Some(stored) if stored.is_enabled == enabled => Ok(stored),
            _ => self.0.set_enabled(id, enabled),
        }
    }
}

impl FlowStore for NoneKeepsManifest {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let stored = self.0.get_by_id(definition.id)?.and_then(|stored| stored.manifest_json);
        let manifest_json = definition.manifest_json.clone().or(stored);
        self.0.save(&FlowDefinition { manifest_json, ..definition.clone() })
    }
}

keeping! {
    /// A mutant that keeps what was deleted.
    EnablesDeleted {
        deleted: BTreeMap<FlowId, FlowDefinition>,
    }
}

impl FlowStore for EnablesDeleted {
    fn delete(&mut self, id: FlowId) -> Answer<()> {
        self.deleted.extend(self.model.get_by_id(id)?.map(|flow| (id, flow)));
        self.model.delete(id)
    }

    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        let deleted = self.deleted.get(&id).cloned();
        self.model.set_enabled(id, enabled).or_else(|error| deleted.ok_or(error))
    }
}

impl FlowStore for MergesNamesakes {
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        let mut listed = self.0.get_all()?;
        listed.dedup_by(|a, b| a.name == b.name);
        Ok(listed)
    }
}

keeping! {
    /// A mutant that keeps the last list, with what tells whether it is still right.
    ListGoesByInstants {
        list: Vec<FlowDefinition>,
    }
}

impl FlowStore for ListGoesByInstants {
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        let now = self.model.get_all()?;
        let latest = |list: &[FlowDefinition]| list.iter().map(|flow| flow.updated_at).max();
        if (now.len(), latest(&now)) != (self.list.len(), latest(&self.list)) {
            self.list = now;
        }
        Ok(self.list.clone())
    }
}
