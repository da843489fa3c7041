//! Delivery windows on ordinary days, and where clocks are changed.

use chrono::Weekday;
use puntual::time::{DeliveryWindow, FIRST_INSTANT, LAST_INSTANT, TimeErrorKind, Zone};

use super::{clock, tz, utc, zone};

fn between(from: &str, to: &str) -> DeliveryWindow {
    DeliveryWindow::between(clock(from), clock(to)).unwrap()
}

/// What one window answers at one instant: `at` open is written as its own next opening.
struct Case {
    window: DeliveryWindow,
    zone: &'static str,
    at: &'static str,
    next: &'static str,
    previous: &'static str,
}

fn check(cases: Vec<Case>) {
    for Case { window, zone: name, at, next, previous } in cases {
        let (zone, tz) = (zone(name), tz());
        let case = format!("{name} at {at}");
        let opening = window.next_opening(utc(at), &zone, &tz).unwrap();
        assert_eq!(opening, Some(utc(next)), "next opening, {case}");
        assert_eq!(window.is_open(utc(at), &zone, &tz).unwrap(), at == next, "open, {case}");
        let closing = window.previous_closing(utc(at), &zone, &tz).unwrap();
        assert_eq!(closing, Some(utc(previous)), "previous closing, {case}");
    }
}

#[test]
fn an_opening_includes_its_start_and_excludes_its_end() {
    let case = |at, next, previous| Case {
        window: between("09:00", "20:00"),
        zone: "Europe/Berlin",
        at,
        next,
        previous,
    };
    check(vec![
        case("2026-07-10T06:59:59Z", "2026-07-10T07:00:00Z", "2026-07-09T18:00:00Z"),
        case("2026-07-10T07:00:00Z", "2026-07-10T07:00:00Z", "2026-07-09T18:00:00Z"),
        case("2026-07-10T17:59:59.999999Z", "2026-07-10T17:59:59.999999Z", "2026-07-09T18:00:00Z"),
        case("2026-07-10T18:00:00Z", "2026-07-11T07:00:00Z", "2026-07-10T18:00:00Z"),
    ]);
}

#[test]
fn an_opening_across_midnight_belongs_to_the_day_on_which_it_begins() {
    let window = between("22:00", "02:00").on(&[Weekday::Fri]).unwrap();
    let case =
        |at, next, previous| Case { window: window.clone(), zone: "UTC", at, next, previous };
    // 2026-07-10 is a Friday.
    check(vec![
        case("2026-07-10T01:00:00Z", "2026-07-10T22:00:00Z", "2026-07-04T02:00:00Z"),
        case("2026-07-10T23:00:00Z", "2026-07-10T23:00:00Z", "2026-07-04T02:00:00Z"),
        case("2026-07-11T01:59:00Z", "2026-07-11T01:59:00Z", "2026-07-04T02:00:00Z"),
        case("2026-07-11T02:00:00Z", "2026-07-17T22:00:00Z", "2026-07-11T02:00:00Z"),
        case("2026-07-11T22:30:00Z", "2026-07-17T22:00:00Z", "2026-07-11T02:00:00Z"),
    ]);
}

#[test]
fn several_openings_and_days_of_the_week_add_up() {
    let window = between("09:00", "12:00")
        .on(&[Weekday::Mon, Weekday::Fri])
        .unwrap()
        .and_between(clock("11:00"), clock("13:00"))
        .unwrap()
        .on(&[Weekday::Fri])
        .unwrap();
    let case =
        |at, next, previous| Case { window: window.clone(), zone: "UTC", at, next, previous };
    check(vec![
        case("2026-07-10T12:30:00Z", "2026-07-10T12:30:00Z", "2026-07-10T12:00:00Z"),
        case("2026-07-10T13:00:00Z", "2026-07-13T09:00:00Z", "2026-07-10T13:00:00Z"),
        case("2026-07-13T12:30:00Z", "2026-07-17T09:00:00Z", "2026-07-13T12:00:00Z"),
    ]);
}

#[test]
fn midnight_may_not_exist() {
    // Sao Paulo's 4 November 2018 begins at 01:00, which is 03:00Z.
    let case = |from, to, at, next, previous| Case {
        window: between(from, to),
        zone: "America/Sao_Paulo",
        at,
        next,
        previous,
    };
    let (last, first) = ("2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z");
    check(vec![
        case("00:00", "06:00", last, first, "2018-11-03T09:00:00Z"),
        case("22:00", "00:00", last, last, "2018-11-03T03:00:00Z"),
        case("22:00", "00:30", first, "2018-11-05T00:00:00Z", first),
        // Nothing of this one is left on that day.
        case("00:10", "00:50", last, "2018-11-05T02:10:00Z", "2018-11-03T03:50:00Z"),
    ]);
    let case = |zone, to, at, next, previous| Case {
        window: between("00:00", to),
        zone,
        at,
        next,
        previous,
    };
    let (cairo, beirut) = ("2023-04-27T22:00:00Z", "2024-03-30T22:00:00Z");
    check(vec![
        case("Africa/Cairo", "00:50", cairo, "2023-04-28T21:00:00Z", "2023-04-26T22:50:00Z"),
        case("Asia/Beirut", "01:00", beirut, "2024-03-31T21:00:00Z", "2024-03-29T23:00:00Z"),
    ]);
    // The only Friday that Apia left out.
    let friday = between("09:00", "17:00").on(&[Weekday::Fri]).unwrap();
    let next = friday.next_opening(utc("2011-12-25T00:00:00Z"), &zone("Pacific/Apia"), &tz());
    assert_eq!(next.unwrap(), Some(utc("2012-01-05T19:00:00Z")));
}

