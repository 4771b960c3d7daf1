use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;
use std::{env, fmt};

use plimsoll_sql::mask;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use thiserror::Error;

/// Where the database is, and how to use it. Nothing is connected to before `open` or `discard`.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(crate) connect: PgConnectOptions,
    pub(crate) schema: String,
    pub(crate) pool_size: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
}

/// Why an option cannot be used. It shows no password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidOption {
    /// The URL is no URL of a PostgreSQL database.
    #[error(
        "the URL of the database cannot be read: {0}; write postgres://USER:PASSWORD@HOST/DATABASE, with %40 for @ in the password"
    )]
    Url(String),
    /// The name of the schema is not one that needs no quotes.
    #[error(
        "`{0}` cannot be the schema: its name is 1 to 63 lower-case ASCII letters, digits and \
         underscores, and begins neither with a digit nor with `pg_`"
    )]
    Schema(String),
}

impl PostgresOptions {
    /// The database at `url`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Its parameters are
    /// those of libpq, `sslmode` and `sslrootcert` among them; what it leaves out comes from
    /// `~/.pgpass` and from the variables `PGHOST`, `PGUSER` and so on. To this machine itself TLS
    /// is left out unless `sslmode` asks for it.
    ///
    /// # Errors
    ///
    /// [`InvalidOption::Url`] for anything else.
    pub fn from_url(url: &str) -> Result<Self, InvalidOption> {
        let is_known = ["postgres://", "postgresql://"].iter().any(|start| url.starts_with(start));
        if !is_known {
            let message = "it begins neither with postgres:// nor with postgresql://";
            return Err(InvalidOption::Url(message.to_owned()));
        }
        let connect = PgConnectOptions::from_str(url)
            .map_err(|error| InvalidOption::Url(mask(&error.to_string(), password_of(url))))?;
        let connect = leave_out_tls(url, connect);
        Ok(Self {
            connect: connect.application_name("plimsoll"),
            schema: "plimsoll".to_owned(),
            pool_size: 8,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
        })
    }

    /// The URL as it may be shown: `***` stands for its passwords.
    ///
    /// ```
    /// use plimsoll_postgres::PostgresOptions;
    ///
    /// let shown = PostgresOptions::masked("postgres://bob:secret@db/flows?password=secret");
    /// assert_eq!(shown, "postgres://bob:***@db/flows?password=***");
    /// ```
    #[must_use]
    pub fn masked(url: &str) -> String {
        let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
        let password = password_of(address);
        let shown = match password {
            "" => address.to_owned(),
            password => address.replacen(&format!(":{password}@"), ":***@", 1),
        };
        let hidden = parameters.split('&').map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if name.contains("password") => format!("{name}=***"),
            _ => parameter.to_owned(),
        });
        match parameters {
            "" => shown,
            _ => format!("{shown}?{}", hidden.collect::<Vec<_>>().join("&")),
        }
    }

    /// Another database of the same server.
    #[must_use]
    pub fn database(mut self, name: &str) -> Self {
        self.connect = self.connect.database(name);
        self
    }

    /// The schema of the tables, `plimsoll` by default. Nothing else may be in it under the names
    /// of the tables.
    ///
    /// # Errors
    ///
    /// [`InvalidOption::Schema`] for a name that would need quotes.
    pub fn schema(mut self, name: &str) -> Result<Self, InvalidOption> {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_first = |c: char| c.is_ascii_lowercase() || c == '_';
        let is_plain = name.starts_with(is_first) && name.chars().all(is_inner);
        if !is_plain || name.len() > 63 || name.starts_with("pg_") {
            return Err(InvalidOption::Schema(name.to_owned()));
        }
        name.clone_into(&mut self.schema);
        Ok(self)
    }

    /// How many connections the backend has at the most, 8 by default and 1 at the least. They are
    /// made when they are needed.
    #[must_use]
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// How long a call waits for a connection before it answers `unavailable`, 5 seconds by
    /// default.
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// How long a statement may take before its call answers `unavailable`, 30 seconds by default,
    /// to the millisecond. `discard` alone may take longer.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// How long a statement waits for a lock before its call answers `unavailable`, 10 seconds by
    /// default, to the millisecond.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// What a connection is made with.
    pub(crate) fn session(&self) -> PgConnectOptions {
        // Zero would switch a limit off.
        let milliseconds = |timeout: Duration| timeout.as_millis().clamp(1, i32::MAX as u128);
        self.connect.clone().options([
            ("search_path", self.schema.clone()),
            ("statement_timeout", milliseconds(self.statement_timeout).to_string()),
            ("lock_timeout", milliseconds(self.lock_timeout).to_string()),
            ("idle_in_transaction_session_timeout", "60000".to_owned()),
            // The statements count on seeing what was committed while they waited for a lock.
            ("default_transaction_isolation", "read committed".to_owned()),
            // The default is of disks that turn; with it a long history is read whole for a part.
            ("random_page_cost", "1.1".to_owned()),
            // Compiling takes longer than any of the statements.
            ("jit", "off".to_owned()),
        ])
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("host", &self.connect.get_host())
            .field("port", &self.connect.get_port())
            .field("user", &self.connect.get_username())
            .field("database", &self.connect.get_database())
            .field("schema", &self.schema)
            .field("pool_size", &self.pool_size)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

/// Nobody listens between a machine and itself, and the hands of TLS take a tenth of a second to
/// shake there: a hundred times as long as the rest of a connection.
fn leave_out_tls(url: &str, connect: PgConnectOptions) -> PgConnectOptions {
    let is_loopback = match connect.get_host().parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => connect.get_host() == "localhost",
    };
    let is_chosen = url.contains("sslmode=") || env::var_os("PGSSLMODE").is_some();
    if is_loopback && !is_chosen { connect.ssl_mode(PgSslMode::Disable) } else { connect }
}

