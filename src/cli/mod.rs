//! One file per subcommand; the composition root.

pub mod config; // config check
