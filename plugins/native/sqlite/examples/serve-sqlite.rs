//! A process for the tests, to be killed while it writes: the backend of the target in the first
//! argument.

use std::error::Error;
use std::sync::Arc;

use plimsoll_remote::serve;
use plimsoll_sqlite::SqliteBackend;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let target = std::env::args().nth(1).ok_or("which database?")?;
    let backend = Arc::new(SqliteBackend::new(target.parse()?));
    Ok(serve(backend, tokio::io::stdin(), tokio::io::stdout()).await?)
}
