use std::fmt::Write as _;

use plimsoll_contract::{Backend, Description, Interface, Profile, StateLocation};
use plimsoll_postgres::PostgresOptions;
use serde_json::{Value, json};

use crate::args::Inspect;
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

pub(crate) async fn run(args: &Inspect) -> Result<u8, Failure> {
    let name = args.target.as_deref();
    let seen = match Target::find(name).await? {
        Target::Native(found) => native(&*found.backend()).await,
        Target::Component { plugin, .. } => Seen {
            kind: "wasm",
            size: Some(plugin.size()),
            sha256: Some(plugin.sha256().to_owned()),
            was_wrapped: plugin.was_wrapped(),
            description: plugin.description().cloned(),
            exports: plugin.exports().iter().map(|exported| exported.interface).collect(),
            extra_functions: plugin
                .exports()
                .iter()
                .flat_map(|exported| {
                    let interface = exported.interface;
                    exported.extra_functions.iter().map(move |name| format!("{interface}.{name}"))
                })
                .collect(),
            other_exports: plugin.other_exports().to_vec(),
            imports: plugin.imports().to_vec(),
        },
    };
    let name = &*PostgresOptions::masked(name.unwrap_or_default());
    if args.json {
        output::print_line(&seen.to_json(name).to_string());
    } else {
        output::print(&seen.to_text(name));
    }
    Ok(0)
}

async fn native(backend: &dyn Backend) -> Seen {
    Seen {
        kind: "native",
        size: None,
        sha256: None,
        was_wrapped: false,
        description: backend.describe().await.ok(),
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
    exports: Vec<Interface>,
    extra_functions: Vec<String>,
    other_exports: Vec<String>,
    imports: Vec<String>,
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
        for name in &self.imports {
            line("imports", name);
        }
        match self.profile() {
            Some(profile) => line("profile", &format!("it could reach {profile}")),
            None => {
                let missing = self.missing(Profile::Core).join(", ");
                line("profile", &format!("none; for core it lacks {missing}"));
            }
        }
        text
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
            "imports": self.imports,
        })
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
