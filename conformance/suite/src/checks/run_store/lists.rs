use chrono::TimeDelta;
use plimsoll_contract::Interface::RunStore;
use plimsoll_contract::show;
use plimsoll_contract::{Clock, FlowId, Page, RunId, RunStatus, StartRun};

use super::ids;
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/oldest-run-first",
        clauses: &["RUN-27"],
        goal: "Runs are started a minute apart and listed.",
        usual_cause: "the list comes by id or by insertion, or ascending",
        uses: &[RunStore],
        run: |t| Box::pin(oldest_run_first(t)),
    },
    Check {
        id: "run-store/flow-filter-ignored",
        clauses: &["RUN-27"],
        goal: "The runs of one of two flows are listed.",
        usual_cause: "the filter is not applied",
        uses: &[RunStore],
        run: |t| Box::pin(flow_filter_ignored(t)),
    },
    Check {
        id: "run-store/default-page-unbounded",
        clauses: &["RUN-28"],
        goal: "Of 60 runs a list without a size is asked for.",
        usual_cause: "without take everything is answered",
        uses: &[RunStore],
        run: |t| Box::pin(default_page_unbounded(t)),
    },
    Check {
        id: "run-store/long-lists-cut",
        clauses: &["RUN-5", "RUN-57", "RUN-32"],
        goal: "1,001 runs repeat one run; all are listed as derived and as active, and counted.",
        usual_cause: "a list that has no page has a limit all the same, or the count has one",
        uses: &[RunStore],
        run: |t| Box::pin(long_lists_cut(t)),
    },
    Check {
        id: "run-store/page-size-ignored",
        clauses: &["BACKEND-13"],
        goal: "Pages of none, of two, past the end and of every size that there is.",
        usual_cause: "take 0 means the default, skip is ignored, or a large number overflows",
        uses: &[RunStore],
        run: |t| Box::pin(page_size_ignored(t)),
    },
    Check {
        id: "run-store/pages-repeat-or-miss",
        clauses: &["RUN-29"],
        goal: "Twenty runs start in one instant and are read in pages of seven, two and one; \
               those of another flow stand between them.",
        usual_cause: "the order has no tie-breaker; add the id",
        uses: &[RunStore],
        run: |t| Box::pin(pages_repeat_or_miss(t)),
    },
    Check {
        id: "run-store/order-of-equal-starts",
        clauses: &["RUN-30"],
        goal: "Runs that start in one instant are listed.",
        usual_cause: "any order serves",
        uses: &[RunStore],
        run: |t| Box::pin(order_of_equal_starts(t)),
    },
    Check {
        id: "run-store/filters-not-anded",
        clauses: &["RUN-31"],
        goal: "Flow, status and search are given, alone and together.",
        usual_cause: "one filter replaces another, or they are ORed",
        uses: &[RunStore],
        run: |t| Box::pin(filters_not_anded(t)),
    },
    Check {
        id: "run-store/page-out-of-order",
        clauses: &["RUN-31"],
        goal: "Runs are started a minute apart, and less than a second, and paged with every \
               filter.",
        usual_cause: "the page query has no order",
        uses: &[RunStore],
        run: |t| Box::pin(page_out_of_order(t)),
    },
    Check {
        id: "run-store/total-counts-page",
        clauses: &["RUN-32"],
        goal: "One of three matching runs is asked for; the total is three, of five.",
        usual_cause: "the total is the page's length, or counts without the filter",
        uses: &[RunStore],
        run: |t| Box::pin(total_counts_page(t)),
    },
];

/// Starts runs a minute apart and answers them, the latest first.
async fn runs_a_minute_apart(t: &Trial, flow: FlowId, count: usize) -> Result<Vec<RunId>, Halt> {
    let clock = t.clock()?;
    let mut runs = Vec::new();
    for _ in 0..count {
        clock.advance(TimeDelta::minutes(1));
        runs.insert(0, t.a_run_of(flow).await?);
    }
    Ok(runs)
}

