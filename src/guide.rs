//! The guide: prose about the library as a whole, a module for each chapter.
//!
//! Every example in it is compiled and run with the tests.
//!
//! | chapter | for whom |
//! |---|---|
//! | [`tutorial`] | you begin: from nothing to a booking application with a tested reminder |
//! | [`guarantees`] | you want to know what is promised, how it is kept, and what shows it |
//! | [`time_zones`] | your users live in more than one place, or where clocks are changed |
//! | [`email`] | you send e-mail: the relay, the words, the calendar file, what "sent" means |
//! | [`operating`] | you run it: reading by hand, pauses, copies, retention, backups |
//! | [`telemetry`] | you want its spans and events in your logs |
//! | [`writing_a_notifier`] | you have a way to tell people that is not here |
//! | [`writing_a_store`] | you have a database that is not here |
//! | [`architecture`] | you read or change the code |
//! | [`comparison`] | you wonder whether you need something else |
//! | [`upgrading`] | you go to a newer version |

#[doc = include_str!("guide/tutorial.md")]
pub mod tutorial {}

#[doc = include_str!("guide/guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("guide/time_zones.md")]
pub mod time_zones {}

#[doc = include_str!("guide/email.md")]
pub mod email {}

#[doc = include_str!("guide/operating.md")]
pub mod operating {}

#[doc = include_str!("guide/telemetry.md")]
pub mod telemetry {}

#[doc = include_str!("guide/writing_a_notifier.md")]
pub mod writing_a_notifier {}

#[doc = include_str!("guide/writing_a_store.md")]
pub mod writing_a_store {}

#[doc = include_str!("guide/architecture.md")]
pub mod architecture {}

#[doc = include_str!("guide/comparison.md")]
pub mod comparison {}

#[doc = include_str!("guide/upgrading.md")]
pub mod upgrading {}

/// The examples of the README, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
