//! Percentiles, and counts that say where they were cut short.

use super::*;
use crate::store::MemoryStore;
use crate::task::{Channel, Entropy, EntryId, Kind, NewTask, PersonKey, Subject, TaskId};

#[test]
fn percentiles_are_values_that_occurred() {
    let hundred: Vec<i64> = (1..=100).collect();
    for (sorted, percent, value) in [
        (&[][..], 50, None),
        (&[7][..], 50, Some(7)),
        (&[7][..], 99, Some(7)),
        (&[1, 9][..], 50, Some(1)),
        (&[1, 9][..], 95, Some(9)),
        (&hundred[..], 50, Some(50)),
        (&hundred[..], 95, Some(95)),
        (&hundred[..], 99, Some(99)),
        (&hundred[..], 100, Some(100)),
    ] {
        assert_eq!(percentile(sorted, percent), value, "p{percent} of {sorted:?}");
    }
}

/// A store with one message sent in each of the last `hours`, half an hour past each full hour ago.
async fn sent_hourly(now: DateTime<Utc>, hours: i64) -> MemoryStore {
    let (store, entropy) = (MemoryStore::new(), Entropy::seeded(1));
    for ago in 0..hours {
        let at = now - TimeDelta::hours(ago) - TimeDelta::minutes(30);
        let (id, entry) = (TaskId::new(at, &entropy), EntryId::new(at, &entropy));
        let mut entry = HistoryEntry::new(entry, id, at, What::Sent, TaskState::Sent);
        entry.lateness = Some(TimeDelta::seconds(ago));
        let kind = Kind::from_stored("k".to_owned());
        let person = PersonKey::from_stored("p".to_owned());
        let subject = Subject::new("booking", ago);
        let new = NewTask {
            state: TaskState::Sent,
            wake_at: None,
            ..NewTask::new(id, kind, subject, person, Channel::EMAIL, at, at, entry)
        };
        store.insert(at, &[new]).await.unwrap();
    }
    store
}

#[tokio::test]
async fn a_day_ends_24_hours_ago_and_a_cut_is_told() {
    let now = "2026-07-09T13:00:00Z".parse().unwrap();
    let store = sent_hourly(now, 30).await;
    // (entries that are read, sent in the day, of them in the hour, cut in day, cut in hour)
    for (max, sent, hour, day_cut, hour_cut) in [
        (ENTRIES_MAX, 24, 1, false, false),
        (23, 24, 1, false, false),
        (22, 23, 1, true, false),
        (1, 2, 1, true, false),
        (0, 0, 0, true, true),
    ] {
        let recent = Recent::read_at_most(max, now, &store).await.unwrap();
        assert_eq!((recent.day.sent, recent.lateness.count), (sent, hour), "{max}");
        assert_eq!((recent.day.partial, recent.lateness.partial), (day_cut, hour_cut), "{max}");
    }
}

#[tokio::test]
async fn more_than_a_page_is_read_to_its_end() {
    let now = "2026-07-09T13:00:00Z".parse().unwrap();
    let store = MemoryStore::new();
    let entropy = Entropy::seeded(1);
    let total = i64::from(PAGE) * 2 + 1;
    for nth in 0..total {
        let at = now - TimeDelta::microseconds(nth);
        let (id, entry) = (TaskId::new(at, &entropy), EntryId::new(at, &entropy));
        let mut entry = HistoryEntry::new(entry, id, at, What::Sent, TaskState::Sent);
        entry.lateness = Some(TimeDelta::microseconds(nth));
        let kind = Kind::from_stored("k".to_owned());
        let person = PersonKey::from_stored(nth.to_string());
        let new = NewTask {
            state: TaskState::Sent,
            wake_at: None,
            ..NewTask::new(id, kind, Subject::new("b", nth), person, Channel::SMS, at, at, entry)
        };
        store.insert(at, &[new]).await.unwrap();
    }
    let recent = Recent::read(now, &store).await.unwrap();
    assert_eq!(i64::try_from(recent.lateness.count).unwrap(), total);
    assert_eq!(recent.lateness.max, Some(TimeDelta::microseconds(total - 1)));
    assert!(!recent.day.partial);
}
