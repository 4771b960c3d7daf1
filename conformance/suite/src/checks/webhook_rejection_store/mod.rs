//! Accepted and rejected deliveries of webhooks.

pub(super) mod races;
pub(super) mod search;

use std::time::Duration;

use chrono::TimeDelta;
use plimsoll_contract::Interface::WebhookRejectionStore;
use plimsoll_contract::show;
use plimsoll_contract::{
    Clock, ErrorKind, FlowId, Instant, Page, WebhookRejection, WebhookRejectionPage,
    WebhookRejectionQuery,
};

use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "webhook-rejection-store/fields-lost",
        clauses: &["WEBHOOK-1"],
        goal: "Rows are written with every field, and with those absent that may be.",
        usual_cause: "a column is missing, or an absent value becomes a default",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(fields_lost(t)),
    },
    Check {
        id: "webhook-rejection-store/given-id-stored",
        clauses: &["WEBHOOK-2"],
        goal: "Rows are written with ids of the caller's; the store gives its own.",
        usual_cause: "the id of the argument is inserted",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(given_id_stored(t)),
    },
    Check {
        id: "webhook-rejection-store/log-too-short",
        clauses: &["WEBHOOK-4"],
        goal: "1,001 rows are written; the newest 1,000 can be read.",
        usual_cause: "the log is capped too low, or drops the newest",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(log_too_short(t)),
    },
    Check {
        id: "webhook-rejection-store/ordered-by-received-at",
        clauses: &["WEBHOOK-5"],
        goal: "Rows are written whose received-at goes backwards.",
        usual_cause: "the list is ordered by received-at, or ascending",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(ordered_by_received_at(t)),
    },
    Check {
        id: "webhook-rejection-store/flow-filter-wrong",
        clauses: &["WEBHOOK-6"],
        goal: "Rows of two flows and of none are listed with a flow and without.",
        usual_cause: "rows of no flow are lost in a comparison with NULL",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(flow_filter_wrong(t)),
    },
    Check {
        id: "webhook-rejection-store/reason-filter-wrong",
        clauses: &["WEBHOOK-7"],
        goal: "Rows are filtered by a reason in the other case, by a part of it, by nothing and \
               by a blank.",
        usual_cause: "the reason is compared as it is, or as a part, or is trimmed",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(reason_filter_wrong(t)),
    },
    Check {
        id: "webhook-rejection-store/accepted-row-listed",
        clauses: &["WEBHOOK-8"],
        goal: "Accepted and rejected rows are listed with accepted ones and without.",
        usual_cause: "the flag is ignored",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(accepted_row_listed(t)),
    },
    Check {
        id: "webhook-rejection-store/page-size-ignored",
        clauses: &["WEBHOOK-9", "WEBHOOK-11", "BACKEND-13"],
        goal: "Of 510 rows lists of no size, of none, of 10 and of more than 500 are asked for; \
               the total is 510 each time.",
        usual_cause: "the cap or the default is missing, or take 0 means the default",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(page_size_ignored(t)),
    },
    Check {
        id: "webhook-rejection-store/conditions-not-anded",
        clauses: &["WEBHOOK-10"],
        goal: "Flow, reason and search are given, alone and together.",
        usual_cause: "one condition replaces another, or they are ORed",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(conditions_not_anded(t)),
    },
    Check {
        id: "webhook-rejection-store/total-counts-page",
        clauses: &["WEBHOOK-11"],
        goal: "Four of twelve matching rows are asked for, of fifteen.",
        usual_cause: "the total is the page's length, or counts without the conditions",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(total_counts_page(t)),
    },
    Check {
        id: "webhook-rejection-store/includes-ignored",
        clauses: &["WEBHOOK-12"],
        goal: "Rows are queried with accepted, rejected, both and neither.",
        usual_cause: "neither is taken for both",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(includes_ignored(t)),
    },
    Check {
        id: "webhook-rejection-store/ids-begin-again",
        clauses: &["WEBHOOK-2"],
        goal: "Rows are written, and the namespace is opened again in between.",
        usual_cause: "the next id is counted in memory, from 1 after each open",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(ids_begin_again(t)),
    },
    Check {
        id: "webhook-rejection-store/counts-stop-at-page",
        clauses: &["WEBHOOK-16"],
        goal: "510 rows are counted.",
        usual_cause: "the rows of a page are counted, not those of the window",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(counts_stop_at_page(t)),
    },
    Check {
        id: "webhook-rejection-store/window-misses-edge",
        clauses: &["WEBHOOK-16"],
        goal: "Rows were received just before, at and just after the start of the window.",
        usual_cause: "`>` instead of `>=`, or the time of writing counts",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(window_misses_edge(t)),
    },
    Check {
        id: "webhook-rejection-store/accepted-row-counted",
        clauses: &["WEBHOOK-17"],
        goal: "Accepted rows with a reason, and rejected ones without, do not count.",
        usual_cause: "every row with a reason is counted, or every rejected one",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(accepted_row_counted(t)),
    },
    Check {
        id: "webhook-rejection-store/spellings-counted-apart",
        clauses: &["WEBHOOK-18"],
        goal: "A reason is written in three spellings.",
        usual_cause: "the groups are exact, or collide in a map",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(spellings_counted_apart(t)),
    },
    Check {
        id: "webhook-rejection-store/spelling-of-count",
        clauses: &["WEBHOOK-19"],
        goal: "A reason is written in two spellings; which one is answered?",
        usual_cause: "any of them serves",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(spelling_of_count(t)),
    },
    Check {
        id: "webhook-rejection-store/future-row-not-counted",
        clauses: &["WEBHOOK-20"],
        goal: "A row was received an hour from now.",
        usual_cause: "the window also ends at the present instant",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(future_row_not_counted(t)),
    },
    Check {
        id: "webhook-rejection-store/longest-window-miscounts",
        clauses: &["WEBHOOK-21"],
        goal: "The longest window that there is.",
        usual_cause: "the start of the window overflows",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(longest_window_miscounts(t)),
    },
    Check {
        id: "webhook-rejection-store/namespaces-mixed",
        clauses: &["BACKEND-19"],
        goal: "A row of one namespace must not show in another.",
        usual_cause: "the namespace is missing from a WHERE",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(namespaces_mixed(t)),
    },
    Check {
        id: "webhook-rejection-store/long-texts-cut",
        clauses: &["BACKEND-6", "BACKEND-4"],
        goal: "A row has a body of 256 KiB; one with other long texts is kept whole or refused.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(long_texts_cut(t)),
    },
    Check {
        id: "webhook-rejection-store/body-cut-at-nul",
        clauses: &["BACKEND-4"],
        goal: "A body with U+0000 is kept whole or refused.",
        usual_cause: "the text passes through C strings",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(body_cut_at_nul(t)),
    },
];

