//! The first look at a claimed row: may it be attempted at all?

use chrono::{DateTime, Utc};

use super::{Failure, Happened, Policy};
use crate::task::{Body, BodyError, Reason, SafeText, Task, TaskState};

/// Claims without an outcome at which a row is no longer attempted: it is held instead.
const CRASHES_MAX: u32 = 4;

/// What the first look says.
#[derive(Debug)]
pub(crate) enum Look {
    /// Attempt it.
    Attempt(Box<Body>),
    /// It is decided already.
    Settled(Box<Body>, Happened),
    /// It is not readable, or not safe to touch: hold it as it is.
    Hold(Reason, Option<SafeText>),
    /// It is held and not over: it only woke.
    Wait,
}

/// Looks at a row that was just claimed, `now` being the latest that it can be.
pub(crate) fn first_look(now: DateTime<Utc>, task: &Task, policy: Policy<'_>) -> Look {
    if task.state == TaskState::Unknown {
        return Look::Hold(Reason::NewerVersion, None);
    }
    if task.state == TaskState::Held && task.expires_at > now {
        return Look::Wait;
    }
    let body = match task.body.decode(&task.data) {
        Ok(body) => Box::new(body),
        Err(error) => return unreadable(&error),
    };
    if task.state == TaskState::Held {
        return Look::Settled(body, Happened::Expired);
    }
    if task.unfinished_claims >= CRASHES_MAX {
        let detail = format!("it was taken {} times without an outcome", task.unfinished_claims);
        return Look::Hold(Reason::CrashLoop, Some(detail.into()));
    }
    let abandoned =
        task.state == TaskState::Sending || !policy.marks_hand_off && task.unfinished_claims >= 2;
    if abandoned {
        let detail = "the worker that was sending it stopped before it knew the answer";
        let mut failure = Failure::new(Reason::Uncertain, "abandoned", detail);
        failure.not_before = task.handed_off_at;
        return Look::Settled(body, Happened::Uncertain(failure));
    }
    if let Some(word) = &body.memory.cancel_requested {
        let reason = Reason::from_stored(word);
        return Look::Settled(body, Happened::Cancelled(reason));
    }
    if task.expires_at <= now {
        return Look::Settled(body, Happened::Expired);
    }
    Look::Attempt(body)
}

fn unreadable(error: &BodyError) -> Look {
    let reason = match error.is_newer_version() {
        true => Reason::NewerVersion,
        false => Reason::Corrupt,
    };
    Look::Hold(reason, Some(error.to_string().into()))
}
