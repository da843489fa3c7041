//! What templates get to know, and that "tomorrow" is computed when the message goes out.

use puntual::render::{TemplateSource, Templates};
use puntual::task::{PhoneNumber, Subject};
use puntual::time::{EventTime, Zone};
use serde_json::json;

use super::scene::{Scene, instant};

#[test]
fn a_reminder_sent_fifteen_hours_late_says_today() {
    let late = || Scene::new().at("2026-07-10T04:00:00Z");
    let template = "{{ time_to_event }}, {{ lateness }} late, {{ event.distance }}";
    assert_eq!(late().text(template).unwrap(), "today at 15:00, 15 hours late, in 9 hours");
    let in_time = Scene::new().text("{{ time_to_event }}, {{ event.distance }}").unwrap();
    assert_eq!(in_time, "tomorrow at 15:00, in 24 hours");

    assert_eq!(in_spanish(late(), "{{ time_to_event }}"), "hoy a las 15:00");
    assert_eq!(in_spanish(late(), "{{ lateness }} tarde"), "15 horas tarde");
    assert_eq!(in_spanish(Scene::new(), "{{ time_to_event }}"), "mañana a las 15:00");
}

#[test]
fn every_variable_has_its_value() {
    let scene = Scene::new().data(json!({"court": {"name": "7 <b>"}, "players": ["Ana", "Bo"]}));
    for (template, expected) in [
        ("{{ event.local }}", "Friday, 10 July 2026 at 15:00"),
        ("{{ event.weekday }} {{ event.date }} {{ event.time }}", "Friday 10 July 2026 15:00"),
        ("{{ event.zone }} {{ event.at }}", "Europe/Berlin 2026-07-10T13:00:00Z"),
        ("{{ recipient.name }}", "Jane Doe"),
        ("{{ subject.kind }} {{ subject.id }} {{ kind }}", "booking 123 reminder_24h"),
        ("{{ data.court.name }} {{ data.players|join(' & ') }}", "7 <b> Ana & Bo"),
        ("{{ locale }}", "en"),
        ("{% if lateness %}late{% else %}in time{% endif %}", "in time"),
    ] {
        assert_eq!(scene.text(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn days_are_those_of_the_events_zone() {
    // In Auckland it is already the day of the event, in Los Angeles the day before.
    let table = [
        ("2026-07-09T13:00:00Z", "2026-07-10T09:00", "Pacific/Auckland", "today at 09:00"),
        ("2026-07-09T11:59:59Z", "2026-07-10T09:00", "Pacific/Auckland", "tomorrow at 09:00"),
        ("2026-07-10T06:59:59Z", "2026-07-10T09:00", "America/Los_Angeles", "tomorrow at 09:00"),
        ("2026-07-10T07:00:00Z", "2026-07-10T09:00", "America/Los_Angeles", "today at 09:00"),
    ];
    for (now, local, zone, expected) in table {
        let said = Scene::new().at(now).event(local, zone).text("{{ time_to_event }}");
        assert_eq!(said.as_deref(), Ok(expected), "{now} {zone}");
    }
}

#[test]
fn days_over_which_clocks_change_are_whole_days() {
    // Berlin: 2026-03-29 has 23 hours, 2026-10-25 has 25.
    let table = [
        ("2026-03-28T14:00:00Z", "2026-03-29T15:00", "tomorrow at 15:00, in 23 hours"),
        ("2026-03-28T22:59:00Z", "2026-03-30T00:30", "in 2 days at 00:30, in 24 hours"),
        ("2026-10-24T13:00:00Z", "2026-10-25T15:00", "tomorrow at 15:00, in 25 hours"),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:30", "today at 23:30, in 25 hours"),
    ];
    for (now, local, expected) in table {
        let scene = Scene::new().at(now).event(local, "Europe/Berlin");
        let said = scene.text("{{ time_to_event }}, {{ event.distance }}");
        assert_eq!(said.as_deref(), Ok(expected), "{now}");
    }
    // 02:30 does not exist on that day; the event takes place at 03:30, and so it is told.
    let skipped =
        Scene::new().at("2026-03-28T14:00:00Z").event("2026-03-29T02:30", "Europe/Berlin");
    assert_eq!(skipped.text("{{ time_to_event }}").unwrap(), "tomorrow at 03:30");
}

#[test]
fn an_event_without_a_zone_is_told_in_the_recipients() {
    let mut scene = Scene::new();
    scene.event = Some(EventTime::instant(instant("2026-07-10T13:00:00Z")).unwrap());
    let template = "{{ time_to_event }} {{ event.zone }}";
    assert_eq!(scene.text(template).unwrap(), "tomorrow at 13:00 UTC");
    scene.recipient = scene.recipient.in_zone(Zone::new("Asia/Kolkata").unwrap());
    assert_eq!(scene.text(template).unwrap(), "tomorrow at 18:30 Asia/Kolkata");
}

#[test]
fn what_is_missing_can_be_asked_for_and_is_never_written_as_nothing() {
    let mut scene = Scene::new().data(json!({"note": null}));
    scene.event = None;
    scene.recipient = "+4915112345678".parse::<PhoneNumber>().unwrap().into();
    for (template, expected) in [
        ("Hello {{ recipient.name or 'there' }}", "Hello there"),
        ("{% if event %}at {{ event.time }}{% else %}soon{% endif %}", "soon"),
        ("{% if time_to_event %}{{ time_to_event }}{% else %}soon{% endif %}", "soon"),
        ("{{ data.gift|default('none') }}", "none"),
        ("{% if data.note %}{{ data.note }}{% endif %}-", "-"),
    ] {
        assert_eq!(scene.text(template).as_deref(), Ok(expected), "{template}");
    }
    for (template, what) in [
        ("{{ recipient.name }}", "there is no value"),
        ("{{ data.note }}", "there is no value"),
        ("{{ lateness }}", "there is no value"),
        ("{{ data.gift }}", "undefined value"),
        ("{% if data.gift %}x{% endif %}", "undefined value"),
        ("{{ data.gift.wrapping }}", "undefined value"),
        ("{{ event.local }}", "undefined value"),
    ] {
        let error = scene.text(template).expect_err(template);
        assert!(error.contains(what), "{template}: {error}");
    }
}

#[test]
fn a_damaged_event_time_is_an_error_that_names_the_template() {
    let mut scene = Scene::new();
    scene.event = Some(
        serde_json::from_value(json!({"civil": {
            "local": "2026-07-10T15:00:00", "zone": "Europe/Atlantis"
        }}))
        .unwrap(),
    );
    let error = scene.text("{{ time_to_event }}").unwrap_err();
    assert!(error.starts_with("template \"t\" cannot be rendered"), "{error}");
    assert!(error.contains("Europe/Atlantis"), "{error}");
}

#[test]
fn whole_numbers_stay_exact() {
    for number in [
        json!(9_007_199_254_740_993_u64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-1),
        json!("9123456789654321987654321"),
    ] {
        let scene = Scene::new().data(json!({"id": number}));
        let said = scene.text("{{ data.id }}").unwrap();
        assert_eq!(said, number.as_str().map_or_else(|| number.to_string(), str::to_owned));
    }
    let mut scene = Scene::new();
    scene.task.subject = Subject::new("booking", u64::MAX);
    assert_eq!(scene.text("{{ subject.id }}").unwrap(), u64::MAX.to_string());
}

#[test]
fn dates_of_the_host_are_said_in_words() {
    let scene = Scene::new().data(json!({
        "day": "2026-12-24",
        "doors": "2026-12-24T19:30",
        "opens": "2026-12-24T18:30:00Z",
        "offset": "2026-12-24T13:30:00-05:00",
        "wrong": "next week", "count": 7,
    }));
    for (template, expected) in [
        ("{{ data.day|date }}, {{ data.day|weekday }}", "24 December 2026, Thursday"),
        ("{{ data.doors|local }}", "Thursday, 24 December 2026 at 19:30"),
        ("{{ data.opens|time }} {{ data.offset|time }}", "19:30 19:30"),
        ("{{ data.doors|date }} {{ data.doors|time }}", "24 December 2026 19:30"),
    ] {
        assert_eq!(scene.text(template).as_deref(), Ok(expected), "{template}");
    }
    for template in [
        "{{ data.wrong|date }}",
        "{{ data.count|date }}",
        "{{ data.day|time }}",
        "{{ data.missing|date }}",
        "{% set __calendar = 1 %}{{ data.day|date }}",
    ] {
        assert!(scene.text(template).is_err(), "{template}");
    }
}

#[test]
fn a_message_before_its_due_time_is_not_late() {
    let scene = Scene::new().at("2026-07-09T11:00:00Z");
    assert!(scene.now < scene.task.due_at);
    assert_eq!(scene.text("{{ 'late' if lateness else 'not late' }}").unwrap(), "not late");
}

/// The same for a host that writes Spanish.
fn in_spanish(scene: Scene, template: &str) -> String {
    let templates = Templates::new().language("es").unwrap();
    let templates = templates.with("t", TemplateSource::text(template)).unwrap();
    scene.speaking("es-MX").render(&templates, "t").unwrap().text
}
