//! Every obstacle, one at a time, and its sentence.

use super::*;
use crate::inspect::explain::tests::{around, task};
use crate::policy::{Breaker, BreakerPolicy, Rate};
use crate::scheduler::{Running, Suppression};
use crate::task::{Channel, ClaimId, Kind, Lease, TaskBody, TaskData};

type Arrange = fn(&mut Task, &mut Surroundings);

fn running(channel: Channel, trouble: Option<&str>) -> Running {
    Running {
        name: "7".to_owned(),
        seen_at: "2026-07-09T11:58:00Z".parse().unwrap(),
        channels: vec![channel],
        tzdb: "2026b".to_owned(),
        trouble: trouble.map(str::to_owned),
    }
}

fn lease(task: &mut Task, now: DateTime<Utc>) {
    let claim = ClaimId::from_uuid(uuid::Uuid::from_u128(1));
    task.lease = Some(Lease { claim, until: now + chrono::TimeDelta::seconds(20) });
}

/// What stands in the way, how it comes about, and what is said.
const CASES: &[(Obstacle, Arrange, &str)] = &[
    (
        Obstacle::Sealed,
        |_, around| {
            around.environment = Some("staging".to_owned());
            around.seal = Some("production".to_owned());
        },
        "The database is sealed for the environment \"production\" and this is \"staging\": \
         nothing is sent from here until adopt() is called.",
    ),
    (
        Obstacle::NewerVersion,
        |task, _| task.state = TaskState::Unknown,
        "A newer version of this library stored it in a state that this one does not know; it is \
         left alone.",
    ),
    (
        Obstacle::Expired,
        |_, around| around.now += chrono::TimeDelta::minutes(61),
        "It expired at 2026-07-09 13:00:00 UTC, 1 min ago, which is recorded at the next look.",
    ),
    (
        Obstacle::Held,
        |task, _| task.state = TaskState::Held,
        "A person must decide about it; left alone, it expires at 2026-07-09 13:00:00 UTC, in 1 h.",
    ),
    (
        Obstacle::Damaged,
        |task, _| task.data = TaskData::from_stored("[]".to_owned()),
        "Nothing can be sent from its stored record: the stored body does not match its checksum.",
    ),
    (
        Obstacle::NewerVersion,
        |task, _| task.body = TaskBody::from_stored("{\"version\":2}\n".to_owned()),
        "Nothing can be sent from its stored record: the stored body has version 2, newer than 1.",
    ),
    (
        Obstacle::Claimed,
        |task, around| lease(task, around.now),
        "A worker has taken it; its lease ends at 2026-07-09 12:00:20 UTC, in 20 s.",
    ),
    (
        Obstacle::Claimed,
        |task, around| {
            lease(task, around.now);
            (task.state, task.handed_off_at) = (TaskState::Sending, Some(around.now));
        },
        "A worker handed it off at 2026-07-09 12:00:00 UTC; without an answer, its lease ends at \
         2026-07-09 12:00:20 UTC, in 20 s.",
    ),
    (
        Obstacle::ChannelPaused,
        |_, around| around.pauses = vec![(Paused::Channel(Channel::EMAIL), None)],
        "A person has paused the channel email; it waits until the pause ends.",
    ),
    (
        Obstacle::KindPaused,
        |task, around| {
            around.pauses = vec![(Paused::Kind(task.kind.clone()), Some(task.created_at))];
            around.now += chrono::TimeDelta::minutes(2);
        },
        "A person has paused the kind reminder_1h since 2026-07-09 12:00:00 UTC, 2 min ago; it \
         waits until the pause ends.",
    ),
    (
        Obstacle::BreakerOpen,
        |_, around| around.breakers = vec![(Channel::EMAIL, open_breaker(around.now))],
        "The channel email does not work (535 5.7.8 for j***@e***.com) since 2026-07-09 12:00:00 \
         UTC, less than 1 ms ago; it is tried again at 2026-07-09 12:00:30 UTC, in 30 s.",
    ),
    (
        Obstacle::Suppressed,
        |task, around| {
            let entry = suppression(around.now, SuppressionReason::Undeliverable);
            around.suppressed.insert(task.id, entry);
        },
        "Its address is suppressed (550 5.1.1) since 2026-07-09 11:00:00 UTC, 1 h ago until \
         2026-07-10 12:00:00 UTC, in 1 d: when its turn comes it fails unattempted.",
    ),
    (
        Obstacle::Suppressed,
        |task, around| {
            let entry = suppression(around.now, SuppressionReason::OptedOut);
            around.suppressed.insert(task.id, entry);
        },
        "Its recipient wants no messages on this channel since 2026-07-09 11:00:00 UTC, 1 h ago: \
         when its turn comes it fails unattempted.",
    ),
    (
        Obstacle::RateLimited,
        |_, around| {
            let rate = Rate::new(10, std::time::Duration::from_secs(1)).unwrap();
            let until = around.now + chrono::TimeDelta::seconds(1);
            around.paced = vec![(Channel::SMS, rate, until), (Channel::EMAIL, rate, until)];
        },
        "The channel email may send 10 in 1 s and has done so; it goes on at 2026-07-09 12:00:01 \
         UTC, in 1 s, what has high priority first.",
    ),
    (
        Obstacle::NoWorker,
        |_, around| around.running = Some(Vec::new()),
        "No engine runs on this store, so none serves the channel email.",
    ),
    (
        Obstacle::NoWorker,
        |_, around| around.running = Some(vec![running(Channel::SMS, None)]),
        "The one engine that runs does not serve the channel email.",
    ),
    (
        Obstacle::NotDue,
        |_, around| around.now -= chrono::TimeDelta::hours(26),
        "It is not due before 2026-07-09 12:00:00 UTC, in 1 d 2 h.",
    ),
    (
        Obstacle::NotDue,
        |task, _| {
            (task.attempts, task.wake_at) = (2, Some(task.due_at + chrono::TimeDelta::minutes(5)))
        },
        "Attempt 3 does not follow before 2026-07-09 12:05:00 UTC, in 5 min.",
    ),
    (
        Obstacle::NotDue,
        |task, _| task.wake_at = Some(task.due_at + chrono::TimeDelta::minutes(5)),
        "It was put off until 2026-07-09 12:05:00 UTC, in 5 min.",
    ),
    (
        Obstacle::Trouble,
        |_, around| around.trouble = Some("the store's clock differs by 9000 ms".to_owned()),
        "This engine reports trouble: the store's clock differs by 9000 ms.",
    ),
    (
        Obstacle::Trouble,
        |_, around| around.running = Some(vec![running(Channel::EMAIL, Some("disk full"))]),
        "The engine 7 reports trouble: disk full.",
    ),
];

