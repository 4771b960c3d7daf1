//! Throw-away servers.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tempfile::TempDir;

/// The password of a server that asks for one.
pub(crate) const PASSWORD: &str = "swordfish";

/// Which program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    Redis,
    Nats,
}

/// A server that is killed, and whose data is removed, when it is dropped.
pub(crate) struct OwnServer {
    program: Program,
    data: TempDir,
    port: u16,
    more: Vec<&'static str>,
    process: Mutex<Option<Child>>,
}

impl OwnServer {
    /// Starts one with more arguments.
    pub(crate) fn start(program: Program, more: &[&'static str]) -> Result<Self, String> {
        let data = TempDir::new().map_err(|error| error.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        drop(listener);
        let (more, process) = (more.to_vec(), Mutex::new(None));
        let server = Self { program, data, port, more, process };
        server.resume()?;
        Ok(server)
    }

    /// Starts it again after [`OwnServer::kill`], on the same data.
    pub(crate) fn resume(&self) -> Result<(), String> {
        let mut command = self.command();
        command.args(&self.more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (log, other): (Box<dyn Read + Send>, Box<dyn Read + Send>) = match self.program {
            Program::Redis => (Box::new(out), Box::new(err)),
            Program::Nats => (Box::new(err), Box::new(out)),
        };
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        drain(BufReader::new(other));
        let mut log = BufReader::new(log);
        let mut lines = String::new();
        while !lines.contains("Ready to accept") && !lines.contains("Server is ready") {
            let read = log.read_line(&mut lines).map_err(|error| error.to_string())?;
            if read == 0 {
                return Err(format!("{command:?} ended: {lines}"));
            }
        }
        drain(log);
        Ok(())
    }

    fn command(&self) -> Command {
        let port = self.port.to_string();
        let mut command = Command::new(match self.program {
            Program::Redis => "redis-server",
            Program::Nats => "nats-server",
        });
        match self.program {
            Program::Redis => command
                .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"])
                .arg(self.data.path())
                .args(["--appendonly", "yes", "--appendfsync", "always"]),
            Program::Nats => {
                command.args(["-a", "127.0.0.1", "-p", &port, "-sd"]).arg(self.data.path())
            }
        };
        command
    }

    /// Stops it without warning, as a crash would.
    pub(crate) fn kill(&self) {
        let child = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Its URL, with a login where it asks for one.
    pub(crate) fn url(&self) -> String {
        let login = match (self.program, self.more.contains(&PASSWORD)) {
            (_, false) => String::new(),
            (Program::Redis, true) => format!(":{PASSWORD}@"),
            (Program::Nats, true) => format!("bob:{PASSWORD}@"),
        };
        let scheme = match self.program {
            Program::Redis => "redis",
            Program::Nats => "nats",
        };
        format!("{scheme}://{login}127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A server that nobody reads from would stop at a full pipe.
fn drain(mut pipe: impl Read + Send + 'static) {
    thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
}
