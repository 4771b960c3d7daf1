pub(crate) mod alike;
pub(crate) mod rows;

use std::collections::BTreeMap;

use plimsoll_contract::{Answer, Error, FlowEvent, RunId};
use plimsoll_model::{OutputsRepository, Spec};

use crate::broken::{models, outputs_repository};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "outputs-repository/first-output-counts",
        clause: "OUTPUT-1",
        how: "leaves an output alone that is there",
        dies: &[("outputs-repository/first-output-kept", "the last value is read")],
        backend: outputs_repository::<FirstOutputCounts>,
    },
    Mutant {
        id: "outputs-repository/inputs-are-outputs",
        clause: "OUTPUT-2",
        how: "keeps the input of a step as the output of its key with `:input`",
        dies: &[
            ("outputs-repository/input-shadows-output", "an input is no output of another key"),
            ("outputs-repository/input-shadows-output", "the input stays"),
        ],
        backend: outputs_repository::<InputsAreOutputs>,
    },
    Mutant {
        id: "outputs-repository/outputs-are-inputs",
        clause: "OUTPUT-2",
        how: "keeps one slot for the input of a step and the output of the same key",
        dies: &[("outputs-repository/input-shadows-output", "so does the output")],
        backend: outputs_repository::<OutputsAreInputs>,
    },
    Mutant {
        id: "outputs-repository/trigger-data-are-an-output",
        clause: "OUTPUT-2",
        how: "keeps trigger data as the output of `__trigger:data`",
        dies: &[
            ("outputs-repository/trigger-shadows-output", "no step `__trigger:data` has an output"),
            ("outputs-repository/trigger-shadows-output", "the trigger data stay"),
        ],
        backend: outputs_repository::<DataAreAnOutput>,
    },
    Mutant {
        id: "outputs-repository/headers-are-an-output",
        clause: "OUTPUT-2",
        how: "keeps trigger headers as the output of `__trigger:headers`",
        dies: &[
            (
                "outputs-repository/trigger-shadows-output",
                "no step `__trigger:headers` has an output",
            ),
            ("outputs-repository/trigger-shadows-output", "the headers stay"),
        ],
        backend: outputs_repository::<HeadersAreAnOutput>,
    },
    Mutant {
        id: "outputs-repository/concurrent-saves-clash",
        clause: "OUTPUT-3",
        how: "gives a key error to the loser of a race",
        dies: &[("outputs-repository/first-save-race-fails", "every save succeeds")],
        backend: racy::clashing,
    },
    Mutant {
        id: "outputs-repository/slots-lack-the-run",
        clause: "OUTPUT-4",
        how: "keeps one set of slots for all runs",
        dies: &[
            ("outputs-repository/outputs-of-runs-mixed", "its output"),
            ("outputs-repository/outputs-of-runs-mixed", "its input"),
            ("outputs-repository/outputs-of-runs-mixed", "its trigger data"),
            ("outputs-repository/outputs-of-runs-mixed", "its headers"),
        ],
        backend: outputs_repository::<SlotsLackRun>,
    },
    Mutant {
        id: "outputs-repository/first-input-counts",
        clause: "OUTPUT-5",
        how: "leaves an input alone that is there",
        dies: &[("outputs-repository/first-input-kept", "the last input is read")],
        backend: outputs_repository::<FirstInputCounts>,
    },
    Mutant {
        id: "outputs-repository/saving-an-input-clears-the-output",
        clause: "OUTPUT-5",
        how: "deletes the output of a step whose input is saved",
        dies: &[("outputs-repository/first-input-kept", "the output stays")],
        backend: outputs_repository::<InputClearsOutput>,
    },
    Mutant {
        id: "outputs-repository/null-is-absent",
        clause: "OUTPUT-6",
        how: "reads a null as nothing",
        dies: &[
            ("outputs-repository/saved-null-is-absent", "the output is null"),
            ("outputs-repository/saved-null-is-absent", "the input is null"),
            ("outputs-repository/saved-null-is-absent", "the trigger data are null"),
        ],
        backend: outputs_repository::<NullIsAbsent>,
    },
    Mutant {
        id: "outputs-repository/absent-output-is-null",
        clause: "OUTPUT-6",
        how: "answers null where there is no output",
        dies: &[("outputs-repository/absent-reads-as-value", "no output")],
        backend: outputs_repository::<AbsentOutputIsNull>,
    },
    Mutant {
        id: "outputs-repository/absent-input-is-null",
        clause: "OUTPUT-7",
        how: "answers null where there is no input",
        dies: &[("outputs-repository/absent-reads-as-value", "no input")],
        backend: outputs_repository::<AbsentInputIsNull>,
    },
    Mutant {
        id: "outputs-repository/absent-data-are-null",
        clause: "OUTPUT-9",
        how: "answers null where there are no trigger data",
        dies: &[("outputs-repository/absent-reads-as-value", "no trigger data")],
        backend: outputs_repository::<AbsentDataAreNull>,
    },
    Mutant {
        id: "outputs-repository/absent-headers-are-empty",
        clause: "OUTPUT-14",
        how: "answers an empty list where no headers were saved",
        dies: &[("outputs-repository/absent-reads-as-value", "no headers")],
        backend: outputs_repository::<AbsentHeadersAreEmpty>,
    },
    Mutant {
        id: "outputs-repository/first-trigger-data-count",
        clause: "OUTPUT-8",
        how: "leaves trigger data alone that are there",
        dies: &[("outputs-repository/first-trigger-data-kept", "the last data are read")],
        backend: outputs_repository::<FirstDataCount>,
    },
    Mutant {
        id: "outputs-repository/lowers-header-names",
        clause: "OUTPUT-10",
        how: "keeps header names in lower case",
        dies: &[("outputs-repository/headers-changed", "every header is as it was given")],
        backend: outputs_repository::<LowersHeaderNames>,
    },
    Mutant {
        id: "outputs-repository/trims-header-values",
        clause: "OUTPUT-10",
        how: "removes the blanks around header values",
        dies: &[("outputs-repository/headers-changed", "every header is as it was given")],
        backend: outputs_repository::<TrimsHeaderValues>,
    },
    Mutant {
        id: "outputs-repository/drops-empty-headers",
        clause: "OUTPUT-10",
        how: "leaves headers out that have no value",
        dies: &[("outputs-repository/headers-changed", "every header is as it was given")],
        backend: outputs_repository::<DropsEmptyHeaders>,
    },
    Mutant {
        id: "outputs-repository/upserts-each-header",
        clause: "OUTPUT-10",
        how: "replaces headers by name and leaves the others",
        dies: &[("outputs-repository/headers-merged", "only the second list is there")],
        backend: outputs_repository::<UpsertsEachHeader>,
    },
    Mutant {
        id: "outputs-repository/no-header-no-row",
        clause: "OUTPUT-11",
        how: "reads an empty list as nothing",
        dies: &[("outputs-repository/empty-headers-are-absent", "an empty list is there")],
        backend: outputs_repository::<NoHeaderNoRow>,
    },
    Mutant {
        id: "outputs-repository/headers-are-a-map",
        clause: "OUTPUT-12",
        how: "keeps the last of the headers with one name",
        dies: &[("outputs-repository/repeated-header-dropped", "both entries are there")],
        backend: outputs_repository::<HeadersAreAMap>,
    },
    Mutant {
        id: "outputs-repository/outputs-end-with-the-scope",
        clause: "OUTPUT-15",
        how: "deletes output and input of a step whose scope ends",
        dies: &[
            ("outputs-repository/end-of-scope-deletes", "the output stays"),
            ("outputs-repository/end-of-scope-deletes", "the input stays"),
        ],
        backend: outputs_repository::<OutputsEndWithScope>,
    },
    Mutant {
        id: "outputs-repository/events-are-of-now",
        clause: "OUTPUT-16",
        how: "stamps the present instant on an event",
        dies: &[("outputs-repository/event-changed", "every event is as it was given")],
        backend: outputs_repository::<EventsAreOfNow>,
    },
    Mutant {
        id: "outputs-repository/run-events-have-a-step",
        clause: "OUTPUT-16",
        how: "gives an event of the run a step key of its own",
        dies: &[("outputs-repository/event-changed", "every event is as it was given")],
        backend: outputs_repository::<RunEventsHaveAStep>,
    },
    Mutant {
        id: "outputs-repository/empty-message-is-none",
        clause: "OUTPUT-16",
        how: "stores an empty message as none",
        dies: &[("outputs-repository/event-changed", "every event is as it was given")],
        backend: outputs_repository::<EmptyMessageIsNone>,
    },
    Mutant {
        id: "outputs-repository/events-are-a-set",
        clause: "OUTPUT-17",
        how: "leaves an event out that is like one before",
        dies: &[("outputs-repository/equal-events-merged", "there are three events")],
        backend: outputs_repository::<EventsAreASet>,
    },
    Mutant {
        id: "outputs-repository/events-of-no-step-are-a-set",
        clause: "OUTPUT-17",
        how: "leaves an event of no step out that is like one before",
        dies: &[("outputs-repository/equal-events-merged", "events of no step are two")],
        backend: outputs_repository::<EventsOfNoStepAreASet>,
    },
    Mutant {
        id: "outputs-repository/prints-json-without-blanks",
        clause: "BACKEND-7",
        how: "removes the blanks between the parts of a JSON text",
        dies: &[
            ("outputs-repository/json-rewritten", "the output is the same text"),
            ("outputs-repository/json-rewritten", "the input is the same text"),
            ("outputs-repository/json-rewritten", "the trigger data are the same text"),
        ],
        backend: outputs_repository::<PrintsWithoutBlanks>,
    },
    Mutant {
        id: "outputs-repository/numbers-are-doubles",
        clause: "BACKEND-7",
        how: "reads the numbers of a JSON text as doubles and prints them again",
        dies: &[
            ("outputs-repository/json-rewritten", "the output is the same text"),
            ("outputs-repository/json-rewritten", "the input is the same text"),
            ("outputs-repository/json-rewritten", "the trigger data are the same text"),
        ],
        backend: outputs_repository::<NumbersAreDoubles>,
    },
    Mutant {
        id: "outputs-repository/cuts-values",
        clause: "BACKEND-4",
        how: "cuts outputs and inputs to 64 KiB",
        dies: &[
            ("outputs-repository/long-values-cut", "the output is whole"),
            ("outputs-repository/long-values-cut", "the input is whole"),
        ],
        backend: outputs_repository::<CutsValues>,
    },
    Mutant {
        id: "outputs-repository/input-keys-get-longer",
        clause: "BACKEND-6",
        how: "refuses an input whose key has more than 256 characters with `:input`",
        dies: &[("outputs-repository/long-values-cut", "gave no value: invalid argument")],
        backend: outputs_repository::<InputKeysGetLonger>,
    },
    Mutant {
        id: "outputs-repository/loses-overlapping-saves",
        clause: "OUTPUT-3",
        how: "reads all outputs, changes one and writes all back",
        dies: &[("outputs-repository/outputs-in-no-order", "the saves of one output")],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "outputs-repository/folds-step-keys",
        clause: "BACKEND-5",
        how: "keeps step keys in lower case",
        dies: &[("outputs-repository/step-keys-merged", "has slots of its own")],
        backend: outputs_repository::<FoldsKeys>,
    },
    Mutant {
        id: "outputs-repository/cuts-messages",
        clause: "BACKEND-6",
        how: "cuts the message of an event to 4,000 characters",
        dies: &[("outputs-repository/long-messages-cut", "the message is whole")],
        backend: outputs_repository::<CutsMessages>,
    },
    Mutant {
        id: "outputs-repository/null-keeps-the-output",
        clause: "OUTPUT-1",
        how: "leaves an output alone when null is saved over it",
        dies: &[("outputs-repository/first-output-kept", "the last value is read")],
        backend: outputs_repository::<NullKeepsOutput>,
    },
];

