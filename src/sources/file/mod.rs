//! Files of swept folders. See [`FileSource`].

pub mod open;
pub mod pattern;
mod sweep;
pub mod walk;

pub use sweep::{FileSource, SweepStats};
