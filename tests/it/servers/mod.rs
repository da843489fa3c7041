//! Servers that the tests start themselves, and stop.

pub(crate) mod pgbouncer;
pub(crate) mod postgres;
