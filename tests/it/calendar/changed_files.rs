//! What happens to the reminders when a file is read again after it changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use puntual::chrono::{DateTime, Utc};
use puntual::notify::MemoryNotifier;
use puntual::render::{RenderError, RenderRequest, Renderer};
use puntual::scheduler::Scheduler;
use puntual::store::MemoryStore;
use puntual::task::{Channel, Message};

use super::args::Distance;
use super::book::{Book, Entry};
use super::clock::AsOf;
use super::plan::Rules;
use super::{NOW, calendar, event, read_in};

#[derive(Debug)]
struct Plain;

impl Renderer for Plain {
    fn render(&self, request: &RenderRequest<'_>) -> Result<Message, RenderError> {
        Ok(Message::text(request.template))
    }
}

/// A database and the command that is run on it again and again.
struct Club {
    store: MemoryStore,
    now: &'static str,
    to: Option<&'static str>,
    distance: Distance,
}

impl Club {
    fn new() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        let (now, to, distance) = (NOW, None, Distance::Before(day));
        Self { store: MemoryStore::new(), now, to, distance }
    }

    /// Runs the command on a file of this text.
    async fn run(&self, text: &str) -> Entry {
        let now: DateTime<Utc> = self.now.parse().expect("an instant");
        let scheduler = Scheduler::builder(self.store.clone())
            .notifier(MemoryNotifier::new(Channel::EMAIL))
            .renderer(Plain)
            .clock(AsOf::new(now))
            .build()
            .expect("an engine");
        let rules = Rules {
            now: self.now.parse().expect("an instant"),
            distance: self.distance,
            zone: jiff::tz::TimeZone::get("Europe/Madrid").expect("a zone"),
            to: self.to.map(|to| to.parse().expect("an address")),
        };
        let book = Book { scheduler, store: Arc::new(self.store.clone()), rules };
        let reading = read_in("Europe/Madrid", self.now, text);
        book.update(&BTreeMap::from([("club.ics".to_owned(), reading)])).await.expect("a run")
    }

    /// Runs the command and answers its list in short: start, recipient, due, state, reason.
    async fn list(&self, text: &str) -> Vec<String> {
        let entry = self.run(text).await;
        let lines = entry.lines.into_iter();
        lines
            .map(|line| {
                let start = line.start.instant().expect("an instant");
                let (month_day, time) = (start.strftime("%m-%d"), start.strftime("%H:%M"));
                let due = line.due.map(|due| due.strftime("%m-%d %H:%M").to_string());
                format!(
                    "{month_day} {time} {} due {} {}{}",
                    line.recipient.as_deref().unwrap_or("-"),
                    due.as_deref().unwrap_or("-"),
                    line.state,
                    line.reason.map(|reason| format!(": {reason}")).unwrap_or_default(),
                )
            })
            .collect()
    }
}

const LESSON: &str = "UID:a\nDTSTART;TZID=Europe/Madrid:20260714T180000\n\
                      ATTENDEE:mailto:ann@example.com\nATTENDEE:mailto:bob@example.com";

#[tokio::test]
async fn each_attendee_gets_a_reminder_and_a_second_run_changes_nothing() {
    let club = Club::new();
    for _ in 0..2 {
        assert_eq!(
            club.list(&event(LESSON)).await,
            [
                "07-14 16:00 ann@example.com due 07-13 16:00 scheduled",
                "07-14 16:00 bob@example.com due 07-13 16:00 scheduled",
            ]
        );
    }
}

#[tokio::test]
async fn an_event_with_nobody_to_tell_is_listed_with_that_reason() {
    let text = event("UID:a\nDTSTART:20260714T160000Z");
    let mut club = Club::new();
    assert_eq!(
        club.list(&text).await,
        ["07-14 16:00 - due 07-13 16:00 not scheduled: \
             nobody is to be told: it has no attendees, \
          and --to is not given"]
    );
    club.to = Some("desk@example.com");
    let rows = ["07-14 16:00 desk@example.com due 07-13 16:00 scheduled"];
    assert_eq!(club.list(&text).await, rows);
}

#[tokio::test]
async fn one_address_for_all_takes_the_place_of_the_attendees() {
    let mut club = Club::new();
    club.list(&event(LESSON)).await;
    club.to = Some("desk@example.com");
    let states: Vec<_> = club.run(&event(LESSON)).await.lines;
    let states: Vec<_> =
        states.iter().map(|line| (line.recipient.as_deref(), line.state.as_str())).collect();
    assert_eq!(
        states,
        [
            (Some("ann@example.com"), "cancelled"),
            (Some("bob@example.com"), "cancelled"),
            (Some("desk@example.com"), "scheduled"),
        ]
    );
}

#[tokio::test]
async fn a_moved_event_moves_its_reminders() {
    let club = Club::new();
    club.list(&event(LESSON)).await;
    assert_eq!(
        club.list(&event(&LESSON.replace("20260714T18", "20260716T20"))).await,
        [
            "07-16 18:00 ann@example.com due 07-15 18:00 scheduled: \
             the event moved to another time",
            "07-16 18:00 bob@example.com due 07-15 18:00 scheduled: \
             the event moved to another time",
        ]
    );
}

