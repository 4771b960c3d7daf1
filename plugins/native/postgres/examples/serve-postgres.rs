//! A process for the tests, to be killed while it writes: the backend of the database in
//! `PLIMSOLL_TARGET`, which may hold a password.

use std::error::Error;
use std::sync::Arc;

use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use plimsoll_remote::serve;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = PostgresOptions::from_url(&std::env::var("PLIMSOLL_TARGET")?)?;
    if let Some(database) = std::env::args().nth(1) {
        options = options.database(&database);
    }
    let backend = Arc::new(PostgresBackend::new(options));
    Ok(serve(backend, tokio::io::stdin(), tokio::io::stdout()).await?)
}
