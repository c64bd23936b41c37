//! Gather, decide, commit, act: one tick per file; scheduler; lifecycle.
