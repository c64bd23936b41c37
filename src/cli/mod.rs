//! One file per subcommand; the composition root.

pub mod inspect;
