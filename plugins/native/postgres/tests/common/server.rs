//! A throw-away PostgreSQL server.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server that is stopped, and whose data is removed, when it is dropped.
pub(crate) struct OwnServer {
    programs: PathBuf,
    data: TempDir,
    port: u16,
    authentication: &'static str,
}

/// The password of the user `postgres`, where one is asked for.
pub(crate) const PASSWORD: &str = "swordfish";

impl OwnServer {
    /// Starts one that lets in whoever `authentication`, a method of pg_hba.conf, does.
    pub(crate) fn start(authentication: &'static str) -> Result<Self, String> {
        let programs = programs().ok_or("initdb and pg_ctl are not installed")?;
        let data = TempDir::new().map_err(|error| error.to_string())?;
        let password = data.path().join("password");
        std::fs::write(&password, PASSWORD).map_err(|error| error.to_string())?;
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(data.path()))?;
        }
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        drop(listener);
        let server = Self { programs, data, port, authentication };
        let mut initdb = server.command("initdb");
        initdb.args(["-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-A"]);
        initdb.arg(authentication).arg("--pwfile").arg(&password).arg("-D").arg(server.cluster());
        run(&mut initdb)?;
        server.resume("")?;
        Ok(server)
    }

    /// Starts it again after [`OwnServer::kill`], with more options.
    pub(crate) fn resume(&self, more: &str) -> Result<(), String> {
        let folder = self.data.path().display();
        let options = format!(
            "-p {} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off {more}",
            self.port
        );
        let mut start = self.command("pg_ctl");
        start.args(["-w", "-o", &options, "-l"]).arg(self.data.path().join("log"));
        run(start.arg("-D").arg(self.cluster()).arg("start"))
    }

    /// Stops it without warning, as a crash would.
    pub(crate) fn kill(&self) {
        let mut stop = self.command("pg_ctl");
        // It may be stopped already.
        let _ = run(stop.args(["-m", "immediate", "-D"]).arg(self.cluster()).arg("stop"));
    }

    pub(crate) fn url(&self) -> String {
        let password = match self.authentication {
            "trust" => String::new(),
            _ => format!(":{PASSWORD}"),
        };
        format!("postgres://postgres{password}@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn cluster(&self) -> PathBuf {
        self.data.path().join("cluster")
    }

    /// A program of the server, as somebody who may run it: root may not.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path).current_dir("/");
            return command;
        }
        Command::new(path)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Where the programs of a server are, the newest version first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut bins: Vec<_> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
        bins.sort();
        folders.extend(bins.into_iter().rev());
    }
    let has = |folder: &Path, name: &str| folder.join(name).is_file();
    folders.into_iter().find(|folder| has(folder, "initdb") && has(folder, "pg_ctl"))
}

fn run(command: &mut Command) -> Result<(), String> {
    // The server outlives pg_ctl and would keep a pipe open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
