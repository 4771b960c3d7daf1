use RunTimeseriesGranularity::{Day, Hour};
use chrono::TimeDelta;
use plimsoll_contract::Interface::{FlowStore, RunStore};
use plimsoll_contract::{
    Clock, ErrorKind, FlowId, Instant, RunId, RunStatus, RunTimeseriesBucket,
    RunTimeseriesGranularity,
};

use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/run-at-until-counted",
        clauses: &["RUN-46"],
        goal: "Runs start a millisecond before `until`, at it, and after it.",
        usual_cause: "`<=` or BETWEEN at the end of the window",
        uses: &[RunStore],
        run: |t| Box::pin(run_at_until_counted(t)),
    },
    Check {
        id: "run-store/run-at-since-missed",
        clauses: &["RUN-46"],
        goal: "Runs start a millisecond before `since`, at it, and at each boundary between \
               buckets.",
        usual_cause: "`>` at the start of the window, or a boundary that belongs to the bucket \
                      before",
        uses: &[RunStore],
        run: |t| Box::pin(run_at_since_missed(t)),
    },
    Check {
        id: "run-store/run-before-unaligned-since-counted",
        clauses: &["RUN-46"],
        goal: "The window begins within an hour; a run of that hour that started before does not \
               count.",
        usual_cause: "`since` is rounded down before it is compared with started-at",
        uses: &[RunStore],
        run: |t| Box::pin(run_before_unaligned_since_counted(t)),
    },
    Check {
        id: "run-store/gaps-not-filled",
        clauses: &["RUN-47"],
        goal: "Of six hours only the first and the last have runs; all six must be there.",
        usual_cause: "the buckets are the groups of a GROUP BY",
        uses: &[RunStore],
        run: |t| Box::pin(gaps_not_filled(t)),
    },
    Check {
        id: "run-store/empty-store-has-no-buckets",
        clauses: &["RUN-47"],
        goal: "Three days without a single run.",
        usual_cause: "without rows there is an early return, or the function is a stub",
        uses: &[RunStore],
        run: |t| Box::pin(empty_store_has_no_buckets(t)),
    },
    Check {
        id: "run-store/unaligned-window-misses-bucket",
        clauses: &["RUN-47"],
        goal: "Windows begin and end within an hour; the partial buckets must be there.",
        usual_cause: "the number of buckets is the length of the window divided by the width",
        uses: &[RunStore],
        run: |t| Box::pin(unaligned_window_misses_bucket(t)),
    },
    Check {
        id: "run-store/days-are-not-utc",
        clauses: &["RUN-47"],
        goal: "Days around a leap day, with runs at the edges of midnight.",
        usual_cause: "days are cut in the session's time zone",
        uses: &[RunStore],
        run: |t| Box::pin(days_are_not_utc(t)),
    },
    Check {
        id: "run-store/buckets-before-1970-misplaced",
        clauses: &["RUN-47"],
        goal: "Windows begin within an hour and within a day before 1970, and end after.",
        usual_cause: "the quotient of negative seconds is rounded towards zero, not down",
        uses: &[RunStore],
        run: |t| Box::pin(buckets_before_1970_misplaced(t)),
    },
    Check {
        id: "run-store/bucketed-by-completion",
        clauses: &["RUN-48"],
        goal: "A run starts in one hour and ends in the next.",
        usual_cause: "the bucket is taken from completed-at",
        uses: &[RunStore],
        run: |t| Box::pin(bucketed_by_completion(t)),
    },
    Check {
        id: "run-store/endings-miscounted",
        clauses: &["RUN-49"],
        goal: "A run of every status starts in one hour.",
        usual_cause: "whatever is not listed counts as running or as failed",
        uses: &[RunStore],
        run: |t| Box::pin(endings_miscounted(t)),
    },
    Check {
        id: "run-store/past-window-kept-as-it-was",
        clauses: &["RUN-49"],
        goal: "The hour in which a run started is over when the run ends; it is asked for before \
               and after.",
        usual_cause: "a window that is over is cached, though its runs still change",
        uses: &[RunStore],
        run: |t| Box::pin(past_window_kept(t)),
    },
    Check {
        id: "run-store/empty-window-has-bucket",
        clauses: &["RUN-53"],
        goal: "Windows whose end is their start, or before it, within an hour and at its edge.",
        usual_cause: "the window is rounded to whole buckets before it is looked at",
        uses: &[RunStore],
        run: |t| Box::pin(empty_window_has_bucket(t)),
    },
    Check {
        id: "run-store/long-series-cut",
        clauses: &["RUN-54"],
        goal: "A window of 10,001 hours is refused and one of 10,000 is answered whole.",
        usual_cause: "the series is cut at the limit and the rest is lost in silence",
        uses: &[RunStore],
        run: |t| Box::pin(long_series_cut(t)),
    },
    Check {
        id: "run-store/series-ignores-flow",
        clauses: &["RUN-55"],
        goal: "Two flows have runs in one hour; the series is asked for one of them.",
        usual_cause: "the filter is not applied",
        uses: &[RunStore],
        run: |t| Box::pin(series_ignores_flow(t)),
    },
    Check {
        id: "run-store/series-joins-definitions",
        clauses: &["RUN-49", "RUN-55"],
        goal: "Runs of a flow that is disabled, and of one that is not stored, are counted.",
        usual_cause: "the runs are joined with the enabled definitions",
        uses: &[FlowStore, RunStore],
        run: |t| Box::pin(series_joins_definitions(t)),
    },
];

