//! Servers that the tests start themselves, and stop.

#[cfg(all(feature = "smtp", feature = "testing"))]
pub(crate) mod aiosmtpd;
#[cfg(feature = "postgres")]
pub(crate) mod cutter;
#[cfg(all(feature = "smtp", feature = "testing"))]
pub(crate) mod exim;
#[cfg(feature = "postgres")]
pub(crate) mod pgbouncer;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "postgres")]
pub(crate) mod proxy;
#[cfg(feature = "postgres")]
pub(crate) mod roles;
mod unprivileged;
