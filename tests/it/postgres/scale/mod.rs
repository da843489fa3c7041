//! With a million rows that wait: every statement that an engine runs is a range of an index, with
//! statistics and without, and the table stays as it is laid out.

mod churn;
mod million;
mod plan;