/// The hour in which the series of a check begins.
pub(super) fn first_hour(t: &Trial) -> Result<Instant, Halt> {
    let midnight = t.clock()?.now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    Ok(midnight + TimeDelta::hours(10))
}

pub(super) fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

/// Has a run start at an instant.
pub(super) async fn starts_at(t: &Trial, flow: FlowId, at: Instant) -> Result<RunId, Halt> {
    t.clock()?.set(at);
    t.a_run_of(flow).await
}

/// Has a run start at an instant and end at another.
pub(super) async fn runs_from_to(
    t: &Trial,
    flow: FlowId,
    start: Instant,
    end: Instant,
    status: RunStatus,
) -> Outcome {
    let run = starts_at(t, flow, start).await?;
    t.clock()?.set(end);
    Ok(t.run_store().complete_run(run, status).await?)
}

async fn series(
    t: &Trial,
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
) -> Result<Vec<RunTimeseriesBucket>, Halt> {
    Ok(t.run_store().get_run_timeseries(granularity, since, until, None).await?)
}

/// The start and the total of each bucket.
fn totals(buckets: &[RunTimeseriesBucket]) -> Vec<(Instant, u64)> {
    buckets.iter().map(|bucket| (bucket.timestamp, bucket.total)).collect()
}

/// Hours from `start` with these totals.
fn hours(start: Instant, totals: &[u64]) -> Vec<(Instant, u64)> {
    let starts = (0..).map(|hour| start + TimeDelta::hours(hour));
    starts.zip(totals.iter().copied()).collect()
}

async fn run_at_until_counted(t: &Trial) -> Outcome {
    let (since, flow) = (first_hour(t)?, t.flow_id());
    let until = since + minutes(120);
    for offset in [-1, 0, 1] {
        starts_at(t, flow, until + TimeDelta::milliseconds(offset)).await?;
    }
    let aligned = totals(&series(t, Hour, since, until).await?);
    let unaligned = totals(&series(t, Hour, since, until + TimeDelta::milliseconds(1)).await?);
    t.expect("only the run before `until` counts", &aligned, &hours(since, &[0, 1]));
    t.expect("within an hour likewise", &unaligned, &hours(since, &[0, 1, 1]));
    Ok(())
}

async fn run_at_since_missed(t: &Trial) -> Outcome {
    let (since, flow) = (first_hour(t)?, t.flow_id());
    let millisecond = TimeDelta::milliseconds(1);
    let edge = since + minutes(60);
    for at in [since - millisecond, since, edge - millisecond, edge] {
        starts_at(t, flow, at).await?;
    }
    let buckets = totals(&series(t, Hour, since, since + minutes(120)).await?);
    t.expect("the first instant of an hour belongs to it", &buckets, &hours(since, &[2, 1]));
    Ok(())
}

async fn run_before_unaligned_since_counted(t: &Trial) -> Outcome {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, hour + minutes(10)).await?;
    starts_at(t, flow, hour + minutes(40)).await?;
    let buckets = totals(&series(t, Hour, hour + minutes(30), hour + minutes(120)).await?);
    t.expect("the run before `since` does not count", &buckets, &hours(hour, &[1, 0]));
    for (since, expected) in [(600_001, 1), (600_000, 2), (599_999, 2)] {
        let since_at = hour + TimeDelta::milliseconds(since);
        let buckets = totals(&series(t, Hour, since_at, hour + minutes(60)).await?);
        let what = format!("from {since} ms after the hour, with a run at 600000 ms");
        t.expect(&what, &buckets, &hours(hour, &[expected]));
    }
    Ok(())
}

