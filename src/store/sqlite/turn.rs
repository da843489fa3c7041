//! One turn of the writer: what waits is written in one transaction and answered together.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::oneshot;

use super::encode::{ApplyItem, ExtendItem, InsertItem};
use super::erase::Erasure;
use super::error::{Sql, fault};
use super::{change, claim, erase, insert, notes};
use crate::store::{
    ClaimRequest, Claimed, InsertOutcome, NoteWrite, StoreErrorKind, StoreIdentity, StoreResult,
    WriteOutcome,
};

/// Somebody asks for something and waits for the answer.
#[derive(Debug)]
pub(super) struct Ask<I, O> {
    pub(super) what: I,
    pub(super) reply: oneshot::Sender<StoreResult<O>>,
}

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Job {
    Extend(Ask<Vec<ExtendItem>, Vec<WriteOutcome>>),
    Apply(Ask<Vec<ApplyItem>, Vec<WriteOutcome>>),
    Insert(Ask<Vec<InsertItem>, Vec<InsertOutcome>>),
    Erase(Ask<Erasure, u64>),
    Note(Ask<(DateTime<Utc>, NoteWrite), WriteOutcome>),
    Claim(Ask<(DateTime<Utc>, ClaimRequest), Claimed>),
    Close,
}

/// The asks of one transaction, by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Turn {
    extends: Vec<Ask<Vec<ExtendItem>, Vec<WriteOutcome>>>,
    applies: Vec<Ask<Vec<ApplyItem>, Vec<WriteOutcome>>>,
    inserts: Vec<Ask<Vec<InsertItem>, Vec<InsertOutcome>>>,
    erasures: Vec<Ask<Erasure, u64>>,
    notes: Vec<Ask<(DateTime<Utc>, NoteWrite), WriteOutcome>>,
    claims: Vec<Ask<(DateTime<Utc>, ClaimRequest), Claimed>>,
}

/// What a transaction answers to each ask, in the order of the asks.
#[derive(Debug, Default)]
struct Answers {
    extends: Vec<Vec<WriteOutcome>>,
    applies: Vec<Vec<WriteOutcome>>,
    inserts: Vec<Vec<InsertOutcome>>,
    erasures: Vec<u64>,
    notes: Vec<WriteOutcome>,
    claims: Vec<Claimed>,
}

/// How a turn ended, for the writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// Something was written that wakes so soon that a waiting engine must hear of it.
    pub(super) wakes: bool,
    /// The connection can no longer be trusted.
    pub(super) broken: bool,
}

impl Turn {
    /// Adds a job; `false` for the wish to close, which is no work.
    pub(super) fn add(&mut self, job: Job) -> bool {
        match job {
            Job::Extend(ask) => self.extends.push(ask),
            Job::Apply(ask) => self.applies.push(ask),
            Job::Insert(ask) => self.inserts.push(ask),
            Job::Erase(ask) => self.erasures.push(ask),
            Job::Note(ask) => self.notes.push(ask),
            // Nobody would work on what is claimed for a caller who has left.
            Job::Claim(ask) if ask.reply.is_closed() => {}
            Job::Claim(ask) => self.claims.push(ask),
            Job::Close => return false,
        }
        true
    }

    /// How many items wait in it.
    pub(super) fn len(&self) -> usize {
        self.extends.iter().map(|ask| ask.what.len()).sum::<usize>()
            + self.applies.iter().map(|ask| ask.what.len()).sum::<usize>()
            + self.inserts.iter().map(|ask| ask.what.len()).sum::<usize>()
            + self.erasures.len()
            + self.notes.len()
            + self.claims.len()
    }

    /// Writes everything in one transaction and answers everybody.
    pub(super) async fn run(
        self,
        connection: &mut SqliteConnection,
        identity: &StoreIdentity,
    ) -> Ended {
        let written = self.write(connection, identity).await;
        match written {
            Ok(answers) => self.answer(connection, answers).await,
            Err((cause, broken)) => {
                let cause = Arc::new(cause);
                let lies_in_the_work =
                    fault("write", cause.clone()).kind() == StoreErrorKind::Permanent;
                if broken || !lies_in_the_work || self.asks() == 1 {
                    self.fail(&cause);
                    return Ended { broken, ..Ended::default() };
                }
                self.run_apart(connection, identity).await
            }
        }
    }

    /// Runs each ask alone, after one of them has spoiled the common transaction.
    async fn run_apart(self, connection: &mut SqliteConnection, identity: &StoreIdentity) -> Ended {
        let mut all = Ended::default();
        for turn in self.apart() {
            match turn.write(connection, identity).await {
                Ok(answers) => {
                    all.wakes |= turn.answer(connection, answers).await.wakes;
                }
                Err((cause, broken)) => {
                    turn.fail(&Arc::new(cause));
                    all.broken |= broken;
                }
            }
        }
        all
    }

    fn asks(&self) -> usize {
        self.extends.len()
            + self.applies.len()
            + self.inserts.len()
            + self.erasures.len()
            + self.notes.len()
            + self.claims.len()
    }

