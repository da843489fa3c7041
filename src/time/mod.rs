//! WHEN: clocks, event times, triggers, delivery windows and zones.
