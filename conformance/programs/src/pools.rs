//! What the arguments of one program are drawn from. A program has few of everything, so that its
//! calls meet; which few differs from program to program.

use chrono::{DateTime, TimeDelta};
use fastrand::Rng;
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{FlowId, Instant, RunId};
use uuid::Uuid;

use crate::draw::Breed;

/// Where every program's clock stands at first.
pub(crate) const START: Instant = match DateTime::from_timestamp_millis(1_109_548_799_250) {
    // 2005-02-27T23:59:59.250Z: a midnight is near.
    Some(start) => start,
    None => DateTime::UNIX_EPOCH,
};

/// The clock does not go further back: `wasi:clocks/wall-clock` of WASI 0.2, from which components
/// read the time (BACKEND-8), counts from here and has no sign.
pub(crate) const EARLIEST_NOW: Instant = DateTime::UNIX_EPOCH;

/// The clock does not go further forward: "now" is an instant that must be kept (BACKEND-11).
pub(crate) const LATEST_NOW: Instant = match DateTime::from_timestamp_millis(253_402_300_799_999) {
    Some(latest) => latest,
    None => DateTime::UNIX_EPOCH,
};

/// The arguments that one program may use.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(crate) runs: Vec<RunId>,
    pub(crate) flows: Vec<FlowId>,
    /// Step keys, trigger keys, idempotency keys, nonces, signal names and job ids alike, so that
    /// they could be taken for each other.
    pub(crate) keys: Vec<String>,
    pub(crate) texts: Vec<String>,
    pub(crate) jsons: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) searches: Vec<String>,
    pub(crate) instants: Vec<Instant>,
}

