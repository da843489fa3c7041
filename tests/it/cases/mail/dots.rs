//! Lines that begin with a dot, or with a command: they change no message and end none.

use std::time::Duration;

use icalendar::Component as _;
use icalendar::EventLike as _;
use puntual::task::{CalendarEntry, Limits, Message};
use puntual::{EventTime, Reminder};

use super::Post;
use crate::scenarios::{Backend, booking, each_store, jane};

each_store!(
    lines_that_begin_with_a_dot_or_a_command_arrive_as_they_are,
    a_line_that_wraps_before_a_dot_arrives_as_it_is,
);

const SMUGGLED: &str = "See you.\r\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<y@evil.example>\r\n\
                        DATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\nQUIT";

/// Sends it as text and as HTML, and in a file.
async fn arrives(post: &Post, id: u32, text: &str) {
    let message = Message::text(text).with_subject("Court").with_html(text);
    let described: String = text.chars().take(Limits::CALENDAR_TEXT).collect();
    let entry = CalendarEntry::new(".").location("..").description(&*described);
    let ask = Reminder::new("k", &booking(id), jane())
        .text(message)
        .event(EventTime::civil("2026-07-11T15:00", "Europe/Berlin").unwrap())
        .calendar(entry.organizer("desk@court.example").duration(Duration::from_secs(3_600)))
        .now();
    let arrived = post.sends(ask).await;
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let unix = unix.trim_end_matches('\n');
    assert_eq!(arrived.text, unix, "{}", arrived.raw);
    assert_eq!(arrived.html.as_deref(), Some(unix), "{}", arrived.raw);
    arrived.check();
    let [(name, media_type, file)] = &arrived.files[..] else { panic!("{}", arrived.raw) };
    let kind = "text/calendar; charset=utf-8; method=PUBLISH; component=VEVENT";
    assert_eq!((name.as_str(), media_type.as_str()), ("booking.ics", kind));
    let calendar: icalendar::Calendar = file.parse().unwrap();
    let event = calendar.events().next().unwrap();
    assert_eq!((event.get_summary(), event.get_location()), (Some("."), Some("..")));
    let described = described.replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(event.get_description(), Some(&*described), "{file}");
    let commands = post.server.conversations();
    assert_eq!(commands.len(), 1, "one connection");
    let is_ours = |line: &String| !line.contains("evil") && line != "QUIT";
    assert!(commands[0].commands.iter().all(is_ours), "{:?}", commands[0].commands);
}

async fn lines_that_begin_with_a_dot_or_a_command_arrive_as_they_are(backend: impl Backend) {
    let post = Post::open(&backend, Default::default()).await;
    let texts = [
        ".",
        "..",
        "...",
        ".css {}",
        ". ",
        "a\r\n.\r\nb",
        "a\n.\nb",
        "a\r.\rb",
        "\r\n.\r\n\r\n..\r\nb",
        "a\r\n.\r\n",
        "QUIT\r\nRSET\r\nDATA",
        "é\r\n.\r\n..\r\né",
        SMUGGLED,
    ];
    for (id, text) in texts.into_iter().enumerate() {
        arrives(&post, u32::try_from(id).unwrap(), text).await;
    }
}

/// Where a long line is wrapped depends on the encoding: the dot stands at every place around it.
async fn a_line_that_wraps_before_a_dot_arrives_as_it_is(backend: impl Backend) {
    let post = Post::open(&backend, Default::default()).await;
    let around = |text: &str, width: usize| {
        let lines = (66..84).map(|column| {
            format!("x{}..\n.{}.\n", text.repeat(column / width), "a".repeat(column))
        });
        lines.collect::<String>()
    };
    let mut texts = vec![around("a", 1), around(" ", 1), around("é", 6), around("=", 3)];
    texts.extend(
        [990, 996, 997, 998, 999, 1_996]
            .map(|length| format!("{}.\n.{}.b\né", "a".repeat(length), "a".repeat(length))),
    );
    for (id, text) in texts.iter().enumerate() {
        arrives(&post, u32::try_from(id).unwrap(), text).await;
    }
}
