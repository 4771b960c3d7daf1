//! What a plugin may reach beyond its own memory.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_keyvalue::Engine;

/// What a plugin may reach. Nothing from the start: whatever is not granted links in its null form,
/// or is refused when the component is loaded.
#[derive(Clone, Default)]
pub struct Grants {
    /// Directories of this machine, by the path that the guest sees.
    pub directories: Vec<Directory>,
    /// Where it may connect to by TCP.
    pub tcp: Vec<Remote>,
    /// Names and values of its environment.
    pub environment: Vec<(String, String)>,
    /// What is behind `wasi:keyvalue`. The guest never sees where that is.
    pub key_value: Option<Arc<dyn Engine>>,
    /// Handed to every `open`, before the settings of whoever opens.
    pub settings: Vec<(String, String)>,
}

/// A directory that a guest may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where it is on this machine.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
    /// What may be done in it.
    pub access: Access,
}

/// What may be done in a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Files are read.
    #[default]
    ReadOnly,
    /// Files are read, written, made and removed.
    ReadWrite,
}

/// An address to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// As it was granted: an IP address, or a name that the guest may look up.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What the host was resolved to when the plugin was loaded. The guest connects to nothing
    /// else, whatever a later look-up answers it.
    pub addresses: Vec<SocketAddr>,
}

impl Grants {
    /// Whether a connection may be made.
    pub(crate) fn allow_connecting(&self, address: SocketAddr) -> bool {
        self.tcp.iter().any(|remote| remote.addresses.contains(&address))
    }

    /// Whether a name may be looked up: nobody learns anything from a name that is granted anyway.
    pub(crate) fn allow_looking_up(&self, name: &str) -> bool {
        self.tcp.iter().any(|remote| remote.host == name)
    }
}
