//! From the events of one `UID` to their occurrences (RFC 5545 section 3.8.5).

use std::{collections::HashMap, rc::Rc};

use super::{Reading, event::Event, expand::Expander, problem::Problem};

/// An event with the events that stand for single occurrences of it.
#[derive(Debug)]
pub(crate) struct Series {
    uid: Rc<str>,
    master: Option<Event>,
    overrides: Vec<Event>,
}

impl Series {
    /// Sorts a file's events by `UID`, in the order in which each is first met.
    pub(crate) fn group(events: Vec<Event>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut known: HashMap<Rc<str>, usize> = HashMap::new();
        for event in events {
            let ordinal = format!("#{}", event.number);
            let uid = event.uid.clone().unwrap_or_else(|| Rc::from(ordinal.as_str()));
            let index = *known.entry(Rc::clone(&uid)).or_insert_with(|| {
                all.push(Self::empty(Rc::clone(&uid)));
                all.len() - 1
            });
            if let Err(mut stranger) = all[index].take(event) {
                stranger.problems.push("its UID is used by two events of the file".to_owned());
                let mut other = Self::empty(Rc::from(format!("{uid}{ordinal}")));
                other.master = Some(*stranger);
                all.push(other);
            }
        }
        all
    }

    fn empty(uid: Rc<str>) -> Self {
        Self { uid, master: None, overrides: Vec::new() }
    }

    /// Takes an event into the series, or gives it back where it is another one.
    fn take(&mut self, mut event: Event) -> Result<(), Box<Event>> {
        if event.recurrence_id.is_some() {
            self.overrides.push(event);
            return Ok(());
        }
        match self.master.take() {
            None => self.master = Some(event),
            Some(known) if known.version > event.version => self.master = Some(known),
            Some(known) if known.version == event.version => {
                self.master = Some(known);
                return Err(Box::new(event));
            }
            Some(known) => {
                // A cancellation may leave out when the event would have been.
                if event.cancelled && event.start.is_none() {
                    event.start = known.start;
                    event.rules = known.rules;
                    event.dates = known.dates;
                    event.recurs = known.recurs;
                }
                self.master = Some(event);
            }
        }
        Ok(())
    }

    /// Adds the series' occurrences and problems to a reading.
    pub(crate) fn read(mut self, file: &str, expander: &mut Expander<'_, '_>, to: &mut Reading) {
        for event in self.master.iter_mut().chain(&mut self.overrides) {
            expander.problems.append(&mut event.problems);
            expander.settled &= event.settled;
        }
        let recurs =
            !self.overrides.is_empty() || self.master.as_ref().is_some_and(|event| event.recurs);
        let found = match &self.master {
            Some(master) if recurs => expander.recurring(&self.uid, master, &self.overrides),
            Some(master) => expander.single(&self.uid, master),
            None => expander.orphans(&self.uid, &self.overrides),
        };
        to.occurrences.extend(found);
        let (problems, settled) = expander.take_findings();
        let problems = problems.into_iter();
        to.problems.extend(problems.map(|reason| Problem::of_event(file, &self.uid, reason)));
        if recurs {
            to.recurring.insert(Rc::clone(&self.uid));
        }
        if !settled {
            to.unsettled.insert(self.uid);
        }
    }
}
