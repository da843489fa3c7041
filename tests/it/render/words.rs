//! The words of days, months and distances, language by language, as golden tables.

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use puntual::chrono;
use puntual::render::Locale;

const LOCALES: [Locale; 3] = [Locale::English, Locale::AmericanEnglish, Locale::Spanish];

#[test]
fn every_weekday_has_its_name() {
    let golden = [
        (Weekday::Mon, ["Monday", "Monday", "lunes"]),
        (Weekday::Tue, ["Tuesday", "Tuesday", "martes"]),
        (Weekday::Wed, ["Wednesday", "Wednesday", "miércoles"]),
        (Weekday::Thu, ["Thursday", "Thursday", "jueves"]),
        (Weekday::Fri, ["Friday", "Friday", "viernes"]),
        (Weekday::Sat, ["Saturday", "Saturday", "sábado"]),
        (Weekday::Sun, ["Sunday", "Sunday", "domingo"]),
    ];
    for (day, names) in golden {
        assert_eq!(LOCALES.map(|locale| locale.weekday(day)), names);
    }
}

#[test]
fn every_month_has_its_name() {
    let golden = [
        ["1 January 2026", "January 1, 2026", "1 de enero de 2026"],
        ["1 February 2026", "February 1, 2026", "1 de febrero de 2026"],
        ["1 March 2026", "March 1, 2026", "1 de marzo de 2026"],
        ["1 April 2026", "April 1, 2026", "1 de abril de 2026"],
        ["1 May 2026", "May 1, 2026", "1 de mayo de 2026"],
        ["1 June 2026", "June 1, 2026", "1 de junio de 2026"],
        ["1 July 2026", "July 1, 2026", "1 de julio de 2026"],
        ["1 August 2026", "August 1, 2026", "1 de agosto de 2026"],
        ["1 September 2026", "September 1, 2026", "1 de septiembre de 2026"],
        ["1 October 2026", "October 1, 2026", "1 de octubre de 2026"],
        ["1 November 2026", "November 1, 2026", "1 de noviembre de 2026"],
        ["1 December 2026", "December 1, 2026", "1 de diciembre de 2026"],
    ];
    for (month, dates) in (1..).zip(golden) {
        let date = NaiveDate::from_ymd_opt(2026, month, 1).unwrap();
        assert_eq!(LOCALES.map(|locale| locale.date(date)), dates);
    }
}

#[test]
fn times_of_day_have_the_clock_of_their_language() {
    let golden = [
        ("00:00", ["at 00:00", "at 12:00 AM", "a las 00:00"]),
        ("01:05", ["at 01:05", "at 1:05 AM", "a la 01:05"]),
        ("11:59", ["at 11:59", "at 11:59 AM", "a las 11:59"]),
        ("12:00", ["at 12:00", "at 12:00 PM", "a las 12:00"]),
        ("13:00", ["at 13:00", "at 1:00 PM", "a las 13:00"]),
        ("23:30", ["at 23:30", "at 11:30 PM", "a las 23:30"]),
    ];
    for (time, words) in golden {
        let local = local(&format!("2026-07-10T{time}:59"));
        let day =
            ["Friday, 10 July 2026 ", "Friday, July 10, 2026 ", "viernes, 10 de julio de 2026 "];
        let said = LOCALES.map(|locale| locale.date_time(local));
        for (said, (day, time)) in said.iter().zip(day.iter().zip(words)) {
            assert_eq!(*said, format!("{day}{time}"));
        }
    }
}

