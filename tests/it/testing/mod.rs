//! The test kit itself: what others rely on to tell right from wrong.

mod clock;
mod faulty;
mod notifier;
