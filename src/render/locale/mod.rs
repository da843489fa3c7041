//! The words of a language for days, months and distances in time.
//!
//! It is a small table of our own: a message needs a few dozen words, and the libraries that
//! know all languages are thirty crates and megabytes of data.

mod english;
mod spanish;

use std::time::Duration;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};

/// A language in which dates, times and distances can be said.
///
/// The clock has 24 hours, except in American English, where it has 12. What is said is the same
/// on every machine: nothing depends on the host's own settings.
///
/// # Examples
///
/// ```
/// use puntual::chrono::NaiveDate;
/// use puntual::render::Locale;
///
/// let party = NaiveDate::from_ymd_opt(2026, 7, 10).and_then(|day| day.and_hms_opt(15, 0, 0));
/// let party = party.ok_or("no such day")?;
/// assert_eq!(Locale::of("en-GB").date_time(party), "Friday, 10 July 2026 at 15:00");
/// assert_eq!(Locale::of("en-US").date_time(party), "Friday, July 10, 2026 at 3:00 PM");
/// assert_eq!(Locale::of("es-MX").date_time(party), "viernes, 10 de julio de 2026 a las 15:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Locale {
    /// English, day before month, 24 hours.
    #[default]
    English,
    /// English of the United States, month before day, 12 hours.
    AmericanEnglish,
    /// Spanish, 24 hours.
    Spanish,
}

