//! Records outcomes: groups them, repeats what may be repeated, and never gives one up while its
//! engine lives.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Config;
use super::batcher::Batcher;
use crate::store::{
    Change, Extension, StoreError, StoreErrorKind, StoreResult, TaskStore, WriteOutcome,
};
use crate::time::Clock;

/// How long an item waits that somebody else holds at this moment.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// How often a hand-off is repeated that somebody else's lock is in the way of.
const BUSY_HAND_OFFS: u32 = 5;

/// Records outcomes and hand-offs in groups.
#[derive(Debug)]
pub(crate) struct Recorder {
    outcomes: Batcher<(DateTime<Utc>, Change), Recorded>,
    /// Changes with inserts may wait for a host's transaction, so they share no call with others.
    with_inserts: Batcher<(DateTime<Utc>, Change), Recorded>,
    hand_offs: Batcher<(DateTime<Utc>, Extension), Result<WriteOutcome, Arc<StoreError>>>,
    store: Arc<dyn TaskStore>,
    clock: Arc<dyn Clock>,
}

/// How the write of a change ended, and where it must be written again the change itself.
type Recorded = (WriteOutcome, Option<Box<Change>>);

impl Recorder {
    pub(crate) fn new(
        store: Arc<dyn TaskStore>,
        clock: Arc<dyn Clock>,
        config: &Config,
    ) -> Recorder {
        let repeat = Repeat::new(clock.clone(), config);
        let outcomes = |store: Arc<dyn TaskStore>, repeat: Repeat| {
            Batcher::new(config.batch as usize, move |items| {
                record(store.clone(), repeat.clone(), items)
            })
        };
        let marking = store.clone();
        Recorder {
            outcomes: outcomes(store.clone(), repeat.clone()),
            with_inserts: outcomes(store.clone(), repeat),
            hand_offs: Batcher::new(config.batch as usize, move |items| {
                hand_off(marking.clone(), items)
            }),
            store,
            clock,
        }
    }

    /// Records one outcome, however long the store takes. A row that is locked elsewhere is asked
    /// for again, alone.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have been recorded, or be recorded later.
    pub(crate) async fn record(&self, now: DateTime<Utc>, mut change: Change) -> WriteOutcome {
        loop {
            let group = match change.inserts.is_empty() {
                true => &self.outcomes,
                false => &self.with_inserts,
            };
            match group.write((now, change)).await {
                Some((_, Some(again))) => change = *again,
                Some((outcome, None)) => return outcome,
                None => return WriteOutcome::Stale,
            }
            self.pause(BUSY_PAUSE).await;
        }
    }

    /// Marks one hand-off. It is not repeated for long: the gate stays closed instead.
    pub(crate) async fn hand_off(
        &self,
        now: DateTime<Utc>,
        extension: Extension,
    ) -> Result<WriteOutcome, Arc<StoreError>> {
        let mut tries = 0;
        loop {
            match self.hand_offs.write((now, extension.clone())).await {
                Some(Ok(WriteOutcome::Busy)) if tries < BUSY_HAND_OFFS => {
                    tries += 1;
                    self.pause(BUSY_PAUSE).await;
                }
                Some(answer) => return answer,
                None => {
                    let detail = "the group that was to mark it is gone";
                    let kind = StoreErrorKind::Transient;
                    return Err(Arc::new(StoreError::new(kind, "extend", detail)));
                }
            }
        }
    }

    /// Lengthens leases, once.
    pub(crate) async fn renew(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.store.extend(now, extensions).await
    }

    async fn pause(&self, pause: Duration) {
        self.clock.sleep(pause).await;
    }
}

/// How long to wait between two tries at a store that does not answer.
#[derive(Debug, Clone)]
pub(crate) struct Repeat {
    clock: Arc<dyn Clock>,
    first: Duration,
    max: Duration,
}

impl Repeat {
    pub(crate) fn new(clock: Arc<dyn Clock>, config: &Config) -> Repeat {
        Repeat { clock, first: config.store_retry, max: config.store_retry_max }
    }

    /// Waits after the `failures`-th failure in a row: doubling, capped.
    pub(crate) async fn wait(&self, failures: u32) {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let pause = doubled.min(self.max);
        self.clock.sleep(pause).await;
    }
}

/// The latest of the instants of a group is its `now`: stores write what they are given.
fn latest<T>(items: &[(DateTime<Utc>, T)]) -> DateTime<Utc> {
    items.iter().map(|(now, _)| *now).max().unwrap_or(DateTime::UNIX_EPOCH)
}

async fn record(
    store: Arc<dyn TaskStore>,
    repeat: Repeat,
    items: Vec<(DateTime<Utc>, Change)>,
) -> Vec<Recorded> {
    let now = latest(&items);
    let changes: Vec<Change> = items.into_iter().map(|(_, change)| change).collect();
    let outcomes = record_all(&store, &repeat, now, &changes).await;
    let recorded = |(outcome, change)| {
        let again = (outcome == WriteOutcome::Busy).then(|| Box::new(change));
        (outcome, again)
    };
    outcomes.into_iter().zip(changes).map(recorded).collect()
}

async fn record_all(
    store: &Arc<dyn TaskStore>,
    repeat: &Repeat,
    now: DateTime<Utc>,
    changes: &[Change],
) -> Vec<WriteOutcome> {
    let mut failures = 0;
    loop {
        match store.apply(now, changes).await {
            Ok(outcomes) => return outcomes,
            Err(error) if error.kind() == StoreErrorKind::Permanent && changes.len() > 1 => {
                // One of them may be to blame: each alone finds out which.
                return one_by_one(store, repeat, now, changes).await;
            }
            Err(_) => {
                failures += 1;
                repeat.wait(failures).await;
            }
        }
    }
}

async fn one_by_one(
    store: &Arc<dyn TaskStore>,
    repeat: &Repeat,
    now: DateTime<Utc>,
    changes: &[Change],
) -> Vec<WriteOutcome> {
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        let mut failures = 0;
        outcomes.push(loop {
            match store.apply(now, std::slice::from_ref(change)).await {
                Ok(mut outcome) => break outcome.pop().unwrap_or(WriteOutcome::Stale),
                Err(error) if error.kind() == StoreErrorKind::Permanent && failures > 0 => {
                    break WriteOutcome::Rejected(error.to_string().into());
                }
                Err(_) => {
                    failures += 1;
                    repeat.wait(failures).await;
                }
            }
        });
    }
    outcomes
}

async fn hand_off(
    store: Arc<dyn TaskStore>,
    items: Vec<(DateTime<Utc>, Extension)>,
) -> Vec<Result<WriteOutcome, Arc<StoreError>>> {
    let now = latest(&items);
    let extensions: Vec<Extension> = items.into_iter().map(|(_, extension)| extension).collect();
    match store.extend(now, &extensions).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) => {
            let error = Arc::new(error);
            extensions.iter().map(|_| Err(error.clone())).collect()
        }
    }
}
