//! Stores that answer the same sequence of calls, and the first answer in which one differs.

use std::fmt::Write as _;

use super::call::{Answer, Call, Step};
use super::draw::Draw;
use super::party::{InMemory, Party};
use super::reached::Reached;
use super::shrink::shrink;

/// Every so many seeds a sequence is a long one.
const LONG_EVERY: u64 = 200;
const LONG: usize = 100;

/// The reference and the stores that are compared with it.
pub(super) struct World {
    reference: InMemory,
    others: Vec<Box<dyn Party>>,
    /// What the reference has answered so far.
    pub(super) reached: Reached,
}

/// An answer that differs.
#[derive(Debug)]
pub(super) struct Difference {
    /// The call that was answered differently.
    pub(super) step: usize,
    who: &'static str,
    expected: Answer,
    found: Answer,
}

/// A sequence that fails.
pub(super) struct Failure {
    pub(super) seed: u64,
    /// The shortest one that was found.
    pub(super) steps: Vec<Step>,
    difference: Difference,
}

impl World {
    pub(super) fn of(others: Vec<Box<dyn Party>>) -> World {
        World { reference: InMemory::default(), others, reached: Reached::default() }
    }

    /// Runs the sequence of one seed; where a store differs, the shortest that still does.
    pub(super) async fn check(&mut self, seed: u64) -> Option<Failure> {
        self.reference.clear().await;
        let (mut steps, mut expected) = (Vec::new(), Vec::new());
        let mut draw = Draw::new(seed);
        let calls = if seed % LONG_EVERY == LONG_EVERY - 1 { LONG } else { draw.length() };
        for number in 0..calls {
            let step = draw.step(number, number + 1 == calls);
            let answer = step.ask(&self.reference).await;
            self.reached.note(&step.call, &answer);
            draw.learn(&step, &answer, &self.reference.store).await;
            steps.push(step);
            expected.push(answer);
        }
        self.differs(&steps, expected).await?;
        let steps = shrink(self, steps).await;
        let difference = self.difference(&steps).await.expect("what is shrunk still fails");
        Some(Failure { seed, steps, difference })
    }

    /// Where these calls are answered differently.
    pub(super) async fn difference(&mut self, steps: &[Step]) -> Option<Difference> {
        self.reference.clear().await;
        let mut expected = Vec::new();
        for step in steps {
            expected.push(step.ask(&self.reference).await);
        }
        self.differs(steps, expected).await
    }

    async fn differs(&mut self, steps: &[Step], expected: Vec<Answer>) -> Option<Difference> {
        let mut differs: Option<(usize, &'static str, Answer)> = None;
        for party in &mut self.others {
            party.clear().await;
            for (number, step) in steps.iter().enumerate() {
                if differs.as_ref().is_some_and(|(first, ..)| *first <= number) {
                    break;
                }
                let found = step.ask(party.as_ref()).await;
                if found != expected[number] {
                    differs = Some((number, party.name(), found));
                    break;
                }
            }
        }
        let (step, who, found) = differs?;
        let expected = expected.into_iter().nth(step)?;
        Some(Difference { step, who, expected, found })
    }
}

impl Failure {
    /// Everything that is needed to look for the fault.
    pub(super) fn report(&self, test: &str) -> String {
        let Difference { who, expected, found, .. } = &self.difference;
        let mut report =
            format!("seed {}: {who} answers otherwise than the reference\n", self.seed);
        for (number, step) in (1..).zip(&self.steps) {
            let Step { now, call } = step;
            let _ = writeln!(report, "call {number} at {now}: {call:#?}");
        }
        let [expected, found] = [expected, found].map(|answer| format!("{answer:#?}"));
        let _ = match expected == found {
            true => writeln!(report, "only bodies or data differ, which are not shown: {found}"),
            false => writeln!(report, "the reference: {expected}\n{who}: {found}"),
        };
        let _ = write!(
            report,
            "again: {}={} {}=1 cargo test --all-features --test it {test}",
            super::FIRST,
            self.seed,
            super::COUNT
        );
        report
    }
}

impl Call {
    /// The same call with less in it, in every way.
    pub(super) fn smaller(&self) -> Vec<Call> {
        fn without_one<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> + '_ {
            let without = |index| {
                let mut fewer = items.to_vec();
                fewer.remove(index);
                fewer
            };
            (0..items.len()).filter(|_| items.len() > 1).map(without)
        }
        match self {
            Call::Insert(batch) => without_one(batch).map(Call::Insert).collect(),
            Call::Extend(batch) => without_one(batch).map(Call::Extend).collect(),
            Call::Apply(batch) => {
                let mut smaller: Vec<_> = without_one(batch).map(Call::Apply).collect();
                for index in (0..batch.len()).filter(|index| !batch[*index].inserts.is_empty()) {
                    let mut plain = batch.clone();
                    plain[index].inserts.clear();
                    smaller.push(Call::Apply(plain));
                }
                smaller
            }
            Call::Claim(request) => without_one(&request.quotas)
                .map(|quotas| {
                    let mut fewer = request.clone();
                    fewer.quotas = quotas;
                    Call::Claim(fewer)
                })
                .collect(),
            Call::Within(writes, commits) => {
                without_one(writes).map(|writes| Call::Within(writes, *commits)).collect()
            }
            Call::List(_)
            | Call::History(_)
            | Call::Erase(..)
            | Call::WriteNote(_)
            | Call::Notes
            | Call::Everything => Vec::new(),
        }
    }
}
