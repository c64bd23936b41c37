//! Judge a snapshot. One rule per file, each a plain function of (inventory, settings, now).

/// `[policy]`: what the rules may be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {}
