//! One file per subcommand; the composition root.
