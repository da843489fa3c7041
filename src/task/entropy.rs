//! The one source of randomness: one seed, one run.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};

/// The source of ids and jitter: one seed, one run.
///
/// [`Entropy::from_os`] is for production, [`Entropy::seeded`] for tests that must repeat.
pub struct Entropy(Mutex<fastrand::Rng>);

impl Entropy {
    /// A source that gives the same numbers in every run.
    pub fn seeded(seed: u64) -> Self {
        Entropy(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A source that nobody can foresee: seeded by the random keys that the standard library takes
    /// from the operating system.
    pub fn from_os() -> Self {
        let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        Entropy::seeded(hasher.finish())
    }

    /// Ten random bytes, as many as a UUID version 7 takes.
    pub fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.with(|rng| rng.fill(&mut bytes));
        bytes
    }

    /// A random number over the whole range.
    pub fn number(&self) -> u64 {
        self.with(|rng| rng.u64(..))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}
