//! Mutants of `webhook-rejection-store`.

pub(crate) mod counts;
pub(crate) mod queries;
pub(crate) mod rows;

use plimsoll_contract::{Answer, WebhookRejection};
use plimsoll_model::{Model, Spec};

/// Calls a model that sees other rows than the log has.
fn seen_as<T>(
    model: &mut Model,
    change: impl FnOnce(&mut Vec<WebhookRejection>),
    call: impl FnOnce(&mut Model) -> Answer<T>,
) -> Answer<T> {
    let rows = model.space()?.webhook_rows.clone();
    change(&mut model.space()?.webhook_rows);
    let answer = call(model);
    model.space()?.webhook_rows = rows;
    answer
}