async fn oldest_run_first(t: &Trial) -> Outcome {
    let started = runs_a_minute_apart(t, t.flow_id(), 5).await?;
    let listed = t.run_store().get_runs(None, Page::all()).await?;
    t.expect("the latest comes first", &ids(&listed), &started);
    let (clock, flow) = (t.clock()?, t.flow_id());
    let now = clock.now();
    let mut expected = Vec::new();
    for minutes in [5, 9, 7] {
        clock.set(now + TimeDelta::minutes(minutes));
        expected.push(t.a_run_of(flow).await?);
    }
    expected = [1, 2, 0].map(|index| expected[index]).to_vec();
    let of_flow = t.run_store().get_runs(Some(flow), Page::all()).await?;
    t.expect("of a flow too, when the clock went back", &ids(&of_flow), &expected);
    let flow = t.flow_id();
    let mut expected = Vec::new();
    for _ in 0..4 {
        clock.advance(TimeDelta::milliseconds(1));
        expected.insert(0, t.a_run_of(flow).await?);
    }
    let of_flow = ids(&t.run_store().get_runs(Some(flow), Page::all()).await?);
    let all = ids(&t.run_store().get_runs(None, Page::all()).await?);
    let page = t.run_store().get_runs_page(Some(flow), None, Page::all(), None).await?;
    let among_all: Vec<_> = all.into_iter().filter(|run| expected.contains(run)).collect();
    t.expect("of a flow by the millisecond", &of_flow, &expected);
    t.expect("of all by the millisecond", &among_all, &expected);
    t.expect("on a page by the millisecond", &ids(&page.items), &expected);
    Ok(())
}

async fn flow_filter_ignored(t: &Trial) -> Outcome {
    let (wanted, other) = (t.flow_id(), t.flow_id());
    let runs = [t.a_run_of(wanted).await?, t.a_run_of(wanted).await?];
    t.a_run_of(other).await?;
    let listed = t.run_store().get_runs(Some(wanted), Page::all()).await?;
    t.expect_same_items("only its runs are listed", &ids(&listed), &runs);
    Ok(())
}

async fn default_page_unbounded(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for _ in 0..60 {
        t.a_run_of(flow).await?;
    }
    let listed = t.run_store().get_runs(None, Page::default()).await?;
    let page = t.run_store().get_runs_page(None, None, Page::default(), None).await?;
    t.expect("get-runs answers 50", &listed.len(), &50);
    t.expect("get-runs-page answers 50", &page.items.len(), &50);
    let (runs, rest) = (t.run_store(), Page { skip: 20, take: None });
    let listed = runs.get_runs(None, rest).await?.len();
    let paged = runs.get_runs_page(None, None, rest, None).await?.items.len();
    t.expect("both answer the 40 after 20", &(listed, paged), &(40, 40));
    t.expect("and counts them all", &page.total_count, &60);
    Ok(())
}

async fn long_lists_cut(t: &Trial) -> Outcome {
    const COUNT: usize = 1_001;
    let (runs, source, flow) = (t.run_store(), t.run_id(), t.flow_id());
    for _ in 0..COUNT {
        let start = StartRun { source_run_id: Some(source), ..t.start_of(flow) };
        runs.start_run(&start).await?;
    }
    let derived = runs.get_derived_runs(source).await?.len();
    let active = runs.get_active_runs().await?.len();
    let page = runs.get_runs_page(None, None, Page::new(0, 1), None).await?;
    t.expect("all of them are derived", &derived, &COUNT);
    t.expect("all of them are active", &active, &COUNT);
    t.expect("the total counts them all", &page.total_count, &(COUNT as u64));
    Ok(())
}

