//! Servers of every temper.
