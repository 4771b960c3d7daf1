use std::mem;

use chrono::Utc;
use plimsoll_contract::{
    Answer, Description, Error, FlowDefinition, FlowEventRecord, FlowHandle, Instant, OpenConfig,
    Page, RunId, StateLocation,
};
use plimsoll_model::{Backend, EventReader, FlowStore, Model, OutputsRepository, Spec, State};

use crate::broken::{backend, event_reader, flow_store, keeping, models, outputs_repository, spec};
use crate::{Mutant, first_clock, kills, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "backend/clock-stands-at-the-epoch",
        clause: "BACKEND-8",
        how: "stamps the first instant of 1970 on everything",
        dies: &[("backend/clock-ignored", "flow-run.started-at is read from the clock")],
        backend: spec::<StandsAtTheEpoch>,
    },
    Mutant {
        id: "backend/one-table-uses-the-machines-clock",
        clause: "BACKEND-8",
        how: "stamps definitions with the machine's time, and the rest with the given one",
        dies: &[("backend/clock-ignored", "flow-definition.updated-at is read from the clock")],
        backend: flow_store::<UsesTheMachinesClock>,
    },
    Mutant {
        id: "backend/keeps-its-first-clock",
        clause: "BACKEND-8",
        how: "reads the clock of the first open for ever",
        dies: &[(
            "backend/reopening-keeps-old-clock",
            "a run starts at the instant of the second clock",
        )],
        backend: first_clock::keeps_first_clock,
    },
    Mutant {
        id: "backend/describes-itself-anew",
        clause: "BACKEND-14",
        how: "answers another version each time",
        dies: &[("backend/describe-needs-open", "it answers the same twice")],
        backend: backend::<DescribesItselfAnew>,
    },
    Mutant {
        id: "backend/describes-its-namespace",
        clause: "BACKEND-14",
        how: "adds the open namespace to its name",
        dies: &[("backend/describe-needs-open", "and when it is open")],
        backend: backend::<DescribesItsNamespace>,
    },
    Mutant {
        id: "backend/has-no-name",
        clause: "BACKEND-14",
        how: "describes itself with an empty name",
        dies: &[("backend/describe-needs-open", "it has a name")],
        backend: backend::<HasNoName>,
    },
    Mutant {
        id: "backend/has-no-version",
        clause: "BACKEND-14",
        how: "describes itself with an empty version",
        dies: &[("backend/describe-needs-open", "it has a version")],
        backend: backend::<HasNoVersion>,
    },
    Mutant {
        id: "backend/time-never-goes-back",
        clause: "BACKEND-8",
        how: "takes the latest instant that it has seen for the present one",
        dies: &[("backend/clock-ignored", "also when that clock went back")],
        backend: spec::<TimeNeverGoesBack>,
    },
    Mutant {
        id: "backend/has-a-default-namespace",
        clause: "BACKEND-18",
        how: "answers from a default namespace before it is opened",
        dies: &[("backend/answers-before-open", "run-store.start-run says that the backend")],
        backend: spec::<HasADefaultNamespace>,
    },
    Mutant {
        id: "backend/has-a-stub",
        clause: "BACKEND-3",
        how: "answers unsupported to end-scope",
        dies: &[("backend/function-unsupported", "outputs-repository.end-scope is implemented")],
        backend: outputs_repository::<HasAStub>,
    },
    Mutant {
        id: "backend/open-recreates",
        clause: "BACKEND-17",
        how: "empties a namespace that it opens",
        dies: &[("backend/reopening-loses-data", "what was left is still there")],
        backend: backend::<OpenRecreates>,
    },
    Mutant {
        id: "backend/keeps-one-namespace",
        clause: "BACKEND-20",
        how: "forgets the namespaces that are not open",
        dies: &[("backend/switching-loses-data", "what was left is still there")],
        backend: backend::<KeepsOneNamespace>,
    },
    Mutant {
        id: "backend/lists-every-namespace",
        clause: "BACKEND-19",
        how: "lists the definitions of all namespaces",
        dies: &[("backend/namespaces-mixed", "the other namespace is empty")],
        backend: flow_store::<ListsEveryNamespace>,
    },
    Mutant {
        id: "backend/folds-namespaces",
        clause: "BACKEND-24",
        how: "opens a namespace by its name in lower case",
        dies: &[("backend/namespace-case-folded", "the namespace in capitals is another")],
        backend: backend::<FoldsNamespaces>,
    },
    Mutant {
        id: "backend/trims-namespaces",
        clause: "BACKEND-24",
        how: "opens a namespace by its name without blanks at the end",
        dies: &[("backend/namespaces-merged", "with a blank at its end is empty")],
        backend: backend::<TrimsNamespaces>,
    },
    Mutant {
        id: "backend/cuts-namespaces",
        clause: "BACKEND-24",
        how: "opens a namespace by the first 63 bytes of its name",
        dies: &[("backend/namespaces-merged", "with another last character is empty")],
        backend: backend::<CutsNamespaces>,
    },
    Mutant {
        id: "backend/opens-before-it-checks",
        clause: "BACKEND-18",
        how: "is open after a first open that it refused",
        dies: &[("backend/failed-open-opens", "says that the backend is not open")],
        backend: backend::<OpensFirst>,
    },
    Mutant {
        id: "backend/switches-before-it-checks",
        clause: "BACKEND-21",
        how: "switches to the namespace, then refuses",
        dies: &[("backend/failed-open-switches", "the first namespace is still open")],
        backend: backend::<SwitchesFirst>,
    },
    Mutant {
        id: "backend/registers-before-it-checks",
        clause: "BACKEND-21",
        how: "takes the registered flows over, then refuses",
        dies: &[("backend/failed-open-registers-flows", "the flows of the open before stay")],
        backend: backend::<RegistersFirst>,
    },
    Mutant {
        id: "backend/drops-duplicate-flows",
        clause: "BACKEND-22",
        how: "keeps the first of two registered flows with one id",
        dies: &[("backend/duplicate-flow-accepted", "open refuses the duplicate")],
        backend: backend::<DropsDuplicateFlows>,
    },
    Mutant {
        id: "backend/ignores-unknown-settings",
        clause: "BACKEND-23",
        how: "opens whatever the settings are",
        dies: &[("backend/unknown-setting-accepted", "open refuses the setting")],
        backend: backend::<IgnoresSettings>,
    },
    Mutant {
        id: "backend/ignores-empty-settings",
        clause: "BACKEND-23",
        how: "takes a setting without a value for none",
        dies: &[("backend/unknown-setting-accepted", "refuses the setting without a value")],
        backend: backend::<IgnoresEmptySettings>,
    },
    Mutant {
        id: "backend/discard-is-a-stub",
        clause: "BACKEND-25",
        how: "leaves what a discarded namespace holds",
        dies: &[("backend/discard-leaves-data", "the discarded namespace is empty")],
        backend: backend::<DiscardIsAStub>,
    },
    Mutant {
        id: "backend/discards-by-prefix",
        clause: "BACKEND-25",
        how: "discards every namespace whose name begins so",
        dies: &[("backend/discard-takes-another", "the other namespace keeps its data")],
        backend: backend::<DiscardsByPrefix>,
    },
    Mutant {
        id: "backend/discarding-unknown-is-an-error",
        clause: "BACKEND-26",
        how: "answers an error when there is nothing to discard",
        dies: &[
            ("backend/discard-of-unknown-fails", "it succeeds before any open"),
            ("backend/discard-of-unknown-fails", "it succeeds after one"),
        ],
        backend: backend::<DiscardingUnknownFails>,
    },
    Mutant {
        id: "backend/discard-closes-the-namespace",
        clause: "BACKEND-27",
        how: "closes the open namespace when it is discarded",
        dies: &[("backend/discard-closes", "gave no value: not open")],
        backend: backend::<DiscardCloses>,
    },
    Mutant {
        id: "backend/discard-spares-the-open-namespace",
        clause: "BACKEND-27",
        how: "discards every namespace but the open one",
        dies: &[("backend/discard-closes", "the namespace is empty")],
        backend: backend::<DiscardSparesTheOpen>,
    },
    Mutant {
        id: "backend/reads-lag",
        clause: "BACKEND-1",
        how: "answers reads from before the last write",
        dies: &[
            ("backend/stale-read", "the page counts a run that has just started"),
            ("backend/program-diverges", "expected"),
        ],
        backend: racy::stale_reads,
    },
    Mutant {
        id: "backend/reads-a-snapshot",
        clause: "BACKEND-28",
        how: "reads what was there before the first of the calls that overlap",
        dies: &[
            ("run-store/completions-in-no-order", "the completions of one step"),
            ("outputs-repository/outputs-in-no-order", "the saves of one output"),
            ("schedule-state-store/saves-in-no-order", "the saves of one schedule"),
            ("flow-store/definitions-in-no-order", "the saves of one definition"),
        ],
        backend: racy::snapshots,
    },
    Mutant {
        id: "backend/claims-to-share",
        clause: "BACKEND-15",
        how: "says that its instances share their state, and they do not",
        dies: &[("backend/instances-apart", "are the same through the other instance")],
        backend: backend::<ClaimsToShare>,
    },
    Mutant {
        id: "backend/claims-to-be-durable",
        clause: "BACKEND-16",
        how: "says that it is durable, and keeps everything in memory",
        dies: &[("backend/durable-data-lost", "are the same through the other instance")],
        backend: backend::<ClaimsToBeDurable>,
    },
    Mutant {
        id: "backend/keeps-writes-late",
        clause: "BACKEND-16",
        how: "acknowledges writes, and keeps them eight at a time",
        dies: &[(
            "backend/kill-loses-or-tears-writes",
            "every acknowledged write is there after the kill",
        )],
        backend: kills::keeps_late,
    },
    Mutant {
        id: "backend/keeps-writes-in-steps",
        clause: "BACKEND-29",
        how: "keeps the attempt of a started step after the step",
        dies: &[("backend/kill-loses-or-tears-writes", "is whole or not there: the run")],
        backend: kills::keeps_in_steps,
    },
    Mutant {
        id: "backend/events-of-every-namespace",
        clause: "BACKEND-19",
        how: "lists the events of a run in all namespaces",
        dies: &[("backend/namespaces-mixed", "the events are those of an empty namespace")],
        backend: event_reader::<EventsOfAll>,
    },
    Mutant {
        id: "backend/misses-duplicates-apart",
        clause: "BACKEND-22",
        how: "notices two registered flows with one id only side by side",
        dies: &[("backend/duplicate-flow-accepted", "also with another between")],
        backend: backend::<MissesDuplicatesApart>,
    },
    Mutant {
        id: "backend/registers-before-it-reads-settings",
        clause: "BACKEND-21",
        how: "takes the registered flows over, then refuses a setting",
        dies: &[("backend/failed-open-registers-flows", "also where a setting was refused")],
        backend: backend::<RegistersBeforeSettings>,
    },
    Mutant {
        id: "backend/reopening-purges-nonces",
        clause: "BACKEND-17",
        how: "forgets the nonces that have expired when a namespace is opened",
        dies: &[("backend/reopening-loses-data", "a nonce that has expired is still known")],
        backend: backend::<ReopeningPurges>,
    },
    Mutant {
        id: "backend/reopening-drops-empty-manifests",
        clause: "BACKEND-17",
        how: "turns empty manifests into none when a namespace is opened",
        dies: &[("backend/reopening-loses-data", "the definitions stay as they were")],
        backend: backend::<ReopeningDropsEmpty>,
    },
    Mutant {
        id: "backend/refused-open-sets-the-clock",
        clause: "BACKEND-21",
        how: "takes the clock of an open that it then refuses",
        dies: &[("backend/failed-open-takes-clock", "at the instant of the first clock")],
        backend: first_clock::keeps_refused_clock,
    },
    Mutant {
        id: "backend/discards-what-an-underscore-parts",
        clause: "BACKEND-25",
        how: "discards the namespaces whose names go on with an underscore too",
        dies: &[("backend/discard-takes-another", "ends in \"_other\"")],
        backend: backend::<DiscardsSchemas>,
    },
    Mutant {
        id: "backend/opens-in-two-steps",
        clause: "BACKEND-17",
        how: "looks for a namespace and creates it in two steps",
        dies: &[("backend/opening-race-loses-data", "what every worker wrote is there")],
        backend: racy::late_opens,
    },
    Mutant {
        id: "backend/takes-versions-of-one-flow",
        clause: "BACKEND-22",
        how: "registers two flows of one id when their versions differ",
        dies: &[("backend/duplicate-flow-accepted", "also with another name and version")],
        backend: backend::<TakesVersions>,
    },
];

