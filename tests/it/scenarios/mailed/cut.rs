//! What nobody can know, as far as it can be known: workers that die, connections that break,
//! servers that think.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use puntual::Reminders;
use puntual::notify::SmtpPhase;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{TaskState, What};
use puntual::testing::{SmtpScript, SmtpStep};

use super::{Post, id_of, mail_to, message_id, patient, person, smtp};
use crate::scenarios::{Backend, DAY, MINUTE, each_store, engine};

each_store!(
    of_a_killed_worker_s_mails_those_before_the_dot_go_out_once_and_the_others_once_more,
    a_connection_that_is_cut_after_the_dot_leads_to_one_resend_with_the_same_message_id,
    a_dot_that_is_answered_after_five_minutes_is_one_mail,
    a_dot_has_its_ten_minutes_however_slow_the_server_was_before,
    after_an_attempt_was_given_up_the_next_mail_s_554_is_recorded_as_a_554,
);

const NOW: &str = "2026-07-01T00:00:00Z";

/// Scenario 10: killed with 50 claimed, of which 20 are handed off.
async fn of_a_killed_worker_s_mails_those_before_the_dot_go_out_once_and_the_others_once_more(
    backend: impl Backend,
) {
    let mut script = SmtpScript::new().always(SmtpPhase::End, SmtpStep::silence());
    for number in 20..50 {
        script = script.for_recipient(person(number).as_str(), SmtpStep::silence());
    }
    let post = Post::at(&backend, NOW, script).await;
    let all = (0..50).map(|number| mail_to(number).now()).collect();
    post.scheduler.schedule_all(all).await.unwrap();

    let many = smtp(&post.server, &post.clock).connections(50).build().unwrap();
    let killed = engine(&post.store, &post.clock, 2).notifier(many).build().unwrap();
    let stuck = async {
        post.server.reached(SmtpPhase::Recipient, 50).await;
        post.server.reached(SmtpPhase::End, 20).await;
    };
    tokio::select! {
        biased;
        () = stuck => {} // and the round is dropped: the worker is dead
        report = killed.process_due(500) => panic!("nothing comes back: {report:?}"),
    }
    let handed_off = TaskFilter::default().in_states([TaskState::Sending]);
    assert_eq!(post.store.all(handed_off.clone()).await.unwrap().len(), 20);
    post.server.follow(SmtpScript::new());

    assert_eq!(post.pass(Duration::from_secs(29)).await.sent, 0, "the leases still last");
    assert_eq!(post.pass(Duration::from_secs(2)).await.sent, 30, "what was not handed off");
    assert_eq!(post.store.all(handed_off).await.unwrap().len(), 0);
    assert_eq!(post.pass(14 * MINUTE).await.sent, 0, "the others may have arrived");
    assert_eq!(post.pass(MINUTE).await.sent, 20, "and are sent once more");
    assert_eq!(post.pass(DAY).await.claimed, 0);

    let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in post.server.mails() {
        mails.entry(mail.recipients[0].clone()).or_default().push(message_id(&mail));
    }
    assert_eq!(mails.len(), 50);
    for (recipient, ids) in &mails {
        let different: BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), 1, "{recipient}: no mail has two ids");
    }
    let twice = mails.values().filter(|ids| ids.len() == 2).count();
    assert_eq!(twice, 20);
    for task in post.store.all(TaskFilter::default()).await.unwrap() {
        let dots = mails[&format!("RCPT TO:<{}>", task.person.as_str())].len();
        let uncertain = post.story(task.id).await.contains(&What::Uncertain);
        assert_eq!(uncertain, dots == 2, "whatever may have gone out twice says so");
        assert_eq!(task.state, TaskState::Sent);
    }
}

/// Scenario 11, the first part.
async fn a_connection_that_is_cut_after_the_dot_leads_to_one_resend_with_the_same_message_id(
    backend: impl Backend,
) {
    let script = SmtpScript::new().then(SmtpPhase::End, SmtpStep::close());
    let post = Post::at(&backend, NOW, script).await;
    let id = post.schedule(mail_to(1).now()).await;
    assert_eq!(post.pass(Duration::ZERO).await.deferred, 1);
    assert_eq!(post.story(id).await, [What::Scheduled, What::Uncertain]);
    assert_eq!(post.pass(15 * MINUTE - Duration::from_secs(1)).await.claimed, 0);
    assert_eq!(post.pass(Duration::from_secs(1)).await.sent, 1);
    assert_eq!(post.pass(DAY).await.claimed, 0);
    assert_eq!(post.message_ids(), [id_of(id, 1), id_of(id, 1)]);
    assert_eq!(post.story(id).await, [What::Scheduled, What::Uncertain, What::Sent]);
}

