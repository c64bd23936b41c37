//! Tracing to the journal or standard error.
