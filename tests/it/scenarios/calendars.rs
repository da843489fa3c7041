//! The calendar file of a reminder, read back by a parser that is not ours.

use std::time::Duration;

use icalendar::{Calendar, CalendarDateTime, Component, DatePerhapsTime, EventLike};
use puntual::scheduler::Scheduling;
use puntual::task::{Attachment, CalendarEntry, Limits, PhoneNumber, Rule, Subject};
use puntual::testing::VirtualClock;
use puntual::{Reminder, Reminders};

use super::{Backend, DAY, Desk, HOUR, MINUTE, booking, civil, each_store, engine, jane, reminder};

each_store!(
    a_reminder_brings_its_event_as_a_file,
    all_messages_about_a_subject_are_one_entry_whose_sequence_never_falls,
    a_file_tells_when_it_was_asked_for_whoever_sends_it_and_when,
    any_text_is_the_text_of_its_property_and_nothing_else,
    the_host_may_count_versions_and_name_entries_itself,
    an_entry_that_cannot_be_written_is_refused_by_its_field,
    another_entry_is_an_update_and_none_brings_no_file,
);

const NOW: &str = "2026-07-01T10:00:00Z";
const DESK: &str = "Court Club <desk@court.example>";

fn entry() -> CalendarEntry {
    CalendarEntry::new("Court 3").duration(HOUR).organizer(DESK)
}

fn booked(kind: &str) -> Reminder {
    reminder(kind).event(civil("2026-07-10T15:00", "Europe/Berlin"))
}

/// The only file of the latest message.
fn latest(desk: &Desk) -> Attachment {
    let sent = desk.mailbox.sent();
    let files = &sent.last().unwrap().notification.attachments;
    assert_eq!(files.len(), 1);
    files[0].check().unwrap();
    files[0].clone()
}

fn text(file: &Attachment) -> &str {
    std::str::from_utf8(file.content()).unwrap()
}

/// What the parser finds: one event in the file, and its lines as they must be.
fn read(file: &Attachment) -> icalendar::Event {
    let text = text(file);
    assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let calendar: Calendar = text.parse().unwrap();
    assert_eq!((calendar.components.len(), calendar.events().count()), (1, 1), "{text}");
    calendar.events().next().unwrap().clone()
}

fn start(event: &icalendar::Event) -> String {
    match event.get_start().unwrap() {
        DatePerhapsTime::DateTime(CalendarDateTime::Utc(at)) => at.to_rfc3339(),
        other => panic!("{other:?} is no instant in UTC"),
    }
}

async fn a_reminder_brings_its_event_as_a_file(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let entry = entry().location("Main Street 1; Berlin, back").description("Bring shoes.\nAll.");
    desk.schedule(booked("k").now().calendar(entry)).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    let file = latest(&desk);
    assert_eq!(file.name(), "booking.ics");
    let media_type = "text/calendar; charset=utf-8; method=PUBLISH; component=VEVENT";
    assert_eq!(file.media_type(), media_type);
    assert_eq!(
        text(&file),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//puntual//puntual//EN\r\n\
         CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\nUID:booking~1@court.example\r\n\
         SEQUENCE:15674400\r\nDTSTAMP:20260701T100000Z\r\nDTSTART:20260710T130000Z\r\n\
         DTEND:20260710T140000Z\r\nORGANIZER;CN=\"Court Club\":mailto:desk@court.example\r\n\
         SUMMARY:Court 3\r\nLOCATION:Main Street 1\\; Berlin\\, back\r\n\
         DESCRIPTION:Bring shoes.\\nAll.\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let event = read(&file);
    assert_eq!(
        (event.get_summary(), start(&event)),
        (Some("Court 3"), "2026-07-10T13:00:00+00:00".into())
    );
    assert_eq!(event.get_location(), Some("Main Street 1; Berlin, back"));
    assert_eq!(event.get_description(), Some("Bring shoes.\nAll."));
}

/// The confirmation, the reminder after a move, a correction and the cancellation, which is a row
/// of its own with a first generation (RFC 5546, section 2.1.4).
async fn all_messages_about_a_subject_are_one_entry_whose_sequence_never_falls(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, NOW);
    let all = || vec![booked("confirmation").now(), booked("reminder").before(DAY)];
    let asks = all().into_iter().map(|ask| ask.calendar(entry())).collect();
    desk.scheduler.schedule_all(asks).await.unwrap();
    let mut seen: Vec<(String, String, u32, String)> = Vec::new();
    let mut look = |desk: &Desk| {
        let file = latest(desk);
        let event = read(&file);
        let method = file.media_type().split("method=").nth(1).unwrap();
        assert!(
            text(&file).contains(&format!("\r\nMETHOD:{}\r\n", method.split(';').next().unwrap()))
        );
        let status = event.property_value("STATUS").unwrap().to_owned();
        let sequence = event.get_sequence().unwrap();
        seen.push((event.get_uid().unwrap().to_owned(), start(&event), sequence, status));
    };
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    look(&desk);
    desk.clock.advance(MINUTE);
    for _ in 0..3 {
        for day in ["2026-07-13T15:00", "2026-07-12T15:00"] {
            desk.scheduler.move_subject(&booking(1), civil(day, "Europe/Berlin")).await.unwrap();
        }
    }
    desk.clock.advance_to("2026-07-11T13:00:00Z");
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    look(&desk);
    desk.scheduler.cancel_subject(&booking(1)).await.unwrap();
    desk.clock.advance(MINUTE);
    let cancelled = reminder("cancelled").event(civil("2026-07-12T15:00", "Europe/Berlin")).now();
    desk.schedule(cancelled.calendar(entry().cancelled())).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    look(&desk);
    let uids: Vec<&str> = seen.iter().map(|(uid, ..)| uid.as_str()).collect();
    assert_eq!(uids, ["booking~1@court.example"; 3]);
    let starts: Vec<&str> = seen.iter().map(|(_, start, ..)| start.as_str()).collect();
    let moved = "2026-07-12T13:00:00+00:00";
    assert_eq!(starts, ["2026-07-10T13:00:00+00:00", moved, moved]);
    assert!(seen.is_sorted_by(|one, next| one.2 < next.2), "{seen:?}");
    let states: Vec<&str> = seen.iter().map(|(.., status)| status.as_str()).collect();
    assert_eq!(states, ["CONFIRMED", "CONFIRMED", "CANCELLED"]);
    assert_eq!(
        latest(&desk).media_type(),
        "text/calendar; charset=utf-8; method=CANCEL; component=VEVENT"
    );
}

