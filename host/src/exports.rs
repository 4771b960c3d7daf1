//! Which interfaces of the contract a component has, read from its type.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use plimsoll_contract::{Interface, wit};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wit_parser::{Resolve, SourceMap, WorldItem};

use crate::{LoadError, LoadErrorKind};

/// An interface of the contract that a component exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedInterface {
    /// Which one.
    pub interface: Interface,
    /// Functions that it has beyond the contract's. Nobody calls them.
    pub extra_functions: Vec<String>,
}

/// Parameter names by function, for each interface.
type Signatures = BTreeMap<&'static str, BTreeMap<String, Vec<String>>>;

/// What the contract asks for, read from its WIT. Empty if the WIT does not parse, which the
/// contract's own tests rule out.
static CONTRACT: LazyLock<Signatures> = LazyLock::new(|| signatures().unwrap_or_default());

fn signatures() -> Option<Signatures> {
    let mut resolve = Resolve::default();
    let mut clock = SourceMap::default();
    clock.push_str("wall-clock.wit", wit::WALL_CLOCK);
    resolve.push_group(clock.parse().ok()?).ok()?;
    let mut contract = SourceMap::default();
    for file in wit::FILES {
        contract.push_str(file.path, file.text);
    }
    let package = resolve.push_group(contract.parse().ok()?).ok()?;
    let full = resolve.packages[package].worlds.get("full")?;
    let exports = resolve.worlds[*full].exports.values();
    let interfaces = exports.filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(&resolve.interfaces[*id]),
        _ => None,
    });
    let signatures = interfaces.filter_map(|interface| {
        let name = Interface::named(interface.name.as_deref()?)?.name();
        let functions = interface.functions.values().map(|function| {
            let parameters = function.params.iter().map(|parameter| parameter.name.clone());
            (function.name.clone(), parameters.collect())
        });
        Some((name, functions.collect()))
    });
    Some(signatures.collect())
}

/// The interfaces of the contract among a component's exports, in the contract's order.
///
/// # Errors
///
/// Anything that looks like the contract and is not: another version, a missing function, other
/// parameter names, which the engine does not compare. Types are compared when an instance is made.
pub(crate) fn detect(
    engine: &Engine,
    component: &Component,
) -> Result<Vec<ExportedInterface>, LoadError> {
    let (mut found, mut names) = (Vec::new(), Vec::new());
    for (name, export) in component.component_type().exports(engine) {
        names.push(name.to_owned());
        let Some(path) = name.strip_prefix("flow:storage/") else { continue };
        let (interface, version) = path.split_once('@').unwrap_or((path, ""));
        let Some(interface) = Interface::named(interface) else { continue };
        check_version(name, version)?;
        let ComponentItem::ComponentInstance(instance) = export.ty else {
            return Err(wrong_shape(format!("`{name}` is exported, but not as an interface")));
        };
        let functions = instance.exports(engine).filter_map(|(name, item)| match item.ty {
            ComponentItem::ComponentFunc(function) => Some((name.to_owned(), function)),
            _ => None,
        });
        found.push(compare(interface, &functions.collect())?);
    }
    found.sort_by_key(|exported| exported.interface);
    check_whole(&found, &names)?;
    Ok(found)
}

fn check_version(export: &str, version: &str) -> Result<(), LoadError> {
    let ours = wit::PACKAGE.split_once('@').map_or("", |(_, version)| version);
    let series = |version: &str| version.rsplit_once('.').map(|(series, _)| series.to_owned());
    if series(version) == series(ours) {
        return Ok(());
    }
    let message = format!(
        "the component exports `{export}`, and this host implements `{}`: the contract version is \
         wrong; generate the bindings anew from the WIT of version {ours}",
        wit::PACKAGE
    );
    Err(LoadError::new(LoadErrorKind::WrongVersion, message))
}

fn compare(
    interface: Interface,
    functions: &BTreeMap<String, ComponentFunc>,
) -> Result<ExportedInterface, LoadError> {
    let expected = CONTRACT.get(interface.name());
    for (name, parameters) in expected.into_iter().flatten() {
        let Some(function) = functions.get(name) else {
            return Err(wrong_shape(format!(
                "the component exports `{interface}` without its function `{name}`; export every \
                 function of an interface, or leave the interface out"
            )));
        };
        let got: Vec<_> = function.params().map(|(name, _)| name.to_owned()).collect();
        if got != *parameters {
            return Err(wrong_shape(format!(
                "the parameters of `{interface}.{name}` are ({}) and must be ({}), in this order; \
                 generate the bindings anew from the WIT",
                got.join(", "),
                parameters.join(", ")
            )));
        }
        if function.async_() {
            return Err(wrong_shape(format!(
                "`{interface}.{name}` is an async function and the contract's is not"
            )));
        }
    }
    let is_extra = |name: &&String| !expected.is_some_and(|expected| expected.contains_key(*name));
    let extra_functions = functions.keys().filter(is_extra).cloned().collect();
    Ok(ExportedInterface { interface, extra_functions })
}

/// `names` is all that it exports.
fn check_whole(found: &[ExportedInterface], names: &[String]) -> Result<(), LoadError> {
    if found.is_empty() {
        let message = format!(
            "the component exports nothing of `{}`{}; target one of its worlds: core, production, \
             webhooks or full",
            wit::PACKAGE,
            instead(names)
        );
        return Err(LoadError::new(LoadErrorKind::OtherWorld, message));
    }
    if !found.iter().any(|exported| exported.interface == Interface::Backend) {
        return Err(wrong_shape(
            "the component does not export `flow:storage/backend`, which every backend has: it \
             opens the namespace"
                .to_owned(),
        ));
    }
    Ok(())
}

/// What a component exports that is no backend.
fn instead(names: &[String]) -> String {
    const SHOWN: usize = 3;
    if names.iter().any(|name| name.starts_with("wasi:cli/run@")) {
        return ": it is a program, and a backend is a library (in Rust, `crate-type = [\"cdylib\"]`)"
            .to_owned();
    }
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match (shown.is_empty(), names.len() > SHOWN) {
        (true, _) => String::new(),
        (false, more) => {
            format!(", but {}{}", shown.join(", "), if more { " and more" } else { "" })
        }
    }
}

fn wrong_shape(message: String) -> LoadError {
    LoadError::new(LoadErrorKind::WrongShape, message)
}
