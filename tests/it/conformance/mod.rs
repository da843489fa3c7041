//! Every store against the contract, and wrong stores against the suite.

pub(crate) mod custom;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod wrong;
