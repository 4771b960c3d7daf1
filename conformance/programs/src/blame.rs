//! Which clauses a divergence most plausibly breaks: those of the function that diverges and of
//! the functions that wrote before it, weighed by the words that they share with what differs.

use std::collections::BTreeSet;

use plimsoll_contract::{Clause, ErrorKind, Interface, Level, clause};

use crate::calls::{RunStore, WebhookRejectionStore};
use crate::notes::Notes;
use crate::{Call, Kind, difference, program, promised};

/// How many clauses are named.
const NAMED: usize = 5;

/// What happened before a divergence.
#[derive(Default)]
pub(crate) struct History {
    /// The functions that can have changed something, in order.
    pub(crate) writes: Vec<(Interface, &'static str)>,
    /// What the calls were about.
    pub(crate) notes: Notes,
    /// Whether the clock moved.
    pub(crate) moved: bool,
    /// Whether an `open` was refused.
    pub(crate) refused: bool,
}

/// What was called, and how the two answers differ.
pub(crate) struct Symptom<'a> {
    pub(crate) interface: Interface,
    pub(crate) function: &'a str,
    pub(crate) kind: Kind,
    pub(crate) expected: &'a str,
    pub(crate) got: &'a str,
    /// None for the functions of `backend`.
    pub(crate) call: Option<&'a Call>,
}

/// The ids of the likeliest clauses, the likeliest first.
pub(crate) fn clauses(history: &History, symptom: &Symptom<'_>) -> Vec<&'static str> {
    let stems = stems(history, symptom);
    let suspects = suspects(history, symptom);
    let mut scored: Vec<(u32, &'static str)> = Vec::new();
    for clause in clause::all().iter().filter(|clause| is_sequential_must(clause)) {
        let general = general(clause, history, symptom);
        let place = suspects.iter().position(|(interface, function)| {
            *interface == clause.interface && clause.function.as_deref() == Some(*function)
        });
        let Some(base) = general.or(place.map(|place| base(place, history, symptom))) else {
            continue;
        };
        let text = clause.text.to_ascii_lowercase();
        let shared = stems.iter().filter(|(stem, _)| text.contains(stem.as_str()));
        let shared: u32 = shared.map(|(_, weight)| weight).sum();
        let shared = if general.is_some() { 0 } else { shared };
        scored.push((base + shared, clause.id.as_str()));
    }
    // The sort is stable: of two that weigh the same the one that stands first comes first.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let is_of_symptom = |id: &str| {
        Clause::find(id).is_some_and(|clause| {
            clause.interface == symptom.interface
                && clause.function.as_deref() == Some(symptom.function)
        })
    };
    let mut ids: Vec<_> = scored.into_iter().map(|(_, id)| id).collect();
    // What the function that was asked promises itself is always worth a look.
    if let Some(place) = ids.iter().position(|id| is_of_symptom(id)).filter(|p| *p >= NAMED) {
        let id = ids.remove(place);
        ids.insert(NAMED - 1, id);
    }
    ids.truncate(NAMED);
    ids
}

/// A function that only hands out what others wrote is seldom what is wrong.
fn base(place: usize, history: &History, symptom: &Symptom<'_>) -> u32 {
    const COMPUTING: [&str; 7] = [
        "get-statistics",
        "get-run-timeseries",
        "get-derived-runs",
        "query",
        "query-recent",
        "counts-by-reason",
        "find-run-id-by-idempotency-key",
    ];
    let computes = COMPUTING.contains(&symptom.function) || !searched(symptom).is_empty();
    let hands_out = promised::is_read(symptom.function) && !computes;
    match place {
        0 if hands_out && !history.writes.is_empty() => 3,
        1 if hands_out => 7,
        _ => 6_u32.saturating_sub(place as u32),
    }
}

/// One caller at a time breaks no promise about many.
fn is_sequential_must(clause: &Clause) -> bool {
    clause.level == Level::Must && !clause.text.to_ascii_lowercase().contains("concurrent")
}

/// The function that diverges, and the writes before it, the latest first.
fn suspects<'a>(history: &History, symptom: &Symptom<'a>) -> Vec<(Interface, &'a str)> {
    let mut suspects = vec![(symptom.interface, symptom.function)];
    for write in history.writes.iter().rev() {
        if !suspects.contains(write) {
            suspects.push(*write);
        }
    }
    suspects.truncate(6);
    suspects
}

