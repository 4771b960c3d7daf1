//! Reads and changes of one run. A change is one swap of the run's entry.

use crate::flow::storage::types::{Error, Uuid};
use crate::ids;
use crate::run::{Head, Run};
use crate::session::Session;
use crate::store;
use crate::texts::Texts;

pub fn key(number: u64) -> String {
    format!("{number:016x}")
}

impl Session {
    /// The head of an entry; none if it is dead or gone.
    pub fn head(&self, number: u64) -> Result<Option<Head>, Error> {
        let key = key(number);
        let Some(bytes) = store::read(&self.buckets.runs, &key)? else { return Ok(None) };
        Ok(Head::decode(&key, &bytes)?.map(|(head, _)| head))
    }

    fn run(&self, number: u64) -> Result<Option<Run>, Error> {
        let key = key(number);
        let Some(bytes) = store::read(&self.buckets.runs, &key)? else { return Ok(None) };
        Run::decode(&key, &bytes)
    }

    /// Reads a run at one moment, by whichever part of it `read` does; none for an unknown run.
    fn read_run<T>(
        &self,
        run: Uuid,
        read: impl Fn(u64) -> Result<Option<T>, Error>,
    ) -> Result<Option<(u64, T)>, Error> {
        if let Some(place) = self.place(run) {
            if let Some(found) = read(place)? {
                return Ok(Some((place, found)));
            }
            self.forget(run);
        }
        let Some(place) = self.look_up(run)? else { return Ok(None) };
        let found = read(place)?.map(|found| (place, found));
        if found.is_some() {
            self.remember(run, place);
        }
        Ok(found)
    }

    /// A run with the number of its entry.
    pub fn view(&self, run: Uuid) -> Result<Option<(u64, Run)>, Error> {
        self.read_run(run, |number| self.run(number))
    }

    /// The number of a run's entry and its head.
    pub fn view_head(&self, run: Uuid) -> Result<Option<(u64, Head)>, Error> {
        self.read_run(run, |number| self.head(number))
    }

    /// Changes a run in one step. An unknown run begins empty, and is kept if it does not stay so.
    /// `change` is asked again when somebody else was faster.
    pub fn change<T>(
        &self,
        run: Uuid,
        mut change: impl FnMut(&mut Run, &mut Texts) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Some(place) = self.place(run) {
                if let Some(answer) = self.change_entry(place, &mut change)? {
                    return Ok(answer);
                }
                self.forget(run);
            }
            let place = self.look_up(run)?;
            if let Some(place) = place
                && let Some(answer) = self.change_entry(place, &mut change)?
            {
                self.remember(run, place);
                return Ok(answer);
            }
            if let Some(answer) = self.change_unknown(run, place, &mut change)? {
                return Ok(answer);
            }
        }
    }

    /// Changes an entry; none if it is dead or gone.
    pub fn change_entry<T>(
        &self,
        number: u64,
        mut change: impl FnMut(&mut Run, &mut Texts) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (key, mut texts) = (key(number), Texts::new(number));
        let (answer, emptied) = store::update(&self.buckets.runs, &key, |bytes| {
            let gone = Ok(((None, None), None));
            let Some(before) = bytes else { return gone };
            let Some(mut run) = Run::decode(&key, before)? else { return gone };
            let answer = Some(change(&mut run, &mut texts)?);
            let after = run.encode()?;
            if after == before {
                return Ok(((answer, None), None));
            }
            if run.is_empty()? {
                let mark = Run::mark(&run.head)?;
                return Ok(((answer, Some(run.head)), Some(mark)));
            }
            texts.write(self)?;
            Ok(((answer, None), Some(after)))
        })?;
        if let Some(head) = emptied {
            self.bury(number, &head)?;
        }
        Ok(answer)
    }

    /// Removes what is left of a dead entry. Its satellites are for the sweep.
    pub fn bury(&self, number: u64, dead: &Head) -> Result<(), Error> {
        self.free_keys(number, dead.keys.iter().map(|(hash, _)| *hash))?;
        self.strike(dead.id, number)?;
        store::remove(&self.buckets.runs, &key(number))
    }

    /// Makes an entry for a run that has none, or a dead one; none if somebody else did.
    fn change_unknown<T>(
        &self,
        run: Uuid,
        dead: Option<u64>,
        change: impl FnOnce(&mut Run, &mut Texts) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (mut unknown, number) = (Run::new(run), ids::next()?);
        let mut texts = Texts::new(number);
        let answer = change(&mut unknown, &mut texts)?;
        if unknown.is_empty()? {
            return Ok(Some(answer));
        }
        // A sweep takes parts and texts without an entry for remains. Nobody reads the entry while
        // it is not in the directory.
        let value = unknown.encode()?;
        if store::is_in_parts(&value) {
            store::create(&self.buckets.runs, &key(number), Run::new(run).encode()?)?;
        }
        store::create(&self.buckets.runs, &key(number), value)?;
        texts.write(self)?;
        if self.enter(run, number, dead)? {
            self.remember(run, number);
            return Ok(Some(answer));
        }
        // Its texts are remains now.
        store::remove(&self.buckets.runs, &key(number))?;
        Ok(None)
    }
}
