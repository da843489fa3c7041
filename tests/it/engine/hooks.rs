//! Hooks of a host that panic or hang: they harm their own row and nothing else.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use puntual::render::{RenderError, RenderRequest, Renderer};
use puntual::scheduler::{Guard, GuardAnswer, HostError, Outcome, Resolver, SchedulerBuilder};
use puntual::store::{MemoryStore, TaskFilter, TaskStoreExt};
use puntual::task::{Address, Channel, Entropy, Message, Reason, Recipient, Task, TaskState, What};
use puntual::testing::VirtualClock;
use puntual::{Reminder, Reminders, Scheduler};

use super::{START, mailbox};
use crate::scenarios::{MINUTE, booking, jane};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send + 'a>>;

/// The kind of a task says how its hook fails.
async fn fails(kind: &str) {
    match kind {
        "panics" => panic!("a bug of the host"),
        "hangs" => std::future::pending().await,
        _ => {}
    }
}

/// Written by hand, so that it can panic before there is a future.
struct BadGuard;

impl Guard for BadGuard {
    fn ask<'life0, 'async_trait>(&'life0 self, task: Arc<Task>) -> Boxed<'async_trait, GuardAnswer>
    where
        'life0: 'async_trait,
    {
        assert_ne!(task.kind.as_str(), "panics_at_once", "a bug of the host");
        Box::pin(async move {
            fails(task.kind.as_str()).await;
            Ok(GuardAnswer::Send)
        })
    }
}

struct BadResolver;

impl Resolver for BadResolver {
    fn resolve<'life0, 'async_trait>(
        &'life0 self,
        task: Arc<Task>,
        _: String,
    ) -> Boxed<'async_trait, Option<Address>>
    where
        'life0: 'async_trait,
    {
        assert_ne!(task.kind.as_str(), "panics_at_once", "a bug of the host");
        Box::pin(async move {
            fails(task.kind.as_str()).await;
            Ok(Some(Address::Email(jane())))
        })
    }
}

#[derive(Debug)]
struct BadRenderer;

impl Renderer for BadRenderer {
    fn render(&self, request: &RenderRequest<'_>) -> Result<Message, RenderError> {
        assert_ne!(request.task.kind.as_str(), "panics", "a bug of the host");
        Ok(Message::text(".."))
    }
}

fn bad_ear(outcome: &Outcome) {
    assert_ne!(outcome.kind.as_str(), "panics", "a bug of the host");
}

type Add = fn(SchedulerBuilder) -> SchedulerBuilder;

#[tokio::test]
async fn a_hook_that_panics_or_hangs_harms_its_row_alone() {
    let rows: [(&str, Add, &[&str]); 3] = [
        ("guard", |b| b.guard(BadGuard), &["panics", "panics_at_once", "hangs"]),
        ("resolver", |b| b.resolver(BadResolver), &["panics", "panics_at_once", "hangs"]),
        ("render", |b| b.renderer(BadRenderer), &["panics"]),
    ];
    for (hook, add, bad) in rows {
        let (clock, store, mailbox) = (VirtualClock::at(START), MemoryStore::new(), mailbox());
        let builder = Scheduler::builder(store.clone())
            .notifier(mailbox.clone())
            .clock(clock.clone())
            .entropy(Entropy::seeded(1));
        let scheduler = add(builder).build().unwrap();
        let handle = scheduler.start();
        let to = || Recipient::reference(Channel::EMAIL, "user 5");
        let ask = |kind: &str, id| {
            let ask = Reminder::new(
                kind,
                &booking(id),
                if hook == "resolver" { to() } else { jane().into() },
            );
            if hook == "render" { ask.template("t").now() } else { ask.text("..").now() }
        };
        let good = (0..10).map(|id| ask("good", id));
        let all = bad.iter().map(|kind| ask(kind, 1)).chain(good).collect();
        scheduler.schedule_all(all).await.unwrap();
        clock.settle().await;
        assert_eq!(mailbox.accepted().len(), 10, "{hook}: the others go out at once");

        clock.run_for(Duration::from_secs(31)).await;
        let mut ended = BTreeMap::new();
        for task in store.all(TaskFilter::default()).await.unwrap() {
            let entry = store.history_of(task.id).await.unwrap()[1].entry.clone();
            if task.kind.as_str() == "good" {
                assert_eq!(task.state, TaskState::Sent, "{hook}");
                continue;
            }
            assert_eq!((task.attempts, task.unfinished_claims), (1, 0), "{hook}: {entry:?}");
            assert_eq!(entry.code.as_ref().unwrap().as_str(), hook);
            ended.insert(task.kind.to_string(), (entry.what, entry.reason));
        }
        for kind in bad {
            let reason = if *kind == "hangs" { Reason::TimedOut } else { Reason::Panic };
            assert_eq!(ended[*kind], (What::Retried, Some(reason)), "{hook} {kind}");
        }
        handle.shutdown(MINUTE).await;
    }
}

#[tokio::test]
async fn an_ear_that_panics_changes_no_outcome() {
    let (clock, store, mailbox) = (VirtualClock::at(START), MemoryStore::new(), mailbox());
    let scheduler = Scheduler::builder(store.clone())
        .notifier(mailbox.clone())
        .clock(clock.clone())
        .on_outcome(bad_ear)
        .build()
        .unwrap();
    let handle = scheduler.start();
    let ask = |kind: &str, id| {
        Reminder::new(kind, &booking(id), jane()).person(format!("user {id}")).text("..").now()
    };
    let all = (0..10).map(|id| ask(if id % 2 == 0 { "panics" } else { "good" }, id)).collect();
    scheduler.schedule_all(all).await.unwrap();
    clock.settle().await;
    assert_eq!(mailbox.accepted().len(), 10);
    for task in store.all(TaskFilter::default()).await.unwrap() {
        assert_eq!((task.state, task.lease), (TaskState::Sent, None));
    }
    handle.shutdown(MINUTE).await;
}
