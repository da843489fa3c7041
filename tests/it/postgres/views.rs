//! What an operator types by hand.

use puntual::store::TaskStore;
use puntual::task::{Entropy, SafeText, What};

use super::{answer, at, cancel, everything, reminder};
use crate::servers::postgres::Server;

#[tokio::test]
async fn the_queries_that_operators_know_are_answered() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    let mut new: Vec<_> = (0..3).map(|n| reminder(&entropy, &n.to_string(), at(n))).collect();
    new[0].recipient = SafeText::new("j***@e***.com");
    store.insert(at(0), &new).await.unwrap();
    let rows = store.list(&everything()).await.unwrap();
    let mut sent = cancel(&entropy, &rows[0]);
    sent.state = puntual::task::TaskState::Sent;
    sent.entry.what = What::Sent;
    sent.entry.attempt = 1;
    sent.entry.at = at(4);
    store.apply(at(4), &[sent]).await.unwrap();

    for (query, expected) in [
        ("select count(*)::text from {}.scheduled_tasks", "3"),
        ("select count(*)::text from {}.scheduled_tasks where is_executed = false", "2"),
        ("select recipient from {}.scheduled_tasks where is_executed", "j***@e***.com"),
        (
            "select count(*)::text from {}.notifications where notification_type = 'reminder_24h'",
            "1",
        ),
        ("select status from {}.notifications", "sent"),
        ("select extract(epoch from sent_at)::bigint::text from {}.notifications", "1800000004"),
    ] {
        assert_eq!(answer(&store, query).await, expected, "{query}");
    }
}