models! {
    TakesVersions
    ReopeningPurges ReopeningDropsEmpty DiscardsSchemas
    RegistersBeforeSettings
    MissesDuplicatesApart
    UsesTheMachinesClock HasNoName HasAStub OpenRecreates KeepsOneNamespace ListsEveryNamespace
    FoldsNamespaces SwitchesFirst RegistersFirst DropsDuplicateFlows IgnoresSettings DiscardIsAStub
    DiscardsByPrefix DiscardingUnknownFails DiscardCloses DiscardSparesTheOpen ClaimsToShare
    ClaimsToBeDurable HasNoVersion
    EventsOfAll DescribesItsNamespace TrimsNamespaces CutsNamespaces OpensFirst
    IgnoresEmptySettings
}

#[derive(Default)]
struct StandsAtTheEpoch(Model);

impl Spec for StandsAtTheEpoch {
    fn state(&mut self) -> &mut State {
        self.0.state()
    }

    fn now(&mut self) -> Instant {
        Instant::UNIX_EPOCH
    }
}

#[derive(Default)]
struct TimeNeverGoesBack {
    model: Model,
    latest: Instant,
}

impl Spec for TimeNeverGoesBack {
    fn state(&mut self) -> &mut State {
        self.model.state()
    }

    fn now(&mut self) -> Instant {
        self.latest = self.latest.max(self.model.now());
        self.latest
    }
}