/// Beginnings of words that the broken clause may use, with their weights.
fn stems(history: &History, symptom: &Symptom<'_>) -> BTreeSet<(String, u32)> {
    let mut stems = BTreeSet::new();
    let mut add = |text: &str, weight: u32| add_words(&mut stems, text, weight);
    let (path, want, got) = difference::locate(symptom.expected, symptom.got);
    for (_, function) in history.writes.iter().rev().take(4) {
        add(function, 1);
    }
    add(symptom.function, 1);
    if let Some(field) = path.last() {
        add(field, 3);
        add(words_of(field), 3);
    }
    path.iter().for_each(|field| add(field, 1));
    for value in [&want, &got] {
        let word = program::in_wit(value);
        if word.contains('-') && word.chars().all(|c| c == '-' || c.is_ascii_lowercase()) {
            stems.insert((word, 3));
        }
    }
    if is_another_order(symptom) {
        stems.extend(["order", "ascending"].map(|word| (word.to_owned(), 5)));
    }
    let text = searched(symptom);
    if text.contains(['%', '_', '\\', '[']) {
        stems.insert(("literal".to_owned(), 6));
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        stems.insert(("blank".to_owned(), 6));
    }
    let mut add = |text: &str, weight: u32| add_words(&mut stems, text, weight);
    let is_word = |text: &&str| text.len() < 20 && text.chars().all(char::is_alphabetic);
    for value in [want.as_str(), got.as_str()].into_iter().filter(is_word) {
        add(&value.to_ascii_lowercase(), 1);
    }
    let words = match (symptom.kind, symptom.expected, symptom.got) {
        (Kind::Error(_) | Kind::Interrupted(_), ..) => "no-op unknown without empty",
        (_, "true", "false") => "other first next",
        (_, "false", "true") => "later second false outlives",
        (_, "NotFound", _) => "not-found creates",
        (_, "AlreadyExists", _) => "already-exists",
        (_, expected, _) if expected.starts_with("InvalidArgument") => "invalid-argument",
        (_, "None" | "[]", _) | (_, _, "[]") => "unknown creates nothing none empty",
        (_, _, "None") => "everything kept none answers",
        _ => "",
    };
    words.split(' ').filter(|word| !word.is_empty()).for_each(|word| {
        stems.insert((word.to_owned(), 2));
    });
    let repeats = history.writes.iter().enumerate();
    if repeats.clone().any(|(place, write)| history.writes[..place].contains(write)) {
        stems.extend(["second", "anew", "replace", "twice"].map(|word| (word.to_owned(), 2)));
    }
    if history.moved {
        stems.extend(["expire", "instant", "day"].map(|word| (word.to_owned(), 1)));
    }
    stems
}

fn add_words(stems: &mut BTreeSet<(String, u32)>, text: &str, weight: u32) {
    for word in text.split(['-', '_', '.', ' ']).filter(|word| !STOP_WORDS.contains(word)) {
        stems.insert((word.trim_end_matches('y').chars().take(5).collect(), weight));
    }
}

/// Whether the two answers are the same but for their order.
fn is_another_order(symptom: &Symptom<'_>) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    sorted(symptom.expected) == sorted(symptom.got)
}

/// What was searched for, if it was a search.
fn searched<'a>(symptom: &Symptom<'a>) -> &'a str {
    let text = match symptom.call {
        Some(Call::RunStore(RunStore::get_runs_page { search, .. })) => search,
        Some(Call::WebhookRejectionStore(WebhookRejectionStore::query { filter })) => {
            &filter.search
        }
        _ => return "",
    };
    text.as_deref().unwrap_or_default()
}

/// What the clauses say of a field besides its name.
fn words_of(field: &str) -> &'static str {
    match field {
        "p50_duration_ms" | "p95_duration_ms" => "percentile sample",
        "error_message" | "cancel_reason" => "reason",
        "completed_today" | "failed_today" => "neither day",
        "timeout_at" => "deadline",
        "cancel_requested" => "flag",
        "attempt" | "attempts" => "numbered attempt",
        _ => "",
    }
}

const STOP_WORDS: [&str; 17] = [
    "", "get", "try", "run", "step", "keys", "key", "id", "by", "at", "is", "json", "the", "with",
    "store", "all", "ms",
];

/// How well a clause that governs every function fits; none if it does not at all.
fn general(clause: &Clause, history: &History, symptom: &Symptom<'_>) -> Option<u32> {
    let (path, want, got) = difference::locate(symptom.expected, symptom.got);
    let field = path.last().map_or("", String::as_str);
    let long = history.notes.keys.iter().any(|key| key.len() > 100)
        || symptom.expected.contains(&"t".repeat(100));
    let refused = symptom.kind == Kind::Error(ErrorKind::InvalidArgument);
    let is_text = want.starts_with(['"', '\'']) && got.starts_with(['"', '\'']);
    let did = |function| history.writes.contains(&(Interface::Backend, function));
    let fits = |condition: bool, weight: u32| condition.then_some(weight);
    match clause.id.as_str() {
        "BACKEND-3" => fits(symptom.kind == Kind::Error(ErrorKind::Unsupported), 30),
        "BACKEND-4" => fits(is_text || long, if long { 20 } else { 8 }),
        "BACKEND-5" => fits(has_near_equal_keys(&history.notes.keys), 18),
        "BACKEND-6" => fits(long && refused, 30),
        "BACKEND-7" => fits(field.ends_with("_json") && is_text, 12),
        "BACKEND-8" => fits(field.ends_with("_at") && got.contains('T'), 9),
        "BACKEND-11" => {
            fits(got.contains('T') && (want.contains("9999") || want.contains("0001-")), 20)
        }
        "BACKEND-12" => {
            fits(history.notes.may_be_refused && matches!(symptom.kind, Kind::Interrupted(_)), 30)
        }
        "BACKEND-13" => fits(symptom.call.is_some_and(has_page), 7),
        "BACKEND-21" => fits(history.refused, 22),
        "BACKEND-25" | "BACKEND-27" => fits(did("discard"), 20),
        "BACKEND-17" | "BACKEND-19" | "BACKEND-20" | "BACKEND-24" => fits(did("open"), 14),
        _ => None,
    }
}

fn has_page(call: &Call) -> bool {
    call.arguments().iter().any(|argument| argument.starts_with("Page {"))
}

fn has_near_equal_keys(keys: &BTreeSet<String>) -> bool {
    let folded: BTreeSet<_> = keys.iter().map(|key| key.trim().to_lowercase()).collect();
    folded.len() < keys.len()
}
