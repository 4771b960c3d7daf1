//! Values come through as they are: instants, numbers and texts at their extremes, and errors.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use plimsoll_contract::{
    Backend, CallError, Clock, Description, Error, FlowId, Instant, Interface, Interruption,
    InterruptionKind, OpenConfig, Page, Result, SystemClock, WebhookRejection,
    WebhookRejectionPage, WebhookRejectionQuery, WebhookRejectionStore,
};
use plimsoll_remote::{Remote, serve};
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};
use proptest::{option, prop_assert_eq};
use uuid::Uuid;

/// Says what it was told last.
#[derive(Default)]
struct Echo {
    row: Mutex<Option<WebhookRejection>>,
    filter: Mutex<Option<WebhookRejectionQuery>>,
    error: Mutex<Option<CallError>>,
}

#[async_trait]
impl Backend for Echo {
    async fn describe(&self) -> Result<Description> {
        Err(self.error.lock().unwrap().clone().unwrap())
    }

    async fn open(&self, _config: &OpenConfig, _clock: Arc<dyn Clock>) -> Result<()> {
        Ok(())
    }

    async fn discard(&self, _namespace: &str) -> Result<()> {
        Ok(())
    }

    fn webhook_rejection_store(&self) -> Option<&dyn WebhookRejectionStore> {
        Some(self)
    }
}

#[async_trait]
impl WebhookRejectionStore for Echo {
    async fn write(&self, rejection: &WebhookRejection) -> Result<()> {
        *self.row.lock().unwrap() = Some(rejection.clone());
        Ok(())
    }

    async fn query_recent(
        &self,
        _flow_id: Option<FlowId>,
        _reason: Option<&str>,
        _include_accepted: bool,
        _page: Page,
    ) -> Result<Vec<WebhookRejection>> {
        Ok(self.row.lock().unwrap().iter().cloned().collect())
    }

    async fn query(&self, filter: &WebhookRejectionQuery) -> Result<WebhookRejectionPage> {
        *self.filter.lock().unwrap() = Some(filter.clone());
        let items = self.row.lock().unwrap().iter().cloned().collect();
        Ok(WebhookRejectionPage { items, total_count: u64::MAX })
    }

    async fn counts_by_reason(&self, window: Duration) -> Result<Vec<(String, u64)>> {
        let nanoseconds = window.subsec_nanos().to_string();
        Ok(vec![(nanoseconds, window.as_secs())])
    }
}

async fn echo() -> (Arc<Echo>, Remote) {
    let echo = Arc::new(Echo::default());
    let (here, there) = tokio::io::duplex(64);
    let (requests, answers) = tokio::io::split(there);
    let backend: Arc<dyn Backend> = Arc::<Echo>::clone(&echo);
    tokio::spawn(serve(backend, requests, answers));
    let (answers, requests) = tokio::io::split(here);
    (echo, Remote::connect(answers, requests, Arc::new(SystemClock)).await.unwrap())
}

/// NaN is no value of its own kind: its bits are compared.
fn bits(number: Option<f64>) -> Option<u64> {
    number.map(f64::to_bits)
}

async fn there_and_back(remote: &Remote, row: &WebhookRejection) -> WebhookRejection {
    remote.write(row).await.unwrap();
    let page = remote.query(&WebhookRejectionQuery::default()).await.unwrap();
    assert_eq!(page.total_count, u64::MAX);
    page.items.into_iter().next().unwrap()
}

fn row() -> WebhookRejection {
    WebhookRejection {
        id: 1,
        flow_id: None,
        trigger_key: None,
        received_at: Instant::UNIX_EPOCH,
        remote_ip: None,
        reason: String::new(),
        status_code: 0,
        body_bytes: 0,
        body_truncated: None,
        headers_json: None,
        scheme: None,
        processing_ms: None,
        is_accepted: false,
    }
}

fn at(seconds: i64, nanoseconds: u32) -> Instant {
    DateTime::from_timestamp(seconds, nanoseconds).expect("an instant")
}

#[tokio::test]
async fn instants_are_exact_over_the_whole_range() {
    let (_, remote) = echo().await;
    for instant in [
        Instant::MIN_UTC,
        Instant::MAX_UTC,
        "0001-01-01T00:00:00Z".parse().unwrap(),
        "9999-12-31T23:59:59.999999999Z".parse().unwrap(),
        at(-1, 999_999_999),
        at(0, 1),
        // A leap second, and one where no calendar has it.
        at(1_483_228_799, 1_999_999_999),
        at(59, 1_000_000_000),
        // Years before 0 and after 9999.
        at(-62_167_219_201, 1),
        at(253_402_300_800, 0),
    ] {
        let got =
            there_and_back(&remote, &WebhookRejection { received_at: instant, ..row() }).await;
        assert_eq!(got.received_at, instant);
        assert_eq!(got.received_at.timestamp_subsec_nanos(), instant.timestamp_subsec_nanos());
    }
}