impl FlowStore for UsesTheMachinesClock {
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        self.state().now = Utc::now();
        self.0.save(definition)
    }
}

keeping! {
    DescribesItselfAnew {
        described: u32,
    }
}

impl Backend for DescribesItselfAnew {
    fn describe(&mut self) -> Answer<Description> {
        self.described += 1;
        let version = format!("1.{}", self.described);
        Ok(Description { version, ..self.model.describe()? })
    }
}

impl Backend for DescribesItsNamespace {
    fn describe(&mut self) -> Answer<Description> {
        let description = self.0.describe()?;
        let open = self.state().open.clone().unwrap_or_default();
        Ok(Description { name: description.name.clone() + &open, ..description })
    }
}

impl Backend for HasNoName {
    fn describe(&mut self) -> Answer<Description> {
        Ok(Description { name: String::new(), ..self.0.describe()? })
    }
}

#[derive(Default)]
struct HasADefaultNamespace(Model);

impl Spec for HasADefaultNamespace {
    fn state(&mut self) -> &mut State {
        let state = self.0.state();
        if state.open.is_none() {
            state.namespaces.entry("default".to_owned()).or_default();
            state.open = Some("default".to_owned());
        }
        state
    }
}

impl OutputsRepository for HasAStub {
    fn end_scope(&mut self, _run_id: RunId, _step_key: &str) -> Answer<()> {
        self.space()?;
        Err(Error::Unsupported)
    }
}

