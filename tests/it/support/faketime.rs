//! The clock of a real daemon, set from outside while it runs, by Debian's faketime.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The truth, and so much more.
pub struct Faketime {
    offset: PathBuf,
}

impl Faketime {
    /// A clock that reads the truth, told by a file in this folder.
    pub fn new(folder: &Path) -> Self {
        let clock = Self { offset: folder.join("offset") };
        clock.set("+0");
        clock
    }

    /// From the next look on.
    pub fn set(&self, offset: &str) {
        let next = self.offset.with_extension("next");
        fs::write(&next, offset).expect("written");
        fs::rename(next, &self.offset).expect("renamed");
    }

    /// For the daemon. The monotonic clock stays true.
    pub fn environment(&self) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", library().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.offset.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// Where Debian puts it, whatever the architecture.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|path| path.exists());
    found.expect("faketime is not installed: see `make setup-test`")
}
