//! Zone names where they enter, and where they are read back.

use puntual::time::{TimeErrorKind, TzDatabase, Zone};

use super::{tz, utc, zone};

#[test]
fn names_that_are_no_iana_zones_are_refused_naming_field_value_and_rule() {
    let long = "A".repeat(65);
    for (name, rule) in [
        ("", "must not be empty"),
        (" ", "must not begin or end with blanks"),
        ("utc ", "must not begin or end with blanks"),
        ("\tEurope/Berlin", "must not begin or end with blanks"),
        ("Etc/Unknown", "names no place"),
        ("etc/UNKNOWN", "names no place"),
        ("Factory", "names no place"),
        ("localtime", "names no place"),
        ("Americas/Vancouver", "is not a name of the IANA time zone database"),
        ("Europe", "is not a name of the IANA time zone database"),
        ("Mars/Olympus", "is not a name of the IANA time zone database"),
        ("tzdata-zi", "is not a name of the IANA time zone database"),
        ("W. Europe Standard Time", "use the IANA name"),
        ("Eastern Standard Time", "use the IANA name"),
        ("+02:00", "fixed offsets"),
        ("-03", "fixed offsets"),
        ("<-03>3", "POSIX rules"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "POSIX rules"),
        (":Europe/Berlin", "POSIX rules"),
        ("../zoneinfo/Europe/Berlin", "POSIX rules"),
        ("/etc/passwd", "POSIX rules"),
        ("Europe/Berlin\0", "is not an IANA name"),
        ("Europe/\u{202e}Berlin", "is not an IANA name"),
        ("right/Europe/Berlin", "without its first part"),
        ("posix/Europe/Berlin", "without its first part"),
        (long.as_str(), "longer than 64 bytes"),
    ] {
        let error = Zone::new(name).unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::UnknownZone, "{name:?}");
        assert_eq!(error.field(), "zone", "{name:?}");
        let text = error.to_string();
        assert!(text.contains(rule), "{name:?}: {text}");
        assert!(!text.contains(['\0', '\u{202e}', '\t']), "{name:?} is shown escaped: {text:?}");
    }
}

#[test]
fn a_zone_is_spelled_as_the_database_spells_it() {
    for (given, spelled) in [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/BERLIN", "Europe/Berlin"),
        ("utc", "UTC"),
        ("etc/utc", "Etc/UTC"),
        ("US/Eastern", "US/Eastern"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ] {
        let zone: Zone = given.parse().unwrap();
        assert_eq!((zone.as_str(), zone.to_string().as_str()), (spelled, spelled));
        assert!(zone.is_known(&tz()), "{spelled}");
    }
    assert_eq!(Zone::utc(), zone("UTC"));
}

#[test]
fn a_stored_zone_is_read_back_unchecked_and_says_that_it_is_unknown() {
    for name in ["Europe/Newtown", "W. Europe Standard Time", "Etc/Unknown", "right/UTC", ""] {
        let json = serde_json::to_string(name).unwrap();
        let zone: Zone = serde_json::from_str(&json).unwrap();
        assert!(!zone.is_known(&TzDatabase::newest()), "{name}");
        let error = zone.local_at(utc("2026-07-10T13:00:00Z"), &tz()).unwrap_err();
        assert_eq!(error.kind(), TimeErrorKind::UnknownZone, "{name}");
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        assert_eq!(serde_json::to_string(&zone).unwrap(), json);
    }
    for broken in ["\"a\\u0000b\"", "\"a\\u202eb\"", "7"] {
        assert!(serde_json::from_str::<Zone>(broken).is_err(), "{broken}");
    }
}

#[test]
fn a_pinned_directory_knows_its_own_zones_only() {
    let directory = tempfile::tempdir().unwrap();
    super::write_zone(directory.path(), "America/Vancouver", "PST8PDT,M3.2.0,M11.1.0");
    let pinned = TzDatabase::from_dir(directory.path(), "2025b").unwrap();
    assert_eq!(pinned.version().as_str(), "2025b");
    assert!(!pinned.is_system_stale());
    assert!(zone("America/Vancouver").is_known(&pinned));
    assert!(!zone("Europe/Berlin").is_known(&pinned));

    let missing = TzDatabase::from_dir(directory.path().join("absent"), "2025b").unwrap_err();
    assert_eq!(missing.kind(), TimeErrorKind::TzDatabase);
    assert!(std::error::Error::source(&missing).is_some());
}

#[test]
fn looking_again_finds_the_same_rules_while_nothing_changes() {
    let (newest, again) = (TzDatabase::newest(), TzDatabase::detect());
    assert_eq!(newest.version(), again.version());
    assert_eq!(newest.system_version(), again.system_version());
    let stale = newest.system_version().is_some_and(|system| system < newest.version());
    assert_eq!(newest.is_system_stale(), stale);
}