#[test]
fn distances_have_units_and_plurals() {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let golden = [
        (0, "now", "ahora"),
        (29, "now", "ahora"),
        (-29, "now", "ahora"),
        (30, "in 1 minute", "dentro de 1 minuto"),
        (2 * MINUTE, "in 2 minutes", "dentro de 2 minutos"),
        (59 * MINUTE + 29, "in 59 minutes", "dentro de 59 minutos"),
        (59 * MINUTE + 30, "in 1 hour", "dentro de 1 hora"),
        (90 * MINUTE, "in 90 minutes", "dentro de 90 minutos"),
        (2 * HOUR, "in 2 hours", "dentro de 2 horas"),
        (2 * HOUR + 29 * MINUTE, "in 2 hours", "dentro de 2 horas"),
        (2 * HOUR + 30 * MINUTE, "in 3 hours", "dentro de 3 horas"),
        (DAY - 1, "in 24 hours", "dentro de 24 horas"),
        (DAY, "in 24 hours", "dentro de 24 horas"),
        (47 * HOUR + 59 * MINUTE, "in 48 hours", "dentro de 48 horas"),
        (2 * DAY, "in 2 days", "dentro de 2 días"),
        (3 * DAY, "in 3 days", "dentro de 3 días"),
        (365 * DAY, "in 365 days", "dentro de 365 días"),
        (-MINUTE, "1 minute ago", "hace 1 minuto"),
        (-HOUR, "1 hour ago", "hace 1 hora"),
        (-3 * DAY, "3 days ago", "hace 3 días"),
    ];
    for (seconds, english, spanish) in golden {
        let until = TimeDelta::seconds(seconds);
        assert_eq!(Locale::English.distance(until), english, "{seconds} s");
        assert_eq!(Locale::AmericanEnglish.distance(until), english, "{seconds} s");
        assert_eq!(Locale::Spanish.distance(until), spanish, "{seconds} s");
    }
    for endless in [TimeDelta::MIN, TimeDelta::MAX] {
        assert!(Locale::English.distance(endless).contains(" days"));
    }
}

#[test]
fn days_are_counted_by_the_calendar() {
    let golden = [
        ("2026-07-10T15:00", "today at 15:00", "hoy a las 15:00"),
        ("2026-07-10T00:00", "today at 00:00", "hoy a las 00:00"),
        ("2026-07-10T23:59", "today at 23:59", "hoy a las 23:59"),
        ("2026-07-11T00:00", "tomorrow at 00:00", "mañana a las 00:00"),
        ("2026-07-11T01:00", "tomorrow at 01:00", "mañana a la 01:00"),
        ("2026-07-12T15:00", "in 2 days at 15:00", "dentro de 2 días a las 15:00"),
        ("2026-07-13T15:00", "in 3 days at 15:00", "dentro de 3 días a las 15:00"),
        ("2027-07-10T15:00", "in 365 days at 15:00", "dentro de 365 días a las 15:00"),
        ("2026-07-09T23:59", "yesterday at 23:59", "ayer a las 23:59"),
        ("2026-07-08T15:00", "2 days ago at 15:00", "hace 2 días a las 15:00"),
    ];
    let now = local("2026-07-10T14:30");
    for (event, english, spanish) in golden {
        assert_eq!(Locale::English.day_and_time(now, local(event)), english);
        assert_eq!(Locale::Spanish.day_and_time(now, local(event)), spanish);
    }
    let tomorrow = local("2026-07-11T15:00");
    assert_eq!(Locale::AmericanEnglish.day_and_time(now, tomorrow), "tomorrow at 3:00 PM");
    let last_night = now.checked_sub_days(Days::new(1)).unwrap();
    assert_eq!(Locale::English.day_and_time(last_night, now), "tomorrow at 14:30");
}

#[test]
fn tags_name_a_language_or_fall_back_to_english() {
    let table = [
        ("en", Some(Locale::English)),
        ("en-GB", Some(Locale::English)),
        ("en-US", Some(Locale::AmericanEnglish)),
        ("en_us", Some(Locale::AmericanEnglish)),
        ("en-Latn-US", Some(Locale::AmericanEnglish)),
        ("es", Some(Locale::Spanish)),
        ("ES-mx", Some(Locale::Spanish)),
        ("es-US", Some(Locale::Spanish)),
        ("est", None),
        ("de", None),
        ("", None),
    ];
    for (tag, locale) in table {
        assert_eq!(Locale::known(tag), locale, "{tag:?}");
        assert_eq!(Locale::of(tag), locale.unwrap_or(Locale::English), "{tag:?}");
    }
    for locale in LOCALES {
        assert_eq!(Locale::known(locale.tag()), Some(locale));
    }
}

fn local(text: &str) -> NaiveDateTime {
    text.parse().or_else(|_| format!("{text}:00").parse()).unwrap()
}
