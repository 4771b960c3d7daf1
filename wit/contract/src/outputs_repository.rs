//! The interface `outputs-repository`, and typed reads of what it holds.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{CallError, FlowEvent, Result, RunId};

/// Step outputs and inputs, trigger data and headers, and the recording of events.
#[async_trait]
pub trait OutputsRepository: Send + Sync {
    /// Stores the output of a step. OUTPUT-1 to 4, 18.
    async fn save_step_output(&self, run_id: RunId, step_key: &str, value_json: &str)
    -> Result<()>;

    /// Stores the input of a step. OUTPUT-5, 19.
    async fn save_step_input(&self, run_id: RunId, step_key: &str, value_json: &str) -> Result<()>;

    /// Answers the output of a step; none if nothing was saved. OUTPUT-6.
    async fn get_step_output(&self, run_id: RunId, step_key: &str) -> Result<Option<String>>;

    /// Answers the input of a step; none if nothing was saved. OUTPUT-7.
    async fn get_step_input(&self, run_id: RunId, step_key: &str) -> Result<Option<String>>;

    /// Stores the trigger's payload. OUTPUT-8.
    async fn save_trigger_data(&self, run_id: RunId, data_json: &str) -> Result<()>;

    /// Answers the trigger's payload; none if nothing was saved. OUTPUT-9.
    async fn get_trigger_data(&self, run_id: RunId) -> Result<Option<String>>;

    /// Stores the trigger's headers. OUTPUT-10 to 13.
    ///
    /// # Errors
    ///
    /// A backend may refuse a repeated name with `invalid-argument`.
    async fn save_trigger_headers(&self, run_id: RunId, headers: &[(String, String)])
    -> Result<()>;

    /// Answers the trigger's headers; none if nothing was saved. OUTPUT-14.
    async fn get_trigger_headers(&self, run_id: RunId) -> Result<Option<Vec<(String, String)>>>;

    /// Says that a step's scope has ended. OUTPUT-15.
    async fn end_scope(&self, run_id: RunId, step_key: &str) -> Result<()>;

    /// Appends an event to a run's log. OUTPUT-16, 17, 20.
    async fn record_event(&self, run_id: RunId, event: &FlowEvent) -> Result<()>;
}

/// Why a typed read gives no value though one is there, or could not be asked for.
#[derive(Debug, Error)]
pub enum TypedReadError {
    /// The backend gave no answer, or an error.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is a value, and it is not of the type that was asked for.
    #[error("{slot} holds a value that cannot be read as {type_name}: {source}")]
    Unreadable {
        /// What was read, for example ``the output of step `charge` ``.
        slot: String,
        /// The type that was asked for.
        type_name: &'static str,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
}

/// Reads a step's output as a `T`. None if nothing was saved; a saved `null` is read like any
/// other value.
///
/// # Errors
///
/// [`TypedReadError::Unreadable`] if a value was saved that is no `T`.
///
/// ```
/// use plimsoll_contract::outputs_repository::step_output_as;
/// # use plimsoll_contract::{OutputsRepository, RunId, outputs_repository::TypedReadError};
///
/// #[derive(serde::Deserialize)]
/// struct Receipt {
///     amount: u64,
/// }
///
/// # async fn example(outputs: &dyn OutputsRepository, run: RunId) -> Result<(), TypedReadError> {
/// match step_output_as::<Receipt>(outputs, run, "charge").await? {
///     Some(receipt) => println!("charged {}", receipt.amount),
///     None => println!("not charged yet"),
/// }
/// # Ok(())
/// # }
/// ```
pub async fn step_output_as<T: DeserializeOwned>(
    outputs: &dyn OutputsRepository,
    run_id: RunId,
    step_key: &str,
) -> std::result::Result<Option<T>, TypedReadError> {
    let json = outputs.get_step_output(run_id, step_key).await?;
    read(json, || format!("the output of step `{step_key}`"))
}

/// Reads a run's trigger data as a `T`. None if nothing was saved; a saved `null` is read like
/// any other value.
///
/// # Errors
///
/// [`TypedReadError::Unreadable`] if a value was saved that is no `T`.
pub async fn trigger_data_as<T: DeserializeOwned>(
    outputs: &dyn OutputsRepository,
    run_id: RunId,
) -> std::result::Result<Option<T>, TypedReadError> {
    let json = outputs.get_trigger_data(run_id).await?;
    read(json, || "the trigger data".to_owned())
}

fn read<T: DeserializeOwned>(
    json: Option<String>,
    slot: impl FnOnce() -> String,
) -> std::result::Result<Option<T>, TypedReadError> {
    let Some(json) = json else { return Ok(None) };
    serde_json::from_str(&json).map(Some).map_err(|source| TypedReadError::Unreadable {
        slot: slot(),
        type_name: std::any::type_name::<T>(),
        source,
    })
}