#[test]
fn an_end_over_which_clocks_are_changed_is_the_first_instant_that_fits() {
    let case = |from, to, at, next, previous| Case {
        window: between(from, to),
        zone: "Europe/Berlin",
        at,
        next,
        previous,
    };
    let (spring, autumn) = ("2026-03-29T01:00:00Z", "2026-10-25T00:30:00Z");
    check(vec![
        // A start in the gap is the first instant after it, 03:00 CEST.
        case("02:30", "10:00", "2026-03-29T00:59:59Z", spring, "2026-03-28T09:00:00Z"),
        case("02:30", "10:00", spring, spring, "2026-03-28T09:00:00Z"),
        // Of an end that exists twice the first counts.
        case("20:00", "02:30", autumn, "2026-10-25T19:00:00Z", autumn),
        // A start that exists twice opens once, and stays open through the second.
        case("02:30", "10:00", autumn, autumn, "2026-10-24T08:00:00Z"),
        case(
            "02:30",
            "10:00",
            "2026-10-25T01:10:00Z",
            "2026-10-25T01:10:00Z",
            "2026-10-24T08:00:00Z",
        ),
    ]);
}

#[test]
fn windows_that_could_mean_always_or_never_are_refused() {
    let leap = chrono::NaiveTime::from_hms_milli_opt(23, 59, 59, 1_500).unwrap();
    let full = (0..32).try_fold(between("09:00", "10:00"), |window, index| {
        let from = clock(&format!("{:02}:00", index % 24));
        window.and_between(from, clock("10:30"))
    });
    let refused = [
        ("equal", DeliveryWindow::between(clock("09:00"), clock("09:00"))),
        ("leap", DeliveryWindow::between(clock("09:00"), leap)),
        ("no day", between("09:00", "10:00").on(&[])),
        ("33 openings", full),
    ];
    for (what, answer) in refused {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::Invalid, "{what}");
        assert_eq!(error.field(), "delivery_window", "{what}");
    }
    let unknown: Zone = serde_json::from_str("\"Europe/Newtown\"").unwrap();
    let error = between("09:00", "20:00").is_open(utc("2026-07-10T13:00:00Z"), &unknown, &tz());
    assert_eq!(error.unwrap_err().kind(), TimeErrorKind::UnknownZone);
}

#[test]
fn the_ends_of_time_have_no_opening_beyond_them() {
    let (window, utc_zone) = (between("09:00", "20:00"), Zone::utc());
    assert_eq!(window.next_opening(LAST_INSTANT, &utc_zone, &tz()).unwrap(), None);
    assert_eq!(window.previous_closing(FIRST_INSTANT, &utc_zone, &tz()).unwrap(), None);
    // 1970 begins at 09:00 in Tokyo and at 01:00 in Berlin; 9999 ends at 09:00 there in 10000.
    for (window, name, at, open) in [
        (&window, "UTC", FIRST_INSTANT, false),
        (&window, "UTC", LAST_INSTANT, false),
        (&window, "Asia/Tokyo", FIRST_INSTANT, true),
        (&window, "Asia/Tokyo", LAST_INSTANT, false),
        (&between("00:00", "06:00"), "Europe/Berlin", FIRST_INSTANT, true),
        (&between("00:00", "06:00"), "Europe/Berlin", LAST_INSTANT, false),
    ] {
        assert_eq!(window.is_open(at, &zone(name), &tz()).unwrap(), open, "{name} {at}");
    }
}

#[test]
fn windows_are_stored_as_texts_and_checked_when_read() {
    let window = between("22:00", "02:00").on(&[Weekday::Mon, Weekday::Fri]).unwrap();
    let json = r#"[{"from":"22:00:00","to":"02:00:00","days":["mon","fri"]}]"#;
    assert_eq!(serde_json::to_string(&window).unwrap(), json);
    assert_eq!(serde_json::from_str::<DeliveryWindow>(json).unwrap(), window);
    let plain = r#"[{"from":"09:00:00","to":"20:00:00"}]"#;
    assert_eq!(serde_json::from_str::<DeliveryWindow>(plain).unwrap(), between("09:00", "20:00"));
    for broken in [
        "[]",
        r#"[{"from":"09:00:00","to":"09:00:00"}]"#,
        r#"[{"from":"09:00:00","to":"20:00:00","days":[]}]"#,
        r#"[{"from":"09:00:00","to":"20:00:00","days":["yesterday"]}]"#,
        r#"[{"from":"9","to":"20:00:00"}]"#,
    ] {
        assert!(serde_json::from_str::<DeliveryWindow>(broken).is_err(), "{broken}");
    }
}