async fn page_size_ignored(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for _ in 0..5 {
        t.a_run_of(flow).await?;
    }
    let pages = [
        (Page::new(0, 0), 0),
        (Page::new(0, 2), 2),
        (Page::new(4, 2), 1),
        (Page::new(5, 2), 0),
        (Page::new(u32::MAX, u32::MAX), 0),
        (Page::new(0, u32::MAX), 5),
        (Page::new(3, u32::MAX), 2),
        (Page { skip: 3, take: None }, 2),
    ];
    for (page, expected) in pages {
        let listed = t.run_store().get_runs(None, page).await?.len();
        let paged = t.run_store().get_runs_page(None, None, page, None).await?;
        t.expect(&format!("get-runs with {}", show::value(&page)), &listed, &expected);
        t.expect(
            &format!("get-runs-page with {}", show::value(&page)),
            &paged.items.len(),
            &expected,
        );
        t.expect(&format!("total with {}", show::value(&page)), &paged.total_count, &5);
    }
    Ok(())
}

async fn pages_repeat_or_miss(t: &Trial) -> Outcome {
    let (flow, other) = (t.flow_id(), t.flow_id());
    let mut started = Vec::new();
    for _ in 0..20 {
        started.push(t.a_run_of(flow).await?);
    }
    expect_paged(t, "all", None, &started).await?;
    let mut of_other = Vec::new();
    for _ in 0..5 {
        of_other.push(t.a_run_of(other).await?);
    }
    expect_paged(t, "a flow", Some(flow), &started).await?;
    expect_paged(t, "the other flow", Some(other), &of_other).await
}

