//! Core modules written by hand, for what no bindings generator would make: lies about memory, and
//! code in functions that nobody writes, such as `realloc`.
//!
//! The host makes components of them, as of any core module that carries a component type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll_contract::wit;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

/// The functions of the world `webhooks`, each with its interface and its flat parameters.
const FUNCTIONS: [(&str, &str, &str); 9] = [
    ("backend", "describe", ""),
    ("backend", "open", "i32 i32 i32 i32 i32 i32"),
    ("backend", "discard", "i32 i32"),
    ("webhook-replay-store", "try-register", "i64 i64 i32 i32 i32 i32 i64 i32"),
    ("webhook-replay-store", "purge-expired", "i64 i32"),
    ("webhook-rejection-store", "write", "i32"),
    ("webhook-rejection-store", "query-recent", "i32 i64 i64 i32 i32 i32 i32 i32 i32 i32"),
    ("webhook-rejection-store", "query", "i32 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
    ("webhook-rejection-store", "counts-by-reason", "i64"),
];

/// Where answers stand that the module brings along. Everything below is zero, and zeros are an
/// answer to every function: ok, and then false, nothing, or none.
pub(crate) const ANSWER: u32 = 1_024;

/// Takes the next free bytes and never frees any.
const BUMP: &str = "(local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (loop $more
        (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
            (then (drop (memory.grow (i32.const 16))) (br $more))))
    (local.get $at)";

/// A module of the world `webhooks` that does no harm, until something in it is replaced.
pub(crate) struct Raw {
    bodies: BTreeMap<&'static str, String>,
    posts: BTreeMap<&'static str, String>,
    realloc: String,
    initialize: String,
    memory: String,
    items: String,
}

impl Raw {
    pub(crate) fn new() -> Self {
        Self {
            bodies: BTreeMap::new(),
            posts: BTreeMap::new(),
            realloc: BUMP.to_owned(),
            initialize: String::new(),
            memory: "2".to_owned(),
            items: String::new(),
        }
    }

    /// Replaces what a function does. It must leave the place of its answer.
    pub(crate) fn function(mut self, name: &'static str, body: &str) -> Self {
        self.bodies.insert(name, body.to_owned());
        self
    }

    /// A function answers these bytes.
    pub(crate) fn answer(self, name: &'static str, bytes: &[u8]) -> Self {
        self.data(ANSWER, bytes).function(name, &format!("(i32.const {ANSWER})"))
    }

    /// What runs after the answer of a function was read.
    pub(crate) fn post(mut self, name: &'static str, body: &str) -> Self {
        self.posts.insert(name, body.to_owned());
        self
    }

    /// Replaces `realloc`, which has `$size` and must leave a place.
    pub(crate) fn realloc(mut self, body: &str) -> Self {
        body.clone_into(&mut self.realloc);
        self
    }

    /// What runs when an instance is made.
    pub(crate) fn initialize(mut self, body: &str) -> Self {
        body.clone_into(&mut self.initialize);
        self
    }

    /// Replaces the least pages of memory.
    pub(crate) fn memory(mut self, pages: &str) -> Self {
        pages.clone_into(&mut self.memory);
        self
    }

    /// Adds anything else that a module can hold.
    pub(crate) fn item(mut self, text: &str) -> Self {
        self.items.push_str(text);
        self
    }

    /// Puts bytes at a place in memory.
    pub(crate) fn data(self, at: u32, bytes: &[u8]) -> Self {
        let mut text = format!("(data (i32.const {at}) \"");
        for byte in bytes {
            write!(text, "\\{byte:02x}").unwrap();
        }
        self.item(&format!("{text}\")\n"))
    }

    /// The module, with the component type of its world.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let text = self.text();
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut resolve = Resolve::default();
        resolve.push_source("clock.wit", wit::WALL_CLOCK).unwrap();
        let mut contract = SourceMap::default();
        for file in wit::FILES {
            contract.push_str(file.path, file.text);
        }
        let package =
            resolve.push_group(contract.parse().map_err(|error| error.1).unwrap()).unwrap();
        let world = resolve.select_world(&[package], Some("webhooks")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }

    fn text(&self) -> String {
        let Self { bodies, posts, realloc, initialize, memory, items } = self;
        let mut text = format!(
            r#"(module
            (import "cm32p2|wasi:clocks/wall-clock@0.2" "now" (func $now (param i32)))
            (memory $memory (export "cm32p2_memory") {memory})
            (global $next (mut i32) (i32.const 65536))
            (func $realloc (export "cm32p2_realloc")
                (param $old i32) (param $old-size i32) (param $align i32) (param $size i32)
                (result i32) {realloc})
            (func (export "cm32p2_initialize") {initialize})
            {items}"#
        );
        for (interface, name, parameters) in FUNCTIONS {
            let body = bodies.get(name).map_or("(i32.const 64)", String::as_str);
            let export = format!("cm32p2|flow:storage/{interface}@0.1|{name}");
            writeln!(
                text,
                "(func ${name} (export \"{export}\") (param {parameters}) (result i32) {body})"
            )
            .unwrap();
            if let Some(post) = posts.get(name) {
                writeln!(text, "(func (export \"{export}_post\") (param i32) {post})").unwrap();
            }
        }
        text.push(')');
        text
    }
}

/// 32-bit words as they stand in memory.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