/// What stands between the user and the last `@`, however broken the rest is.
fn password_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let login = after_scheme.rsplit_once('@').map_or("", |(login, _)| login);
    login.split_once(':').map_or("", |(_, password)| password)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    #[test]
    fn no_message_shows_the_password() {
        let options = PostgresOptions::from_url("postgres://bob:swordfish@db:1/flows").unwrap();
        let shown = format!("{options:?}");
        assert!(shown.contains("bob") && !shown.contains("swordfish"), "{shown}");
        for url in [
            "postgres://bob:swordfish@db:port/flows",
            "postgres://bob:swordfish@db/flows?sslmode=swordfish",
            "postgres://bob:sword/swordfish@db/flows",
            "mysql://bob:swordfish@db/flows",
            "bob:swordfish@db",
        ] {
            let error = PostgresOptions::from_url(url).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("swordfish"), "{shown}");
        }
    }

    #[test]
    fn a_url_is_shown_without_its_passwords() {
        for (url, shown) in [
            ("postgres://db/flows", "postgres://db/flows"),
            ("postgres://bob@db/flows?sslmode=off", "postgres://bob@db/flows?sslmode=off"),
            ("postgres://b:a@b@db/f", "postgres://b:***@db/f"),
            ("postgres://db/f?sslpassword=x&port=1", "postgres://db/f?sslpassword=***&port=1"),
        ] {
            assert_eq!(PostgresOptions::masked(url), shown);
        }
    }

    #[test]
    fn a_machine_speaks_to_itself_without_tls() {
        let plain = |url: &str| {
            let options = PostgresOptions::from_url(url).unwrap();
            matches!(options.connect.get_ssl_mode(), PgSslMode::Disable)
        };
        assert!(plain("postgres://127.0.0.1/flows"));
        assert!(plain("postgres://localhost/flows"));
        assert!(!plain("postgres://db.internal/flows"));
        assert!(!plain("postgres://localhost/flows?sslmode=require"));
    }

    #[test]
    fn a_schema_needs_no_quotes() {
        let options = PostgresOptions::from_url("postgres://db/flows").unwrap();
        for name in ["", "1st", "Flows", "a-b", "a\"b", "pg_flows", &"a".repeat(64)] {
            let refused = options.clone().schema(name).unwrap_err();
            assert_eq!(refused, InvalidOption::Schema(name.to_owned()));
        }
        assert_eq!(options.schema("flows_2").unwrap().schema, "flows_2");
    }
}
