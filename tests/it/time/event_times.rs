//! What a host means by an event's time, and the instant that it becomes.

use puntual::time::{
    EventTime, FIRST_INSTANT, LAST_INSTANT, LocalTimeRule, TimeErrorKind, TzDatabase,
};

use super::{local, tz, utc, write_zone, zone};

#[test]
fn a_local_time_becomes_the_instant_its_zone_shows_it_at() {
    // Midnight does not exist in Sao Paulo, Cairo and Beirut; a whole day does not in Apia.
    for (given, name, instant) in [
        ("2026-02-22T14:00", "Europe/Madrid", "2026-02-22T13:00:00Z"),
        ("2026-07-10 15:00:30", "Europe/Berlin", "2026-07-10T13:00:30Z"),
        ("2026-07-10T15:00:00.123456789", "Asia/Kolkata", "2026-07-10T09:30:00.123456Z"),
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("2018-11-04T00:00", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("2023-04-28T00:00", "Africa/Cairo", "2023-04-27T22:00:00Z"),
        ("2024-03-31T00:30", "Asia/Beirut", "2024-03-30T22:30:00Z"),
        ("2011-12-30T10:00", "Pacific/Apia", "2011-12-30T20:00:00Z"),
        ("1970-01-01T00:00", "UTC", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999", "UTC", "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59", "Asia/Tokyo", "9999-12-31T14:59:59Z"),
    ] {
        let event = EventTime::civil(given, name).unwrap();
        assert_eq!(event.resolve(&tz()).unwrap(), utc(instant), "{given} {name}");
    }
}

#[test]
fn rules_decide_about_times_that_are_missing_or_exist_twice() {
    use LocalTimeRule::{Compatible, Earlier, Later, Reject};
    let gap = "2026-03-29T02:30";
    let fold = "2026-10-25T02:30";
    for (given, rule, instant) in [
        (gap, Compatible, Ok("2026-03-29T01:30:00Z")), // 03:30 CEST
        (gap, Earlier, Ok("2026-03-29T00:30:00Z")),    // 01:30 CET
        (gap, Later, Ok("2026-03-29T01:30:00Z")),
        (gap, Reject, Err(TimeErrorKind::LocalTimeMissing)),
        (fold, Compatible, Ok("2026-10-25T00:30:00Z")),
        (fold, Earlier, Ok("2026-10-25T00:30:00Z")),
        (fold, Later, Ok("2026-10-25T01:30:00Z")),
        (fold, Reject, Err(TimeErrorKind::LocalTimeAmbiguous)),
    ] {
        let event = EventTime::civil(given, "Europe/Berlin").unwrap().with_rule(rule);
        let resolved = event.resolve(&tz()).map_err(|error| error.kind());
        assert_eq!(resolved, instant.map(utc), "{given} {rule:?}");
    }
}

#[test]
fn texts_that_are_no_local_time_are_refused() {
    for text in [
        "",
        "T",
        "2026-02-22",
        "14:00",
        "2026-02-22T14",
        "2026-02-22T24:00",
        "2026-02-30T14:00",
        "2026-2-22T14:00",
        "26-02-22T14:00",
        "+2026-02-22T14:00",
        " 2026-02-22T14:00",
        "2026-02-22T14:00Z",
        "2026-02-22T14:00+01:00",
        "2026-02-22T14:00[Europe/Madrid]",
        "2026-02-22T14:00:60",
        "2026-02-22T23:59:60",
        "2026-02-22T14:00:00.",
        "2026-02-22T14:00.5",
        "2026-02-22T14:00:00.1234567890",
        "2026-02-22T14:00:00,5",
        "2026-02-22t14:00",
        "٢٠٢٦-02-22T14:00",
        "2026-02-22T14:00\0",
        "22.02.2026 14:00",
    ] {
        let error = EventTime::civil(text, "Europe/Madrid").unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::Invalid, "{text:?}");
        assert_eq!(error.field(), "event_at");
        assert!(error.to_string().contains("without an offset"), "{error}");
    }
    let leap = local("2016-12-31 23:59").date().and_hms_milli_opt(23, 59, 59, 1_500).unwrap();
    assert_eq!(EventTime::civil(leap, "UTC").unwrap_err().kind(), TimeErrorKind::Invalid);
}

#[test]
fn the_years_end_where_they_say() {
    for (given, name) in [("1969-12-31T23:59:59", "UTC"), ("0000-01-01T00:00", "UTC")] {
        let error = EventTime::civil(given, name).unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::OutOfRange, "{given}");
        assert_eq!(error.field(), "event_at");
    }
    // Within a day of the ends only the zone decides.
    for (given, name) in
        [("1970-01-01T00:59", "Europe/Berlin"), ("9999-12-31T23:00", "America/New_York")]
    {
        let error = EventTime::civil(given, name).unwrap().resolve(&tz()).unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::OutOfRange, "{given}");
    }
    for at in [FIRST_INSTANT, LAST_INSTANT, utc("9999-12-31T23:59:59Z")] {
        assert_eq!(EventTime::instant(at).unwrap().resolve(&tz()).unwrap(), at);
    }
    for at in ["1969-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"] {
        let error = EventTime::instant(utc(at)).unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::OutOfRange, "{at}");
    }
}

