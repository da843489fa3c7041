//! The slots of one channel: so many attempts at a time, and who waits with high priority first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::task::Priority;

/// So many attempts at the same time; a free slot goes to whoever waits with high priority first.
#[derive(Debug)]
pub(crate) struct Slots(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    high: VecDeque<oneshot::Sender<Slot>>,
    normal: VecDeque<oneshot::Sender<Slot>>,
}

/// The right to one attempt, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Option<Arc<Slots>>);

impl Slots {
    pub(crate) fn new(count: usize) -> Arc<Slots> {
        let state = State { free: count, high: VecDeque::new(), normal: VecDeque::new() };
        Arc::new(Slots(Mutex::new(state)))
    }

    /// Waits for a slot.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a slot that was given to a dropped call goes to the next.
    pub(crate) async fn take(self: &Arc<Self>, priority: Priority) -> Slot {
        let waiting = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Slot(Some(self.clone()));
            }
            let (sender, receiver) = oneshot::channel();
            match priority {
                Priority::High => state.high.push_back(sender),
                Priority::Normal => state.normal.push_back(sender),
            }
            receiver
        };
        // The sender is kept until it is used: the answer always comes.
        waiting.await.unwrap_or(Slot(None))
    }

    fn give_back(self: Arc<Self>) {
        let mut slot = Slot(Some(self.clone()));
        loop {
            let mut state = self.lock();
            let Some(next) = state.high.pop_front().or_else(|| state.normal.pop_front()) else {
                state.free += 1;
                slot.0 = None;
                return;
            };
            drop(state);
            match next.send(slot) {
                Ok(()) => return,
                Err(unwanted) => slot = unwanted,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(slots) = self.0.take() {
            slots.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_free_slot_goes_to_high_priority_first_and_none_is_lost() {
        let slots = Slots::new(1);
        let held = slots.take(Priority::Normal).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let wait = |priority| {
            let (slots, order) = (slots.clone(), order.clone());
            tokio::spawn(async move {
                let _slot = slots.take(priority).await;
                order.lock().unwrap().push(priority);
            })
        };
        let waiting = [Priority::Normal, Priority::Normal, Priority::High].map(wait);
        let gone = wait(Priority::High);
        tokio::task::yield_now().await;
        gone.abort();
        assert!(gone.await.is_err());
        drop(held);
        for task in waiting {
            task.await.unwrap();
        }
        let order = order.lock().unwrap().clone();
        assert_eq!(order, [Priority::High, Priority::Normal, Priority::Normal]);
        assert_eq!(slots.lock().free, 1);
    }
}
