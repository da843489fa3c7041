//! Clause 4: what a claim writes, and which of the abandoned rows it keeps.

use chrono::{DateTime, Utc};

use super::bench::{Bench, at, due, due_each, ids, now, quota};
use crate::store::{ClaimRequest, Extension, Quota};
use crate::task::{Channel, Lease, Priority, TaskId, TaskState};
use crate::testing::{change, claim_id, new_task};

pub(super) async fn writes_lease_count_and_revision_and_nothing_else(bench: &Bench) {
    let mut expected = bench.stored(due(0)).await;
    let history = bench.history_of(expected.id).await;
    let (claim, claimed) = bench.claim_due(at(7), 10).await;
    expected.lease = Some(Lease { claim, until: at(37) });
    expected.unfinished_claims = 1;
    expected.updated_at = at(7);
    expected.revision = expected.revision.next();
    assert_eq!(claimed.tasks, [expected.clone()]);
    assert_eq!(bench.row(expected.id).await, expected, "the answer is what is stored");
    assert_eq!(bench.history_of(expected.id).await, history, "a claim is no news");
}

pub(super) async fn answers_stand_in_wake_order_over_all_quotas(bench: &Bench) {
    let on = |seconds, channel, priority| {
        let new = new_task(now(), "reminder").channel(channel).priority(priority);
        new.due(at(seconds)).build()
    };
    let rows = [
        on(-1, Channel::SMS, Priority::Normal),
        on(-4, Channel::EMAIL, Priority::Normal),
        on(-2, Channel::EMAIL, Priority::High),
        on(-3, Channel::SMS, Priority::Normal),
    ];
    bench.insert(&rows).await;
    let quotas = vec![
        Quota::new(Channel::SMS, Priority::Normal, 10),
        Quota::new(Channel::EMAIL, Priority::High, 10),
        Quota::new(Channel::EMAIL, Priority::Normal, 10),
    ];
    let claimed = bench.claim(now(), &ClaimRequest::new(claim_id(now()), at(30), quotas)).await;
    assert_eq!(ids(&claimed.tasks), [rows[1].id, rows[3].id, rows[2].id, rows[0].id]);
}

/// Claims and abandons everything that is due, so many times, a minute apart; answers the minute
/// after the last one.
async fn abandon(bench: &Bench, times: i64) -> DateTime<Utc> {
    let mut minute = 0;
    for _ in 0..times {
        bench.claim_due(at(minute), 500).await;
        minute += 60;
    }
    at(minute)
}

async fn unfinished(bench: &Bench, id: TaskId) -> u32 {
    bench.row(id).await.unfinished_claims
}

pub(super) async fn a_row_abandoned_once_comes_with_the_others(bench: &Bench) {
    let rows = due_each([-3, -2, -1]);
    bench.insert(&rows).await;
    let later = abandon(bench, 1).await;
    let (_, claimed) = bench.claim_due(later, 10).await;
    assert_eq!(claimed.tasks.len(), 3);
    assert!(claimed.tasks.iter().all(|task| task.unfinished_claims == 2));
}

pub(super) async fn of_rows_abandoned_twice_only_the_first_is_kept(bench: &Bench) {
    let suspects = due_each([-30, -10, -20]);
    bench.insert(&suspects).await;
    let later = abandon(bench, 2).await;
    let innocent = due(-5);
    bench.insert(std::slice::from_ref(&innocent)).await;
    let untouched = bench.row(suspects[2].id).await;
    let (_, claimed) = bench.claim_due(later, 10).await;
    assert_eq!(ids(&claimed.tasks), [suspects[0].id, innocent.id]);
    assert_eq!(claimed.tasks[0].unfinished_claims, 3);
    assert_eq!(bench.row(untouched.id).await, untouched, "left out is untouched");
    assert_eq!(unfinished(bench, suspects[1].id).await, 2);

    let (_, claimed) = bench.claim_due(later, 10).await;
    assert_eq!(ids(&claimed.tasks), [suspects[2].id], "one at a time");
}

pub(super) async fn the_first_over_all_quotas_is_kept(bench: &Bench) {
    let on = |seconds, channel| new_task(now(), "r").channel(channel).due(at(seconds)).build();
    let rows = [on(-1, Channel::EMAIL), on(-2, Channel::SMS)];
    bench.insert(&rows).await;
    let quotas = || {
        let quota = |channel| Quota::new(channel, Priority::Normal, 10);
        vec![quota(Channel::EMAIL), quota(Channel::SMS)]
    };
    for (seconds, expected) in [(0, 2), (60, 2), (120, 1)] {
        let request = ClaimRequest::new(claim_id(now()), at(seconds + 30), quotas());
        let claimed = bench.claim(at(seconds), &request).await;
        assert_eq!(claimed.tasks.len(), expected, "after {seconds} s");
        if expected == 1 {
            assert_eq!(ids(&claimed.tasks), [rows[1].id], "the first by its wake");
        }
    }
}

pub(super) async fn a_row_left_out_uses_up_its_quota(bench: &Bench) {
    let suspects = due_each([-30, -20]);
    bench.insert(&suspects).await;
    let later = abandon(bench, 2).await;
    let innocent = due(-5);
    bench.insert(std::slice::from_ref(&innocent)).await;
    let (_, claimed) = bench.claim_due(later, 2).await;
    assert_eq!(ids(&claimed.tasks), [suspects[0].id], "the backlog is not searched");
    assert_eq!(claimed.next_wake_at, Some(later));
}

pub(super) async fn a_row_abandoned_in_mid_send_is_still_sending(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    bench.extend(at(2), &[Extension::new(task.id, claim, at(30)).with_hand_off()]).await;
    let (_, claimed) = bench.claim_due(at(31), 10).await;
    let found = &claimed.tasks[0];
    assert_eq!((found.state, found.handed_off_at), (TaskState::Sending, Some(at(2))));
    assert_eq!(found.unfinished_claims, 2);
}

pub(super) async fn a_repeated_claim_answers_what_it_took_and_takes_nothing(bench: &Bench) {
    let rows = due_each([-1, -2, -3, -4]);
    bench.insert(&rows).await;
    let request = ClaimRequest::new(claim_id(now()), at(30), vec![quota(3)]);
    let first = bench.claim(now(), &request).await;
    let before = bench.everything().await;
    for quotas in [request.quotas.clone(), vec![quota(1)], Vec::new()] {
        let request = ClaimRequest::new(request.claim, at(99), quotas).repeated();
        let again = bench.claim(at(3), &request).await;
        assert_eq!(again.tasks, first.tasks, "whatever the quotas");
        assert_eq!(again.next_wake_at, Some(at(3)));
    }
    assert_eq!(bench.everything().await, before, "and nothing changed");
}

pub(super) async fn a_repeated_claim_is_of_its_own_live_leases_only(bench: &Bench) {
    let rows = due_each([-3, -2, -1]);
    bench.insert(&rows).await;
    let (first, claimed) = bench.claim_due(now(), 2).await;
    bench.claim_due(now(), 2).await;
    let finished = change(&claimed.tasks[0]).to(TaskState::Sent).ends_claim().build();
    bench.apply(at(1), &[finished]).await;
    let request = ClaimRequest::new(first, at(30), vec![quota(10)]).repeated();
    let again = bench.claim(at(2), &request).await;
    assert_eq!(again.tasks, [claimed.tasks[1].clone()], "what is finished or another's stays out");
    assert_eq!(bench.claim(at(30), &request).await.tasks, [], "its leases are over");
}
