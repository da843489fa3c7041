//! Bodies of every size up to the limit, and numbers of 64 bits: what goes in comes out.

use std::time::Duration;

use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Limits, Rule, Subject, TaskData};
use puntual::{Reminder, Reminders};
use serde_json::json;

use super::refused_for;
use crate::scenarios::{Backend, Desk, each_store, jane, reminder};

each_store!(
    a_body_of_any_size_up_to_the_limit_goes_out_whole_and_the_next_byte_is_refused,
    data_of_any_size_up_to_the_limit_comes_back_and_the_next_byte_is_refused,
    numbers_of_64_bits_stay_exact_and_apart,
);

const NOW: &str = "2026-07-01T00:00:00Z";
/// Below and above the 8,000 bytes of a notification in Postgres, well above it, and the limit.
const SIZES: [usize; 4] = [7_900, 8_100, 20_000, Limits::BODY_BYTES];

async fn a_body_of_any_size_up_to_the_limit_goes_out_whole_and_the_next_byte_is_refused(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, NOW);
    let (_, id) = desk.schedule(reminder("small").text("a").now()).await;
    let around = desk.task(id).await.body.as_str().len() - 1;
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    for size in SIZES {
        let text = "a".repeat(size - around);
        let ask = reminder(&format!("body_{size}")).text(text.as_str()).now();
        let (_, id) = desk.schedule(ask).await;
        assert_eq!(desk.task(id).await.body.as_str().len(), size);
        assert_eq!(desk.pass(Duration::ZERO).await, 1, "{size} bytes");
        let sent = desk.mailbox.take().pop().unwrap();
        assert_eq!((sent.task, sent.notification.message.text), (id, text), "{size} bytes");
    }
    let text = "a".repeat(Limits::BODY_BYTES - around + 1);
    let ask = reminder("large").text(text).now();
    let error = refused_for(&desk, ask, "body", Rule::TooLong).await;
    assert!(error.contains("65537") && error.contains("the limit is 65536"), "{error}");
}

async fn data_of_any_size_up_to_the_limit_comes_back_and_the_next_byte_is_refused(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, NOW);
    for size in SIZES {
        let data = "a".repeat(size - 2);
        let kind = format!("data_{size}");
        let (_, id) = desk.schedule(reminder(&kind).data(&data).now()).await;
        assert_eq!(desk.task(id).await.data.as_str().len(), size);
        assert_eq!(desk.pass(Duration::ZERO).await, 1, "{size} bytes");
        let sent = desk.mailbox.take().pop().unwrap();
        assert_eq!(sent.notification.data, TaskData::new(&data).unwrap());
    }
    let ask = reminder("over").data(&"a".repeat(Limits::BODY_BYTES - 1)).now();
    let error = refused_for(&desk, ask, "data", Rule::TooLong).await;
    assert!(error.contains("65537") && error.contains("the limit is 65536"), "{error}");
}

async fn numbers_of_64_bits_stay_exact_and_apart(backend: impl Backend) {
    // A double keeps 53 bits: each of these meets its neighbour in one.
    let ids = [9_123_456_789_654_321, i64::MAX as u64, u64::MAX];
    let desk = Desk::at(&backend, NOW);
    for id in ids {
        for id in [id, id - 1] {
            let about = Subject::new("booking", id);
            let ask = Reminder::new("k", &about, jane()).text("..").data(&json!({ "id": id }));
            let (_, task) = desk.schedule(ask.now()).await;
            assert_eq!(desk.task(task).await.subject.id(), id.to_string());
        }
        let (kept, cancelled) = (Subject::new("booking", id), Subject::new("booking", id - 1));
        let outcomes = desk.scheduler.cancel_subject(&cancelled).await.unwrap();
        assert_eq!(outcomes.len(), 1, "{id}");
        let of_kept = desk.store.all(TaskFilter::subject(kept.clone())).await.unwrap();
        assert_eq!(of_kept.len(), 1, "{id}");
        assert_eq!(desk.pass(Duration::ZERO).await, 1, "{id}");
        let sent = desk.mailbox.take().pop().unwrap().notification;
        assert_eq!(sent.subject, kept);
        assert_eq!(sent.data.as_str(), format!("{{\"id\":{id}}}"));
        assert_eq!(sent.data.to_value()["id"].as_u64(), Some(id));
        let explained = desk.scheduler.explain_subject(&kept).await.unwrap();
        assert!(explained[0].to_string().contains(&id.to_string()));
    }
}
