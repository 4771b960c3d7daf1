use plimsoll_contract::Error;
use plimsoll_sql::unreachable;

/// The contract's error for one of sqlx.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
pub(crate) fn answer(error: sqlx::Error) -> Error {
    if let Some(error) = unreachable(&error) {
        return error;
    }
    let Some(database) = error.as_database_error() else {
        return Error::Other(error.to_string());
    };
    let message = database.message();
    match code(&error) {
        Some(TOO_BIG) => Error::InvalidArgument("a text is longer than SQLite stores".to_owned()),
        Some(code) => match remedy(code) {
            Some(remedy) => Error::Unavailable(format!("{message}; {remedy}")),
            None => Error::Other(message.to_owned()),
        },
        None => Error::Other(message.to_owned()),
    }
}

/// The same, for a step on which a whole group of writes hangs: whatever happened, it is not known
/// what became of them.
pub(crate) fn unavailable(error: sqlx::Error) -> Error {
    match answer(error) {
        Error::Unavailable(message) => Error::Unavailable(message),
        other => Error::Unavailable(other.to_string()),
    }
}

/// Whether another connection holds the file.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    code(error) == Some(BUSY)
}

/// Whether SQLite names no cause of its own: so it answers a rollback without a transaction.
pub(crate) fn is_generic(error: &sqlx::Error) -> bool {
    code(error) == Some(GENERIC)
}

const GENERIC: u32 = 1;
const BUSY: u32 = 5;
const TOO_BIG: u32 = 18;

/// The primary result code.
fn code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// What to do about a result code that says that the database cannot be used just now.
fn remedy(code: u32) -> Option<&'static str> {
    Some(match code {
        3 => "give this process the right to read and write the file",
        5 | 6 => "another connection holds the database; try again, or raise the busy timeout",
        7 => "there is not enough memory",
        8 => "make the file and its folder writable for this process",
        9 => "the statement was interrupted; try again",
        10 => "reading or writing the file failed; look after the disk, then try again",
        11 => "the file is damaged; restore it from a backup",
        13 => "make room on the disk, or raise the limit of pages, then try again",
        14 => "see that the folder is there, and that this process may write to it",
        26 => "the file is no SQLite database; name another one",
        _ => return None,
    })
}
