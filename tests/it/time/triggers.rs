//! From trigger and event to due: the tables of the time-zone chapter.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use puntual::time::{
    EventTime, LAST_INSTANT, LocalTimeRule, TimeErrorKind, Trigger, TzDatabase, Zone,
};

use super::{clock, hours, tz, utc, write_zone, zone};

const NOW: &str = "2026-01-02T03:04:05Z";

fn berlin(local: &str) -> EventTime {
    EventTime::civil(local, "Europe/Berlin").unwrap()
}

fn due(trigger: &Trigger, event: &EventTime) -> Result<DateTime<Utc>, TimeErrorKind> {
    due_for(trigger, event, None)
}

fn due_for(
    trigger: &Trigger,
    event: &EventTime,
    recipient: Option<&Zone>,
) -> Result<DateTime<Utc>, TimeErrorKind> {
    trigger.due(utc(NOW), Some(event), recipient, &tz()).map_err(|error| error.kind())
}

#[test]
fn exact_and_calendar_distances_differ_where_clocks_are_changed() {
    let (spring, autumn) = ("2026-03-29T10:00", "2026-10-25T10:00");
    for (event, trigger, expected) in [
        (spring, Trigger::before(hours(24)), "2026-03-28T08:00:00Z"),
        (spring, Trigger::days_before(1), "2026-03-28T09:00:00Z"),
        (spring, Trigger::days_before(1).at_time(clock("09:00")), "2026-03-28T08:00:00Z"),
        (spring, Trigger::days_before(0).at_time(clock("07:00")), "2026-03-29T05:00:00Z"),
        (spring, Trigger::after(hours(2)), "2026-03-29T10:00:00Z"),
        (spring, Trigger::days_after(1).at_time(clock("10:00")), "2026-03-30T08:00:00Z"),
        (spring, Trigger::days_after(0).at_time(clock("20:00")), "2026-03-29T18:00:00Z"),
        (autumn, Trigger::before(hours(24)), "2026-10-24T09:00:00Z"), // 11:00 CEST
        (autumn, Trigger::days_before(1), "2026-10-24T08:00:00Z"),    // 10:00 CEST
        // 02:30 does not exist: 03:30 CEST.
        (
            "2026-03-30T10:00",
            Trigger::days_before(1).at_time(clock("02:30")),
            "2026-03-29T01:30:00Z",
        ),
        // Booked a week ahead, scenario 1.
        ("2026-07-10T15:00", Trigger::before(hours(24)), "2026-07-09T13:00:00Z"),
    ] {
        assert_eq!(due(&trigger, &berlin(event)), Ok(utc(expected)), "{trigger}, event {event}");
    }
}

#[test]
fn months_are_counted_from_the_anchor_and_never_drift() {
    for (event, months, expected) in [
        ("2026-03-31T18:00", 1, "2026-02-28T17:00:00Z"),
        ("2026-04-30T18:00", 1, "2026-03-30T16:00:00Z"),
        ("2028-03-31T18:00", 1, "2028-02-29T17:00:00Z"),
        ("2026-03-31T18:00", 2, "2026-01-31T17:00:00Z"),
        ("2026-05-31T18:00", 12, "2025-05-31T16:00:00Z"),
        ("2028-02-29T18:00", 12, "2027-02-28T17:00:00Z"),
    ] {
        let trigger = Trigger::months_before(months);
        assert_eq!(due(&trigger, &berlin(event)), Ok(utc(expected)), "{months} before {event}");
    }
    let trigger = Trigger::months_before(1).at_time(clock("08:00"));
    assert_eq!(due(&trigger, &berlin("2026-03-31T18:00")), Ok(utc("2026-02-28T07:00:00Z")));
}

#[test]
fn a_moved_event_is_counted_from_anew_over_the_end_of_summer_time() {
    let trigger = Trigger::before(hours(1));
    assert_eq!(due(&trigger, &berlin("2026-10-20T09:00")), Ok(utc("2026-10-20T06:00:00Z")));
    assert_eq!(due(&trigger, &berlin("2026-11-20T09:00")), Ok(utc("2026-11-20T07:00:00Z")));
}