async fn gaps_not_filled(t: &Trial) -> Outcome {
    let (since, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, since + minutes(30)).await?;
    starts_at(t, flow, since + minutes(330)).await?;
    let buckets = series(t, Hour, since, since + minutes(360)).await?;
    t.expect("all six hours", &totals(&buckets), &hours(since, &[1, 0, 0, 0, 0, 1]));
    let empty = RunTimeseriesBucket {
        timestamp: since + minutes(60),
        total: 0,
        succeeded: 0,
        failed: 0,
        cancelled: 0,
        running: 0,
        p50_duration_ms: None,
        p95_duration_ms: None,
    };
    t.expect("an hour without runs is all zeros", &buckets.get(1), &Some(&empty));
    Ok(())
}

async fn empty_store_has_no_buckets(t: &Trial) -> Outcome {
    let since: Instant = first_hour(t)? - minutes(600);
    let buckets = totals(&series(t, Day, since, since + TimeDelta::days(3)).await?);
    let days = (0..3).map(|day| (since + TimeDelta::days(day), 0)).collect();
    t.expect("three empty days", &buckets, &days);
    Ok(())
}

async fn unaligned_window_misses_bucket(t: &Trial) -> Outcome {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, hour + minutes(74)).await?;
    starts_at(t, flow, hour + minutes(75)).await?;
    let windows = [
        (0, 75, vec![0, 1]),
        (45, 75, vec![0, 1]),
        (45, 120, vec![0, 2]),
        (61, 62, vec![0]),
        (59, 61, vec![0, 0]),
    ];
    for (since, until, expected) in windows {
        let start = hour + minutes(since / 60 * 60);
        let buckets = series(t, Hour, hour + minutes(since), hour + minutes(until)).await?;
        let what = format!("from minute {since} to minute {until}");
        t.expect(&what, &totals(&buckets), &hours(start, &expected));
    }
    Ok(())
}

async fn days_are_not_utc(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    let since = day(t, 2028, 2, 28)?;
    let leap_day = day(t, 2028, 2, 29)?;
    let march = day(t, 2028, 3, 1)?;
    for at in [leap_day - TimeDelta::milliseconds(1), leap_day, march - TimeDelta::milliseconds(1)]
    {
        starts_at(t, flow, at).await?;
    }
    let buckets = totals(&series(t, Day, since, march + TimeDelta::hours(1)).await?);
    t.expect("three days", &buckets, &vec![(since, 1), (leap_day, 2), (march, 0)]);
    Ok(())
}

async fn buckets_before_1970_misplaced(t: &Trial) -> Outcome {
    let epoch = Instant::UNIX_EPOCH;
    let until = epoch + minutes(90);
    let by_hour = totals(&series(t, Hour, epoch - minutes(90), until).await?);
    t.expect(
        "two hours before 1970 and two after",
        &by_hour,
        &hours(epoch - minutes(120), &[0; 4]),
    );
    let by_day = totals(&series(t, Day, epoch - minutes(90), until).await?);
    let days = vec![(epoch - TimeDelta::days(1), 0), (epoch, 0)];
    t.expect("the last day of 1969 and the first of 1970", &by_day, &days);
    Ok(())
}

/// Midnight, UTC.
fn day(t: &Trial, year: i32, month: u32, day: u32) -> Result<Instant, Halt> {
    let date = chrono::NaiveDate::from_ymd_opt(year, month, day);
    let midnight = date.map(|date| date.and_time(chrono::NaiveTime::MIN).and_utc());
    // Every date here exists; the clock's own is only there for the type.
    Ok(midnight.unwrap_or(t.clock()?.now()))
}

async fn bucketed_by_completion(t: &Trial) -> Outcome {
    let (since, flow) = (first_hour(t)?, t.flow_id());
    let (start, end) = (since + minutes(59), since + minutes(61));
    runs_from_to(t, flow, start, end, RunStatus::Succeeded).await?;
    let buckets = series(t, Hour, since, since + minutes(120)).await?;
    t.expect("it belongs to the hour of its start", &totals(&buckets), &hours(since, &[1, 0]));
    let succeeded: Vec<_> = buckets.iter().map(|bucket| bucket.succeeded).collect();
    t.expect("with its ending", &succeeded, &vec![1, 0]);
    Ok(())
}

