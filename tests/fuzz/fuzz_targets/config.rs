//! A configuration in one text: an answer, never a panic.
#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use vigie::config::from_texts;

fuzz_target!(|text: &str| {
    let _ = from_texts(&[(PathBuf::from("/etc/vigie/vigie.toml"), text.to_owned())]);
});