#[test]
fn far_times_are_exact_or_an_error_and_never_wrap_around() {
    use TimeErrorKind::OutOfRange;
    let day = |days: u64| Duration::from_secs(days * 86_400);
    let (before, after) = (Trigger::before, Trigger::after);
    let (last, first) = ("9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z");
    let near = "2026-01-27T03:04:05Z";
    for (event, trigger, expected) in [
        ("2040-01-01T12:00:00Z", before(day(1)), Ok("2039-12-31T12:00:00Z")),
        (last, before(hours(1)), Ok("9999-12-31T22:59:59Z")),
        (last, after(hours(1)), Err(OutOfRange)),
        (last, after(Duration::MAX), Err(OutOfRange)),
        (first, before(hours(1)), Err(OutOfRange)),
        (first, after(hours(1)), Ok("1970-01-01T01:00:00Z")),
        (near, before(day(25)), Ok(NOW)),
        (near, after(day(25)), Ok("2026-02-21T03:04:05Z")),
        (near, before(day(12 * 86_400)), Err(OutOfRange)),
        (near, after(day(12 * 86_400)), Ok("4864-09-25T03:04:05Z")),
        (near, before(Duration::MAX), Err(OutOfRange)),
    ] {
        let event = EventTime::instant(utc(event)).unwrap();
        assert_eq!(due(&trigger, &event), expected.map(utc), "{trigger}, event {event}");
    }
    let event = EventTime::instant(utc(near)).unwrap();
    for trigger in [
        Trigger::days_before(u32::MAX),
        Trigger::days_after(u32::MAX),
        Trigger::months_before(u32::MAX),
        Trigger::months_before(700),
    ] {
        assert_eq!(due(&trigger.in_zone(Zone::utc()), &event), Err(OutOfRange));
    }
}

#[test]
fn triggers_that_mean_nothing_are_refused_before_an_event_is_known() {
    let leap = chrono::NaiveTime::from_hms_milli_opt(23, 59, 59, 1_500).unwrap();
    for (trigger, rule) in [
        (Trigger::before(Duration::ZERO), "must not be zero"),
        (Trigger::after(Duration::ZERO), "must not be zero"),
        (Trigger::before(Duration::from_nanos(999)), "must not be zero"),
        (Trigger::days_before(0), "need at_time"),
        (Trigger::days_after(0), "need at_time"),
        (Trigger::months_before(0), "use days_before"),
        (Trigger::months_before(0).at_time(clock("09:00")), "use days_before"),
        (Trigger::before(hours(1)).at_time(clock("09:00")), "need a calendar trigger"),
        (Trigger::after(hours(1)).in_recipient_zone(), "need a calendar trigger"),
        (Trigger::now().in_zone(Zone::utc()), "need a calendar trigger"),
        (Trigger::at(utc(NOW)).with_rule(LocalTimeRule::Later), "need a calendar trigger"),
        (Trigger::days_before(1).at_time(leap), "leap second"),
        (Trigger::at(utc("1969-12-31T23:59:59Z")), "1970 to 9999"),
        (Trigger::at(DateTime::<Utc>::MAX_UTC), "1970 to 9999"),
    ] {
        let error = trigger.check().unwrap_err();
        assert_eq!(error.field(), "trigger", "{trigger}");
        assert!(error.to_string().contains(rule), "{trigger}: {error}");
        let answer = due(&trigger, &berlin("2026-07-10T15:00"));
        assert_eq!(answer, Err(error.kind()), "{trigger}: due checks too");
    }
}

