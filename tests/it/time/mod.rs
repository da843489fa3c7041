//! WHEN: tables of the rules in words, and properties over every zone there is.

mod all_zones;
mod event_times;
mod triggers;
mod windows;
mod zones;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Utc};
use puntual::time::{TzDatabase, Zone};

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

fn clock(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::new(name).unwrap()
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3_600)
}

/// Rules that do not depend on the machine.
fn tz() -> TzDatabase {
    TzDatabase::bundled()
}

/// Writes the smallest zone file there is (RFC 8536): no transition, one POSIX rule for all time.
pub(crate) fn write_zone(directory: &Path, name: &str, posix_rule: &str) {
    let mut file = Vec::new();
    for _ in 0..2 {
        file.extend(b"TZif2");
        file.extend([0; 15]);
        for count in [0_u32, 0, 0, 0, 1, 4] {
            file.extend(count.to_be_bytes());
        }
        file.extend([0; 6]);
        file.extend(b"LMT\0");
    }
    file.extend(format!("\n{posix_rule}\n").bytes());
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file).unwrap();
}