#[tokio::test]
async fn cancelled_and_vanished_events_are_cancelled_and_come_back() {
    let cancelled = event(&format!("{LESSON}\nSTATUS:CANCELLED"));
    let cases = [
        (cancelled, "the calendar cancels it"),
        (calendar("METHOD:PUBLISH"), "it is no longer in the file"),
    ];
    for (text, reason) in cases {
        let club = Club::new();
        club.list(&event(LESSON)).await;
        for _ in 0..2 {
            assert_eq!(
                club.list(&text).await,
                [
                    format!("07-14 16:00 ann@example.com due 07-13 16:00 cancelled: {reason}"),
                    format!("07-14 16:00 bob@example.com due 07-13 16:00 cancelled: {reason}"),
                ]
            );
        }
        let again = club.list(&event(LESSON)).await;
        assert!(again.iter().all(|row| row.contains(" scheduled")), "{again:?}");
    }
}

#[tokio::test]
async fn an_event_that_was_cancelled_from_the_beginning_is_listed() {
    let club = Club::new();
    assert_eq!(
        club.list(&event(&format!("{LESSON}\nSTATUS:CANCELLED"))).await,
        ["07-14 16:00 - due 07-13 16:00 cancelled: the calendar cancels it"]
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_cancels_nothing() {
    let club = Club::new();
    let rows = club.list(&event(LESSON)).await;
    let whole = event(&LESSON.replace("UID:a", "UID:b"));
    let broken = whole.replace("END:VCALENDAR\r\n", "");
    for text in ["", "<html>404</html>", &event("UID:a\nDTSTART:SOON")] {
        assert_eq!(club.list(text).await, rows, "{text}");
    }
    let states = club.run(&broken).await.lines;
    assert_eq!(states.iter().filter(|line| line.state == "scheduled").count(), 4);
}

#[tokio::test]
async fn occurrences_move_and_vanish_one_by_one() {
    let club = Club::new();
    let series = |lines: &str, others: &str| {
        calendar(&format!(
            "BEGIN:VEVENT\nUID:a\nDTSTART:20260707T170000Z\nRRULE:FREQ=WEEKLY;COUNT=3\n\
             ATTENDEE:mailto:ann@example.com\n{lines}END:VEVENT\n{others}"
        ))
    };
    club.list(&series("", "")).await;
    let text = series(
        "EXDATE:20260721T170000Z\n",
        "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260714T170000Z\nDTSTART:20260715T180000Z\n\
         ATTENDEE:mailto:ann@example.com\nEND:VEVENT",
    );
    assert_eq!(
        club.list(&text).await,
        [
            "07-07 17:00 ann@example.com due 07-06 17:00 scheduled",
            "07-15 18:00 ann@example.com due 07-14 18:00 scheduled: \
             the event moved to another time",
            "07-21 17:00 ann@example.com due 07-20 17:00 cancelled: it is no longer in the file",
        ]
    );
}

#[tokio::test]
async fn occurrences_outside_of_the_days_that_are_read_do_not_vanish() {
    let mut club = Club::new();
    let text = event(
        "UID:a\nDTSTART:20260707T170000Z\nRRULE:FREQ=MONTHLY\nATTENDEE:mailto:ann@example.com",
    );
    assert_eq!(club.list(&text).await.len(), 2);
    club.now = "2026-05-20T00:00:00Z";
    let rows = club.list(&text).await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.ends_with("scheduled")), "{rows:?}");
}

#[tokio::test]
async fn calendar_days_are_counted_in_the_zone_of_the_event_or_of_the_command() {
    let mut club = Club::new();
    club.to = Some("desk@example.com");
    let nine = jiff::civil::time(9, 0, 0, 0);
    club.distance = Distance::DaysBefore { days: 1, at: Some(nine) };
    let cases = [
        ("DTSTART;TZID=America/New_York:20260714T180000", "due 07-13 13:00"),
        ("DTSTART:20260714T180000Z", "due 07-13 07:00"),
        ("DTSTART;VALUE=DATE:20260714", "due 07-13 07:00"),
    ];
    for (line, due) in cases {
        let rows = club.list(&event(&format!("UID:a\n{line}"))).await;
        assert!(rows[0].contains(due), "{line}: {rows:?}");
    }
}

#[tokio::test]
async fn what_the_library_refuses_is_a_problem_and_hides_nothing_else() {
    let club = Club::new();
    let entry = club
        .run(&calendar(
            "BEGIN:VEVENT\nUID:far\nDTSTART:20500101T000000Z\nATTENDEE:mailto:ann@example.com\n\
             END:VEVENT\nBEGIN:VEVENT\nUID:odd\nDTSTART:20260714T160000Z\n\
             ATTENDEE:mailto:ann@example\\,com@x\nATTENDEE:mailto:ann@example.com\nEND:VEVENT",
        ))
        .await;
    let states: Vec<_> =
        entry.lines.iter().map(|line| (line.uid.as_str(), line.state.as_str())).collect();
    assert_eq!(states, [("odd", "not scheduled"), ("odd", "scheduled"), ("far", "not scheduled")]);
    assert_eq!(entry.problems.len(), 2);
    let told = entry.problems[1].to_string();
    assert!(told.contains("far") && told.contains("horizon"), "{told}");
}

#[tokio::test]
async fn long_and_odd_uids_stay_apart() {
    let club = Club::new();
    let uid = |end: &str| format!("{}{end}", "x".repeat(300));
    let one = |uid: &str| {
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTART:20260714T160000Z\nATTENDEE:mailto:a@example.com\n\
             END:VEVENT\n"
        )
    };
    let uids = [uid("1"), uid("2"), "a|b".to_owned(), "a\\\\|b".to_owned(), "é 🎾".to_owned()];
    let text = calendar(&uids.iter().map(|uid| one(uid)).collect::<String>());
    for _ in 0..2 {
        let entry = club.run(&text).await;
        assert_eq!(entry.lines.len(), 5);
        assert!(entry.lines.iter().all(|line| line.state == "scheduled"));
    }
}