models! {
    FirstOutputCounts InputsAreOutputs OutputsAreInputs DataAreAnOutput HeadersAreAnOutput
    SlotsLackRun FirstInputCounts InputClearsOutput NullIsAbsent AbsentOutputIsNull
    AbsentInputIsNull AbsentDataAreNull AbsentHeadersAreEmpty FirstDataCount LowersHeaderNames
    TrimsHeaderValues DropsEmptyHeaders UpsertsEachHeader NoHeaderNoRow HeadersAreAMap
    OutputsEndWithScope EventsAreOfNow RunEventsHaveAStep EmptyMessageIsNone EventsAreASet EventsOfNoStepAreASet
    PrintsWithoutBlanks NumbersAreDoubles CutsValues InputKeysGetLonger
    FoldsKeys CutsMessages
    NullKeepsOutput
}

type Headers = [(String, String)];

impl OutputsRepository for FirstOutputCounts {
    fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        match self.0.get_step_output(run, key)? {
            Some(_) => Ok(()),
            None => self.0.save_step_output(run, key, value),
        }
    }
}

impl OutputsRepository for InputsAreOutputs {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_output(run, &format!("{key}:input"), value)
    }

    fn get_step_input(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_output(run, &format!("{key}:input"))
    }
}

impl OutputsRepository for OutputsAreInputs {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_output(run, key, value)
    }

    fn get_step_input(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_output(run, key)
    }
}