impl Backend for OpenRecreates {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(config)?;
        *self.space()? = Default::default();
        Ok(())
    }
}

impl Backend for KeepsOneNamespace {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(config)?;
        self.state().namespaces.retain(|name, _| *name == config.namespace);
        Ok(())
    }
}

impl FlowStore for ListsEveryNamespace {
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        self.space()?;
        let spaces = self.state().namespaces.values();
        Ok(spaces.flat_map(|space| space.definitions.values().cloned()).collect())
    }
}

impl Backend for FoldsNamespaces {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let namespace = config.namespace.to_lowercase();
        self.0.open(&OpenConfig { namespace, ..config.clone() })
    }
}

impl Backend for TrimsNamespaces {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let namespace = config.namespace.trim_end().to_owned();
        self.0.open(&OpenConfig { namespace, ..config.clone() })
    }
}

impl Backend for CutsNamespaces {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let namespace = config.namespace.get(..63).unwrap_or(&config.namespace).to_owned();
        self.0.open(&OpenConfig { namespace, ..config.clone() })
    }
}

impl Backend for OpensFirst {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let state = self.state();
        if state.open.is_none() {
            state.namespaces.entry(config.namespace.clone()).or_default();
            state.open = Some(config.namespace.clone());
        }
        self.0.open(config)
    }
}

impl Backend for SwitchesFirst {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let state = self.state();
        state.namespaces.entry(config.namespace.clone()).or_default();
        state.open = Some(config.namespace.clone());
        self.0.open(config)
    }
}

impl Backend for RegistersFirst {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.state().registered_flows.clone_from(&config.registered_flows);
        self.0.open(config)
    }
}

impl Backend for DropsDuplicateFlows {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let mut config = config.clone();
        for flow in mem::take(&mut config.registered_flows) {
            if config.registered_flows.iter().all(|earlier| earlier.id != flow.id) {
                config.registered_flows.push(flow);
            }
        }
        self.0.open(&config)
    }
}

