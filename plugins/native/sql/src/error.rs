use plimsoll_contract::Error;

/// `unavailable`, for an error that says in any dialect that the database cannot be reached; none
/// where the dialect has to look. The caller masks what may hold a password.
#[must_use]
pub fn unreachable(error: &sqlx::Error) -> Option<Error> {
    let message = match error {
        sqlx::Error::PoolTimedOut => {
            "no connection became free in time; the database is slow, cannot be reached, or the \
             pool is too small"
                .to_owned()
        }
        sqlx::Error::PoolClosed => "the backend is being dropped".to_owned(),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => error.to_string(),
        _ => return None,
    };
    Some(Error::Unavailable(message))
}

/// Replaces every occurrence of a secret, so that a message can be shown.
#[must_use]
pub fn mask(message: &str, secret: &str) -> String {
    if secret.is_empty() { message.to_owned() } else { message.replace(secret, "***") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(mask("no `swordfish` for bob", "swordfish"), "no `***` for bob");
        assert_eq!(mask("as it is", ""), "as it is");
    }

    #[test]
    fn an_exhausted_pool_is_unavailable_and_a_missing_row_is_not() {
        let exhausted = unreachable(&sqlx::Error::PoolTimedOut);
        assert!(matches!(exhausted, Some(Error::Unavailable(_))));
        assert_eq!(unreachable(&sqlx::Error::RowNotFound), None);
    }
}