/// Everything that differs between languages.
struct Words {
    tag: &'static str,
    weekdays: [&'static str; 7],
    months: [&'static str; 12],
    minutes: Counted,
    hours: Counted,
    days: Counted,
    now: &'static str,
    /// What stands around a distance that is still ahead.
    ahead: [&'static str; 2],
    /// What stands around a distance that is over.
    ago: [&'static str; 2],
    yesterday: &'static str,
    today: &'static str,
    tomorrow: &'static str,
    date: fn(day: u32, month: &str, year: i32) -> String,
    clock: fn(hour: u32, minute: u32) -> String,
    /// What stands between a day and its time, blanks included.
    at: fn(hour: u32) -> &'static str,
}

/// A unit for one and for any other number: both languages count this way
/// (Unicode CLDR, plural rules, for whole numbers below a million).
struct Counted {
    one: &'static str,
    other: &'static str,
}

impl Counted {
    fn say(&self, count: u64) -> String {
        let unit = if count == 1 { self.one } else { self.other };
        format!("{count} {unit}")
    }
}

impl Locale {
    /// The language of a BCP 47 tag (`es-MX`, `en_US`; letter case is free), English where it is
    /// not known.
    ///
    /// ```
    /// use puntual::render::Locale;
    ///
    /// assert_eq!(Locale::of("es-MX"), Locale::Spanish);
    /// assert_eq!(Locale::of("EN_us"), Locale::AmericanEnglish);
    /// assert_eq!(Locale::of("tlh"), Locale::English);
    /// ```
    pub fn of(tag: &str) -> Locale {
        Locale::known(tag).unwrap_or_default()
    }

    /// The language of a BCP 47 tag, `None` where it is not known.
    pub fn known(tag: &str) -> Option<Locale> {
        let mut parts = tag.split(['-', '_']).map(str::to_ascii_lowercase);
        match parts.next()?.as_str() {
            "en" if parts.any(|part| part == "us") => Some(Locale::AmericanEnglish),
            "en" => Some(Locale::English),
            "es" => Some(Locale::Spanish),
            _ => None,
        }
    }

    /// The tag of the language: `en`, `en-US` or `es`.
    pub fn tag(self) -> &'static str {
        self.words().tag
    }

    /// `Friday`, `viernes`.
    pub fn weekday(self, day: Weekday) -> &'static str {
        self.words().weekdays[day.num_days_from_monday() as usize % 7]
    }

    /// `10 July 2026`, `July 10, 2026`, `10 de julio de 2026`.
    pub fn date(self, date: NaiveDate) -> String {
        let words = self.words();
        (words.date)(date.day(), words.months[date.month0() as usize % 12], date.year())
    }

    /// `15:00`, `3:00 PM`. Seconds are not said.
    pub fn time(self, time: NaiveTime) -> String {
        (self.words().clock)(time.hour(), time.minute())
    }

    /// `Friday, 10 July 2026 at 15:00`, `viernes, 10 de julio de 2026 a las 15:00`.
    pub fn date_time(self, local: NaiveDateTime) -> String {
        let (weekday, date) = (self.weekday(local.weekday()), self.date(local.date()));
        format!("{weekday}, {date}{}", self.at(local.time()))
    }

    /// `45 minutes`, `2 hours`, `3 days`: rounded to the nearest minute, from two hours on to the
    /// nearest hour, from two days on to the nearest day. Below two hours, 90 minutes stay
    /// minutes. `None` where it is less than half a minute.
    ///
    /// ```
    /// use std::time::Duration;
    /// use puntual::render::Locale;
    ///
    /// let late = Duration::from_secs(15 * 60 * 60 + 7);
    /// assert_eq!(Locale::English.duration(late).as_deref(), Some("15 hours"));
    /// assert_eq!(Locale::Spanish.duration(Duration::from_secs(60)).as_deref(), Some("1 minuto"));
    /// assert_eq!(Locale::English.duration(Duration::from_secs(29)), None);
    /// ```
    pub fn duration(self, duration: Duration) -> Option<String> {
        let words = self.words();
        let minutes = duration.as_secs().saturating_add(30) / 60;
        Some(match minutes {
            0 => return None,
            60 => words.hours.say(1),
            1..120 => words.minutes.say(minutes),
            120..2_880 => words.hours.say((minutes + 30) / 60),
            _ => words.days.say((minutes + 720) / 1_440),
        })
    }

    /// A distance on the time line: `in 2 hours`, `3 days ago`, `dentro de 2 horas`, `now`;
    /// rounded as [`Locale::duration`] does.
    pub fn distance(self, until: TimeDelta) -> String {
        let words = self.words();
        let length = until.abs().to_std().unwrap_or_default();
        let Some(length) = self.duration(length) else {
            return words.now.to_owned();
        };
        let [before, after] = if until < TimeDelta::zero() { words.ago } else { words.ahead };
        format!("{before}{length}{after}")
    }

    /// A local time as seen at `now`, by days of the calendar: `today at 15:00`, `tomorrow at
    /// 15:00`, `in 3 days at 15:00`, `yesterday at 15:00`; both times are of the same zone.
    ///
    /// ```
    /// use puntual::chrono::NaiveDate;
    /// use puntual::render::Locale;
    ///
    /// let day = NaiveDate::from_ymd_opt(2026, 7, 10).ok_or("no such day")?;
    /// let (morning, event) = (day.and_hms_opt(6, 0, 0), day.and_hms_opt(15, 0, 0));
    /// let (morning, event) = (morning.ok_or("no such time")?, event.ok_or("no such time")?);
    /// assert_eq!(Locale::English.day_and_time(morning, event), "today at 15:00");
    /// assert_eq!(Locale::Spanish.day_and_time(morning, event), "hoy a las 15:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn day_and_time(self, now: NaiveDateTime, local: NaiveDateTime) -> String {
        let words = self.words();
        let days = local.date().signed_duration_since(now.date()).num_days();
        let day = match days {
            -1 => words.yesterday.to_owned(),
            0 => words.today.to_owned(),
            1 => words.tomorrow.to_owned(),
            _ => {
                let [before, after] = if days < 0 { words.ago } else { words.ahead };
                format!("{before}{}{after}", words.days.say(days.unsigned_abs()))
            }
        };
        day + &self.at(local.time())
    }

    /// The time with what joins it to a day: ` at 15:00`, ` a la 01:00`.
    fn at(self, time: NaiveTime) -> String {
        format!("{}{}", (self.words().at)(time.hour()), self.time(time))
    }

    fn words(self) -> &'static Words {
        match self {
            Locale::English => &english::BRITISH,
            Locale::AmericanEnglish => &english::AMERICAN,
            Locale::Spanish => &spanish::SPANISH,
        }
    }
}