/// Every list of the runs of a flow must show each of them once, over pages of seven, of two and
/// of one, whatever other runs there are.
async fn expect_paged(t: &Trial, whose: &str, flow: Option<FlowId>, runs: &[RunId]) -> Outcome {
    for size in [7, 2, 1] {
        let (mut listed, mut paged, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for skip in (0..runs.len() as u32).step_by(size as usize) {
            let (store, page) = (t.run_store(), Page::new(skip, size));
            listed.extend(ids(&store.get_runs(flow, page).await?));
            paged.extend(ids(&store.get_runs_page(flow, None, page, None).await?.items));
            let search = store.get_runs_page(flow, None, page, Some("invoice"));
            found.extend(ids(&search.await?.items));
        }
        let of = format!("of {whose} once, {size} a page");
        t.expect_same_items(&format!("get-runs shows each run {of}"), &listed, runs);
        t.expect_same_items(&format!("get-runs-page shows each run {of}"), &paged, runs);
        t.expect_same_items(&format!("a search shows each run {of}"), &found, runs);
    }
    Ok(())
}

async fn order_of_equal_starts(t: &Trial) -> Outcome {
    t.clock()?;
    let flow = t.flow_id();
    let mut started = Vec::new();
    for _ in 0..6 {
        started.push(t.a_run_of(flow).await?);
    }
    let listed = ids(&t.run_store().get_runs(None, Page::all()).await?);
    let mut by_id = started.clone();
    by_id.sort_unstable();
    let is = |order: &[RunId]| {
        let reversed = order.iter().rev().copied().collect::<Vec<_>>();
        listed == order || listed == reversed
    };
    t.observe(match () {
        () if is(&started) => "runs with equal starts come by insertion",
        () if is(&by_id) => "runs with equal starts come by id",
        () => "runs with equal starts come in an order of their own",
    });
    Ok(())
}

async fn filters_not_anded(t: &Trial) -> Outcome {
    let runs = t.run_store();
    let (flow, other) = (t.flow_id(), t.flow_id());
    let clock = t.clock()?;
    let mut all = Vec::new();
    for (flow, name, ended) in [
        (flow, "Invoice", true),
        (flow, "Invoice", false),
        (flow, "Refund", true),
        (other, "Invoice", true),
    ] {
        // In a fixed order, so that some that match always stand behind one that does not.
        clock.advance(TimeDelta::minutes(1));
        let mut start = t.start_of(flow);
        start.flow_name = name.to_owned();
        runs.start_run(&start).await?;
        t.a_running_step(start.run_id, "look-up").await?;
        if ended {
            runs.complete_run(start.run_id, RunStatus::Failed).await?;
        }
        all.push(start.run_id);
    }
    let failed = Some(RunStatus::Failed);
    let queries = [
        ("a flow", Some(flow), None, None, vec![0, 1, 2]),
        ("a status", None, failed, None, vec![0, 2, 3]),
        ("a search", None, None, Some("invoice"), vec![0, 1, 3]),
        ("flow and status", Some(flow), failed, None, vec![0, 2]),
        ("flow and search", Some(flow), None, Some("invoice"), vec![0, 1]),
        ("status and search", None, failed, Some("invoice"), vec![0, 3]),
        ("all three", Some(flow), failed, Some("invoice"), vec![0]),
        ("flow and a step's key", Some(flow), None, Some("look-up"), vec![0, 1, 2]),
        ("status and a step's key", None, failed, Some("look-up"), vec![0, 2, 3]),
    ];
    for (what, flow, status, search, expected) in queries {
        let page = runs.get_runs_page(flow, status, Page::all(), search).await?;
        let expected: Vec<_> = expected.into_iter().map(|index| all[index]).collect();
        t.expect_same_items(&format!("the runs that match {what}"), &ids(&page.items), &expected);
        let mut singly = Vec::new();
        for skip in 0..expected.len() as u32 {
            let page = runs.get_runs_page(flow, status, Page::new(skip, 1), search).await?;
            singly.extend(ids(&page.items));
        }
        t.expect_same_items(&format!("one a page, those that match {what}"), &singly, &expected);
    }
    Ok(())
}

async fn page_out_of_order(t: &Trial) -> Outcome {
    let started = runs_a_minute_apart(t, t.flow_id(), 5).await?;
    let page = t.run_store().get_runs_page(None, None, Page::new(1, 3), None).await?;
    t.expect("the latest comes first", &ids(&page.items).as_slice(), &&started[1..4]);
    let (flow, mut expected) = (t.flow_id(), Vec::new());
    for milliseconds in [700, 800, 400, 900] {
        t.clock()?.advance(TimeDelta::milliseconds(milliseconds));
        expected.insert(0, t.a_run_of(flow).await?);
    }
    for run in &expected {
        t.run_store().complete_run(*run, RunStatus::Failed).await?;
    }
    let failed = Some(RunStatus::Failed);
    let filters = [
        ("a flow", Some(flow), None, None),
        ("a status", None, failed, None),
        ("flow and status", Some(flow), failed, None),
        ("flow and search", Some(flow), None, Some("invoice")),
        ("status and search", None, failed, Some("invoice")),
    ];
    for (what, flow, status, search) in filters {
        let page = t.run_store().get_runs_page(flow, status, Page::all(), search).await?;
        t.expect(&format!("also with {what}"), &ids(&page.items), &expected);
    }
    Ok(())
}

async fn total_counts_page(t: &Trial) -> Outcome {
    let (wanted, other) = (t.flow_id(), t.flow_id());
    for flow in [wanted, other, wanted, other, wanted] {
        t.a_run_of(flow).await?;
    }
    let page = t.run_store().get_runs_page(Some(wanted), None, Page::new(0, 1), None).await?;
    t.expect("one run is on the page", &page.items.len(), &1);
    t.expect("three match", &page.total_count, &3);
    for skip in [3, 9] {
        let runs = t.run_store();
        let page = runs.get_runs_page(Some(wanted), None, Page::new(skip, 1), None).await?;
        let got = (page.items.len(), page.total_count);
        t.expect(&format!("also behind the last of them, from {skip}"), &got, &(0, 3));
        for (take, search) in [(1, Some("invoice")), (0, Some("invoice")), (0, None)] {
            let page =
                runs.get_runs_page(Some(wanted), None, Page::new(skip, take), search).await?;
            let got = (page.items.len(), page.total_count);
            let what =
                format!("from {skip}, {take} a page, searching for {}", show::value(&search));
            t.expect(&what, &got, &(0, 3));
        }
    }
    Ok(())
}
