//! A clock that shows another date than the machine's and runs like it.

use std::time::Duration;

use async_trait::async_trait;
use puntual::{
    chrono::{DateTime, Utc},
    time::{Clock, SystemClock, saturating_add},
};

/// The longest sleep before this clock is read again.
const SLICE: Duration = Duration::from_secs(1);

/// A clock that is set to an instant when it is made.
#[derive(Debug)]
pub(crate) struct AsOf {
    instant: DateTime<Utc>,
    system: SystemClock,
}

impl AsOf {
    pub(crate) fn new(instant: DateTime<Utc>) -> Self {
        Self { instant, system: SystemClock::new() }
    }
}

#[async_trait]
impl Clock for AsOf {
    fn now(&self) -> DateTime<Utc> {
        saturating_add(self.instant, self.system.monotonic())
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.system.sleep(duration).await;
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        loop {
            let left = deadline.signed_duration_since(self.now()).to_std().unwrap_or_default();
            if left.is_zero() {
                return;
            }
            self.system.sleep(left.min(SLICE)).await;
        }
    }

    fn compares_with_store(&self) -> bool {
        false
    }
}