impl OutputsRepository for DataAreAnOutput {
    fn save_trigger_data(&mut self, run: RunId, data: &str) -> Answer<()> {
        self.0.save_step_output(run, "__trigger:data", data)
    }

    fn get_trigger_data(&mut self, run: RunId) -> Answer<Option<String>> {
        self.0.get_step_output(run, "__trigger:data")
    }
}

impl OutputsRepository for HeadersAreAnOutput {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.0.save_step_output(run, "__trigger:headers", &lines.join("\r\n"))
    }

    fn get_trigger_headers(&mut self, run: RunId) -> Answer<Option<Vec<(String, String)>>> {
        let text = self.0.get_step_output(run, "__trigger:headers")?;
        Ok(text.map(|text| {
            let pairs = text.split("\r\n").filter_map(|line| line.split_once(": "));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        }))
    }
}

impl OutputsRepository for SlotsLackRun {
    fn save_step_output(&mut self, _run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_output(RunId::default(), key, value)
    }

    fn save_step_input(&mut self, _run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_input(RunId::default(), key, value)
    }

    fn get_step_output(&mut self, _run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_output(RunId::default(), key)
    }

    fn get_step_input(&mut self, _run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_input(RunId::default(), key)
    }

    fn save_trigger_data(&mut self, _run: RunId, data: &str) -> Answer<()> {
        self.0.save_trigger_data(RunId::default(), data)
    }

