//! What an error of sqlx means to a caller.

use plimsoll_contract::Error;
use plimsoll_sql::unreachable;

/// The row or object that two statements wanted was given to the other one: trying again helps.
pub(crate) fn is_lost_race(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("40001" | "40P01"))
}

/// The connection broke, so that a statement that only reads can be sent again on another.
pub(crate) fn is_broken_connection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_))
        || matches!(code(error).as_deref(), Some("57P01" | "57P02" | "57P05"))
}

/// There is no such table, or the table is somebody else's.
pub(crate) fn is_undefined(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("42P01" | "42703" | "3F000"))
}

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// For a server that has kept silent for longer than it may take.
pub(crate) fn no_answer() -> Error {
    Error::Unavailable("the server does not answer".to_owned())
}

/// What the contract says of an error.
pub(crate) fn answer(error: &sqlx::Error) -> Error {
    if let Some(answer) = unreachable(error) {
        return answer;
    }
    let Some(code) = code(error) else { return Error::Other(error.to_string()) };
    let text = error.as_database_error().map_or_else(String::new, |error| error.message().into());
    match code.as_str() {
        // A character that the database cannot hold; an index entry that is too long; a date.
        "22021" | "22P05" | "54000" | "22008" => Error::InvalidArgument(text),
        "28P01" | "28000" => Error::Other(format!(
            "the server refuses the login ({text}); check user and password of the URL, and \
             pg_hba.conf"
        )),
        "3D000" => Error::Other(format!("{text}; create it, or correct the URL")),
        "42501" | "3F000" => Error::Other(format!(
            "{text}; grant the role CREATE on the database, or make it the owner of the schema"
        )),
        "25006" => Error::Unavailable(format!(
            "{text}; connect to the primary, and leave default_transaction_read_only off"
        )),
        "40001" | "40P01" | "55P03" | "57014" | "25P03" => Error::Unavailable(text),
        // Connections; resources; an operator. All of them pass.
        _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            Error::Unavailable(text)
        }
        _ => Error::Other(format!("{text} (SQLSTATE {code})")),
    }
}
