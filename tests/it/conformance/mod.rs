//! Every store against the contract, and wrong stores against the suite.

mod memory;
