//! What no store may take, checked the same way by all of them before the first statement.

use chrono::{DateTime, Utc};

use super::{Change, StoreError, StoreErrorKind, StoreResult};
use crate::task::{Limits, NewTask, SafeText, TaskState};
use crate::time::checked_instant;

/// Checks every task of a batch (clause 2): the error names the index of the first bad one.
///
/// # Errors
///
/// A name is empty, too long or has a NUL; an instant lies outside 1970 to 9999; state and
/// `wake_at` contradict each other; the entry belongs to another task; a text is over its limit.
pub fn check_batch(tasks: &[NewTask]) -> StoreResult<()> {
    for (index, task) in tasks.iter().enumerate() {
        if let Err(why) = check_new(task) {
            let detail = format!("item {index} cannot be stored: {why}");
            return Err(StoreError::new(StoreErrorKind::Permanent, "insert", detail));
        }
    }
    Ok(())
}

/// Checks one change and what it would insert (clause 6): the answer is the reason for
/// [`WriteOutcome::Rejected`](super::WriteOutcome::Rejected).
///
/// # Errors
///
/// As [`check_batch`], for the parts that a change has.
pub fn check_change(change: &Change) -> Result<(), SafeText> {
    check_wake(change.state, change.wake_at)?;
    let times = change.times.iter().flat_map(|times| {
        [times.event_at, Some(times.due_at), Some(times.expires_at)].into_iter().flatten()
    });
    for at in times.chain(change.wake_at).chain([change.entry.at]) {
        check_instant(at)?;
    }
    if change.entry.task != change.task {
        return Err("its history entry belongs to another task".into());
    }
    if let Some(data) = &change.data {
        check_long("data", data.as_str())?;
    }
    if let Some(body) = &change.body {
        check_long("body", body.as_str())?;
    }
    change.inserts.iter().try_for_each(check_new)
}

fn check_new(task: &NewTask) -> Result<(), SafeText> {
    check_wake(task.state, task.wake_at)?;
    if task.state == TaskState::Sending {
        return Err("a new task cannot be handed off already".into());
    }
    let names = [
        ("kind", task.kind.as_str()),
        ("subject kind", task.subject.kind()),
        ("subject id", task.subject.id()),
        ("person", task.person.as_str()),
        ("channel", task.channel.as_str()),
    ];
    for (field, name) in names {
        if let Err(refused) = Limits::key_text(field, name, Limits::KEY_BYTES) {
            return Err(refused.to_string().into());
        }
    }
    check_long("data", task.data.as_str())?;
    check_long("body", task.body.as_str())?;
    let instants = [task.event_at, Some(task.due_at), Some(task.expires_at), task.wake_at];
    instants.into_iter().flatten().chain([task.entry.at]).try_for_each(check_instant)?;
    if task.entry.task != task.id {
        return Err("its history entry belongs to another task".into());
    }
    Ok(())
}

fn check_wake(state: TaskState, wake_at: Option<DateTime<Utc>>) -> Result<(), SafeText> {
    if state == TaskState::Unknown {
        return Err("an unknown state is never written".into());
    }
    match (state.is_finished(), wake_at) {
        (true, Some(_)) => Err("a finished task must not wake".into()),
        (false, None) => Err("a pending task must wake".into()),
        _ => Ok(()),
    }
}

fn check_instant(at: DateTime<Utc>) -> Result<(), SafeText> {
    checked_instant("instant", at).map(drop).map_err(|error| error.to_string().into())
}

fn check_long(field: &'static str, text: &str) -> Result<(), SafeText> {
    if text.contains('\0') {
        return Err(format!("{field} must not contain NUL").into());
    }
    if text.len() > Limits::BODY_BYTES {
        let (has, limit) = (text.len(), Limits::BODY_BYTES);
        return Err(format!("{field} has {has} bytes, the limit is {limit}").into());
    }
    Ok(())
}