    fn apart(self) -> Vec<Turn> {
        let jobs = (self.extends.into_iter().map(Job::Extend))
            .chain(self.applies.into_iter().map(Job::Apply))
            .chain(self.inserts.into_iter().map(Job::Insert))
            .chain(self.erasures.into_iter().map(Job::Erase))
            .chain(self.notes.into_iter().map(Job::Note))
            .chain(self.claims.into_iter().map(Job::Claim));
        jobs.map(|job| {
            let mut turn = Turn::default();
            turn.add(job);
            turn
        })
        .collect()
    }

    /// One `begin immediate` around all. On failure everything is rolled back; the second value
    /// says whether the connection can no longer be trusted.
    async fn write(
        &self,
        connection: &mut SqliteConnection,
        identity: &StoreIdentity,
    ) -> Result<Answers, (sqlx::Error, bool)> {
        let begun = connection.begin_with("begin immediate").await;
        let mut transaction = begun.map_err(|cause| {
            let answered = cause.as_database_error().is_some();
            (cause, !answered)
        })?;
        match self.write_all(&mut transaction, identity).await {
            Ok(answers) => match transaction.commit().await {
                Ok(()) => Ok(answers),
                Err(cause) => Err((cause, true)),
            },
            Err(cause) => {
                let rolled_back = transaction.rollback().await;
                Err((cause, rolled_back.is_err()))
            }
        }
    }

    async fn write_all(
        &self,
        connection: &mut SqliteConnection,
        identity: &StoreIdentity,
    ) -> Sql<Answers> {
        let mut answers = Answers::default();
        let extended = change::extend(connection, &together(&self.extends)).await?;
        answers.extends = apart(&self.extends, extended);
        let applied = change::apply(connection, &together(&self.applies)).await?;
        answers.applies = apart(&self.applies, applied);
        let inserted = insert::insert(connection, &together(&self.inserts)).await?;
        answers.inserts = apart(&self.inserts, inserted);
        for ask in &self.erasures {
            answers.erasures.push(erase::erase(connection, &ask.what).await?);
        }
        for ask in &self.notes {
            let (now, write) = &ask.what;
            answers.notes.push(notes::write(connection, *now, write).await?);
        }
        for ask in &self.claims {
            let (now, request) = &ask.what;
            answers.claims.push(claim::claim(connection, *now, request, identity).await?);
        }
        Ok(answers)
    }

    /// Answers everybody; last those who erased, when the log holds nothing of it any more.
    async fn answer(self, connection: &mut SqliteConnection, answers: Answers) -> Ended {
        let wakes = self.applies.iter().flat_map(|ask| &ask.what).any(|item| item.wakes)
            || self.inserts.iter().flat_map(|ask| &ask.what).any(|item| item.wakes);
        reply(self.extends, answers.extends);
        reply(self.applies, answers.applies);
        reply(self.inserts, answers.inserts);
        reply(self.notes, answers.notes);
        reply(self.claims, answers.claims);
        if answers.erasures.iter().any(|erased| *erased > 0) {
            empty_log(connection).await;
        }
        reply(self.erasures, answers.erasures);
        Ended { wakes, broken: false }
    }

    /// Tells everybody that nothing was written, and why.
    pub(super) fn fail(self, cause: &Arc<sqlx::Error>) {
        refuse(self.extends, "extend", cause);
        refuse(self.applies, "apply", cause);
        refuse(self.inserts, "insert", cause);
        refuse(self.erasures, "erase", cause);
        refuse(self.notes, "write_note", cause);
        refuse(self.claims, "claim", cause);
    }
}

/// Empties the write-ahead log, which still has what was erased. It waits shortly for readers:
/// what one of them holds on to goes with a later checkpoint, so a failure needs no answer.
async fn empty_log(connection: &mut SqliteConnection) {
    for statement in [
        "pragma busy_timeout = 200",
        "pragma wal_checkpoint(truncate)",
        "pragma busy_timeout = 5000",
    ] {
        let _ = sqlx::query(statement).execute(&mut *connection).await;
    }
}

/// The items of all asks as one batch.
fn together<T, O>(asks: &[Ask<Vec<T>, O>]) -> Vec<&T> {
    asks.iter().flat_map(|ask| &ask.what).collect()
}

/// The outcomes of one batch, given back to the asks that its items came from.
fn apart<T, O, R>(asks: &[Ask<Vec<T>, R>], outcomes: Vec<O>) -> Vec<Vec<O>> {
    let mut outcomes = outcomes.into_iter();
    asks.iter().map(|ask| outcomes.by_ref().take(ask.what.len()).collect()).collect()
}

/// Who has left in the meantime does without an answer.
fn reply<I, O>(asks: Vec<Ask<I, O>>, answers: Vec<O>) {
    for (ask, answer) in asks.into_iter().zip(answers) {
        let _ = ask.reply.send(Ok(answer));
    }
}

fn refuse<I, O>(asks: Vec<Ask<I, O>>, operation: &'static str, cause: &Arc<sqlx::Error>) {
    for ask in asks {
        let _ = ask.reply.send(Err(fault(operation, cause.clone())));
    }
}
