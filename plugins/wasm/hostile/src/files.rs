//! Files that it tries to reach through each directory that it has, and what the host says.

use crate::wasi::filesystem::preopens::get_directories;
use crate::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};

/// The first is in the directory, and the others are outside, if they are.
const PATHS: [&str; 7] = [
    "inside",
    "../outside",
    "sub/../../outside",
    "/etc/passwd",
    "link-to-file",
    "link-to-parent/outside",
    "link-to-root/etc/passwd",
];

type Outcome = Result<u64, ErrorCode>;

/// Each attempt with how it went, and what was read or written of it.
pub(crate) fn look() -> Vec<(String, u64)> {
    let mut seen = Vec::new();
    for (directory, name) in get_directories() {
        let mut tell = |what: &str, outcome: Outcome| {
            let (words, bytes) = match outcome {
                Ok(bytes) => ("done", bytes),
                Err(code) => (code.name(), 0),
            };
            seen.push((format!("{name}: {what}: {words}"), bytes));
        };
        for path in PATHS {
            tell(&format!("read {path}"), read(&directory, path));
        }
        tell("write inside", write(&directory, "inside"));
        tell("write ../outside", write(&directory, "../outside"));
        tell("write link-to-file", write(&directory, "link-to-file"));
        tell("link to the outside", link(&directory));
        tell("rename to the outside", rename(&directory));
        tell("remove ../outside", directory.unlink_file_at("../outside").map(|()| 0));
    }
    seen
}

fn open(
    directory: &Descriptor,
    path: &str,
    what: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    directory.open_at(PathFlags::SYMLINK_FOLLOW, path, OpenFlags::empty(), what)
}

fn read(directory: &Descriptor, path: &str) -> Outcome {
    let (bytes, _) = open(directory, path, DescriptorFlags::READ)?.read(1_000, 0)?;
    Ok(bytes.len() as u64)
}

fn write(directory: &Descriptor, path: &str) -> Outcome {
    open(directory, path, DescriptorFlags::WRITE)?.write(b"written", 0)
}

/// A link that it makes itself must not lead out either.
fn link(directory: &Descriptor) -> Outcome {
    directory.symlink_at("../outside", "made")?;
    read(directory, "made")
}

fn rename(directory: &Descriptor) -> Outcome {
    directory.rename_at("inside", directory, "../stolen").map(|()| 0)
}
