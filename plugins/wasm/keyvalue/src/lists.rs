//! Lists of runs: every run is looked at, and a page of them kept.

use crate::directory;
use crate::flow::storage::types::{Error, FlowRun, Page, Uuid};
use crate::run::{Head, Record};
use crate::runs;
use crate::session::{Session, cut};
use crate::store;
use crate::texts::Found;

/// A run with a record, as a list finds it.
pub struct Listed<'a> {
    pub number: u64,
    pub id: Uuid,
    pub record: Record,
    /// The rest of its entry.
    pub body: &'a [u8],
}

/// Beyond so many runs, those that no page needs are dropped.
const SLACK: usize = 1_000;

/// The latest runs, as many as a page needs.
struct Latest {
    limit: usize,
    total: u64,
    runs: Vec<(u64, Uuid, Record)>,
}

impl Latest {
    fn add(&mut self, run: Listed<'_>) {
        self.total += 1;
        self.runs.push((run.number, run.id, run.record));
        if self.runs.len() > self.limit.saturating_mul(2).saturating_add(SLACK) {
            self.sort();
        }
    }

    /// Descending by start; by id where that is equal, so that pages fit together.
    fn sort(&mut self) {
        self.runs.sort_by(|(_, a_id, a), (_, b_id, b)| {
            b.started_at.cmp(&a.started_at).then_with(|| a_id.cmp(b_id))
        });
        self.runs.truncate(self.limit);
    }
}

impl Session {
    /// Visits every run that has a record, each at one moment.
    pub fn each_run(
        &self,
        mut visit: impl FnMut(Listed<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut numbers: Vec<u64> = Vec::new();
        store::each(&self.buckets.directory, |page: directory::Page| {
            numbers.extend(page.into_values());
            while numbers.len() >= store::BATCH {
                let later = numbers.split_off(store::BATCH);
                self.visit_runs(&numbers, &mut visit)?;
                numbers = later;
            }
            Ok(())
        })?;
        self.visit_runs(&numbers, &mut visit)
    }

    fn visit_runs(
        &self,
        numbers: &[u64],
        visit: &mut impl FnMut(Listed<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let keys: Vec<_> = numbers.iter().map(|number| runs::key(*number)).collect();
        let values = store::read_many(&self.buckets.runs, &keys)?;
        for ((number, key), bytes) in numbers.iter().zip(&keys).zip(values) {
            let Some(bytes) = bytes else { continue };
            let Some((head, body)) = Head::decode(key, &bytes)? else { continue };
            let Head { id, record: Some(record), .. } = head else { continue };
            visit(Listed { number: *number, id, record, body })?;
        }
        Ok(())
    }

    /// A page of the runs that `keep` keeps, and how many they are in all.
    pub fn list(
        &self,
        page: Page,
        default: u32,
        keep: impl Fn(&Listed<'_>) -> Result<bool, Error>,
    ) -> Result<(Vec<FlowRun>, u64), Error> {
        let take = page.take.unwrap_or(default) as usize;
        loop {
            let limit = (page.skip as usize).saturating_add(take);
            let mut latest = Latest { limit, total: 0, runs: Vec::new() };
            self.each_run(|run| {
                if keep(&run)? {
                    latest.add(run);
                }
                Ok(())
            })?;
            latest.sort();
            let Latest { runs, total, .. } = latest;
            // A run that is gone by now belongs on no page: the list is made anew without it.
            if let Some(runs) = self.shown(cut(runs, page, default))? {
                return Ok((runs, total));
            }
        }
    }

    /// The runs with their trigger data; none if one of them is gone.
    fn shown(&self, runs: Vec<(u64, Uuid, Record)>) -> Result<Option<Vec<FlowRun>>, Error> {
        let mut shown = Vec::with_capacity(runs.len());
        for (number, id, record) in runs {
            let Some(found) = self.texts(number, &record.trigger_data)? else { return Ok(None) };
            shown.push(record.show(id, &found));
        }
        Ok(Some(shown))
    }
}

impl Record {
    /// What the contract calls a run.
    pub fn show(self, id: Uuid, found: &Found) -> FlowRun {
        FlowRun {
            id,
            flow_id: self.flow_id,
            flow_name: self.flow_name,
            status: self.status,
            trigger_key: self.trigger_key,
            trigger_data_json: found.some(self.trigger_data.as_ref()),
            background_job_id: self.job_id,
            started_at: self.started_at,
            completed_at: self.completed_at,
            source_run_id: self.source_run_id,
        }
    }
}
