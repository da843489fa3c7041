//! Subject lines and texts that are not ASCII, very long, or look as if they were encoded already.

use puntual::Reminder;
use puntual::task::{Limits, Message, Rule};

use super::super::refused_for;
use super::Post;
use crate::scenarios::{Backend, Desk, booking, each_store, jane};

each_store!(
    any_subject_line_arrives_as_it_is,
    any_text_arrives_as_it_is_in_lines_that_servers_take,
    a_subject_line_that_is_too_long_is_refused_by_name,
);

fn says(id: u32, message: Message) -> Reminder {
    Reminder::new("k", &booking(id), jane()).text(message).now()
}

fn subjects() -> Vec<String> {
    let limit = Limits::SUBJECT_LINE;
    let cut = |text: String| text.chars().take(limit).collect::<String>();
    let mut subjects: Vec<String> = [
        "Court 3 at 6 pm",
        "=?utf-8?q?50=25_off?=",
        "=?UTF-8?B?SGVsbG8=?=",
        "a =?utf-8?q?b?= c",
        "Größe =?utf-8?q?b?= ü",
        "=?utf-8?q?a?= =?utf-8?q?b?=",
        "=?",
        "?=",
        "=",
        "=?x",
        "a =? b ?= c",
        "=?utf-8?q?unfinished",
        "=3D =20 _ __ a_b",
        "two  blanks,   three",
        "ü  ü   ü",
        " blanks at both ends ",
        "  ",
        "Größe ",
        " ü",
        "(no comment) \"no quote\" a, b; c: <d@x.example> \\ back",
        "Re: Fwd: [court] #3 100 %",
        "確認",
        "مرحبا بك",
        "é",
        "e\u{301}",
        "👩‍👩‍👧‍👦 🎾",
        "Content-Type: text/html",
        "--=_boundary",
    ]
    .map(str::to_owned)
    .into();
    subjects.retain(|subject| !subject.trim().is_empty());
    subjects.extend([
        cut("Bestätigung — ".repeat(40)).trim_end().to_owned(),
        cut("🎾".repeat(300)),
        cut("x".repeat(2_000)),
        cut(format!("a {}", "x".repeat(2_000))),
        cut("word ".repeat(400)).trim_end().to_owned(),
        cut("=?".repeat(400)),
        cut("\\\"".repeat(400)),
        cut("ä ".repeat(400)).trim_end().to_owned(),
    ]);
    // Every place at which a word of the encoding can end.
    subjects.extend((0..30).map(|ahead| format!("{}{}", "x".repeat(ahead), "ü🎾é".repeat(12))));
    subjects
}

async fn any_subject_line_arrives_as_it_is(backend: impl Backend) {
    let post = Post::open(&backend, Default::default()).await;
    for (id, subject) in subjects().into_iter().enumerate() {
        let message = Message::text("See you.").with_subject(&*subject);
        let arrived = post.sends(says(u32::try_from(id).unwrap(), message)).await;
        assert_eq!(arrived.subject.as_deref(), Some(&*subject), "{}", arrived.raw);
        assert_eq!(arrived.text, "See you.");
        arrived.check();
    }
}

async fn any_text_arrives_as_it_is_in_lines_that_servers_take(backend: impl Backend) {
    let post = Post::open(&backend, Default::default()).await;
    let texts = [
        "Bestätigung — ".repeat(40).trim_end().to_owned(),
        "x".repeat(2_000),
        "🎾".repeat(300),
        format!("{}\n{}", "a ".repeat(998).trim_end(), "=".repeat(998)),
        "trailing blanks  \nand tabs\t\nand =20 =\nend".to_owned(),
        "From the desk\n>From\nContent-Type: text/html\n\n--=_\n".trim_end().to_owned(),
        (1..90).map(|length| "ü".repeat(length) + "\n").collect::<String>().trim_end().to_owned(),
    ];
    for (id, text) in texts.into_iter().enumerate() {
        let html = format!("<p>{text}</p>");
        let message = Message::text(&*text).with_subject("Court").with_html(&*html);
        let arrived = post.sends(says(u32::try_from(id).unwrap(), message)).await;
        assert_eq!(arrived.text, text, "{}", arrived.raw);
        assert_eq!(arrived.html, Some(html), "{}", arrived.raw);
        arrived.check();
    }
}

async fn a_subject_line_that_is_too_long_is_refused_by_name(backend: impl Backend) {
    let desk = Desk::at(&backend, super::NOW);
    for long in ["Bestätigung — ".repeat(40), "x".repeat(2_000), "🎾".repeat(300)] {
        let ask = says(1, Message::text("See you.").with_subject(long));
        let error = refused_for(&desk, ask, "subject line", Rule::TooLong).await;
        assert!(error.contains(&Limits::SUBJECT_LINE.to_string()), "{error}");
    }
}
