//! From the bytes that somebody hands in to the bytes of a component.

use std::borrow::Cow;

use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::{LoadError, LoadErrorKind};

const HOW_TO_BUILD: &str = "build a component, for example with \
                            `cargo build --release --target wasm32-wasip2`";

/// Refuses what is not worth reading.
pub(crate) fn look(bytes: &[u8], limit: usize) -> Result<(), LoadError> {
    if bytes.is_empty() {
        return Err(LoadError::new(
            LoadErrorKind::Empty,
            format!("the file is empty; {HOW_TO_BUILD}"),
        ));
    }
    if !bytes.starts_with(b"\0asm") {
        let message = format!("the file is not WebAssembly{}", instead(bytes));
        return Err(LoadError::new(LoadErrorKind::NotWasm, message));
    }
    if bytes.len() > limit {
        let message = format!(
            "the file has {} bytes and {limit} are allowed; build it optimised and without debug \
             information",
            bytes.len()
        );
        return Err(LoadError::new(LoadErrorKind::TooLarge, message));
    }
    Ok(())
}

/// What the file is instead, as far as that helps, and what to do.
fn instead(bytes: &[u8]) -> String {
    const NATIVE: [&[u8]; 6] = [
        b"\x7fELF",
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"\xce\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"!<arch>",
    ];
    if NATIVE.iter().any(|magic| bytes.starts_with(magic)) {
        return format!(" but a program or library for one kind of machine; {HOW_TO_BUILD}");
    }
    if bytes.trim_ascii_start().starts_with(b"(") {
        return " but its text format; translate it, for example with `wasm-tools parse FILE -o \
                FILE.wasm`"
            .to_owned();
    }
    format!("; {HOW_TO_BUILD}")
}

/// Answers the bytes of a component, and whether they were wrapped to become one: a core module
/// that carries a component type is.
pub(crate) fn componentize(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, bool), LoadError> {
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => {
            Ok((Cow::Borrowed(bytes), false))
        }
        Some(Ok(Payload::Version { encoding: Encoding::Module, .. })) => {
            Ok((Cow::Owned(wrap(bytes)?), true))
        }
        Some(Err(error)) => Err(malformed(&error.to_string())),
        _ => Err(malformed("it has no header")),
    }
}

pub(crate) fn malformed(detail: &str) -> LoadError {
    let message = format!("the file is truncated or malformed ({detail}); copy or build it again");
    LoadError::new(LoadErrorKind::Malformed, message)
}

fn wrap(module: &[u8]) -> Result<Vec<u8>, LoadError> {
    if !has_component_type(module)? {
        let message = format!(
            "the file is a core module that carries no component type, so nothing says which \
             interfaces it has; generate its bindings with wit-bindgen and {HOW_TO_BUILD}"
        );
        return Err(LoadError::new(LoadErrorKind::NoComponentType, message));
    }
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .module(module)?
            .adapter(
                wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )?
            .encode()
    };
    encode().map_err(|error| {
        malformed(&format!("the core module cannot be made a component: {error:#}"))
    })
}

/// Whether a custom section describes the component; bindings generators put it there.
fn has_component_type(module: &[u8]) -> Result<bool, LoadError> {
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::CustomSection(section)) if section.name().starts_with("component-type") => {
                return Ok(true);
            }
            Ok(_) => {}
            Err(error) => return Err(malformed(&error.to_string())),
        }
    }
    Ok(false)
}