#[tokio::test]
async fn numbers_are_exact_to_the_bit() {
    let (_, remote) = echo().await;
    let odd_nan = f64::from_bits(0xfff0_0000_0000_0001);
    for number in [
        f64::NAN,
        odd_nan,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.0,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        f64::MAX,
        0.1 + 0.2,
        5e-324,
    ] {
        let sent = WebhookRejection { processing_ms: Some(number), ..row() };
        let got = there_and_back(&remote, &sent).await;
        assert_eq!(bits(got.processing_ms), bits(Some(number)), "{number}");
    }
    for id in [i64::MIN, -1, 0, 9_007_199_254_740_993, i64::MAX] {
        let got = there_and_back(&remote, &WebhookRejection { id, ..row() }).await;
        assert_eq!(got.id, id);
    }
    for body_bytes in [0, 9_007_199_254_740_993, u64::MAX] {
        let got = there_and_back(&remote, &WebhookRejection { body_bytes, ..row() }).await;
        assert_eq!(got.body_bytes, body_bytes);
    }
    for window in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let counts = remote.counts_by_reason(window).await.unwrap();
        assert_eq!(counts, [(window.subsec_nanos().to_string(), window.as_secs())]);
    }
}

#[tokio::test]
async fn texts_are_exact_to_the_byte() {
    let (echo, remote) = echo().await;
    let long = "\u{1F6A2}\n".repeat(200_000);
    for text in
        ["", " ", "\0", "a\0b", "\r\n", "\u{2028}\u{FFFF}\u{10FFFF}", "\"\\/", "null", &long]
    {
        let sent = WebhookRejection {
            reason: text.to_owned(),
            trigger_key: Some(text.to_owned()),
            scheme: None,
            ..row()
        };
        assert_eq!(there_and_back(&remote, &sent).await, sent);
        let filter = WebhookRejectionQuery {
            flow_id: Some(FlowId(Uuid::max())),
            reason: None,
            search: Some(text.to_owned()),
            include_accepted: false,
            include_rejected: true,
            page: Page { skip: u32::MAX, take: Some(0) },
        };
        remote.query(&filter).await.unwrap();
        assert_eq!(*echo.filter.lock().unwrap(), Some(filter));
    }
}

fn interrupted(kind: InterruptionKind, backtrace: Option<&str>) -> CallError {
    let backtrace = backtrace.map(str::to_owned);
    Interruption { kind, message: "how\n\0".to_owned(), backtrace }.into()
}

#[tokio::test]
async fn every_error_is_told_apart() {
    let (echo, remote) = echo().await;
    let text = "why\n\0\"".to_owned();
    let answers = [
        Error::NotFound,
        Error::AlreadyExists,
        Error::InvalidArgument(text.clone()),
        Error::Unsupported,
        Error::Unavailable(String::new()),
        Error::Other(text),
        Error::not_open(),
    ];
    let interruptions = [
        interrupted(InterruptionKind::Trap, Some("at 1\nat 2")),
        interrupted(InterruptionKind::Timeout, Some("")),
        interrupted(InterruptionKind::Limit, None),
        interrupted(InterruptionKind::BadAnswer, None),
        interrupted(InterruptionKind::StateLost, None),
    ];
    for error in answers.map(CallError::Answered).into_iter().chain(interruptions) {
        *echo.error.lock().unwrap() = Some(error.clone());
        assert_eq!(remote.describe().await, Err(error));
    }
}

#[test]
fn names_are_those_of_the_wit() {
    for interface in Interface::ALL {
        assert_eq!(serde_json::to_value(interface).unwrap(), interface.name());
    }
}

fn instants() -> impl Strategy<Value = Instant> {
    let range = Instant::MIN_UTC.timestamp()..=Instant::MAX_UTC.timestamp();
    (range, 0..1_000_000_000_u32).prop_map(|(seconds, nanoseconds)| at(seconds, nanoseconds))
}

fn rows() -> impl Strategy<Value = WebhookRejection> {
    let texts = || option::of(any::<String>());
    let ids = option::of(any::<u128>().prop_map(|id| FlowId(Uuid::from_u128(id))));
    let numbers = option::of(any::<u64>().prop_map(f64::from_bits));
    let small = (any::<i64>(), any::<u16>(), any::<u64>(), any::<bool>());
    let many = (texts(), texts(), texts(), texts(), texts(), any::<String>());
    (ids, instants(), numbers, small, many).prop_map(|(flow_id, received_at, ms, small, many)| {
        WebhookRejection {
            id: small.0,
            flow_id,
            trigger_key: many.0,
            received_at,
            remote_ip: many.1,
            reason: many.5,
            status_code: small.1,
            body_bytes: small.2,
            body_truncated: many.2,
            headers_json: many.3,
            scheme: many.4,
            processing_ms: ms,
            is_accepted: small.3,
        }
    })
}

#[test]
fn any_row_comes_back_as_it_was() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_, remote) = runtime.block_on(echo());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&rows(), |sent| {
        let mut got = runtime.block_on(there_and_back(&remote, &sent));
        prop_assert_eq!(bits(got.processing_ms), bits(sent.processing_ms));
        // Compared above; a NaN does not equal itself.
        got.processing_ms = None;
        prop_assert_eq!(got, WebhookRejection { processing_ms: None, ..sent });
        Ok(())
    });
    outcome.unwrap();
}