async fn write(t: &Trial, row: &WebhookRejection) -> Outcome {
    Ok(t.webhook_rejection_store().write(row).await?)
}

async fn write_reasons(t: &Trial, reasons: &[&str]) -> Outcome {
    for reason in reasons {
        write(t, &t.a_rejection(reason)).await?;
    }
    Ok(())
}

async fn recent(t: &Trial) -> Result<Vec<WebhookRejection>, Halt> {
    let page = Page::new(0, Page::MAX_WEBHOOK_ROWS);
    Ok(t.webhook_rejection_store().query_recent(None, None, true, page).await?)
}

async fn query(t: &Trial, filter: WebhookRejectionQuery) -> Result<WebhookRejectionPage, Halt> {
    Ok(t.webhook_rejection_store().query(&filter).await?)
}

async fn search(t: &Trial, text: &str) -> Result<Vec<String>, Halt> {
    let search = Some(text.to_owned());
    let page = query(t, WebhookRejectionQuery { search, ..all() }).await?;
    Ok(reasons(&page.items))
}

async fn counts(t: &Trial, window: Duration) -> Result<Vec<(String, u64)>, Halt> {
    Ok(t.webhook_rejection_store().counts_by_reason(window).await?)
}

fn all() -> WebhookRejectionQuery {
    WebhookRejectionQuery::default()
}

