//! How times are written where they are stored: short texts that a person can read.
//!
//! `2026-07-10T13:00:00.000000Z` for an instant, `2026-07-10T15:00:00` for a local time, `09:00:00`
//! for a time of day, `PT24H` for a duration (ISO 8601). Each module is for
//! `#[serde(with = "..")]`.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer)
}

/// An instant in RFC 3339 with microseconds, in UTC.
pub(crate) mod instant {
    use super::*;
    use crate::time::checked_instant;

    pub(crate) fn serialize<S: Serializer>(
        at: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        let text = text(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        checked_instant("instant", at.to_utc()).map_err(D::Error::custom)
    }
}

/// An instant that may be absent; use with `#[serde(default)]`.
pub(crate) mod instant_option {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        at: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::instant::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        #[derive(Deserialize)]
        struct Present(#[serde(with = "super::instant")] DateTime<Utc>);

        Ok(Option::<Present>::deserialize(deserializer)?.map(|present| present.0))
    }
}

/// A local date and time without a zone.
pub(crate) mod local {
    use super::*;
    use crate::time::IntoLocal;

    pub(crate) fn serialize<S: Serializer>(
        local: &NaiveDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&local.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NaiveDateTime, D::Error> {
        text(deserializer)?.into_local().map_err(D::Error::custom)
    }
}

/// A time of day that may be absent; use with `#[serde(default)]`.
pub(crate) mod time_option {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<NaiveTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::time::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NaiveTime>, D::Error> {
        #[derive(Deserialize)]
        struct Present(#[serde(with = "super::time")] NaiveTime);

        Ok(Option::<Present>::deserialize(deserializer)?.map(|present| present.0))
    }
}

/// A time of day.
pub(crate) mod time {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        time: &NaiveTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.format("%H:%M:%S%.f").to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NaiveTime, D::Error> {
        let text = text(deserializer)?;
        let time = NaiveTime::parse_from_str(&text, "%H:%M:%S%.f").map_err(D::Error::custom)?;
        crate::time::local::checked_time("time", time).map_err(D::Error::custom)
    }
}

/// A duration in ISO 8601, hours being the largest unit.
pub(crate) mod duration {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let signed =
            jiff::SignedDuration::try_from(*duration).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&signed)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = text(deserializer)?;
        let signed: jiff::SignedDuration = text.parse().map_err(D::Error::custom)?;
        Duration::try_from(signed).map_err(|_| D::Error::custom("a duration must not be negative"))
    }
}
