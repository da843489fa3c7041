//! Inputs that broke other programs, each with its brothers, on every store.
//!
//! Two more of their kind stand where their subject is: an event that moves over the change of
//! clocks with the moved bookings of the scenarios, and powers that overflow with the policies.

mod far;
#[cfg(feature = "smtp")]
mod mail;
mod sizes;
mod taken_over;
mod texts;
mod zones;

use puntual::Reminders;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{InvalidField, Rule};

use crate::scenarios::Desk;

/// Asks, and answers how it was refused: nothing was stored, and nothing goes out.
async fn refused(desk: &Desk, ask: puntual::Reminder) -> InvalidField {
    let before = desk.store.all(TaskFilter::default()).await.unwrap();
    let error = desk.scheduler.schedule(ask).await.unwrap_err();
    let field = error.invalid_field().unwrap_or_else(|| panic!("no field is named: {error}"));
    assert_eq!(desk.store.all(TaskFilter::default()).await.unwrap(), before, "{error}");
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().claimed, 0, "{error}");
    field.clone()
}

/// As [`refused`], for a field and a rule.
async fn refused_for(desk: &Desk, ask: puntual::Reminder, field: &str, rule: Rule) -> String {
    let refused = refused(desk, ask).await;
    assert_eq!((refused.field(), refused.rule()), (field, rule), "{refused}");
    refused.to_string()
}