/// Scenario 11, the second part.
async fn a_dot_that_is_answered_after_five_minutes_is_one_mail(backend: impl Backend) {
    let post = Post::at(&backend, NOW, SmtpScript::new()).await;
    let late = SmtpStep::reply("250 2.0.0 Ok: queued as LATE").after(&post.clock, 5 * MINUTE);
    post.server.push(SmtpPhase::End, late);
    let id = post.schedule(mail_to(1).now()).await;
    let (report, ()) = tokio::join!(post.scheduler.process_due(10), async {
        post.server.reached(SmtpPhase::End, 1).await;
        post.clock.advance(5 * MINUTE);
    });
    assert_eq!(report.unwrap().sent, 1);
    assert_eq!(post.pass(DAY).await.claimed, 0);
    assert_eq!(post.message_ids(), [id_of(id, 1)], "one message only");
    let history = post.history(id).await;
    assert_eq!(history[1].entry.provider_id.as_ref().unwrap().as_str(), "LATE");
    assert_eq!(post.server.conversations().len(), 1);
}

/// RFC 5321, section 4.5.3.2.6: a wait that ends sooner makes duplicates. Here the server needs
/// 13 minutes in all.
async fn a_dot_has_its_ten_minutes_however_slow_the_server_was_before(backend: impl Backend) {
    let post = Post::at(&backend, NOW, SmtpScript::new()).await;
    let slow = [
        (SmtpPhase::Mail, "250 2.1.0 ok", 50),
        (SmtpPhase::Recipient, "250 2.1.5 ok", 50),
        (SmtpPhase::Data, "354 go on", 110),
        (SmtpPhase::End, "250 2.0.0 Ok: queued as SLOW", 590),
    ];
    for (phase, reply, seconds) in slow {
        let step = SmtpStep::reply(reply).after(&post.clock, Duration::from_secs(seconds));
        post.server.push(phase, step);
    }
    let id = post.schedule(mail_to(1).now()).await;
    let (report, ()) = tokio::join!(post.scheduler.process_due(10), async {
        for (phase, _, seconds) in slow {
            post.server.reached(phase, 1).await;
            post.clock.advance(Duration::from_secs(seconds));
        }
    });
    assert_eq!(report.unwrap().sent, 1);
    assert_eq!(post.story(id).await, [What::Scheduled, What::Sent]);
    assert_eq!(post.pass(DAY).await.claimed, 0);
    assert_eq!(post.message_ids(), [id_of(id, 1)]);
}

/// Scenario 11, the third part: the answer to a mail that nobody waits for any more is not taken
/// for the answer to the next one.
async fn after_an_attempt_was_given_up_the_next_mail_s_554_is_recorded_as_a_554(
    backend: impl Backend,
) {
    let short = patient().with_attempt_timeout(MINUTE).with_answer_timeout(MINUTE);
    let (script, set) = (SmtpScript::new(), |smtp| smtp);
    let post = Post::with(&backend, NOW, script, set, |builder| builder.config(short)).await;
    let late = SmtpStep::reply("250 2.0.0 late").after(&post.clock, 5 * MINUTE);
    post.server.push(SmtpPhase::End, late);
    post.server.push(SmtpPhase::End, SmtpStep::reply("554 5.7.1 spam"));
    let first = post.schedule(mail_to(1).now()).await;
    let (report, ()) = tokio::join!(post.scheduler.process_due(10), async {
        post.server.reached(SmtpPhase::End, 1).await;
        post.clock.advance(MINUTE);
    });
    assert_eq!(report.unwrap().deferred, 1, "nobody knows");

    let second = post.schedule(mail_to(2).now()).await;
    assert_eq!(post.pass(5 * MINUTE).await.failed, 1);
    assert_eq!(post.task(second).await.state, TaskState::Failed);
    let refused = &post.history(second).await[1].entry;
    assert_eq!(refused.code.as_ref().unwrap().as_str(), "554 5.7.1");
    assert_eq!(post.pass(10 * MINUTE).await.sent, 1);
    assert_eq!(post.message_ids(), [id_of(first, 1), id_of(second, 1), id_of(first, 1)]);
    assert_eq!(post.story(first).await, [What::Scheduled, What::Uncertain, What::Sent]);
}
