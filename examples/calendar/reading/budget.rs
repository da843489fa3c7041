//! How much work one file may cause: a few hostile lines must not keep a machine busy.

/// The steps (a day or a candidate looked at) that one rule may take.
pub(crate) const STEPS_PER_RULE: u64 = 5_000_000;

/// The steps that all rules of one file may take together.
pub(crate) const STEPS_PER_FILE: u64 = 50_000_000;

/// The occurrences that one rule may have in the time that is read. An hourly event has 1,440
/// in 60 days.
pub(crate) const OCCURRENCES_PER_RULE: usize = 2_000;

/// The reminders that one file may ask for: an occurrence counts once for each attendee.
pub(crate) const REMINDERS_PER_FILE: usize = 50_000;

/// What is left of a file's allowance.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: u64,
    reminders: usize,
}

impl Budget {
    pub(crate) fn for_file() -> Self {
        Self { steps: STEPS_PER_FILE, reminders: REMINDERS_PER_FILE }
    }

    /// Takes the steps of one rule.
    ///
    /// # Errors
    ///
    /// The reason in words, where the rule or the file asks for too much.
    pub(crate) fn take_steps(&mut self, steps: u64) -> Result<(), String> {
        if steps > STEPS_PER_RULE {
            return Err(format!(
                "it takes {steps} steps to expand, more than the limit of {STEPS_PER_RULE}"
            ));
        }
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            format!("the file's rules take more than the limit of {STEPS_PER_FILE} steps")
        })?;
        Ok(())
    }

    /// Takes one occurrence for so many attendees.
    ///
    /// # Errors
    ///
    /// The reason in words, where the file asks for too much.
    pub(crate) fn take_occurrence(&mut self, attendees: usize) -> Result<(), String> {
        self.reminders = self.reminders.checked_sub(attendees.max(1)).ok_or_else(|| {
            format!("the file asks for more than the limit of {REMINDERS_PER_FILE} reminders")
        })?;
        Ok(())
    }
}
