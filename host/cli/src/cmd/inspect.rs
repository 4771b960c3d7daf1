use std::fmt::Write as _;

use plimsoll_contract::{Backend, Description, Interface, Profile, StateLocation};
use plimsoll_host::{ExportedInterface, Grants, Import, Inspection, LeadsTo, LoadError, Plugin};
use plimsoll_postgres::PostgresOptions;
use serde_json::{Value, json};

use crate::args::Inspect;
use crate::failure::Failure;
use crate::output;
use crate::target::Looked;

pub(crate) async fn run(args: &Inspect) -> Result<u8, Failure> {
    let name = args.target.as_deref();
    let seen = match Looked::at(name).await? {
        Looked::Native(found) => native(&*found.backend()).await,
        Looked::Component { inspection, grants, plugin } => component(inspection, &grants, plugin),
    };
    let name = &*PostgresOptions::masked(name.unwrap_or_default());
    if args.json {
        output::print_line(&seen.to_json(name).to_string());
    } else {
        output::print(&seen.to_text(name));
    }
    Ok(0)
}

fn component(inspection: Inspection, grants: &Grants, plugin: Result<Plugin, LoadError>) -> Seen {
    let Inspection { exports, other_exports, imports, sha256, size, was_wrapped } = inspection;
    let extra = |exported: &ExportedInterface| {
        let interface = exported.interface;
        let names = exported.extra_functions.iter();
        names.map(move |name| format!("{interface}.{name}")).collect::<Vec<_>>()
    };
    let (description, refusal) = match plugin {
        Ok(plugin) => (plugin.description().cloned(), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    let imports = imports.into_iter().map(|import| {
        let is_granted = import.leads_to.is_granted(grants);
        (import, is_granted)
    });
    Seen {
        kind: "wasm",
        size: Some(size),
        sha256: Some(sha256),
        was_wrapped,
        description,
        refusal,
        extra_functions: exports.iter().flat_map(extra).collect(),
        exports: exports.into_iter().map(|exported| exported.interface).collect(),
        other_exports,
        imports: imports.collect(),
    }
}

async fn native(backend: &dyn Backend) -> Seen {
    Seen {
        kind: "native",
        size: None,
        sha256: None,
        was_wrapped: false,
        description: backend.describe().await.ok(),
        refusal: None,
        exports: backend.exports(),
        extra_functions: Vec::new(),
        other_exports: Vec::new(),
        imports: Vec::new(),
    }
}

/// What there is to see of a target without judging it.
struct Seen {
    kind: &'static str,
    size: Option<usize>,
    sha256: Option<String>,
    was_wrapped: bool,
    description: Option<Description>,
    /// Why it does not load.
    refusal: Option<String>,
    exports: Vec<Interface>,
    extra_functions: Vec<String>,
    other_exports: Vec<String>,
    /// Each with whether it leads to something that was granted.
    imports: Vec<(Import, bool)>,
}

impl Seen {
    /// The profile that it could reach.
    fn profile(&self) -> Option<Profile> {
        Profile::largest_within(&self.exports)
    }

    /// What it lacks for a profile.
    fn missing(&self, profile: Profile) -> Vec<&'static str> {
        let missing = profile.interfaces().iter().filter(|i| !self.exports.contains(i));
        missing.map(|interface| interface.name()).collect()
    }

    fn to_text(&self, target: &str) -> String {
        let mut text = format!("{target}\n");
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:9}  {value}");
        };
        match &self.description {
            Some(description) => line("backend", &description_text(description)),
            None => line("backend", "it does not say what it is: `describe` gave no answer"),
        }
        line("kind", self.kind);
        if let Some(size) = self.size {
            let wrapped = if self.was_wrapped { ", a core module that was wrapped" } else { "" };
            line("size", &format!("{size} bytes{wrapped}"));
        }
        if let Some(sha256) = &self.sha256 {
            line("sha256", sha256);
        }
        for interface in &self.exports {
            line("exports", interface.name());
        }
        for name in &self.extra_functions {
            line("exports", &format!("{name}, which the contract does not have"));
        }
        for name in &self.other_exports {
            line("exports", name);
        }
        for (import, is_granted) in &self.imports {
            line("imports", &import_text(import, *is_granted));
        }
        match self.profile() {
            Some(profile) => line("profile", &format!("it could reach {profile}")),
            None => {
                let missing = self.missing(Profile::Core).join(", ");
                line("profile", &format!("none; for core it lacks {missing}"));
            }
        }
        text.push_str(&self.lines_to_add());
        if let Some(refusal) = &self.refusal {
            let _ = writeln!(text, "it does not load: {refusal}");
        }
        text
    }

    /// What a manifest would have to say for every import to lead somewhere.
    fn lines_to_add(&self) -> String {
        let missing = self.imports.iter().filter(|(_, is_granted)| !is_granted);
        let mut lines: Vec<_> = missing.filter_map(|(import, _)| import.leads_to.lines()).collect();
        lines.dedup();
        if lines.is_empty() {
            return String::new();
        }
        let lines = lines.join("\n\n").replace('\n', "\n    ");
        format!("\nto grant what it imports, add to its manifest, plugin.toml:\n\n    {lines}\n\n")
    }

    fn to_json(&self, target: &str) -> Value {
        let lacks = |profile: Profile| (profile.name().to_owned(), json!(self.missing(profile)));
        json!({
            "target": target,
            "kind": self.kind,
            "size": self.size,
            "sha256": self.sha256,
            "wrapped": self.was_wrapped,
            "description": self.description.as_ref().map(description_value),
            "profile": self.profile().map(Profile::name),
            "lacks": Profile::ALL.into_iter().map(lacks).collect::<serde_json::Map<_, _>>(),
            "exports": self.exports.iter().map(|i| i.name()).collect::<Vec<_>>(),
            "extra_functions": self.extra_functions,
            "other_exports": self.other_exports,
            "imports": self.imports.iter().map(|(import, _)| &import.name).collect::<Vec<_>>(),
            "not_granted": self.imports.iter().filter(|(_, is_granted)| !is_granted)
                .map(|(import, _)| &import.name).collect::<Vec<_>>(),
            "refusal": self.refusal,
        })
    }
}

fn import_text(import: &Import, is_granted: bool) -> String {
    let name = &import.name;
    match import.leads_to {
        _ if is_granted => name.clone(),
        LeadsTo::KeyValue => format!("{name}, which is not granted"),
        LeadsTo::Unknown => format!("{name}, which nothing can grant"),
        _ => format!("{name}, which leads nowhere"),
    }
}

fn state_name(state: StateLocation) -> &'static str {
    match state {
        StateLocation::Instance => "instance",
        StateLocation::Shared => "shared",
    }
}

fn description_text(description: &Description) -> String {
    let Description { name, version, state, durable } = description;
    let state = match state {
        StateLocation::Instance => "keeps its state in the instance",
        StateLocation::Shared => "shares its state between instances",
    };
    let durable = if *durable { "durable" } else { "not durable" };
    format!("{name} {version}, {state}, {durable}")
}

fn description_value(description: &Description) -> Value {
    let Description { name, version, state, durable } = description;
    json!({ "name": name, "version": version, "state": state_name(*state), "durable": durable })
}