impl Backend for IgnoresSettings {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(&OpenConfig { settings: Vec::new(), ..config.clone() })
    }
}

impl Backend for IgnoresEmptySettings {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let mut config = config.clone();
        config.settings.retain(|(_, value)| !value.is_empty());
        self.0.open(&config)
    }
}

impl Backend for DiscardIsAStub {
    fn discard(&mut self, _namespace: &str) -> Answer<()> {
        Ok(())
    }
}

impl Backend for DiscardsByPrefix {
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        let names: Vec<_> = self.state().namespaces.keys().cloned().collect();
        let alike = names.iter().filter(|name| name.starts_with(namespace));
        alike.into_iter().try_for_each(|name| self.0.discard(name))
    }
}

impl Backend for DiscardingUnknownFails {
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        if !self.state().namespaces.contains_key(namespace) {
            return Err(Error::Other("no such namespace".to_owned()));
        }
        self.0.discard(namespace)
    }
}

impl Backend for DiscardCloses {
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        let state = self.state();
        state.namespaces.remove(namespace);
        state.open = state.open.take().filter(|open| open != namespace);
        Ok(())
    }
}

impl Backend for DiscardSparesTheOpen {
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        match self.state().open.as_deref() == Some(namespace) {
            true => Ok(()),
            false => self.0.discard(namespace),
        }
    }
}

impl Backend for ClaimsToShare {
    fn describe(&mut self) -> Answer<Description> {
        Ok(Description { state: StateLocation::Shared, ..self.0.describe()? })
    }
}

impl Backend for ClaimsToBeDurable {
    fn describe(&mut self) -> Answer<Description> {
        Ok(Description { durable: true, ..self.0.describe()? })
    }
}

impl Backend for HasNoVersion {
    fn describe(&mut self) -> Answer<Description> {
        Ok(Description { version: String::new(), ..self.0.describe()? })
    }
}

impl EventReader for EventsOfAll {
    fn get_run_events(&mut self, run: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        self.space()?;
        let spaces = self.state().namespaces.values();
        let events = spaces.filter_map(|space| space.events.get(&run)).flatten().cloned();
        Ok(page.cut(events, Page::DEFAULT_EVENTS))
    }
}

impl Backend for MissesDuplicatesApart {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let mut config = config.clone();
        let flows = mem::take(&mut config.registered_flows);
        for flow in flows {
            let (last, earlier) = match config.registered_flows.split_last() {
                Some((last, earlier)) => (Some(last), earlier),
                None => (None, &[][..]),
            };
            let is_beside = last.is_some_and(|last| last.id == flow.id);
            if is_beside || earlier.iter().all(|earlier| earlier.id != flow.id) {
                config.registered_flows.push(flow);
            }
        }
        self.0.open(&config)
    }
}

impl Backend for RegistersBeforeSettings {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let opened = self.0.open(config);
        if opened.is_err() && !config.settings.is_empty() {
            self.state().registered_flows.clone_from(&config.registered_flows);
        }
        opened
    }
}

impl Backend for ReopeningPurges {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(config)?;
        let now = self.now();
        self.space()?.nonces.retain(|_, expires_at| *expires_at > now);
        Ok(())
    }
}

impl Backend for ReopeningDropsEmpty {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(config)?;
        for definition in self.space()?.definitions.values_mut() {
            definition.manifest_json = definition.manifest_json.take().filter(|it| !it.is_empty());
        }
        Ok(())
    }
}

impl Backend for DiscardsSchemas {
    fn discard(&mut self, namespace: &str) -> Answer<()> {
        let names: Vec<_> = self.state().namespaces.keys().cloned().collect();
        let longer = format!("{namespace}_");
        for name in names.iter().filter(|name| name.starts_with(&longer)) {
            self.0.discard(name)?;
        }
        self.0.discard(namespace)
    }
}

impl Backend for TakesVersions {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        let mut config = config.clone();
        let mut flows: Vec<FlowHandle> = Vec::new();
        for flow in mem::take(&mut config.registered_flows) {
            let same = flows.iter().position(|it| it.id == flow.id && it.version != flow.version);
            match same {
                Some(place) => flows[place] = flow,
                None => flows.push(flow),
            }
        }
        config.registered_flows = flows;
        self.0.open(&config)
    }
}