    fn get_trigger_data(&mut self, _run: RunId) -> Answer<Option<String>> {
        self.0.get_trigger_data(RunId::default())
    }

    fn save_trigger_headers(&mut self, _run: RunId, headers: &Headers) -> Answer<()> {
        self.0.save_trigger_headers(RunId::default(), headers)
    }

    fn get_trigger_headers(&mut self, _run: RunId) -> Answer<Option<Vec<(String, String)>>> {
        self.0.get_trigger_headers(RunId::default())
    }
}

impl OutputsRepository for FirstInputCounts {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        match self.0.get_step_input(run, key)? {
            Some(_) => Ok(()),
            None => self.0.save_step_input(run, key, value),
        }
    }
}

impl OutputsRepository for InputClearsOutput {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.space()?.outputs.remove(&(run, key.to_owned()));
        self.0.save_step_input(run, key, value)
    }
}

fn unless_null(value: Option<String>) -> Option<String> {
    value.filter(|text| text != "null")
}

impl OutputsRepository for NullIsAbsent {
    fn get_step_output(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        Ok(unless_null(self.0.get_step_output(run, key)?))
    }

    fn get_step_input(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        Ok(unless_null(self.0.get_step_input(run, key)?))
    }

    fn get_trigger_data(&mut self, run: RunId) -> Answer<Option<String>> {
        Ok(unless_null(self.0.get_trigger_data(run)?))
    }
}

