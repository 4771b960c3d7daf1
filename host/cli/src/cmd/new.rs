use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::json;

use crate::args::{Language, New};
use crate::failure::Failure;
use crate::output;
use crate::templates::{self, commands, files};

/// Writes a project, and says what to do with it.
pub(crate) fn run(args: &New) -> Result<u8, Failure> {
    let folder = &args.dir;
    be_empty(folder)?;
    let name = name_of(folder);
    let mut written = Vec::new();
    for file in files(args.lang) {
        write(&folder.join(file.path), &file.text(&name))?;
        written.push(file.path);
    }
    let readme = files(args.lang).find(|file| file.path == "README.md");
    let readme = readme.map(|file| file.text(&name)).unwrap_or_default();
    let next: Vec<_> = commands(&readme).collect();
    if args.json {
        let value = json!({ "name": name, "folder": folder, "files": written, "next": next });
        output::print_line(&value.to_string());
    } else {
        let count = written.len();
        let language = language(args.lang);
        let shown = folder.display();
        output::print(&format!(
            "wrote `{name}`, a backend in {language}: {count} files in {shown}\n\nnext:\n\n    \
             cd {shown}\n    {}\n\nIt keeps every promise of the profile core as it is. Its \
             README.md says what is where.\n",
            next.join("\n    ")
        ));
    }
    Ok(0)
}

fn language(language: Language) -> &'static str {
    match language {
        Language::Rust => "Rust",
        Language::Python => "Python",
        Language::Js => "JavaScript",
    }
}

/// Makes the folder. What is in it already is not ours to overwrite.
fn be_empty(folder: &Path) -> Result<(), Failure> {
    let refuse = |why: &str| {
        let message =
            format!("`{}` {why}; name a folder that does not exist yet", folder.display());
        Err(Failure::usage("folder", message))
    };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => refuse("is not empty"),
            None => Ok(()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => refuse("is a file"),
        Err(error) => Err(Failure::file(folder, &error)),
    }
}

/// The folder's own name, also where it was given as `.`.
fn name_of(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    templates::name(&whole.file_name().unwrap_or_default().to_string_lossy())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    }
    fs::write(path, text).map_err(|error| Failure::file(path, &error))
}
