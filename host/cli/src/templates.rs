//! The projects that `plimsoll new` writes. They stand in `templates/`, a folder a language.
//!
//! What cargo or git would take for their own has another name there.

use plimsoll_contract::wit;

use crate::args::Language;

/// What stands in a template for the name of the backend.
const NAME: &str = "{{name}}";

/// A file of a project.
pub(crate) struct File {
    /// From the project's folder.
    pub(crate) path: &'static str,
    template: &'static str,
}

impl File {
    /// Its text in the project of that name.
    pub(crate) fn text(&self, name: &str) -> String {
        self.template.replace(NAME, name)
    }
}

macro_rules! files {
    ($folder:literal $($path:literal = $template:literal)*) => {
        &[$(File {
            path: $path,
            template: include_str!(concat!("../templates/", $folder, "/", $template)),
        }),*]
    };
}

const RUST: &[File] = files![
    "rust"
    "README.md" = "README.md"
    ".gitignore" = "gitignore.template"
    ".cargo/config.toml" = "config.toml.template"
    "Cargo.toml" = "Cargo.toml.template"
    "plugin.toml" = "plugin.toml"
    "src/lib.rs" = "src/lib.rs"
    "src/backend.rs" = "src/backend.rs"
    "src/clock.rs" = "src/clock.rs"
    "src/flow_store.rs" = "src/flow_store.rs"
    "src/outputs_repository.rs" = "src/outputs_repository.rs"
    "src/run_store.rs" = "src/run_store.rs"
    "src/search.rs" = "src/search.rs"
    "src/state.rs" = "src/state.rs"
    "src/timeseries.rs" = "src/timeseries.rs"
];

const PYTHON: &[File] = files![
    "python"
    "README.md" = "README.md"
    ".gitignore" = "gitignore.template"
    "plugin.toml" = "plugin.toml"
    "requirements.txt" = "requirements.txt"
    "app.py" = "app.py"
    "backend.py" = "backend.py"
    "flow_store.py" = "flow_store.py"
    "outputs_repository.py" = "outputs_repository.py"
    "run_store.py" = "run_store.py"
    "search.py" = "search.py"
    "state.py" = "state.py"
    "timeseries.py" = "timeseries.py"
];

const JS: &[File] = files![
    "js"
    "README.md" = "README.md"
    ".gitignore" = "gitignore.template"
    "build.js" = "build.js"
    "package.json" = "package.json"
    "plugin.toml" = "plugin.toml"
    "src/index.js" = "src/index.js"
    "src/backend.js" = "src/backend.js"
    "src/flow-store.js" = "src/flow-store.js"
    "src/outputs-repository.js" = "src/outputs-repository.js"
    "src/run-store.js" = "src/run-store.js"
    "src/search.js" = "src/search.js"
    "src/state.js" = "src/state.js"
    "src/timeseries.js" = "src/timeseries.js"
];

/// The files of a project in that language, those of the contract included.
pub(crate) fn files(language: Language) -> impl Iterator<Item = File> {
    let files = match language {
        Language::Rust => RUST,
        Language::Python => PYTHON,
        Language::Js => JS,
    };
    let own = files.iter().map(|File { path, template }| File { path, template });
    own.chain(contract())
}

/// What a world of one's own may import to keep its state behind.
const KEY_VALUE: &[File] = files![
    "../../../wit/deps/keyvalue"
    "wit/deps/keyvalue/atomics.wit" = "atomics.wit"
    "wit/deps/keyvalue/batch.wit" = "batch.wit"
    "wit/deps/keyvalue/store.wit" = "store.wit"
];

/// The contract as this program has it, with what it and its backends import.
fn contract() -> impl Iterator<Item = File> {
    let files = wit::FILES.iter().map(|file| File { path: file.path, template: file.text });
    let clock = File { path: "wit/deps/clocks/wall-clock.wit", template: wit::WALL_CLOCK };
    let stores = KEY_VALUE.iter().map(|File { path, template }| File { path, template });
    files.chain([clock]).chain(stores)
}

/// The first block of commands in a project's README: what its author does next.
pub(crate) fn commands(readme: &str) -> impl Iterator<Item = &str> {
    let block = readme.split_once("```sh\n").map_or("", |(_, rest)| rest);
    block.lines().take_while(|line| *line != "```")
}

/// What a project in a folder of that name is called: what cargo and npm take for a name.
pub(crate) fn name(folder: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric();
    let parts = folder.split(|c| !is_fine(c)).filter(|part| !part.is_empty());
    let name = parts.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name,
        false => format!("backend-{name}").trim_end_matches('-').to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A file that is not in its table would not be written.
    #[test]
    fn every_template_is_embedded() {
        for (language, folder) in
            [(Language::Rust, "rust"), (Language::Python, "python"), (Language::Js, "js")]
        {
            let embedded = files(language).filter(|file| !file.path.starts_with("wit/"));
            let embedded: BTreeSet<_> = embedded.map(|file| file.template.to_owned()).collect();
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(folder);
            assert_eq!(embedded, texts(&root), "{folder}");
        }
    }

    fn texts(folder: &Path) -> BTreeSet<String> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let texts = paths.flat_map(|path| match path.is_dir() {
            true => texts(&path),
            false => BTreeSet::from([fs::read_to_string(path).unwrap()]),
        });
        texts.collect()
    }

    #[test]
    fn names_are_what_registries_take() {
        for (folder, expected) in [
            ("orders", "orders"),
            ("My Backend_2", "my-backend-2"),
            ("2nd", "backend-2nd"),
            ("..", "backend"),
            ("été", "t"),
        ] {
            assert_eq!(name(folder), expected, "{folder}");
        }
    }
}
