//! What the engine tells about itself, after real runs of it over a virtual clock.

mod doctor;
mod golden;
mod numbers;
mod privacy;
mod stage;
