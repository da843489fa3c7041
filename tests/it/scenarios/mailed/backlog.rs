//! A server that was away for hours, as its mails come in.

use std::collections::BTreeSet;
use std::time::Duration;

use puntual::Reminders;
use puntual::notify::SmtpBuilder;
use puntual::policy::{ExpiryPolicy, Rate};
use puntual::scheduler::SchedulerBuilder;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Channel, TaskState};
use puntual::testing::SmtpScript;

use super::{Post, mail_to};
use crate::scenarios::{Backend, DAY, HOUR, MINUTE, each_store, instant};

const SECOND: Duration = Duration::from_secs(1);

each_store!(after_a_downtime_what_is_over_is_not_mailed_and_the_rest_is_mailed_once_in_order);

/// Scenario 8: 10,000 due within 8 hours of downtime; a third of the events are over.
async fn after_a_downtime_what_is_over_is_not_mailed_and_the_rest_is_mailed_once_in_order(
    backend: impl Backend,
) {
    const ALL: u32 = 10_000;
    const CONNECTIONS: usize = 64;
    const RATE: u32 = 1_000;
    let set = |smtp: SmtpBuilder| smtp.connections(CONNECTIONS);
    let (now, script) = ("2026-07-01T00:00:00Z", SmtpScript::new());
    let rate = Rate::new(RATE, Duration::from_secs(1)).unwrap();
    let more = |builder: SchedulerBuilder| builder.rate(Channel::EMAIL, rate);
    let post = Post::with(&backend, now, script, set, more).await;
    let (start, down) = (instant("2026-07-02T00:00:00Z"), 8 * HOUR);
    for group in (0..ALL).collect::<Vec<_>>().chunks(1_000) {
        let ask = |number: &u32| {
            let due = start + down * *number / ALL;
            let ahead = if number.is_multiple_of(3) { MINUTE } else { DAY };
            let at = puntual::EventTime::instant(due + ahead).unwrap();
            mail_to(*number).event(at).before(ahead).expiry(ExpiryPolicy::at_event())
        };
        post.scheduler.schedule_all(group.iter().map(ask).collect()).await.unwrap();
    }
    post.clock.advance_to(start + down + MINUTE);
    let mut report = post.scheduler.run_until_idle().await.unwrap();
    assert!(report.sent <= RATE / 10, "a tenth of the rate at once: {report:?}");
    while report.claimed < ALL {
        let next = post.pass(Duration::from_millis(50)).await;
        report.claimed += next.claimed;
        report.sent += next.sent;
        report.expired += next.expired;
        assert!(next.claimed > 0, "{report:?}");
    }
    let over = ALL.div_ceil(3);
    assert_eq!((report.sent, report.expired), (ALL - over, over), "{report:?}");
    assert_eq!(report.claimed, ALL, "the sums match");

    let number = |line: &String| {
        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap()
    };
    let numbers: Vec<u32> =
        post.server.mails().iter().map(|mail| number(&mail.recipients[0])).collect();
    let once: BTreeSet<u32> = numbers.iter().copied().collect();
    assert_eq!((numbers.len(), once.len()), ((ALL - over) as usize, numbers.len()));
    // Connections work side by side, so neighbours may swap: by no more than one claim.
    let claim = 2 * CONNECTIONS;
    for (place, in_order) in once.iter().enumerate() {
        let near = place.saturating_sub(claim)..(place + claim).min(numbers.len());
        assert!(numbers[near].contains(in_order), "mail {in_order} is not near place {place}");
    }
    let open = TaskFilter::default().pending(true);
    assert_eq!(post.store.all(open).await.unwrap().len(), 0);
    let sent = TaskFilter::default().in_states([TaskState::Sent]);
    let sent = post.store.all(sent).await.unwrap();
    let mut times: Vec<_> = sent.iter().map(|task| task.finished_at.unwrap()).collect();
    times.sort_unstable();
    for (place, at) in times.iter().enumerate() {
        let second = times[place..].iter().take_while(|other| **other < *at + SECOND);
        assert!(second.count() <= RATE as usize, "within the rate");
    }
    let expired = TaskFilter::default().in_states([TaskState::Expired]);
    assert_eq!(post.store.all(expired).await.unwrap().len(), over as usize);
}
