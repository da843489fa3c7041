//! In which words: a distance is told when the message goes out, and a mended template is used.

use puntual::render::{TemplateSource, Templates};
use puntual::store::TaskStoreExt;
use puntual::task::{Reason, Recipient, TaskState, What};
use puntual::{Reminder, Reminders};

use super::{Backend, DAY, Desk, MINUTE, booking, civil, each_store, engine, jane, reminder};

each_store!(
    a_reminder_that_is_hours_late_says_how_far_the_event_is_now_and_fixed_text_expires,
    a_template_that_breaks_is_tried_again_and_goes_out_once_it_is_mended,
);

fn templates() -> Templates {
    let english = "Your court is booked for {{ time_to_event }}.";
    let spanish = "Tu pista está reservada para {{ time_to_event }}.";
    Templates::new()
        .with("reminder_24h", TemplateSource::text(english).with_subject("{{ event.local }}"))
        .and_then(|known| known.localized("reminder_24h", "es", TemplateSource::text(spanish)))
        .unwrap()
}

/// A reminder by template, to somebody who reads this language.
fn told_in(id: u32, language: &str) -> Reminder {
    let to = Recipient::from(jane()).locale(language);
    Reminder::new("reminder_24h", &booking(id), to)
}

/// Scenario 9.
async fn a_reminder_that_is_hours_late_says_how_far_the_event_is_now_and_fixed_text_expires(
    backend: impl Backend,
) {
    let desk = Desk::with(&backend, "2026-07-01T00:00:00Z", |b| b.renderer(templates()));
    let rows = [
        // On time, the day before.
        ("2026-07-10", "2026-07-09T13:00:00Z", "tomorrow at 15:00", "mañana a las 15:00", true),
        // Just before fixed text expires, half-way to the event.
        ("2026-07-20", "2026-07-20T00:59:59Z", "today at 15:00", "hoy a las 15:00", true),
        // 12 hours late, and 15.
        ("2026-07-30", "2026-07-30T01:00:00Z", "today at 15:00", "hoy a las 15:00", false),
        ("2026-08-10", "2026-08-10T04:00:00Z", "today at 15:00", "hoy a las 15:00", false),
    ];
    for (row, (day, at, english, spanish, fixed_goes_out)) in rows.into_iter().enumerate() {
        let id = |reader: u32| 10 * u32::try_from(row).unwrap() + reader;
        let event = || civil(&format!("{day}T15:00"), "Europe/Berlin");
        let fixed = Reminder::new("fixed", &booking(id(2)), jane())
            .text("Your court is booked for tomorrow at 15:00.");
        let asks = [told_in(id(0), "en"), told_in(id(1), "es-MX"), fixed];
        let asks = asks.into_iter().map(|ask| ask.event(event()).before(DAY)).collect();
        let outcomes = desk.scheduler.schedule_all(asks).await.unwrap();
        desk.clock.advance_to(at);
        let report = desk.scheduler.run_until_idle().await.unwrap();
        let fixed = u32::from(fixed_goes_out);
        assert_eq!((report.sent, report.expired), (2 + fixed, 1 - fixed), "{at}: {report:?}");

        let sent = desk.mailbox.sent();
        let words = |at: usize| {
            let found = sent.iter().find(|sent| sent.task == outcomes[at].id).unwrap();
            found.notification.message.text.clone()
        };
        assert_eq!(words(0), format!("Your court is booked for {english}."), "{at}");
        assert_eq!(words(1), format!("Tu pista está reservada para {spanish}."), "{at}");
        if !fixed_goes_out {
            let history = desk.store.history_of(outcomes[2].id).await.unwrap();
            assert_eq!(history[1].entry.what, What::Expired);
            assert_eq!(history[1].entry.reason, Some(Reason::TooLate));
        }
    }
}

async fn a_template_that_breaks_is_tried_again_and_goes_out_once_it_is_mended(
    backend: impl Backend,
) {
    let named = |text: &str| Templates::new().with("confirmation", TemplateSource::text(text));
    let broken = named("Court {{ data.court.number }} is yours.").unwrap();
    let desk = Desk::with(&backend, "2026-07-01T00:00:00Z", |builder| builder.renderer(broken));
    let ask = |id: u32, data: serde_json::Value| {
        Reminder::new("confirmation", &booking(id), jane()).data(&data).now()
    };
    let (_, id) = desk.schedule(ask(1, serde_json::json!({ "court": null }))).await;
    let court = serde_json::json!({ "court": { "number": 4 } });
    let (_, whole) = desk.schedule(ask(2, court)).await;
    let (_, fixed) = desk.schedule(reminder("fixed").now()).await;
    let report = desk.scheduler.process_due(100).await.unwrap();
    assert_eq!((report.sent, report.retried), (2, 1), "the others go out: {report:?}");
    assert_eq!(desk.task(whole).await.state, TaskState::Sent);
    assert_eq!(desk.task(fixed).await.state, TaskState::Sent);

    let history = desk.store.history_of(id).await.unwrap();
    let retried = &history[1].entry;
    assert_eq!((retried.what, &retried.reason), (What::Retried, &Some(Reason::Render)));
    let detail = retried.detail.as_ref().unwrap().as_str();
    assert!(detail.contains("confirmation"), "it says which template: {detail}");

    // The host mends the file and starts anew; nobody asks for the message again.
    let mended = named("Court {{ data.court or 'to be told' }} is yours.").unwrap();
    let restarted = engine(&desk.store, &desk.clock, 2)
        .notifier(desk.mailbox.clone())
        .renderer(mended)
        .build()
        .unwrap();
    assert_eq!(restarted.run_until_idle().await.unwrap().claimed, 0, "not before its next try");
    desk.clock.advance(2 * MINUTE);
    assert_eq!(restarted.run_until_idle().await.unwrap().sent, 1);
    assert_eq!(desk.story(id).await, [What::Scheduled, What::Retried, What::Sent]);
    let sent = desk.mailbox.sent().pop().unwrap();
    assert_eq!((sent.task, sent.key), (id, format!("{id}.1")));
    assert_eq!(sent.notification.message.text, "Court to be told is yours.");
}
