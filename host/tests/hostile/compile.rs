//! Files that would keep a compiler busy, or fill its memory.

use std::time::Duration;

use plimsoll_host::{Limits, LoadErrorKind};
use wasm_encoder::{BlockType, Instruction};

use crate::apart::{Zoo, apart, apart_with, usual};
use crate::bombs;
use crate::raw::Raw;

/// What one step of many is.
const STEP: [Instruction<'_>; 4] = [
    Instruction::LocalGet(0),
    Instruction::I32Const(3),
    Instruction::I32Add,
    Instruction::LocalSet(0),
];

async fn refusal(zoo: &Zoo, bytes: &[u8]) -> (LoadErrorKind, String) {
    let error = zoo.load(bytes).await.err().expect("it is refused");
    (error.kind, error.to_string())
}

/// It is refused before a compiler sees it.
async fn expect_too_complex(zoo: &Zoo, bytes: &[u8], word: &str) {
    let (kind, message) = refusal(zoo, bytes).await;
    assert_eq!(kind, LoadErrorKind::TooComplex, "{message}");
    assert!(message.contains(word), "{message}");
}

/// It is no backend, which the host finds out in time.
async fn expect_no_backend(zoo: &Zoo, bytes: &[u8], kind: LoadErrorKind) {
    let (found, message) = refusal(zoo, bytes).await;
    assert_eq!(found, kind, "{message}");
}

#[test]
fn one_huge_function() {
    apart(async |zoo| {
        let bytes = bombs::functions(1, [bombs::repeat(500_000, 1, &STEP)]);
        expect_too_complex(zoo, &bytes, "of one function").await;
    });
}

#[test]
fn one_function_of_a_hundred_thousand_branches() {
    apart(async |zoo| {
        let branch = [
            Instruction::LocalGet(0),
            Instruction::If(BlockType::Empty),
            Instruction::I32Const(3),
            Instruction::LocalSet(0),
            Instruction::End,
        ];
        let bytes = bombs::functions(1, [bombs::repeat(100_000, 1, &branch)]);
        expect_too_complex(zoo, &bytes, "of one function").await;
    });
}

#[test]
fn two_hundred_thousand_functions() {
    apart(async |zoo| {
        let bytes = bombs::functions(1, (0..200_000).map(|_| bombs::repeat(0, 0, &[])));
        expect_too_complex(zoo, &bytes, "of all functions together").await;
    });
}

#[test]
fn fifty_thousand_locals_in_each_of_a_thousand_functions() {
    apart(async |zoo| {
        let bytes = bombs::functions(1, (0..1_000).map(|_| bombs::repeat(0, 50_000, &[])));
        expect_too_complex(zoo, &bytes, "of all functions together").await;
    });
}

#[test]
fn loops_that_pass_every_local_on() {
    apart(async |zoo| {
        let bytes = bombs::functions(1, [bombs::loops_over_locals(3_000, 20_000)]);
        expect_too_complex(zoo, &bytes, "of one function").await;
    });
}

#[test]
fn blocks_of_a_thousand_values() {
    apart(async |zoo| {
        let bytes = bombs::functions(1_000, [bombs::wide_blocks(1_000, 100_000)]);
        expect_too_complex(zoo, &bytes, "of one function").await;
    });
}

#[test]
fn tables_of_branches() {
    apart(async |zoo| {
        let bytes = bombs::functions(1, [bombs::branch_tables(300, 10_000)]);
        expect_too_complex(zoo, &bytes, "of one function").await;
    });
}

#[test]
fn blocks_nested_a_hundred_thousand_deep() {
    apart(async |zoo| {
        let bytes = bombs::functions(1, [bombs::nested_blocks(100_000)]);
        expect_too_complex(zoo, &bytes, "blocks within blocks").await;
    });
}

#[test]
fn a_million_exports() {
    apart(async |zoo| {
        expect_too_complex(zoo, &bombs::items(1, 0, 900_000, 1), "exports").await;
    });
}

#[test]
fn a_million_globals() {
    apart(async |zoo| {
        expect_too_complex(zoo, &bombs::items(900_000, 0, 0, 1), "globals").await;
    });
}

#[test]
fn a_million_imports() {
    apart(async |zoo| expect_too_complex(zoo, &bombs::imports(900_000), "imports").await);
}

#[test]
fn ten_thousand_imports_of_a_component() {
    apart(async |zoo| {
        let bytes = bombs::component_imports(10_000);
        expect_no_backend(zoo, &bytes, LoadErrorKind::NotGranted).await;
    });
}

