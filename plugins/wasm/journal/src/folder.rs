//! Where the logs are: in the first folder that was granted.

use std::cell::OnceCell;

use crate::file::File;
use crate::flow::storage::types::Error;
use crate::wasi::filesystem::preopens;
use crate::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};

/// File systems end names at 255 bytes.
const LONGEST_NAME: usize = 200;

thread_local! {
    static GRANTED: OnceCell<Option<Descriptor>> = const { OnceCell::new() };
}

/// Opens the log of a namespace, if there is one.
pub fn open(namespace: &str) -> Result<Option<File>, Error> {
    with_granted(|root| match open_log(root, namespace, OpenFlags::empty()) {
        Ok(file) => Ok(Some(file)),
        Err(ErrorCode::NoEntry) => Ok(None),
        Err(code) => Err(code.into()),
    })
}

/// Makes the log of a namespace, and the folders on the way.
pub fn create(namespace: &str) -> Result<File, Error> {
    with_granted(|root| {
        let path = path(namespace);
        for folder in folders(&path) {
            match root.create_directory_at(folder) {
                Ok(()) | Err(ErrorCode::Exist) => {}
                Err(code) => return Err(code.into()),
            }
        }
        Ok(open_log(root, namespace, OpenFlags::CREATE)?)
    })
}

/// Removes the log of a namespace. Folders stay: somebody may be about to use them.
pub fn remove(namespace: &str) -> Result<(), Error> {
    with_granted(|root| match root.unlink_file_at(&path(namespace)) {
        Ok(()) => Ok(()),
        Err(ErrorCode::NoEntry) => Ok(()),
        Err(code) => Err(code.into()),
    })?;
    sync(namespace)
}

/// Waits until the disk has the name of the log, or has lost it.
pub fn sync(namespace: &str) -> Result<(), Error> {
    with_granted(|root| {
        root.sync()?;
        for folder in folders(&path(namespace)) {
            let flags = DescriptorFlags::READ;
            match root.open_at(PathFlags::empty(), folder, OpenFlags::DIRECTORY, flags) {
                Ok(folder) => folder.sync()?,
                Err(ErrorCode::NoEntry) => break,
                Err(code) => return Err(code.into()),
            }
        }
        Ok(())
    })
}

fn open_log(root: &Descriptor, namespace: &str, how: OpenFlags) -> Result<File, ErrorCode> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    root.open_at(PathFlags::empty(), &path(namespace), how, flags).map(File::new)
}

fn with_granted<T>(work: impl FnOnce(&Descriptor) -> Result<T, Error>) -> Result<T, Error> {
    GRANTED.with(|granted| {
        let first = || preopens::get_directories().into_iter().next().map(|(folder, _)| folder);
        match granted.get_or_init(first) {
            Some(folder) => work(folder),
            None => Err(Error::Unavailable(
                "there is no folder to keep the log in: grant one to this backend".to_owned(),
            )),
        }
    })
}

/// Where the log of a namespace is. Lower-case letters, digits, `-` and `_` stand for themselves and
/// every other byte for its number, so that names that differ in a byte differ here too, on file
/// systems that fold letter case as well. What is too long for a name goes on in a folder.
fn path(namespace: &str) -> String {
    let mut name = String::new();
    for byte in namespace.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("={byte:02x}")),
        }
    }
    let parts: Vec<_> = name.as_bytes().chunks(LONGEST_NAME).map(String::from_utf8_lossy).collect();
    format!("{}.log", parts.join("/"))
}

/// The folders on a path, the outer ones first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}