#[test]
fn local_times_move_with_their_rules_and_instants_never() {
    // British Columbia gave up changing its clocks in 2026 (tzdb 2026b).
    let directory = tempfile::tempdir().unwrap();
    write_zone(directory.path(), "America/Vancouver", "PST8PDT,M3.2.0,M11.1.0");
    let older = TzDatabase::from_dir(directory.path(), "2025b").unwrap();
    assert!(older.version() < tz().version());

    let event = EventTime::civil("2027-01-20T09:00", "America/Vancouver").unwrap();
    assert_eq!(event.resolve(&older).unwrap(), utc("2027-01-20T17:00:00Z"));
    assert_eq!(event.resolve(&tz()).unwrap(), utc("2027-01-20T16:00:00Z"));
    assert_eq!(event.local(), Some(local("2027-01-20 09:00")));

    let instant = EventTime::instant(utc("2027-01-20T17:00:00Z")).unwrap();
    assert_eq!(instant.resolve(&older).unwrap(), instant.resolve(&tz()).unwrap());
    assert_eq!((instant.local(), instant.zone()), (None, None));
}

#[test]
fn event_times_are_stored_as_texts_that_a_person_can_read() {
    let civil = EventTime::civil(local("2026-02-22 14:00"), zone("Europe/Madrid")).unwrap();
    let precise = EventTime::civil("2026-02-22T14:00:00.5", "UTC".to_owned()).unwrap();
    let instant = EventTime::instant(utc("2026-02-22T13:00:00.0000019Z")).unwrap();
    for (event, json, words) in [
        (
            civil.clone().with_rule(LocalTimeRule::Later),
            r#"{"civil":{"local":"2026-02-22T14:00:00","zone":"Europe/Madrid","rule":"later"}}"#,
            "2026-02-22 14:00:00 Europe/Madrid",
        ),
        (
            precise,
            r#"{"civil":{"local":"2026-02-22T14:00:00.500","zone":"UTC","rule":"compatible"}}"#,
            "2026-02-22 14:00:00.500 UTC",
        ),
        (
            instant.clone().with_rule(LocalTimeRule::Reject),
            r#"{"instant":"2026-02-22T13:00:00.000001Z"}"#,
            "2026-02-22 13:00:00.000001 UTC",
        ),
    ] {
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
        assert_eq!(serde_json::from_str::<EventTime>(json).unwrap(), event);
        assert_eq!(event.to_string(), words);
    }
    let without_rule = r#"{"civil":{"local":"2026-02-22T14:00:00","zone":"Europe/Madrid"}}"#;
    assert_eq!(serde_json::from_str::<EventTime>(without_rule).unwrap(), civil);

    let unknown = r#"{"civil":{"local":"2026-02-22T14:00:00","zone":"Americas/Vancouver"}}"#;
    let read: EventTime = serde_json::from_str(unknown).unwrap();
    assert_eq!(read.resolve(&tz()).unwrap_err().kind(), TimeErrorKind::UnknownZone);
    for broken in [
        r#"{"instant":"1969-12-31T23:59:59Z"}"#,
        r#"{"instant":"2026-02-22"}"#,
        r#"{"civil":{"local":"2026-02-30T14:00:00","zone":"UTC"}}"#,
    ] {
        assert!(serde_json::from_str::<EventTime>(broken).is_err(), "{broken}");
    }
}