#[test]
fn a_reminder_is_due_before_its_event_and_a_follow_up_after_it() {
    use TimeErrorKind::{AfterEvent, BeforeEvent};
    let event = berlin("2026-07-10T10:00");
    let on_the_day = |time| Trigger::days_before(0).at_time(clock(time));
    let follow_up = |time| Trigger::days_after(0).at_time(clock(time));
    for (trigger, expected) in [
        (on_the_day("09:59"), Ok("2026-07-10T07:59:00Z")),
        (on_the_day("10:00"), Err(AfterEvent)),
        (on_the_day("11:00"), Err(AfterEvent)),
        // The same evening in Honolulu is the next morning in Berlin.
        (
            Trigger::days_before(0).at_time(clock("23:00")).in_zone(zone("Pacific/Honolulu")),
            Err(AfterEvent),
        ),
        (follow_up("09:59"), Err(BeforeEvent)),
        (follow_up("10:00"), Ok("2026-07-10T08:00:00Z")),
    ] {
        assert_eq!(due(&trigger, &event), expected.map(utc), "{trigger}");
    }
    // The day before never took place in Apia: nothing is left of "the day before".
    let apia = EventTime::civil("2011-12-31T10:00", "Pacific/Apia").unwrap();
    assert_eq!(due(&Trigger::days_before(1), &apia), Err(AfterEvent));
}

#[test]
fn calendar_triggers_count_in_the_zone_that_they_are_told() {
    let kolkata = zone("Asia/Kolkata");
    let instant = EventTime::instant(utc("2026-07-10T20:00:00Z")).unwrap(); // 01:30 on the 11th
    let berlin = berlin("2026-07-10T22:00");
    let evening = Trigger::days_before(1).at_time(clock("18:00"));
    let expected = Ok(utc("2026-07-10T12:30:00Z"));
    for event in [&instant, &berlin] {
        let here = evening.clone().in_zone(kolkata.clone());
        assert_eq!(due(&here, event), expected);
        assert_eq!(due_for(&evening.clone().in_recipient_zone(), event, Some(&kolkata)), expected);
        let nobody = due_for(&evening.clone().in_recipient_zone(), event, None);
        assert_eq!(nobody, Err(TimeErrorKind::NeedsZone));
    }
    assert_eq!(due_for(&evening, &berlin, Some(&kolkata)), Ok(utc("2026-07-09T16:00:00Z")));
    assert_eq!(due_for(&evening, &instant, Some(&kolkata)), Err(TimeErrorKind::NeedsZone));
    assert_eq!(due(&Trigger::months_before(1), &instant), Err(TimeErrorKind::NeedsZone));
    assert_eq!(due(&Trigger::before(hours(1)), &instant), Ok(utc("2026-07-10T19:00:00Z")));
}

#[test]
fn the_rule_of_a_trigger_decides_about_its_own_local_time() {
    let event = berlin("2026-03-30T10:00");
    let at = |rule| due(&Trigger::days_before(1).at_time(clock("02:30")).with_rule(rule), &event);
    assert_eq!(at(LocalTimeRule::Earlier), Ok(utc("2026-03-29T00:30:00Z")));
    assert_eq!(at(LocalTimeRule::Reject), Err(TimeErrorKind::LocalTimeMissing));
    let later = Trigger::days_before(1).at_time(clock("02:30")).with_rule(LocalTimeRule::Later);
    assert_eq!(due(&later, &berlin("2026-10-26T10:00")), Ok(utc("2026-10-25T01:30:00Z")));
    // The anchor is the local time as given, although the event itself was moved out of a gap.
    assert_eq!(
        due(&Trigger::days_before(1), &berlin("2026-03-29T02:30")),
        Ok(utc("2026-03-28T01:30:00Z")),
    );
}

#[test]
fn triggers_without_an_event_stand_alone_and_others_do_not() {
    let alone =
        |trigger: Trigger| trigger.due(utc(NOW), None, None, &tz()).map_err(|error| error.kind());
    assert_eq!(alone(Trigger::now()), Ok(utc(NOW)));
    assert_eq!(alone(Trigger::at(LAST_INSTANT)), Ok(LAST_INSTANT));
    let precise = utc("2026-07-10T13:00:00.0000019Z");
    assert_eq!(alone(Trigger::at(precise)), Ok(utc("2026-07-10T13:00:00.000001Z")));
    for trigger in [
        Trigger::before(hours(1)),
        Trigger::after(hours(1)),
        Trigger::days_before(1).in_zone(Zone::utc()),
        Trigger::days_after(1).in_recipient_zone(),
        Trigger::months_before(1),
    ] {
        assert_eq!(alone(trigger), Err(TimeErrorKind::NeedsEvent));
    }
}