fn suppression(now: DateTime<Utc>, reason: SuppressionReason) -> Suppression {
    let refused = reason == SuppressionReason::Undeliverable;
    Suppression {
        channel: Channel::EMAIL,
        reason,
        code: refused.then(|| "550 5.1.1".into()),
        since: now - chrono::TimeDelta::hours(1),
        until: refused.then(|| now + chrono::TimeDelta::days(1)),
    }
}

fn open_breaker(now: DateTime<Utc>) -> Breaker {
    let policy = BreakerPolicy::default();
    (0..5).fold(Breaker::default(), |breaker, _| {
        breaker.on_channel_down(now, &policy, None, "535 5.7.8 for jane@example.com".to_owned())
    })
}

#[test]
fn every_obstacle_is_found_alone_and_has_its_sentence() {
    for (what, arrange, sentence) in CASES {
        let mut task = task();
        let mut around = around(task.due_at);
        arrange(&mut task, &mut around);
        let found = blockers(&task, &around, Face::default());
        let found: Vec<_> = found.iter().map(|b| (b.what, b.sentence.as_str())).collect();
        assert_eq!(found, [(*what, *sentence)]);
        task.state = TaskState::Sent;
        assert_eq!(
            blockers(&task, &around, Face::default()),
            [],
            "a finished row waits for nothing"
        );
    }
}

#[test]
fn what_concerns_others_stands_in_nobodys_way() {
    let task = task();
    let mut around = around(task.due_at);
    around.pauses = vec![
        (Paused::Channel(Channel::SMS), None),
        (Paused::Kind(Kind::from_stored("other".to_owned())), None),
    ];
    around.breakers = vec![
        (Channel::SMS, open_breaker(around.now)),
        (Channel::EMAIL, open_breaker(around.now - chrono::TimeDelta::hours(1))),
    ];
    around.running = Some(vec![running(Channel::SMS, None), running(Channel::EMAIL, None)]);
    around.environment = Some("production".to_owned());
    around.seal = Some("production".to_owned());
    assert_eq!(blockers(&task, &around, Face::default()), []);
}
