//! Servers that the tests start themselves, and stop.

pub(crate) mod cutter;
pub(crate) mod pgbouncer;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod roles;