impl Pools {
    /// Only wide ones hold odd texts.
    pub(crate) fn draw(rng: &mut Rng, breed: Breed) -> Self {
        let most = usize::from(breed == Breed::Wide);
        let (usual, odd) = (rng.usize(1..=2), rng.usize(0..=3 * most));
        let keys = match breed {
            Breed::Nested => some_of(rng, 2, &["each", "each.0.send"], 3, &nested_keys()),
            _ => some_of(rng, usual, &["charge", "send", "each.0.send"], odd, &odd_keys()),
        };
        let mut texts = some_of(rng, 3, &["card declined", "Invoice", ""], 4 * most, &odd_texts());
        texts.push(PREREQUISITE_NOT_SATISFIED.to_owned());
        let jsons = some_of(rng, 2, &["{}", "null", r#""card""#], 3 * most, &odd_jsons());
        let names = some_of(rng, 3, &["alpha", "beta", "gamma"], 2 * most, &odd_names());
        let reasons = some_of(rng, 2, &["signature", "replayed", ""], 2 * most, &odd_reasons());
        let mut searches =
            some_of(rng, 2, &["charge", "card", "running"], 4 * most, &odd_searches());
        searches.push(keys[rng.usize(..keys.len())].clone());
        searches.push(texts[rng.usize(..texts.len())].clone());
        let cased = keys[rng.usize(..keys.len())].to_uppercase();
        searches.push(cased);
        let runs = match breed {
            Breed::Wide => [1, 1, 2, 2, 3, 4, 8][rng.usize(..7)],
            Breed::Narrow => 1,
            Breed::Nested => rng.usize(2..=4),
        };
        let flows = rng.usize(1..=if breed == Breed::Narrow { 1 } else { 3 });
        let all = if breed == Breed::Nested { close_instants() } else { instants() };
        let mut chosen = vec![START];
        chosen.extend((0..5).map(|_| all[rng.usize(..all.len())]));
        Self {
            runs: ids()[..runs].iter().copied().map(RunId).collect(),
            flows: ids()[..flows].iter().copied().map(FlowId).collect(),
            keys,
            texts,
            jsons,
            names,
            reasons,
            searches,
            instants: chosen,
        }
    }
}

/// Near-equal ones, and the first is a flow as well as a run.
fn ids() -> [Uuid; 8] {
    [
        Uuid::from_u128(0x0192_f0c1_5a6b_7c8d_9e0f_1a2b_3c4d_5e6f),
        Uuid::from_u128(0x0192_f0c1_5a6b_7c8d_9e0f_1a2b_3c4d_5e70),
        Uuid::from_u128(0xffff_ffff_ffff_4fff_bfff_ffff_ffff_ffff),
        Uuid::from_u128(0x0192_f0c1_5a6b_7c8d_0000_0000_0000_0000),
        Uuid::from_u128(1),
        Uuid::from_u128(2),
        Uuid::from_u128(3),
        Uuid::from_u128(4),
    ]
}

/// `usual` of the first list and `odd` of the second; the usual ones come first, as what shrinking
/// ends with.
fn some_of(
    rng: &mut Rng,
    usual: usize,
    common: &[&str],
    odd: usize,
    rare: &[String],
) -> Vec<String> {
    let mut chosen: Vec<_> = common.iter().take(usual).map(|text| (*text).to_owned()).collect();
    for _ in 0..odd {
        let text = match rng.f64() < 0.3 {
            true => common[rng.usize(..common.len())].to_owned(),
            false => rare[rng.usize(..rare.len())].clone(),
        };
        if !chosen.contains(&text) {
            chosen.push(text);
        }
    }
    chosen
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Keys that a store could take for `charge`, and keys that it could cut, trim, fold or read as
/// something else.
fn odd_keys() -> Vec<String> {
    let mut keys = owned(&[
        "Charge",
        "CHARGE",
        "charge ",
        " charge",
        "\tcharge\n",
        "char ge",
        "charge2",
        "chargé",
        "charge\u{301}",
        "charg",
        "c_arge",
        "charge%",
        "%",
        "_",
        "[c]harge",
        "c\\harge",
        "c'harge\"",
        "charge:input",
        "__trigger:data",
        "__trigger:headers",
        "each",
        "each.0",
        "each.1.send",
        "each.0.Send",
        "🚀",
        " ",
        "",
        "charge\0",
        "null",
    ]);
    keys.push("k".repeat(256));
    keys.push("m".repeat(256));
    keys.push(format!("{}l", "k".repeat(255)));
    keys.push("k".repeat(257));
    keys.push("k".repeat(4096));
    keys
}

/// Steps within each other, and some that only look like it.
fn nested_keys() -> Vec<String> {
    owned(&["each.0", "each.1", "each.1.send", "each.0.send.0", "each2", "each_0", "send"])
}

fn odd_texts() -> Vec<String> {
    let prerequisite = PREREQUISITE_NOT_SATISFIED;
    let mut texts = owned(&[
        "50% off_now [x] \\ 'q' \"r\"",
        "É",
        "🚀 e\u{301}",
        " blanks ",
        "a\0b",
        "charge",
        "CARD",
        "timed-out",
    ]);
    texts.extend([
        prerequisite.to_lowercase(),
        format!("{prerequisite} "),
        prerequisite.trim_end_matches('.').to_owned(),
        "t".repeat(300),
        "t".repeat(4096),
    ]);
    texts
}

/// Valid JSON that a store would change if it parsed and printed it.
fn odd_jsons() -> Vec<String> {
    let mut jsons = owned(&[
        "{ \"n\" : 9007199254740993 }\n",
        r#"[1.0,1e400,-0,"\u0000","\ud83d\ude80"]"#,
        r#"{"b":1,"a":2,"a":3}"#,
        r#""Ünï 🚀 100%_""#,
        "  null",
        r#"{"error":"declined","key":"charge"}"#,
    ]);
    jsons.push(format!("\"{}\"", "j".repeat(4096)));
    jsons
}

fn odd_names() -> Vec<String> {
    let mut names = owned(&["Alpha", "ALPHA", "alpha beta", "ßeta", "🚀", "", "delta", "OMEGA"]);
    names.push("n".repeat(256));
    names.push("n".repeat(257));
    names
}

/// No two of them, and none of the searches, differ in letter case beyond ASCII: whether that
/// counts in the webhook log no clause says.
fn odd_reasons() -> Vec<String> {
    owned(&["Signature", "SIGNATURE", "signature ", " ", "50%_[off]\\", "🚀", "replayed-twice"])
}

fn odd_searches() -> Vec<String> {
    owned(&[
        "CARD",
        "Charge",
        "timed-out",
        "Succeeded",
        "5E6F",
        "0192f0c1-5a6b-7c8d-9e0f-1a2b3c4d5e70",
        "%",
        "_",
        "\\",
        "[",
        "[x]",
        "'",
        "\"",
        "",
        " ",
        "\t \n",
        " card",
        "d_c",
        "é",
        "signature",
        "192.0.2",
        "declined",
        "\0",
    ])
}

/// Edges of hours, days and years, each with its neighbours, and times far away.
fn instants() -> Vec<Instant> {
    let day = START + TimeDelta::milliseconds(750);
    let hour = TimeDelta::hours(1);
    let mut all = Vec::new();
    for edge in [day, day - hour, day + hour, day + hour * 24, day + hour * 24 * 307] {
        all.extend([-1, 0, 1].map(|step| edge + TimeDelta::milliseconds(step)));
    }
    all.extend([day - hour * 24, day - hour * 25, day + hour * 5, START + TimeDelta::seconds(40)]);
    // The longest series, and one bucket more.
    all.push(day + hour * 10_000);
    all.push(day + hour * 10_000 + TimeDelta::milliseconds(1));
    // Below a millisecond.
    all.push(START + TimeDelta::microseconds(1));
    all.push(day - TimeDelta::microseconds(1));
    let far = ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1901-02-03T04:05:06.007Z"];
    let farther = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"];
    all.extend(far.iter().chain(&farther).filter_map(|text| text.parse::<Instant>().ok()));
    all
}

/// Around the start, in one second, one minute and one day.
fn close_instants() -> Vec<Instant> {
    [-1000, -1, 1, 2, 250, 749, 750, 1000, 60_000, 86_400_000]
        .map(|by| START + TimeDelta::milliseconds(by))
        .to_vec()
}

/// Beyond the years that must be kept (BACKEND-12).
pub(crate) fn odd_instants() -> Vec<Instant> {
    [253_402_300_800, 999_999_999_999, -62_135_596_801, -99_999_999_999]
        .into_iter()
        .filter_map(|seconds| DateTime::from_timestamp(seconds, 0))
        .collect()
}
