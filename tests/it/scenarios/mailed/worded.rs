//! Mails by template: they say what is true when they leave.

use puntual::render::{TemplateSource, Templates};
use puntual::task::{Reason, TaskState};
use puntual::testing::SmtpScript;
use puntual::{Reminder, Reminders};

use super::{Post, id_of, person};
use crate::scenarios::{Backend, DAY, booking, civil, each_store, jane};

each_store!(
    a_mail_by_template_shows_the_time_to_which_its_booking_moved,
    a_mail_that_is_hours_late_tells_no_relative_lie_and_fixed_text_expires,
);

async fn post(backend: &impl Backend) -> Post {
    let text = "Your court is booked for {{ time_to_event }}.";
    let source = TemplateSource::text(text).with_subject("{{ event.local }}");
    let templates = Templates::new().with("reminder_24h", source).unwrap();
    let (script, set) = (SmtpScript::new(), |smtp| smtp);
    let now = "2026-07-01T00:00:00Z";
    Post::with(backend, now, script, set, |builder| builder.renderer(templates)).await
}

/// Scenario 5.
async fn a_mail_by_template_shows_the_time_to_which_its_booking_moved(backend: impl Backend) {
    let post = post(&backend).await;
    let at = civil("2026-07-10T15:00", "Europe/Berlin");
    let id =
        post.schedule(Reminder::new("reminder_24h", &booking(1), jane()).event(at).before(DAY));
    let id = id.await;
    for (day, due) in [("2026-07-12T17:30", "2026-07-11T15:30:00Z")] {
        let moved = civil(day, "Europe/Berlin");
        post.scheduler.move_subject(&booking(1), moved).await.unwrap();
        post.clock.advance_to(due);
        assert_eq!(post.scheduler.run_until_idle().await.unwrap().sent, 1);
    }
    let mails = post.server.mails();
    assert_eq!(post.message_ids(), [id_of(id, 2)]);
    assert!(mails[0].text().contains("tomorrow at 17:30"), "{}", mails[0].text());
}

/// Scenario 9.
async fn a_mail_that_is_hours_late_tells_no_relative_lie_and_fixed_text_expires(
    backend: impl Backend,
) {
    let post = post(&backend).await;
    let event = || civil("2026-07-10T15:00", "Europe/Berlin");
    let told = Reminder::new("reminder_24h", &booking(1), jane()).event(event()).before(DAY);
    let fixed = Reminder::new("fixed", &booking(2), person(2)).event(event()).before(DAY);
    let told = post.schedule(told).await;
    let fixed = post.schedule(fixed.text("Your court is booked for tomorrow at 15:00.")).await;
    // Due on 9 July at 13:00; now it is 15 hours later.
    post.clock.advance_to("2026-07-10T04:00:00Z");
    let report = post.scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.sent, report.expired), (1, 1), "{report:?}");
    let mails = post.server.mails();
    assert!(mails[0].text().contains("today at 15:00"), "{}", mails[0].text());
    assert_eq!(post.message_ids(), [id_of(told, 1)]);
    assert_eq!(post.task(fixed).await.state, TaskState::Expired);
    let why = post.history(fixed).await[1].entry.reason.clone();
    assert_eq!(why, Some(Reason::TooLate));
}