/// Engines whose clocks differ send what one host asked for, and one that is behind moves it: the
/// cancellation that was asked for last is the newest, and nothing is older than it was.
async fn a_file_tells_when_it_was_asked_for_whoever_sends_it_and_when(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let other = |now: &str| {
        let clock = VirtualClock::at(now);
        let builder = engine(&desk.store, &clock, 2).notifier(desk.mailbox.clone());
        builder.build().unwrap()
    };
    let ahead = other("2026-07-01T10:10:00Z");
    desk.schedule(booked("confirmation").now().calendar(entry())).await;
    desk.schedule(booked("reminder").before(DAY).calendar(entry())).await;
    assert_eq!(ahead.run_until_idle().await.unwrap().sent, 1);
    let asked = "SEQUENCE:15674400\r\nDTSTAMP:20260701T100000Z\r\n";
    assert!(text(&latest(&desk)).contains(asked), "{}", text(&latest(&desk)));

    let behind = other("2026-07-01T09:00:00Z");
    behind.move_subject(&booking(1), civil("2026-07-11T15:00", "Europe/Berlin")).await.unwrap();
    desk.clock.advance(MINUTE);
    let cancelled = reminder("cancelled").event(civil("2026-07-11T15:00", "Europe/Berlin")).now();
    desk.schedule(cancelled.calendar(entry().cancelled())).await;
    assert_eq!(desk.pass(MINUTE).await, 1);
    let a_minute_later = "SEQUENCE:15674460\r\nDTSTAMP:20260701T100100Z\r\n";
    assert!(text(&latest(&desk)).contains(a_minute_later), "{}", text(&latest(&desk)));

    desk.clock.advance_to("2026-07-10T13:00:00Z");
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    assert_eq!(start(&read(&latest(&desk))), "2026-07-11T13:00:00+00:00");
    assert!(text(&latest(&desk)).contains(asked), "{}", text(&latest(&desk)));
}

