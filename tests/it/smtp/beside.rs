//! Mails that wait for a slow relay: nobody else is late for it.

use std::time::Duration;

use puntual::notify::{SmtpNotifier, SmtpPhase, SmtpTls};
use puntual::store::MemoryStore;
use puntual::task::{Channel, EmailAddress, Entropy, Priority, Recipient, Subject};
use puntual::testing::{ScriptedNotifier, ScriptedSmtp, SmtpScript, SmtpStep, VirtualClock};
use puntual::{EventTime, Reminder, Reminders, Scheduler};

use super::until;

const MAILS: u64 = 10_000;
const PAGES: u64 = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// Ten thousand mails are due at once, four are under way, and each takes five minutes; meanwhile
/// each page goes out at the instant at which it is due.
#[tokio::test]
async fn ten_thousand_mails_on_four_connections_keep_no_other_channel_late() {
    let clock = VirtualClock::at("2026-07-01T00:00:00Z");
    let slow = SmtpStep::reply("250 2.0.0 ok").after(&clock, 5 * MINUTE);
    let server = ScriptedSmtp::start(SmtpScript::new().always(SmtpPhase::End, slow)).await.unwrap();
    let mail = SmtpNotifier::builder("127.0.0.1", "desk@court.example")
        .port(server.port())
        .tls(SmtpTls::None)
        .clock(clock.clone())
        .build()
        .unwrap();
    let pager = Channel::new("pager").unwrap();
    let pages = ScriptedNotifier::new(pager.clone());
    let scheduler = Scheduler::builder(MemoryStore::new())
        .notifier(mail)
        .notifier(pages.clone())
        .clock(clock.clone())
        .entropy(Entropy::seeded(1))
        .build()
        .unwrap();

    let start = clock.now();
    let mails = (0..MAILS).map(|number| {
        let to: EmailAddress = format!("p{number}@x.example").parse().unwrap();
        let about = Subject::new("booking", number);
        Reminder::new("confirmation", &about, to).text("You are booked.").now()
    });
    let mails: Vec<Reminder> = mails.collect();
    for batch in mails.chunks(1_000) {
        scheduler.schedule_all(batch.to_vec()).await.unwrap();
    }
    let due = |number| start + MINUTE * u32::try_from(number).unwrap() + Duration::from_millis(500);
    for number in 1..=PAGES {
        let to = Recipient::custom(pager.clone(), format!("{number}"));
        let about = Subject::new("round", number);
        let event = EventTime::instant(due(number) + MINUTE).unwrap();
        let page = Reminder::new("page", &about, to).event(event).before(MINUTE).text("Your turn.");
        scheduler.schedule(page.priority(Priority::Normal)).await.unwrap();
    }

    let running = scheduler.start();
    server.reached(SmtpPhase::End, 4).await;
    for number in 1..=PAGES {
        clock.run_to(due(number)).await;
        let count = usize::try_from(number).unwrap();
        until(|| pages.accepted().len() == count).await;
        let page = pages.accepted().pop().unwrap();
        assert_eq!((page.at, page.handed_off_at), (due(number), Some(due(number))));
        assert!(server.connected() <= 4, "{} connections", server.connected());
    }
    // Four a turn of five minutes, and no more: the others are still waiting.
    let sent = server.mails().len();
    assert!((20..=28).contains(&sent), "{sent} mails in half an hour");
    assert!(server.conversations().len() <= 4);
    tokio::join!(running.shutdown(10 * MINUTE), clock.run_for(11 * MINUTE));
}
