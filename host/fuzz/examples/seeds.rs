//! Writes what fuzzing a target begins with, beside what is in `corpus/`: `seeds TARGET FOLDER`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let (target, folder) = (arguments.next(), arguments.next());
    let folder = PathBuf::from(folder.ok_or("seeds TARGET FOLDER")?);
    if target.is_some_and(|target| target == "load") {
        for (name, bytes) in plimsoll_fuzz::components()? {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}
