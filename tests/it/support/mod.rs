//! What several test modules need.

pub mod daemon;
pub mod postgres;
