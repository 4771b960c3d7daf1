//! Builds the guests, so that plain `cargo build` and `cargo test` find them. It installs nothing.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use plimsoll_guest_build::{Guest, Toolchain, build, names};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let repository = here.join("../..").canonicalize()?;
    watch(&repository)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let guests = match env::var_os("PLIMSOLL_GUESTS") {
        Some(folder) => prebuilt(&repository, Path::new(&folder))?,
        None => {
            let toolchain = Toolchain::detect()?;
            if let Toolchain::Debian { .. } = toolchain {
                println!("cargo:warning=the guests are built with {toolchain}");
            }
            build(&repository, target_dir(&out)?, &toolchain)?
        }
    };
    fs::write(out.join("guests.rs"), constants(&guests)?)?;
    Ok(())
}

/// What the guests are made of.
fn watch(repository: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=PLIMSOLL_GUESTS");
    let workspace = repository.join("plugins/wasm");
    let guests = names(&workspace)?.into_iter().map(|name| workspace.join(name));
    let manifests = ["Cargo.toml", "Cargo.lock"].map(|name| workspace.join(name));
    let contract = ["wit", "wit/timeseries/src"].map(|name| repository.join(name));
    for path in guests.chain(manifests).chain(contract) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    Ok(())
}

/// Guests that somebody built before, by name.
fn prebuilt(repository: &Path, folder: &Path) -> Result<Vec<Guest>, Box<dyn Error>> {
    let names = names(&repository.join("plugins/wasm"))?;
    let guest = |name: String| {
        let path = folder.join(format!("{name}.wasm"));
        match path.canonicalize() {
            Ok(path) => Ok(Guest { name, path }),
            Err(error) => Err(format!("PLIMSOLL_GUESTS lacks {}: {error}", path.display())),
        }
    };
    Ok(names.into_iter().map(guest).collect::<Result<_, _>>()?)
}

/// The outer build's target directory: `OUT_DIR` is `<target>/<profile>/build/<package>/out`.
fn target_dir(out: &Path) -> Result<&Path, Box<dyn Error>> {
    out.ancestors().nth(4).ok_or_else(|| "OUT_DIR is not in a target directory".into())
}

fn constants(guests: &[Guest]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for Guest { name, path } in guests {
        let constant = name.replace('-', "_").to_uppercase();
        writeln!(text, "/// The guest `{name}`.\npub const {constant}: &str = {path:?};")?;
    }
    let paths = guests.iter().map(|guest| format!("({:?}, {:?})", guest.name, guest.path));
    let paths = paths.collect::<Vec<_>>().join(", ");
    writeln!(text, "/// Every guest with its path.\npub const ALL: &[(&str, &str)] = &[{paths}];")?;
    Ok(text)
}
