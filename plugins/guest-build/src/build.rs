use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use thiserror::Error;
use wit_component::ComponentEncoder;

use crate::{MissingToolchain, Toolchain};

/// A guest that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The name of its folder.
    pub name: String,
    /// The component.
    pub path: PathBuf,
}

/// Why the guests could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// No toolchain.
    #[error(transparent)]
    Toolchain(#[from] MissingToolchain),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The compiler could not be run, or it failed.
    #[error("the guests do not compile: {0}")]
    Compiler(String),
    /// What the compiler made cannot be made a component.
    #[error("guest `{name}` cannot be made a component: {reason}")]
    Component {
        /// Which guest.
        name: String,
        /// Why.
        reason: String,
    },
}

/// Builds every guest into `target_dir/guests`, as components.
///
/// # Errors
///
/// Without a toolchain, or if a guest does not compile.
pub fn build(
    repository: &Path,
    target_dir: &Path,
    toolchain: &Toolchain,
) -> Result<Vec<Guest>, BuildError> {
    let workspace = repository.join("plugins/wasm");
    let folder = target_dir.join("guests");
    compile(&workspace, &folder.join("build"), toolchain)?;
    let built = folder.join("build").join(toolchain.target()).join("release");
    let mut guests = Vec::new();
    for name in names(&workspace)? {
        let path = folder.join(format!("{name}.wasm"));
        let module = built.join(format!("{}.wasm", name.replace('-', "_")));
        let bytes = read(&module)?;
        let component = to_component(&name, bytes)?;
        // An unchanged guest keeps its time stamp.
        if fs::read(&path).ok().as_ref() != Some(&component) {
            fs::write(&path, component).map_err(|source| file_error(&path, source))?;
        }
        guests.push(Guest { name, path });
    }
    Ok(guests)
}

/// The names of the guests: the folders of their workspace that are crates.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn names(workspace: &Path) -> Result<Vec<String>, BuildError> {
    let entries = fs::read_dir(workspace).map_err(|source| file_error(workspace, source))?;
    let crates = entries.flatten().filter(|entry| entry.path().join("Cargo.toml").is_file());
    let mut names: Vec<_> =
        crates.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

fn compile(workspace: &Path, target_dir: &Path, toolchain: &Toolchain) -> Result<(), BuildError> {
    let mut command = toolchain.cargo();
    command.args(["build", "--release", "--locked", "--manifest-path"]);
    command.arg(workspace.join("Cargo.toml")).arg("--target-dir").arg(target_dir);
    forget_the_outer_build(&mut command);
    toolchain.configure(&mut command);
    let status = command.status().map_err(|error| BuildError::Compiler(error.to_string()))?;
    match status.success() {
        true => Ok(()),
        false => Err(BuildError::Compiler(format!("{} ended with {status}", words(&command)))),
    }
}

/// A build script runs with variables that are meant for the outer build alone.
fn forget_the_outer_build(command: &mut Command) {
    for name in [
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTDOC",
        "RUSTFLAGS",
        "TARGET",
    ] {
        command.env_remove(name);
    }
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Targets without a component linker give a core module that carries a component type.
fn to_component(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    if bytes.starts_with(COMPONENT) {
        return Ok(bytes);
    }
    let encode = || ComponentEncoder::default().validate(true).module(&bytes)?.encode();
    encode().map_err(|error| BuildError::Component {
        name: name.to_owned(),
        reason: format!("{error:#}"),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), source }
}