fn or_null(value: Option<String>) -> Option<String> {
    value.or(Some("null".to_owned()))
}

impl OutputsRepository for AbsentOutputIsNull {
    fn get_step_output(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        Ok(or_null(self.0.get_step_output(run, key)?))
    }
}

impl OutputsRepository for AbsentInputIsNull {
    fn get_step_input(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        Ok(or_null(self.0.get_step_input(run, key)?))
    }
}

impl OutputsRepository for AbsentDataAreNull {
    fn get_trigger_data(&mut self, run: RunId) -> Answer<Option<String>> {
        Ok(or_null(self.0.get_trigger_data(run)?))
    }
}

impl OutputsRepository for AbsentHeadersAreEmpty {
    fn get_trigger_headers(&mut self, run: RunId) -> Answer<Option<Vec<(String, String)>>> {
        Ok(self.0.get_trigger_headers(run)?.or(Some(Vec::new())))
    }
}

impl OutputsRepository for FirstDataCount {
    fn save_trigger_data(&mut self, run: RunId, data: &str) -> Answer<()> {
        match self.0.get_trigger_data(run)? {
            Some(_) => Ok(()),
            None => self.0.save_trigger_data(run, data),
        }
    }
}

impl OutputsRepository for LowersHeaderNames {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let lowered = headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
        self.0.save_trigger_headers(run, &lowered.collect::<Vec<_>>())
    }
}

impl OutputsRepository for TrimsHeaderValues {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let trimmed = headers.iter().map(|(name, value)| (name.clone(), value.trim().to_owned()));
        self.0.save_trigger_headers(run, &trimmed.collect::<Vec<_>>())
    }
}

impl OutputsRepository for DropsEmptyHeaders {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let filled = headers.iter().filter(|(_, value)| !value.is_empty()).cloned();
        self.0.save_trigger_headers(run, &filled.collect::<Vec<_>>())
    }
}

impl OutputsRepository for UpsertsEachHeader {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let mut merged = self.0.get_trigger_headers(run)?.unwrap_or_default();
        merged.retain(|(name, _)| headers.iter().all(|(new, _)| new != name));
        merged.extend_from_slice(headers);
        self.0.save_trigger_headers(run, &merged)
    }
}

impl OutputsRepository for NoHeaderNoRow {
    fn get_trigger_headers(&mut self, run: RunId) -> Answer<Option<Vec<(String, String)>>> {
        Ok(self.0.get_trigger_headers(run)?.filter(|headers| !headers.is_empty()))
    }
}

impl OutputsRepository for HeadersAreAMap {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let map: BTreeMap<_, _> = headers.iter().cloned().collect();
        self.0.save_trigger_headers(run, &map.into_iter().collect::<Vec<_>>())
    }
}

impl OutputsRepository for OutputsEndWithScope {
    fn end_scope(&mut self, run: RunId, key: &str) -> Answer<()> {
        let id = (run, key.to_owned());
        let space = self.space()?;
        space.outputs.remove(&id);
        space.inputs.remove(&id);
        Ok(())
    }
}

impl OutputsRepository for EventsAreOfNow {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let timestamp = self.now();
        self.0.record_event(run, &FlowEvent { timestamp, ..event.clone() })
    }
}

impl OutputsRepository for RunEventsHaveAStep {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let step_key = event.step_key.clone().or(Some("__run".to_owned()));
        self.0.record_event(run, &FlowEvent { step_key, ..event.clone() })
    }
}

impl OutputsRepository for EmptyMessageIsNone {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let message = event.message.clone().filter(|message| !message.is_empty());
        self.0.record_event(run, &FlowEvent { message, ..event.clone() })
    }
}

