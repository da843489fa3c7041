//! Groups writes: whoever comes first runs at once with what is there, others queue meanwhile.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

type Answers<O> = Pin<Box<dyn Future<Output = Vec<O>> + Send>>;

/// Groups items that many tasks write at the same time into few calls of the store.
///
/// Each group runs in a task of its own, so a caller that is dropped takes nobody's write along.
pub(crate) struct Batcher<I, O> {
    shared: Arc<Shared<I, O>>,
}

struct Shared<I, O> {
    queue: Mutex<Queue<I, O>>,
    batch_max: usize,
    run: Box<dyn Fn(Vec<I>) -> Answers<O> + Send + Sync>,
}

struct Queue<I, O> {
    waiting: Vec<(I, oneshot::Sender<O>)>,
    running: bool,
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Groups of at most `batch_max` items, each written by `run`, which answers one to one.
    pub(crate) fn new<F>(
        batch_max: usize,
        run: impl Fn(Vec<I>) -> F + Send + Sync + 'static,
    ) -> Batcher<I, O>
    where
        F: Future<Output = Vec<O>> + Send + 'static,
    {
        let queue = Mutex::new(Queue { waiting: Vec::new(), running: false });
        let run = Box::new(move |items| Box::pin(run(items)) as Answers<O>);
        Batcher { shared: Arc::new(Shared { queue, batch_max, run }) }
    }

    /// Writes one item with whatever else waits; `None` if its group gave no answer.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have been written.
    pub(crate) async fn write(&self, item: I) -> Option<O> {
        let (sender, receiver) = oneshot::channel();
        let leads = {
            let mut queue = self.shared.lock();
            queue.waiting.push((item, sender));
            !std::mem::replace(&mut queue.running, true)
        };
        if leads {
            tokio::spawn(lead(Lead(Some(self.shared.clone()))));
        }
        receiver.await.ok()
    }
}

impl<I, O> Shared<I, O> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue<I, O>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next group, or `None` when nothing waits and the lead ends.
    fn next(&self) -> Option<Vec<(I, oneshot::Sender<O>)>> {
        let mut queue = self.lock();
        if queue.waiting.is_empty() {
            queue.running = false;
            return None;
        }
        let count = queue.waiting.len().min(self.batch_max);
        Some(queue.waiting.drain(..count).collect())
    }
}

/// Who runs the groups at the moment. One that panics, or whose runtime ends, makes way for the
/// next; whoever waited for it gets no answer.
struct Lead<I, O>(Option<Arc<Shared<I, O>>>);

impl<I, O> Drop for Lead<I, O> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let mut queue = shared.lock();
            queue.running = false;
            queue.waiting.clear();
        }
    }
}

async fn lead<I: Send + 'static, O: Send + 'static>(mut lead: Lead<I, O>) {
    let Some(shared) = lead.0.clone() else { return };
    while let Some(group) = shared.next() {
        let (items, senders): (Vec<I>, Vec<_>) = group.into_iter().unzip();
        let answers = (shared.run)(items).await;
        for (sender, answer) in senders.into_iter().zip(answers) {
            // A caller that no longer waits needs no answer.
            let _ = sender.send(answer);
        }
        // Whoever was answered may have something to add: let them, before the next group.
        tokio::task::yield_now().await;
    }
    // It ended with nothing waiting; whoever came since has a lead of its own.
    lead.0 = None;
}

impl<I, O> std::fmt::Debug for Batcher<I, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batcher").field("batch_max", &self.shared.batch_max).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn items_are_grouped_and_answered_one_to_one() {
        let groups = Arc::new(Mutex::new(Vec::new()));
        let seen = groups.clone();
        let batcher = Arc::new(Batcher::new(100, move |items: Vec<u32>| {
            seen.lock().unwrap().push(items.len());
            async move {
                tokio::task::yield_now().await;
                items.into_iter().map(|item| item * 2).collect::<Vec<u32>>()
            }
        }));
        let writes = (0..250).map(|item| {
            let batcher = batcher.clone();
            tokio::spawn(async move { (item, batcher.write(item).await) })
        });
        for write in writes.collect::<Vec<_>>() {
            let (item, answer) = write.await.unwrap();
            assert_eq!(answer, Some(item * 2));
        }
        let groups = groups.lock().unwrap();
        assert_eq!(groups.iter().sum::<usize>(), 250);
        assert!(groups.len() < 50 && groups.iter().all(|size| *size <= 100), "{groups:?}");
    }

    #[tokio::test]
    async fn a_group_that_panics_answers_nobody_and_the_next_one_runs() {
        let batcher = Arc::new(Batcher::new(1, |items: Vec<u32>| async move {
            assert!(items != [1], "a bug of the store");
            items
        }));
        let first = tokio::spawn({
            let batcher = batcher.clone();
            async move { batcher.write(1).await }
        });
        assert_eq!(first.await.unwrap(), None);
        let second = batcher.write(2);
        tokio::pin!(second);
        for _ in 0..100 {
            if let Some(answer) = second.as_mut().now_or_never() {
                assert_eq!(answer, Some(2));
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("nobody runs the next group");
    }
}
