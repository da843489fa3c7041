//! From whom a reminder comes, where answers go and in which language it is told: each can be its
//! own, and a change of it is an update.

use puntual::scheduler::Scheduling;
use puntual::task::{Channel, PhoneNumber, Recipient};
use puntual::testing::{ScriptedNotifier, Step};
use puntual::{Reminder, Reminders};

use super::{Backend, DAY, Desk, HOUR, booking, civil, each_store, engine, jane, reminder};

each_store!(
    a_reminder_goes_out_with_its_own_sender_and_language,
    another_sender_or_language_is_an_update,
    a_fallback_takes_the_language_along_and_not_the_sender,
);

const NOW: &str = "2026-07-01T00:00:00Z";
const DESK: &str = "Court Club <desk@court.example>";

async fn a_reminder_goes_out_with_its_own_sender_and_language(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let spanish = Recipient::from(jane()).locale("es");
    let ask = Reminder::new("k", &booking(1), spanish).text("..").now();
    desk.schedule(ask.from(DESK).reply_to("office@court.example").locale("en-GB")).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    desk.schedule(reminder("plain").now()).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    let sent = desk.mailbox.sent();
    let own = &sent[0].notification;
    assert_eq!(
        (own.from.as_deref(), own.reply_to.as_deref()),
        (Some(DESK), Some("office@court.example"))
    );
    assert_eq!(own.recipient.language(), Some("en-GB"), "the reminder's word counts");
    let plain = &sent[1].notification;
    assert_eq!((&plain.from, &plain.reply_to, plain.recipient.language()), (&None, &None, None));
}

async fn another_sender_or_language_is_an_update(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let ask = || reminder("k").event(civil("2026-07-10T15:00", "Europe/Berlin")).before(DAY);
    let (what, id) = desk.schedule(ask()).await;
    assert_eq!(what, Scheduling::Scheduled);
    let steps: [fn(Reminder) -> Reminder; 3] = [
        |ask| ask.from(DESK),
        |ask| ask.from(DESK).reply_to("office@court.example"),
        |ask| ask.from(DESK).reply_to("office@court.example").locale("es"),
    ];
    for (at, step) in steps.into_iter().enumerate() {
        assert_eq!(desk.schedule(step(ask())).await, (Scheduling::Updated, id), "step {at}");
        assert_eq!(desk.schedule(step(ask())).await, (Scheduling::Unchanged, id), "step {at}");
    }
    assert_eq!(desk.pass(10 * DAY - 35 * HOUR).await, 1);
    let sent = desk.mailbox.sent();
    let own = &sent[0].notification;
    assert_eq!((own.from.as_deref(), own.recipient.language()), (Some(DESK), Some("es")));
}

async fn a_fallback_takes_the_language_along_and_not_the_sender(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let mail = ScriptedNotifier::new(Channel::EMAIL).then(Step::permanent("550 5.1.1"));
    let builder = engine(&desk.store, &desk.clock, 2).notifier(mail).notifier(desk.phone.clone());
    let scheduler = builder.build().unwrap();
    let phone: PhoneNumber = "+4915112345678".parse().unwrap();
    let ask = reminder("k").now().from(DESK).reply_to("o@court.example").locale("es");
    scheduler.schedule(ask.fallback(phone)).await.unwrap();
    scheduler.run_until_idle().await.unwrap();
    let texted = &desk.phone.sent()[0].notification;
    assert_eq!((&texted.from, &texted.reply_to), (&None, &None), "it is no mailbox of a phone");
    assert_eq!(texted.recipient.language(), Some("es"), "the language is the person's");
}