impl OutputsRepository for EventsOfNoStepAreASet {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let mut before = self.space()?.events.get(&run).into_iter().flatten();
        let is_there =
            event.step_key.is_none() && before.any(|record| record.event_type == event.event_type);
        if is_there { Ok(()) } else { self.0.record_event(run, event) }
    }
}

impl OutputsRepository for EventsAreASet {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let mut before = self.space()?.events.get(&run).into_iter().flatten();
        let is_there = before.any(|record| {
            (record.timestamp, &record.event_type, &record.step_key)
                == (event.timestamp, &event.event_type, &event.step_key)
        });
        if is_there { Ok(()) } else { self.0.record_event(run, event) }
    }
}

/// A mutant that stores another JSON text than it is given.
trait RewritesJson {
    fn rewritten(text: &str) -> String;
}

macro_rules! rewrite_json {
    ($($mutant:ident)*) => {
        $(impl OutputsRepository for $mutant {
            fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
                self.0.save_step_output(run, key, &Self::rewritten(value))
            }

            fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
                self.0.save_step_input(run, key, &Self::rewritten(value))
            }

            fn save_trigger_data(&mut self, run: RunId, data: &str) -> Answer<()> {
                self.0.save_trigger_data(run, &Self::rewritten(data))
            }
        })*
    };
}

rewrite_json! { PrintsWithoutBlanks NumbersAreDoubles CutsValues }

/// The strings of a JSON text, quotes included, and what is between them, in turn.
fn parts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let (mut in_string, mut escaped) = (false, false);
    let cuts = text.char_indices().filter_map(move |(at, c)| {
        let is_quote = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        let cut = if in_string { at + 1 } else { at };
        in_string ^= is_quote;
        is_quote.then_some(cut)
    });
    let mut start = 0;
    cuts.chain([text.len()]).enumerate().map(move |(index, end)| {
        let part = &text[start..end];
        start = end;
        (index % 2 == 1, part)
    })
}

impl RewritesJson for PrintsWithoutBlanks {
    fn rewritten(text: &str) -> String {
        parts(text)
            .map(|(is_string, part)| match is_string {
                true => part.to_owned(),
                false => part.split_whitespace().collect(),
            })
            .collect()
    }
}

impl RewritesJson for NumbersAreDoubles {
    fn rewritten(text: &str) -> String {
        let is_numeric = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let print = |word: &str| {
            let number = word.trim_end_matches(|c| !is_numeric(c));
            let rest = &word[number.len()..];
            number.parse::<f64>().map_or(word.to_owned(), |number| format!("{number}{rest}"))
        };
        parts(text)
            .map(|(is_string, part)| match is_string {
                true => part.to_owned(),
                false => part.split_inclusive(|c| !is_numeric(c)).map(print).collect(),
            })
            .collect()
    }
}

impl RewritesJson for CutsValues {
    fn rewritten(text: &str) -> String {
        text.chars().take(64 << 10).collect()
    }
}

impl OutputsRepository for InputKeysGetLonger {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        match format!("{key}:input").chars().count() {
            0..=256 => self.0.save_step_input(run, key, value),
            _ => Err(Error::InvalidArgument("key too long".to_owned())),
        }
    }
}

impl OutputsRepository for FoldsKeys {
    fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_output(run, &key.to_lowercase(), value)
    }

    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_input(run, &key.to_lowercase(), value)
    }

    fn get_step_output(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_output(run, &key.to_lowercase())
    }

    fn get_step_input(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_input(run, &key.to_lowercase())
    }
}

impl OutputsRepository for CutsMessages {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let whole = event.message.as_ref();
        let message = whole.map(|text| text.chars().take(4_000).collect());
        self.0.record_event(run, &FlowEvent { message, ..event.clone() })
    }
}

impl OutputsRepository for NullKeepsOutput {
    fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        let is_saved = self.0.get_step_output(run, key)?.is_some();
        match is_saved && value == "null" {
            true => Ok(()),
            false => self.0.save_step_output(run, key, value),
        }
    }
}