#[test]
fn very_long_names() {
    apart(async |zoo| {
        expect_no_backend(zoo, &bombs::items(1, 0, 100, 90_000), LoadErrorKind::OtherWorld).await;
        expect_no_backend(zoo, &bombs::items(1, 0, 1, 200_000), LoadErrorKind::Malformed).await;
    });
}

#[test]
fn thousands_of_tables() {
    apart(async |zoo| {
        let bytes = bombs::items(1, 5_000, 0, 1);
        expect_no_backend(zoo, &bytes, LoadErrorKind::Malformed).await;
    });
}

#[test]
fn ninety_thousand_data_segments() {
    apart(async |zoo| {
        expect_no_backend(zoo, &bombs::data(90_000, 1), LoadErrorKind::OtherWorld).await;
    });
}

#[test]
fn one_huge_data_segment() {
    apart(async |zoo| {
        expect_no_backend(zoo, &bombs::data(1, 8_000_000), LoadErrorKind::OtherWorld).await;
    });
}

#[test]
fn data_larger_than_the_memory_that_it_goes_to() {
    apart(async |zoo| {
        let raw = Raw::new().item("(data (i32.const 131000) \"0123456789\")").data(131_070, b"xyz");
        let error = zoo.load(&raw.bytes()).await.err().expect("it does not start");
        assert_eq!(error.kind, LoadErrorKind::DoesNotStart, "{error}");
    });
}

#[test]
fn names_that_are_no_names() {
    apart(async |zoo| {
        expect_no_backend(zoo, &bombs::custom(20_000_000), LoadErrorKind::OtherWorld).await;
    });
}

#[test]
fn components_nested_a_thousand_deep() {
    apart(async |zoo| {
        expect_too_complex(zoo, &bombs::nested(1_000), "components within components").await;
    });
}

#[test]
fn a_thousand_components_beside_each_other() {
    apart(async |zoo| {
        expect_no_backend(zoo, &bombs::siblings(1_000), LoadErrorKind::OtherWorld).await;
        expect_no_backend(zoo, &bombs::siblings(20_000), LoadErrorKind::Malformed).await;
    });
}

/// Ten to the power of nine, in five hundred bytes.
#[test]
fn instances_that_multiply() {
    apart(async |zoo| {
        expect_too_complex(zoo, &bombs::multiplied(10, 9), "instances within instances").await;
    });
}

#[test]
fn types_nested_a_hundred_thousand_deep() {
    apart(async |zoo| {
        let bytes = bombs::nested_types(100_000, false);
        expect_no_backend(zoo, &bytes, LoadErrorKind::Malformed).await;
    });
}

/// Two to the power of forty, in two hundred bytes.
#[test]
fn types_that_double() {
    apart(async |zoo| {
        let bytes = bombs::nested_types(40, true);
        expect_no_backend(zoo, &bytes, LoadErrorKind::Malformed).await;
    });
}

/// Nobody waits for a compiler longer than agreed; what it still does harms nobody.
#[test]
fn a_file_that_takes_longer_than_agreed() {
    let limits = Limits { load_time: Duration::from_secs(3), ..usual() };
    apart_with(limits, async |zoo| {
        let bodies = (0..64).map(|_| bombs::repeat(50_000, 1, &STEP));
        let (kind, message) = refusal(zoo, &bombs::functions(1, bodies)).await;
        assert_eq!(kind, LoadErrorKind::NotCompiled, "{message}");
        assert!(message.contains("within 3s"), "{message}");
    });
}

/// What says which component a core module makes is read before anything else.
#[test]
fn component_types_that_are_none() {
    apart(async |zoo| {
        let contents: [&[u8]; 4] = [b"", b"\0asm", b"\0asm\x0d\0\x01\0", &[0xff; 1_000]];
        for content in contents {
            let bytes = bombs::component_type(content);
            expect_no_backend(zoo, &bytes, LoadErrorKind::Malformed).await;
        }
    });
}

/// Whether such a file loads is left open: nothing else may happen. `PLIMSOLL_SEED` tries other
/// damage.
#[test]
fn files_with_random_damage() {
    apart(async |zoo| {
        let seed = std::env::var("PLIMSOLL_SEED").map_or(1, |seed| seed.parse().expect("a number"));
        let mut random = fastrand::Rng::with_seed(seed);
        let whole = Raw::new().bytes();
        for _ in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(8..bytes.len());
                bytes[at] = random.u8(..);
            }
            if let Err(error) = zoo.load(&bytes).await {
                assert!(error.kind != LoadErrorKind::NotCompiled, "seed {seed}: {error}");
            }
        }
    });
}