async fn endings_miscounted(t: &Trial) -> Outcome {
    let (since, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, since).await?;
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        runs_from_to(t, flow, since, since + minutes(1), status).await?;
    }
    let buckets = series(t, Hour, since, since + minutes(60)).await?;
    let counts: Vec<_> =
        buckets.iter().map(|b| [b.total, b.succeeded, b.failed, b.cancelled, b.running]).collect();
    t.expect("total, succeeded, failed, cancelled, running", &counts, &vec![[6, 1, 1, 1, 1]]);
    Ok(())
}

async fn past_window_kept(t: &Trial) -> Outcome {
    let (clock, runs, hour) = (t.clock()?, t.run_store(), RunTimeseriesGranularity::Hour);
    let (since, run) = (clock.now(), t.a_run().await?);
    let until = since + TimeDelta::hours(1);
    clock.advance(TimeDelta::hours(3));
    for (what, expected) in [("is running", (1, 0)), ("has succeeded", (0, 1))] {
        let buckets = runs.get_run_timeseries(hour, since, until, None).await?;
        let running: u64 = buckets.iter().map(|bucket| bucket.running).sum();
        let succeeded: u64 = buckets.iter().map(|bucket| bucket.succeeded).sum();
        t.expect(&format!("the run {what}"), &(running, succeeded), &expected);
        runs.complete_run(run, RunStatus::Succeeded).await?;
    }
    Ok(())
}

async fn empty_window_has_bucket(t: &Trial) -> Outcome {
    let (hour, flow) = (first_hour(t)?, t.flow_id());
    starts_at(t, flow, hour).await?;
    starts_at(t, flow, hour + minutes(15)).await?;
    for (since, until) in [(0, 0), (30, 30), (30, 10), (120, 0)] {
        let buckets = series(t, Hour, hour + minutes(since), hour + minutes(until)).await?;
        let what = format!("from minute {since} to minute {until}");
        t.expect(&what, &buckets, &Vec::new());
    }
    Ok(())
}

async fn long_series_cut(t: &Trial) -> Outcome {
    let since = first_hour(t)?;
    let longest = since + TimeDelta::hours(10_000);
    let allowed = series(t, Hour, since, longest).await?;
    let runs = t.run_store();
    let refused = runs.get_run_timeseries(Hour, since, longest + minutes(1), None).await;
    let last = allowed.last().map(|bucket| bucket.timestamp);
    t.expect("10,000 buckets are answered", &allowed.len(), &10_000);
    t.expect("up to the last hour", &last, &Some(longest - minutes(60)));
    let refused = refused.map(|buckets| buckets.len());
    t.expect_refusal("one more is refused", refused, ErrorKind::InvalidArgument)?;
    // As long as the longest, but it begins and ends within a bucket.
    let (since, until) = (since + minutes(30), longest + minutes(30));
    let refused = runs.get_run_timeseries(Hour, since, until, None).await;
    let refused = refused.map(|buckets| buckets.len());
    t.expect_refusal("so it is where both ends are cut", refused, ErrorKind::InvalidArgument)
}

async fn series_joins_definitions(t: &Trial) -> Outcome {
    let since = first_hour(t)?;
    let disabled = t.flow_store().save(&t.a_definition("Invoice")).await?.id;
    t.flow_store().set_enabled(disabled, false).await?;
    starts_at(t, disabled, since).await?;
    starts_at(t, t.flow_id(), since).await?;
    let (runs, until) = (t.run_store(), since + minutes(60));
    let all = totals(&runs.get_run_timeseries(Hour, since, until, None).await?);
    let of_flow = totals(&runs.get_run_timeseries(Hour, since, until, Some(disabled)).await?);
    t.expect("both count among all", &all, &hours(since, &[2]));
    t.expect("one counts as the flow's", &of_flow, &hours(since, &[1]));
    Ok(())
}

async fn series_ignores_flow(t: &Trial) -> Outcome {
    let (since, wanted, other) = (first_hour(t)?, t.flow_id(), t.flow_id());
    starts_at(t, wanted, since).await?;
    runs_from_to(t, other, since, since + minutes(1), RunStatus::Failed).await?;
    let runs = t.run_store();
    let until = since + minutes(60);
    let buckets = runs.get_run_timeseries(Hour, since, until, Some(wanted)).await?;
    let counts: Vec<_> = buckets.iter().map(|b| (b.total, b.failed, b.p50_duration_ms)).collect();
    t.expect("only its runs count", &counts, &vec![(1, 0, None)]);
    Ok(())
}