async fn any_text_is_the_text_of_its_property_and_nothing_else(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let long = "Größe 🎾 確認, ".repeat(15);
    let lines = [
        "a;b,c:d\\e\"f",
        "\\n",
        "\\",
        "\\\\n",
        "END:VEVENT",
        "BEGIN:VALARM",
        ";X=1:y",
        ",",
        " ",
        "=?utf-8?q?a?=",
        "a\\;b",
        "^n^'^^",
        "{{ 7 * 7 }} <b>",
        "مرحبا \u{200f}",
        long.trim_end(),
        "x",
        "🎾",
    ];
    let texts = lines.into_iter().map(str::to_owned).filter(|line| !line.trim().is_empty());
    let breaks =
        ["\r\n", "\n", "\r"].map(|end| format!("a{end}END:VEVENT{end}{end}BEGIN:VEVENT{end} b"));
    for (id, given) in texts.chain(breaks).enumerate() {
        let is_line = !given.contains(['\n', '\r']);
        let line = if is_line { given.as_str() } else { "one line" };
        let name = line.replace('"', "'");
        let entry = CalendarEntry::new(line)
            .location(line)
            .description(&*given)
            .organizer(format!("\"{name}\" <desk@court.example>"));
        let about =
            Subject::new("booking", format!("{id} {line}").chars().take(50).collect::<String>());
        let ask = Reminder::new("k", &about, jane()).text("..").now().calendar(entry);
        desk.schedule(ask.event(civil("2026-07-10T15:00", "Europe/Berlin"))).await;
        assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
        let file = latest(&desk);
        let event = read(&file);
        let unix = given.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(event.get_summary(), Some(line), "{}", text(&file));
        assert_eq!(event.get_location(), Some(line), "{}", text(&file));
        assert_eq!(event.get_description(), Some(&*unix), "{}", text(&file));
        let names: Vec<&str> = event.properties().keys().map(String::as_str).collect();
        let expected = [
            "DESCRIPTION",
            "DTSTAMP",
            "DTSTART",
            "LOCATION",
            "ORGANIZER",
            "SEQUENCE",
            "STATUS",
            "SUMMARY",
            "UID",
        ];
        assert_eq!(names, expected, "{}", text(&file));
        assert_eq!(event.property_value("ORGANIZER"), Some("mailto:desk@court.example"));
        // Whoever unfolds the lines finds as many as there are properties.
        let unfolded = text(&file).replace("\r\n ", "");
        assert_eq!(unfolded.lines().count(), 5 + 2 + expected.len() + 1, "{unfolded}");
        assert!(!unfolded.contains("\u{2028}"));
    }
}

async fn the_host_may_count_versions_and_name_entries_itself(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let entry = CalendarEntry::new("Court 3").uid("court 3, booking 7").sequence(4);
    desk.schedule(booked("k").now().from(DESK).calendar(entry)).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    let event = read(&latest(&desk));
    assert_eq!(event.property_value("ORGANIZER"), Some("mailto:desk@court.example"));
    assert_eq!(event.get_sequence(), Some(4));
    assert!(text(&latest(&desk)).contains("UID:court 3\\, booking 7\r\n"));
    assert!(event.get_end().is_none(), "how long it takes was not said");
}

async fn an_entry_that_cannot_be_written_is_refused_by_its_field(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let phone: PhoneNumber = "+4915112345678".parse().unwrap();
    let text = Reminder::new("k", &booking(1), phone).text("..").now();
    let text = text.event(civil("2026-07-10T15:00", "Europe/Berlin"));
    let bare = || CalendarEntry::new("Court 3");
    for (ask, field, rule) in [
        (reminder("k").now().calendar(entry()), "event", Rule::NotEmpty),
        (booked("k").now().calendar(bare()), "calendar organizer", Rule::NotEmpty),
        (text.from("+49123").calendar(bare()), "calendar organizer", Rule::NotEmpty),
        (
            booked("k").now().calendar(entry().location("a\nb")),
            "calendar location",
            Rule::Malformed,
        ),
        (
            booked("k").now().calendar(entry().description("x".repeat(Limits::CALENDAR_TEXT + 1))),
            "calendar description",
            Rule::TooLong,
        ),
        (
            booked("k").now().calendar(entry().duration(Duration::ZERO)),
            "calendar duration",
            Rule::OutOfRange,
        ),
    ] {
        let error = desk.scheduler.schedule(ask).await.unwrap_err();
        let refused = error.invalid_field().unwrap();
        assert_eq!((refused.field(), refused.rule()), (field, rule), "{error}");
    }
    let longest = "é".repeat(Limits::CALENDAR_TEXT);
    desk.schedule(booked("k").now().calendar(entry().description(&*longest))).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    assert_eq!(read(&latest(&desk)).get_description(), Some(&*longest));
}

async fn another_entry_is_an_update_and_none_brings_no_file(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let ask = || booked("k").before(DAY);
    let (what, id) = desk.schedule(ask()).await;
    assert_eq!(what, Scheduling::Scheduled);
    for (at, entry) in
        [entry(), entry().location("Court 3"), entry().cancelled()].into_iter().enumerate()
    {
        let ask = || ask().calendar(entry.clone());
        assert_eq!(desk.schedule(ask()).await, (Scheduling::Updated, id), "{at}");
        assert_eq!(desk.schedule(ask()).await, (Scheduling::Unchanged, id), "{at}");
    }
    assert_eq!(desk.schedule(ask()).await, (Scheduling::Updated, id));
    desk.clock.advance_to("2026-07-09T13:00:00Z");
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    assert!(desk.mailbox.sent()[0].notification.attachments.is_empty());
}
