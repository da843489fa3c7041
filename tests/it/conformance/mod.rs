//! Every store against the contract, and wrong stores against the suite.

mod custom;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod wrong;
