//! The source's small helpers, on a repository that answers what it is told to.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use async_trait::async_trait;
use plimsoll_contract::outputs_repository::{TypedReadError, step_output_as, trigger_data_as};
use plimsoll_contract::{Error, FlowEvent, Interface, OutputsRepository, Profile, Result, RunId};

/// Answers every read with the same thing.
struct Always(Result<Option<String>>);

impl Always {
    fn saved(json: &str) -> Self {
        Self(Ok(Some(json.to_owned())))
    }
}

#[async_trait]
impl OutputsRepository for Always {
    async fn save_step_output(&self, _: RunId, _: &str, _: &str) -> Result<()> {
        Ok(())
    }
    async fn save_step_input(&self, _: RunId, _: &str, _: &str) -> Result<()> {
        Ok(())
    }
    async fn get_step_output(&self, _: RunId, _: &str) -> Result<Option<String>> {
        self.0.clone()
    }
    async fn get_step_input(&self, _: RunId, _: &str) -> Result<Option<String>> {
        self.0.clone()
    }
    async fn save_trigger_data(&self, _: RunId, _: &str) -> Result<()> {
        Ok(())
    }
    async fn get_trigger_data(&self, _: RunId) -> Result<Option<String>> {
        self.0.clone()
    }
    async fn save_trigger_headers(&self, _: RunId, _: &[(String, String)]) -> Result<()> {
        Ok(())
    }
    async fn get_trigger_headers(&self, _: RunId) -> Result<Option<Vec<(String, String)>>> {
        Ok(None)
    }
    async fn end_scope(&self, _: RunId, _: &str) -> Result<()> {
        Ok(())
    }
    async fn record_event(&self, _: RunId, _: &FlowEvent) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn absent_null_and_present_are_three_answers() {
    let run = RunId::default();
    let absent = step_output_as::<Option<u32>>(&Always(Ok(None)), run, "a").await;
    let null = step_output_as::<Option<u32>>(&Always::saved("null"), run, "a").await;
    let present = trigger_data_as::<Option<u32>>(&Always::saved("7"), run).await;
    assert_eq!(absent.unwrap(), None);
    assert_eq!(null.unwrap(), Some(None));
    assert_eq!(present.unwrap(), Some(Some(7)));
}

#[tokio::test]
async fn an_unreadable_value_is_not_an_absent_one() {
    let error =
        step_output_as::<u32>(&Always::saved("\"seven\""), RunId::default(), "charge").await;
    let error = error.unwrap_err();
    assert!(matches!(error, TypedReadError::Unreadable { .. }));
    assert!(error.to_string().starts_with("the output of step `charge` holds a value"), "{error}");
}

#[tokio::test]
async fn a_failed_call_stays_a_failed_call() {
    let down = Always(Err(Error::Unavailable("down".to_owned()).into()));
    let error = trigger_data_as::<u32>(&down, RunId::default()).await.unwrap_err();
    assert!(matches!(error, TypedReadError::Call(_)), "{error}");
}

#[test]
fn a_backend_is_judged_by_the_largest_profile_that_it_fills() {
    let core = Profile::Core.interfaces();
    let webhooks = Profile::Webhooks.interfaces();
    let both: Vec<_> = core.iter().chain(webhooks).copied().collect();
    assert_eq!(Profile::largest_within(&Interface::ALL), Some(Profile::Full));
    assert_eq!(Profile::largest_within(&both), Some(Profile::Core));
    assert_eq!(Profile::largest_within(webhooks), Some(Profile::Webhooks));
    assert_eq!(Profile::largest_within(&[Interface::Backend, Interface::FlowStore]), None);
    assert_eq!(Profile::smallest_with(&[Interface::FlowStore]), Profile::Core);
    assert_eq!(Profile::smallest_with(&[Interface::SignalStore]), Profile::Production);
    assert_eq!(
        Profile::smallest_with(&[Interface::FlowStore, Interface::WebhookReplayStore]),
        Profile::Full
    );
}
