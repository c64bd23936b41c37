//! Judge a snapshot. One rule per file, each a plain function of (inventory, settings, now).

mod settings;

pub use settings::Settings;
