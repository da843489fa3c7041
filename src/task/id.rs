//! Ids and revisions.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Entropy;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id: a UUID version 7 (RFC 9562, section 5.7) built from `now` and bytes of
            /// the injected source, so that ids sort by the time at which they were made.
            pub fn new(now: DateTime<Utc>, entropy: &Entropy) -> Self {
                let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
                $name(uuid::Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid())
            }

            /// An id as it was stored.
            pub fn from_uuid(uuid: Uuid) -> Self {
                $name(uuid)
            }

            /// The id as a UUID.
            pub fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = super::InvalidField;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name).map_err(|_| {
                    super::InvalidField::new("id", super::Rule::Malformed, "it must be a UUID")
                        .with_value(text)
                })
            }
        }
    };
}

id! {
    /// Who a task is, for ever: the same id goes to providers, logs and people.
    TaskId
}
id! {
    /// One claim: everything a worker took in one call carries it.
    ClaimId
}
id! {
    /// One history entry; a change that is repeated is recognised by it.
    EntryId
}

/// Grows by one with every write to a row; writers compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a row that was just inserted.
    pub const FIRST: Revision = Revision(1);

    /// The revision after one more write.
    #[must_use]
    pub fn next(self) -> Revision {
        Revision(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_the_same_ids_and_ids_sort_by_time() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let (a, b) = (Entropy::seeded(7), Entropy::seeded(7));
        assert_eq!(TaskId::new(at(1_000), &a), TaskId::new(at(1_000), &b));
        assert!(TaskId::new(at(1_001), &a) > TaskId::new(at(1_000), &b));
        assert_eq!(TaskId::new(at(5), &a).as_uuid().get_version_num(), 7);
        assert_ne!(Entropy::from_os().number(), Entropy::from_os().number());
    }
}
