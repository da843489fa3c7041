//! The words of English, as in Britain and as in the United States.

use super::{Counted, Words};

pub(super) const BRITISH: Words = Words {
    tag: "en",
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    minutes: Counted { one: "minute", other: "minutes" },
    hours: Counted { one: "hour", other: "hours" },
    days: Counted { one: "day", other: "days" },
    now: "now",
    ahead: ["in ", ""],
    ago: ["", " ago"],
    yesterday: "yesterday",
    today: "today",
    tomorrow: "tomorrow",
    date: |day, month, year| format!("{day} {month} {year}"),
    clock: |hour, minute| format!("{hour:02}:{minute:02}"),
    at: |_| " at ",
};

pub(super) const AMERICAN: Words = Words {
    tag: "en-US",
    date: |day, month, year| format!("{month} {day}, {year}"),
    clock: twelve_hours,
    ..BRITISH
};

/// Midnight is 12 AM, noon 12 PM.
fn twelve_hours(hour: u32, minute: u32) -> String {
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = match hour % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{minute:02} {half}")
}