#[test]
fn only_what_depends_on_zone_rules_is_computed_again() {
    let civil = berlin("2026-07-10T15:00");
    let instant = EventTime::instant(utc("2026-07-10T13:00:00Z")).unwrap();
    let calendar = Trigger::days_before(1).in_zone(Zone::utc());
    for (trigger, event, again, relative) in [
        (Trigger::before(hours(1)), Some(&civil), true, true),
        (Trigger::before(hours(1)), Some(&instant), false, true),
        (calendar, Some(&instant), true, true),
        (Trigger::now(), Some(&civil), false, false),
        (Trigger::at(utc(NOW)), None, false, false),
    ] {
        assert_eq!(trigger.needs_recompute(event), again, "{trigger}");
        assert_eq!(trigger.is_relative_to_event(), relative, "{trigger}");
        let (due, at) = (utc("2026-07-10T12:00:00Z"), utc("2026-07-10T13:00:00Z"));
        assert_eq!(trigger.offset(due, at), relative.then(|| TimeDelta::hours(1)));
        assert_eq!(trigger.offset(at, due), relative.then(|| TimeDelta::hours(-1)));
    }
    assert!(Trigger::now().is_now() && !Trigger::at(utc(NOW)).is_now());
}

#[test]
fn due_moves_when_the_rules_of_a_zone_change() {
    let directory = tempfile::tempdir().unwrap();
    write_zone(directory.path(), "America/Vancouver", "PST8PDT,M3.2.0,M11.1.0");
    let older = TzDatabase::from_dir(directory.path(), "2025b").unwrap();
    let event = EventTime::civil("2027-01-20T09:00", "America/Vancouver").unwrap();
    for trigger in [Trigger::before(hours(24)), Trigger::days_before(1)] {
        let due = |tz| trigger.due(utc(NOW), Some(&event), None, tz).unwrap();
        assert_eq!(due(&older), utc("2027-01-19T17:00:00Z"), "{trigger}");
        assert_eq!(due(&tz()), utc("2027-01-19T16:00:00Z"), "{trigger}");
    }
    let error = Trigger::days_before(1)
        .in_zone(zone("Europe/Berlin"))
        .due(utc(NOW), Some(&event), None, &older)
        .unwrap_err();
    assert_eq!(error.kind(), TimeErrorKind::UnknownZone);
    assert!(error.to_string().contains("2025b"), "{error}");
}

#[test]
fn triggers_are_stored_as_texts_that_a_person_can_read() {
    for (trigger, json) in [
        (Trigger::now(), r#"{"when":"now"}"#),
        (Trigger::at(utc(NOW)), r#"{"when":{"at":"2026-01-02T03:04:05.000000Z"}}"#),
        (Trigger::before(hours(24)), r#"{"when":{"before":"PT24H"}}"#),
        (Trigger::after(Duration::from_millis(1_500)), r#"{"when":{"after":"PT1.5S"}}"#),
        (Trigger::days_after(2), r#"{"when":{"days_after":2}}"#),
        (
            Trigger::months_before(1).in_recipient_zone().with_rule(LocalTimeRule::Earlier),
            r#"{"when":{"months_before":1},"zone":"recipient","rule":"earlier"}"#,
        ),
        (
            Trigger::days_before(1).at_time(clock("09:30")).in_zone(zone("Asia/Kolkata")),
            r#"{"when":{"days_before":1},"at_time":"09:30:00","zone":{"named":"Asia/Kolkata"}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&trigger).unwrap(), json);
        assert_eq!(serde_json::from_str::<Trigger>(json).unwrap(), trigger);
    }
    for broken in [
        r#"{"when":{"before":"-PT24H"}}"#,
        r#"{"when":{"before":"P1Y"}}"#,
        r#"{"when":{"days_before":-1}}"#,
        r#"{"when":{"days_before":1},"at_time":"23:59:60"}"#,
        r#"{"when":{"at":"0001-01-01T00:00:00Z"}}"#,
    ] {
        assert!(serde_json::from_str::<Trigger>(broken).is_err(), "{broken}");
    }
}
