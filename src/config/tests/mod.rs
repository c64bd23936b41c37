//! The configuration through its one door.

mod files;
mod mistakes;
mod mutation;
mod sample;
mod values;

use std::path::PathBuf;

use super::{Config, Diagnostics, Loaded, Problem, from_texts};

fn load(text: &str) -> Result<Loaded, Diagnostics> {
    from_texts(&[(PathBuf::from("/etc/vigie/vigie.toml"), text.to_owned())])
}

fn config(text: &str) -> Config {
    load(text).unwrap_or_else(|said| panic!("{text}\n{}", said.render(crate::domain::lang::Lang::En))).config
}

/// `line:key reason` of everything that is said.
fn said(text: &str) -> Vec<String> {
    let all = load(text).map_or_else(|said| said, |loaded| loaded.warnings);
    // Few of the texts of these tests say how anybody is told: that has a test of its own.
    let all = all.0.iter().filter(|one| one.problem != Problem::NoChannel);
    all.map(|one| format!("{}:{} {}", one.place.line, one.key, one.reason())).collect()
}
