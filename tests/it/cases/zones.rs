//! Zones that nobody knows: refused where they enter, held where they are stored already.

use puntual::store::TaskStoreExt;
use puntual::task::{
    Body, Content, Message, NewTask, Reason, Recipient, Request, Rule, TaskData, TaskState, What,
};
use puntual::testing::{self, ScriptedNotifier};
use puntual::time::{EventTime, TimeErrorKind, Trigger, Zone};
use puntual::{Reminder, Reminders};
use serde_json::json;

use super::refused_for;
use crate::scenarios::{
    Backend, DAY, Desk, HOUR, booking, civil, each_store, engine, instant, jane, reminder,
};

each_store!(
    an_unknown_zone_is_refused_and_the_error_names_the_field,
    a_stored_row_with_an_unknown_zone_is_held_and_the_others_of_its_round_go_out,
);

const NOW: &str = "2026-07-01T00:00:00Z";
const EVENT: &str = "2026-07-10T15:00";
const UNKNOWN: [&str; 9] = [
    "Etc/Unknown",
    "Americas/Vancouver",
    "W. Europe Standard Time",
    "utc ",
    "",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "+02:00",
    "../../../etc/localtime",
    "Europe/Berlin/Mitte",
];

/// A value as a host or a store keeps it: reading it back does not ask whether a zone is known.
fn read<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

fn event_in(zone: &str) -> EventTime {
    read(json!({ "civil": { "local": format!("{EVENT}:00"), "zone": zone } }))
}

fn day_before_in(zone: &str) -> Trigger {
    read(json!({ "when": { "days_before": 1 }, "zone": { "named": zone } }))
}

fn jane_in(zone: &str) -> Recipient {
    let mut json = serde_json::to_value(Recipient::from(jane())).unwrap();
    json["zone"] = json!(zone);
    read(json)
}

async fn an_unknown_zone_is_refused_and_the_error_names_the_field(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    for zone in UNKNOWN {
        let error = Zone::new(zone).unwrap_err();
        assert_eq!((error.kind(), error.field()), (TimeErrorKind::UnknownZone, "zone"));
        let error = EventTime::civil(EVENT, zone).unwrap_err();
        assert_eq!((error.kind(), error.field()), (TimeErrorKind::UnknownZone, "zone"));

        let to = |to: Recipient| Reminder::new("refused", &booking(1), to).text("..");
        let known = || civil(EVENT, "Europe/Berlin");
        let unknown = || jane_in(zone);
        let asks = [
            reminder("refused").event(event_in(zone)).before(DAY),
            reminder("refused").event(event_in(zone)).days_before(1),
            reminder("refused").event(event_in(zone)).now(),
            reminder("refused").event(known()).trigger(day_before_in(zone)),
            to(unknown()).event(known()).before(DAY),
            to(unknown()).now(),
            to(unknown()).event(known()).trigger(Trigger::days_before(1).in_recipient_zone()),
            reminder("refused").now().fallback(unknown()),
        ];
        for ask in asks {
            let error = refused_for(&desk, ask, "zone", Rule::Unknown).await;
            assert!(zone.is_empty() || error.contains(zone), "{error}");
        }
        let at = civil(EVENT, "Europe/Berlin");
        desk.schedule(reminder("moves").event(at).before(DAY)).await;
        let moved = desk.scheduler.move_subject(&booking(1), event_in(zone)).await;
        let error = moved.unwrap_err();
        assert_eq!(error.invalid_field().map(|field| field.field()), Some("zone"), "{error}");
        desk.scheduler.cancel_subject(&booking(1)).await.unwrap();
    }
}

/// A row as another host stored it, by whose rules its zones were known.
fn stored(event: EventTime, trigger: Trigger, to: Recipient) -> NewTask {
    let (data, now) = (TaskData::default(), instant(NOW));
    let request = Request::new(to, Content::Text(Message::text("..")));
    let body = Body::new(Some(event), trigger, request).encode(&data).unwrap();
    testing::new_task(now, "reminder")
        .event("2026-07-10T13:00:00Z")
        .due("2026-07-09T13:00:00Z")
        .expires("2026-07-10T13:00:00Z")
        .body(body.as_str())
        .build()
}

async fn a_stored_row_with_an_unknown_zone_is_held_and_the_others_of_its_round_go_out(
    backend: impl Backend,
) {
    const GOOD: u32 = 99;
    let desk = Desk::at(&backend, NOW);
    let mailbox = ScriptedNotifier::new(puntual::task::Channel::EMAIL).with_concurrency(100);
    let scheduler = engine(&desk.store, &desk.clock, 2).notifier(mailbox.clone()).build().unwrap();
    let good = |id| {
        let at = civil(EVENT, "Europe/Berlin");
        let one = Reminder::new("reminder", &booking(id), jane()).person(format!("guest {id}"));
        one.text("..").event(at).before(DAY)
    };
    scheduler.schedule_all((0..GOOD).map(good).collect()).await.unwrap();
    let berlin = || civil(EVENT, "Europe/Berlin");
    let mut bad = Vec::new();
    for zone in UNKNOWN {
        bad.push(stored(event_in(zone), Trigger::before(DAY), jane().into()));
        bad.push(stored(berlin(), day_before_in(zone), jane().into()));
        bad.push(stored(berlin(), Trigger::before(DAY), jane_in(zone)));
    }
    desk.store.insert(instant(NOW), &bad).await.unwrap();

    desk.clock.advance_to("2026-07-09T13:00:00Z");
    let report = scheduler.process_due(500).await.unwrap();
    let all_bad = u32::try_from(bad.len()).unwrap();
    assert_eq!((report.claimed, report.sent, report.held), (GOOD + all_bad, GOOD, all_bad));
    for new in &bad {
        let task = desk.task(new.id).await;
        assert_eq!((task.state, task.attempts), (TaskState::Held, 0));
        assert_eq!(task.wake_at, Some(task.expires_at), "it waits for a person until it is over");
        let history = desk.store.history_of(new.id).await.unwrap();
        let held = &history.last().unwrap().entry;
        assert_eq!((held.what, &held.reason), (What::Held, &Some(Reason::UnknownZone)));
        assert!(!held.detail.as_ref().unwrap().is_empty());
        let explained = scheduler.explain(new.id).await.unwrap().unwrap().to_string();
        assert!(explained.contains("its time zone is unknown on this machine"), "{explained}");
    }
    scheduler.maintain().await.unwrap();
    desk.clock.advance(HOUR);
    assert_eq!(scheduler.run_until_idle().await.unwrap().claimed, 0, "nothing goes round");
    assert_eq!(mailbox.journal().len(), GOOD as usize, "nothing was attempted for them");
}
