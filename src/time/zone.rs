//! Zones: names of the IANA time zone database, checked where they enter.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{TimeError, TimeErrorKind, shown};
use super::local::{self, LocalTimeRule};
use super::tz_database::TzDatabase;

/// A time zone by its IANA name, `Europe/Berlin` for example.
///
/// [`Zone::new`] accepts only names that the system's time zone database or the bundled one
/// knows, and spells them as the database does. Reading a stored zone checks its shape only: a
/// newer host may have written a name that this one does not know yet. Such a zone answers `false`
/// to [`is_known`](Zone::is_known), and arithmetic with it fails with
/// [`UnknownZone`](TimeErrorKind::UnknownZone).
///
/// # Examples
///
/// ```
/// use puntual::time::Zone;
///
/// let zone = Zone::new("europe/berlin")?;
/// assert_eq!(zone.as_str(), "Europe/Berlin");
/// assert!(Zone::new("W. Europe Standard Time").is_err());
/// # Ok::<(), puntual::time::TimeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(Arc<str>);

/// No name of the database is longer than 32 bytes; twice that leaves room for new ones.
const NAME_BYTES_MAX: usize = 64;

impl Zone {
    /// A zone that the system's or the bundled time zone database knows; letter case is free.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](TimeErrorKind::UnknownZone), naming the field `zone`, the value and the
    /// rule: an empty or padded name, a name of Windows, a POSIX rule such as `CET-1CEST`, a fixed
    /// offset such as `+02:00`, `Etc/Unknown`, or a name that neither database holds.
    pub fn new(name: &str) -> Result<Self, TimeError> {
        check_name(name)?;
        match TzDatabase::newest().spelling(name) {
            Some(spelling) => Ok(Self(spelling.into())),
            None => Err(refused(name, "is not a name of the IANA time zone database")),
        }
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self("UTC".into())
    }

    /// The IANA name, spelled as the database spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this time zone database knows the zone, so that arithmetic with it is possible.
    pub fn is_known(&self, tz: &TzDatabase) -> bool {
        tz.zone(self).is_ok()
    }

    /// What the clocks of the zone show at `at`.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](TimeErrorKind::UnknownZone) where `tz` does not know the zone;
    /// [`OutOfRange`](TimeErrorKind::OutOfRange) where the local time leaves the calendar.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::time::{TzDatabase, Zone};
    ///
    /// let local = Zone::new("Asia/Kolkata")?
    ///     .local_at("2026-07-10T13:00:00Z".parse()?, &TzDatabase::newest())?;
    /// assert_eq!(local.to_string(), "2026-07-10 18:30:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_at(&self, at: DateTime<Utc>, tz: &TzDatabase) -> Result<NaiveDateTime, TimeError> {
        local::to_local(&tz.zone(self)?, at)
    }

    /// The instant at which the clocks of the zone show `local`; `rule` decides where clocks were
    /// changed over it.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](TimeErrorKind::UnknownZone) where `tz` does not know the zone;
    /// [`OutOfRange`](TimeErrorKind::OutOfRange); and the two kinds of [`LocalTimeRule::Reject`].
    pub fn instant_of(
        &self,
        local: NaiveDateTime,
        rule: LocalTimeRule,
        tz: &TzDatabase,
    ) -> Result<DateTime<Utc>, TimeError> {
        local::to_instant("local time", &tz.zone(self)?, local, rule)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Zone {
    type Err = TimeError;

    fn from_str(name: &str) -> Result<Self, TimeError> {
        Self::new(name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Zone {
    /// Reads any short printable name: whether it is known is asked when it is used.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name.len() > NAME_BYTES_MAX || !name.bytes().all(|b| matches!(b, b' '..=b'~')) {
            let rule = "a stored zone is at most 64 printable ASCII characters";
            return Err(serde::de::Error::custom(rule));
        }
        Ok(Self(name.into()))
    }
}

/// What can name a zone: a [`Zone`], or a text that [`Zone::new`] checks.
pub trait IntoZone {
    /// The zone, or what is wrong with its name.
    ///
    /// # Errors
    ///
    /// As [`Zone::new`].
    fn into_zone(self) -> Result<Zone, TimeError>;
}

impl IntoZone for Zone {
    fn into_zone(self) -> Result<Zone, TimeError> {
        Ok(self)
    }
}

impl IntoZone for &Zone {
    fn into_zone(self) -> Result<Zone, TimeError> {
        Ok(self.clone())
    }
}

impl IntoZone for &str {
    fn into_zone(self) -> Result<Zone, TimeError> {
        Zone::new(self)
    }
}

impl IntoZone for &String {
    fn into_zone(self) -> Result<Zone, TimeError> {
        Zone::new(self)
    }
}

impl IntoZone for String {
    fn into_zone(self) -> Result<Zone, TimeError> {
        Zone::new(&self)
    }
}

/// The shape of a name, before a database is asked. A directory of zone files holds more than
/// zones: leap-second variants under `right/`, copies under `posix/`, the host's own choice.
pub(super) fn check_name(name: &str) -> Result<(), TimeError> {
    /// Files of a zone directory, and placeholders, that name no place.
    const NOT_ZONES: [&str; 4] = ["etc/unknown", "factory", "localtime", "posixrules"];

    let lower = name.to_ascii_lowercase();
    let rule = if name.is_empty() {
        "must not be empty"
    } else if name.trim() != name {
        "must not begin or end with blanks"
    } else if name.len() > NAME_BYTES_MAX {
        "is longer than 64 bytes, which no IANA name is"
    } else if name.contains(' ') {
        "has blanks inside: names of Windows are not understood, use the IANA name (Europe/Berlin)"
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-/".contains(&b))
    {
        "is not an IANA name: fixed offsets and POSIX rules are not understood (Europe/Berlin is)"
    } else if lower.starts_with("right/") || lower.starts_with("posix/") {
        "is a file of the zone directory, name the zone without its first part"
    } else if NOT_ZONES.contains(&lower.as_str()) {
        "names no place"
    } else {
        return Ok(());
    };
    Err(refused(name, rule))
}

pub(super) fn refused(name: &str, rule: &str) -> TimeError {
    TimeError::new(TimeErrorKind::UnknownZone, "zone", format!("{} {rule}", shown(name)))
}