fn reasons(rows: &[WebhookRejection]) -> Vec<String> {
    rows.iter().map(|row| row.reason.clone()).collect()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const HOUR: Duration = Duration::from_secs(3_600);

async fn fields_lost(t: &Trial) -> Outcome {
    let whole = WebhookRejection {
        id: 0,
        flow_id: Some(t.flow_id()),
        trigger_key: Some("Orders ".to_owned()),
        received_at: START + TimeDelta::milliseconds(123),
        remote_ip: Some("2001:db8::7".to_owned()),
        reason: "SIGNATURE_INVALID".to_owned(),
        status_code: 65_535,
        // No 32 bits hold it, and no double.
        body_bytes: (1 << 53) + 1,
        body_truncated: Some("{\"ä\": …".to_owned()),
        headers_json: Some(r#"{ "a" : 1.0 }"#.to_owned()),
        scheme: Some("hmac-sha256".to_owned()),
        processing_ms: Some(0.125),
        is_accepted: false,
    };
    let bare = WebhookRejection {
        flow_id: None,
        trigger_key: None,
        remote_ip: None,
        reason: String::new(),
        body_truncated: None,
        headers_json: None,
        scheme: None,
        processing_ms: None,
        is_accepted: true,
        ..whole.clone()
    };
    for row in [&whole, &bare] {
        write(t, row).await?;
    }
    let mut rows = recent(t).await?;
    rows.reverse();
    for row in &mut rows {
        row.id = 0;
    }
    t.expect("every field is as it was given", &rows, &vec![whole, bare]);
    Ok(())
}

async fn given_id_stored(t: &Trial) -> Outcome {
    for id in [99, 7, -1] {
        write(t, &WebhookRejection { id, ..t.a_rejection("replay") }).await?;
    }
    let ids: Vec<_> = recent(t).await?.iter().map(|row| row.id).collect();
    let falls = ids.windows(2).all(|pair| pair[0] > pair[1]);
    let positive = ids.iter().all(|id| *id >= 1);
    t.expect("there are three rows", &ids.len(), &3);
    let expected = "ids from 1, the newest row's the highest";
    t.expect_that("the ids are the store's", falls && positive, expected, &ids);
    Ok(())
}

async fn ids_begin_again(t: &Trial) -> Outcome {
    for _ in 0..3 {
        write(t, &t.a_rejection("replay")).await?;
        t.open(&t.own_config()).await?;
    }
    let ids: Vec<_> = recent(t).await?.iter().map(|row| row.id).collect();
    let falls = ids.windows(2).all(|pair| pair[0] > pair[1]);
    t.expect_that("every row has a higher id", falls, "the newest row's the highest", &ids);
    Ok(())
}

async fn counts_stop_at_page(t: &Trial) -> Outcome {
    t.clock()?;
    for _ in 0..510 {
        write(t, &t.a_rejection("replay")).await?;
    }
    let counted = counts(t, HOUR).await?;
    t.expect("every row counts", &counted, &vec![("replay".to_owned(), 510)]);
    Ok(())
}

async fn log_too_short(t: &Trial) -> Outcome {
    for number in 0..=1_000 {
        // Whoever keeps the rows that were received last would keep the wrong ones.
        let received_at = START - TimeDelta::seconds(number);
        let row = t.a_rejection(&format!("row-{number}"));
        write(t, &WebhookRejection { received_at, ..row }).await?;
    }
    let log = t.webhook_rejection_store();
    let mut rows = log.query_recent(None, None, true, Page::new(0, 500)).await?;
    rows.extend(log.query_recent(None, None, true, Page::new(500, 500)).await?);
    let expected: Vec<_> = (1..=1_000).rev().map(|number| format!("row-{number}")).collect();
    let got = reasons(&rows);
    t.expect("1,000 rows can be read", &got.len(), &1_000);
    t.expect("the newest is first", &got.first(), &expected.first());
    t.expect("they are the newest", &got.last(), &expected.last());
    Ok(())
}

async fn ordered_by_received_at(t: &Trial) -> Outcome {
    for (reason, seconds) in [("first", 30), ("second", 10), ("third", 20)] {
        let received_at = START + TimeDelta::seconds(seconds);
        write(t, &WebhookRejection { received_at, ..t.a_rejection(reason) }).await?;
    }
    let expected = owned(&["third", "second", "first"]);
    let queried = query(t, all()).await?.items;
    t.expect("query-recent: the last written is first", &reasons(&recent(t).await?), &expected);
    t.expect("query: likewise", &reasons(&queried), &expected);
    Ok(())
}

async fn flow_filter_wrong(t: &Trial) -> Outcome {
    let (wanted, other) = (t.flow_id(), t.flow_id());
    for (reason, flow_id) in [("wanted", Some(wanted)), ("other", Some(other)), ("none", None)] {
        write(t, &WebhookRejection { flow_id, ..t.a_rejection(reason) }).await?;
    }
    let log = t.webhook_rejection_store();
    let of_flow = log.query_recent(Some(wanted), None, true, Page::default()).await?;
    let queried = query(t, WebhookRejectionQuery { flow_id: Some(wanted), ..all() }).await?;
    t.expect("with a flow only its rows", &reasons(&of_flow), &owned(&["wanted"]));
    t.expect("query: likewise", &reasons(&queried.items), &owned(&["wanted"]));
    let everything = reasons(&recent(t).await?);
    t.expect("without one all rows", &everything, &owned(&["none", "other", "wanted"]));
    Ok(())
}

async fn reason_filter_wrong(t: &Trial) -> Outcome {
    write_reasons(t, &["SIGNATURE_INVALID", "SIGNATURE", "replay", "key"]).await?;
    let everything = owned(&["key", "replay", "SIGNATURE", "SIGNATURE_INVALID"]);
    let filters = [
        (Some("signature_invalid"), owned(&["SIGNATURE_INVALID"])),
        (Some("Signature"), owned(&["SIGNATURE"])),
        (Some("SIGNATUREXINVALID"), vec![]),
        (Some("%"), vec![]),
        (Some(""), everything.clone()),
        (None, everything),
        (Some(" "), vec![]),
        (Some("replay "), vec![]),
        (Some("\u{212a}ey"), vec![]),
    ];
    for (reason, expected) in filters {
        let log = t.webhook_rejection_store();
        let recent = log.query_recent(None, reason, true, Page::default()).await?;
        let filter = WebhookRejectionQuery { reason: reason.map(str::to_owned), ..all() };
        let queried = query(t, filter).await?.items;
        t.expect(
            &format!("query-recent with {}", show::value(&reason)),
            &reasons(&recent),
            &expected,
        );
        t.expect(&format!("query with {}", show::value(&reason)), &reasons(&queried), &expected);
    }
    Ok(())
}

async fn accepted_row_listed(t: &Trial) -> Outcome {
    write(t, &t.a_rejection("replay")).await?;
    write(t, &t.an_acceptance()).await?;
    let log = t.webhook_rejection_store();
    let rejected = log.query_recent(None, None, false, Page::default()).await?;
    let both = log.query_recent(None, None, true, Page::default()).await?;
    t.expect("without accepted ones", &reasons(&rejected), &owned(&["replay"]));
    t.expect("with them", &reasons(&both), &owned(&["", "replay"]));
    Ok(())
}

async fn page_size_ignored(t: &Trial) -> Outcome {
    for _ in 0..510 {
        write(t, &t.a_rejection("replay")).await?;
    }
    let pages = [
        (Page::default(), 50),
        (Page::new(0, 0), 0),
        (Page::new(0, 10), 10),
        (Page::new(0, 500), 500),
        (Page::new(0, 501), 500),
        (Page::new(0, u32::MAX), 500),
        (Page::new(505, 10), 5),
        (Page::new(u32::MAX, 10), 0),
        (Page { skip: 490, take: None }, 20),
    ];
    for (page, expected) in pages {
        let recent = t.webhook_rejection_store().query_recent(None, None, true, page).await?.len();
        let queried = query(t, WebhookRejectionQuery { page, ..all() }).await?;
        t.expect(&format!("query-recent with {}", show::value(&page)), &recent, &expected);
        t.expect(&format!("query with {}", show::value(&page)), &queried.items.len(), &expected);
        t.expect(&format!("total with {}", show::value(&page)), &queried.total_count, &510);
    }
    Ok(())
}

async fn conditions_not_anded(t: &Trial) -> Outcome {
    let (flow, other) = (Some(t.flow_id()), Some(t.flow_id()));
    for (flow_id, reason, trigger) in [
        (flow, "replay", "orders"),
        (flow, "replay", "refunds"),
        (flow, "signature", "orders"),
        (other, "replay", "orders"),
    ] {
        let trigger_key = Some(trigger.to_owned());
        let body_bytes = recent(t).await?.len() as u64;
        let row = WebhookRejection { flow_id, trigger_key, body_bytes, ..t.a_rejection(reason) };
        write(t, &row).await?;
    }
    let (reason, search) = (Some("replay".to_owned()), Some("orders".to_owned()));
    let (by_flow, by_reason, by_search) = (
        WebhookRejectionQuery { flow_id: flow, ..all() },
        WebhookRejectionQuery { reason: reason.clone(), ..all() },
        WebhookRejectionQuery { search: search.clone(), ..all() },
    );
    let filters = [
        ("flow", by_flow.clone(), vec![2, 1, 0]),
        ("reason", by_reason.clone(), vec![3, 1, 0]),
        ("search", by_search, vec![3, 2, 0]),
        ("flow and reason", WebhookRejectionQuery { reason, ..by_flow.clone() }, vec![1, 0]),
        (
            "flow and search",
            WebhookRejectionQuery { search: search.clone(), ..by_flow },
            vec![2, 0],
        ),
        ("all three", WebhookRejectionQuery { flow_id: flow, search, ..by_reason }, vec![0]),
    ];
    for (what, filter, expected) in filters {
        let items = query(t, filter).await?.items;
        let rows: Vec<_> = items.iter().map(|row| row.body_bytes).collect();
        t.expect(&format!("the rows that match {what}"), &rows, &expected);
    }
    includes_not_anded(t, flow).await
}

/// The includes narrow what flow, reason and search leave, and the other way round.
async fn includes_not_anded(t: &Trial, flow: Option<FlowId>) -> Outcome {
    let accepted = WebhookRejection { flow_id: flow, body_bytes: 4, ..t.an_acceptance() };
    write(t, &WebhookRejection { reason: "replay".to_owned(), ..accepted.clone() }).await?;
    write(t, &WebhookRejection { flow_id: None, ..accepted }).await?;
    let (reason, search) = (Some("replay".to_owned()), Some("orders".to_owned()));
    let narrowed = [
        ("flow", WebhookRejectionQuery { flow_id: flow, ..all() }, vec![2, 1, 0]),
        ("reason", WebhookRejectionQuery { reason, ..all() }, vec![3, 1, 0]),
        ("search", WebhookRejectionQuery { search, ..all() }, vec![3, 2, 0]),
    ];
    for (what, filter, expected) in narrowed {
        let rejected = WebhookRejectionQuery { include_accepted: false, ..filter.clone() };
        let rejected = query(t, rejected).await?.items;
        let rows: Vec<_> = rejected.iter().map(|row| row.body_bytes).collect();
        t.expect(&format!("the rejected rows that match {what}"), &rows, &expected);
        let accepted = WebhookRejectionQuery { include_rejected: false, ..filter.clone() };
        let accepted = query(t, accepted).await?.items;
        let are_accepted = accepted.iter().all(|row| row.is_accepted);
        let count = if what == "search" { 2 } else { 1 };
        let got = (are_accepted, accepted.len());
        t.expect(&format!("the accepted rows that match {what}"), &got, &(true, count));
        let (flow, reason) = (filter.flow_id, filter.reason.as_deref());
        if filter.search.is_none() {
            let log = t.webhook_rejection_store();
            let recent = log.query_recent(flow, reason, false, Page::default()).await?;
            let rows: Vec<_> = recent.iter().map(|row| row.body_bytes).collect();
            t.expect(&format!("query-recent: the rejected rows of {what}"), &rows, &expected);
        }
    }
    Ok(())
}

async fn total_counts_page(t: &Trial) -> Outcome {
    for number in 0..15 {
        let reason = if number % 5 == 0 { "signature" } else { "replay" };
        write(t, &t.a_rejection(reason)).await?;
    }
    let filter =
        WebhookRejectionQuery { reason: Some("replay".to_owned()), page: Page::new(0, 4), ..all() };
    let page = query(t, filter).await?;
    t.expect("four rows are on the page", &page.items.len(), &4);
    t.expect("twelve match", &page.total_count, &12);
    Ok(())
}

async fn includes_ignored(t: &Trial) -> Outcome {
    write(t, &t.a_rejection("replay")).await?;
    write(t, &t.an_acceptance()).await?;
    let cases = [
        (true, true, owned(&["", "replay"])),
        (true, false, owned(&[""])),
        (false, true, owned(&["replay"])),
        (false, false, vec![]),
    ];
    for (include_accepted, include_rejected, expected) in cases {
        let filter = WebhookRejectionQuery { include_accepted, include_rejected, ..all() };
        let page = query(t, filter).await?;
        let what = format!("accepted {include_accepted}, rejected {include_rejected}");
        t.expect(&what, &reasons(&page.items), &expected);
        t.expect("the total agrees", &page.total_count, &(expected.len() as u64));
    }
    Ok(())
}

/// Writes a row that was received at an instant.
async fn received(t: &Trial, reason: &str, received_at: Instant) -> Outcome {
    write(t, &WebhookRejection { received_at, ..t.a_rejection(reason) }).await
}

async fn window_misses_edge(t: &Trial) -> Outcome {
    let start = t.clock()?.now() - TimeDelta::hours(1);
    for (reason, offset) in [("before", -1), ("at", 0), ("after", 1)] {
        received(t, reason, start + TimeDelta::milliseconds(offset)).await?;
    }
    let expected = [("after".to_owned(), 1), ("at".to_owned(), 1)];
    t.expect_same_items("rows from the start of the window", &counts(t, HOUR).await?, &expected);
    let longer = HOUR + Duration::from_millis(1);
    let all = [("after".to_owned(), 1), ("at".to_owned(), 1), ("before".to_owned(), 1)];
    let what = "a window that is a millisecond longer holds the row before";
    t.expect_same_items(what, &counts(t, longer).await?, &all);
    received(t, "now", t.clock()?.now()).await?;
    let of_now = counts(t, Duration::ZERO).await?;
    t.expect("a window of nothing begins now", &of_now, &vec![("now".to_owned(), 1)]);
    t.clock()?.advance(TimeDelta::hours(2));
    t.expect("later it holds none", &counts(t, HOUR).await?, &Vec::new());
    Ok(())
}

async fn accepted_row_counted(t: &Trial) -> Outcome {
    t.clock()?;
    write_reasons(t, &["replay", "", "replay"]).await?;
    write(t, &WebhookRejection { is_accepted: true, ..t.a_rejection("ok") }).await?;
    write(t, &t.an_acceptance()).await?;
    let counted = counts(t, HOUR).await?;
    t.expect("only the rejections count", &counted, &vec![("replay".to_owned(), 2)]);
    write_reasons(t, &[" "]).await?;
    let counted = counts(t, HOUR).await?.len();
    t.expect("a blank is a reason", &counted, &2);
    Ok(())
}

async fn spellings_counted_apart(t: &Trial) -> Outcome {
    t.clock()?;
    write_reasons(t, &["Replay", "replay", "REPLAY", "other"]).await?;
    let mut counted: Vec<_> = counts(t, HOUR)
        .await?
        .into_iter()
        .map(|(reason, count)| (reason.to_ascii_lowercase(), count))
        .collect();
    counted.sort_unstable();
    let expected = vec![("other".to_owned(), 1), ("replay".to_owned(), 3)];
    t.expect("they are one entry with their sum", &counted, &expected);
    Ok(())
}

async fn spelling_of_count(t: &Trial) -> Outcome {
    t.clock()?;
    write_reasons(t, &["Replay", "REPLAY"]).await?;
    let counted = counts(t, HOUR).await?;
    let spelling = counted.first().map_or("no entry", |(reason, _)| reason.as_str());
    t.observe(match spelling {
        "Replay" => "counts show the first spelling of a reason".to_owned(),
        "REPLAY" => "counts show the last spelling of a reason".to_owned(),
        other => format!("counts show a reason as `{other}`"),
    });
    Ok(())
}

async fn future_row_not_counted(t: &Trial) -> Outcome {
    received(t, "early", t.clock()?.now() + TimeDelta::hours(1)).await?;
    let counted = counts(t, HOUR).await?;
    t.expect("it counts", &counted, &vec![("early".to_owned(), 1)]);
    Ok(())
}

async fn longest_window_miscounts(t: &Trial) -> Outcome {
    received(t, "old", t.clock()?.now() - TimeDelta::days(10_000)).await?;
    let longest = Duration::from_nanos(u64::MAX);
    match t.webhook_rejection_store().counts_by_reason(longest).await {
        Ok(counted) => t.expect("every row counts", &counted, &vec![("old".to_owned(), 1)]),
        refused => {
            t.expect_refusal("or the window is refused", refused, ErrorKind::InvalidArgument)?;
        }
    }
    Ok(())
}

async fn namespaces_mixed(t: &Trial) -> Outcome {
    t.clock()?;
    write_reasons(t, &["replay"]).await?;
    t.open(&t.another_config("-other")).await?;
    t.expect("the other namespace lists no row", &reasons(&recent(t).await?), &Vec::new());
    t.expect("and counts none", &counts(t, HOUR).await?, &Vec::new());
    Ok(())
}

/// Writes a row, and reads it back if it is not refused.
async fn written_back(t: &Trial, row: &WebhookRejection) -> Result<Option<WebhookRejection>, Halt> {
    let outcome = t.webhook_rejection_store().write(row).await;
    Ok(if t.kept_or_refused(outcome)? { recent(t).await?.into_iter().next() } else { None })
}

async fn long_texts_cut(t: &Trial) -> Outcome {
    let body_truncated = Some("b".repeat(256 << 10));
    let row = WebhookRejection { body_truncated, ..t.a_rejection("replay") };
    write(t, &row).await?;
    let body = recent(t).await?.into_iter().next().and_then(|row| row.body_truncated);
    t.expect("the body is whole", &(body == row.body_truncated), &true);
    let long = "l".repeat(300);
    let row = WebhookRejection {
        trigger_key: Some(long.clone()),
        remote_ip: Some(long.clone()),
        scheme: Some(long.clone()),
        ..t.a_rejection(&long)
    };
    if let Some(stored) = written_back(t, &row).await? {
        let expected = WebhookRejection { id: stored.id, ..row };
        t.expect("every text is whole", &stored, &expected);
    }
    Ok(())
}

async fn body_cut_at_nul(t: &Trial) -> Outcome {
    let body_truncated = Some("a\0b".to_owned());
    let row = WebhookRejection { body_truncated, ..t.a_rejection("replay") };
    if let Some(stored) = written_back(t, &row).await? {
        t.expect("the body is whole", &stored.body_truncated, &row.body_truncated);
    }
    Ok(())
}
