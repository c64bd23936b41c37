//! The clock of a real daemon, set from outside while it runs, by Debian's faketime.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::daemon::Daemon;

/// A clock that reads the truth and so much more (`+365d`), or begins to run at a moment (`@2029-10-20 12:00:00`, UTC).
pub struct Faketime {
    file: PathBuf,
}

impl Faketime {
    /// A true clock, told by a file in this folder.
    pub fn new(folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock") };
        clock.set("+0");
        clock
    }

    /// From the next look on.
    pub fn set(&self, told: &str) {
        let next = self.file.with_extension("next");
        fs::write(&next, told).expect("written");
        fs::rename(next, &self.file).expect("renamed");
    }

    /// The daemon of `folder` under this clock. Its monotonic clock stays true.
    pub fn run(&self, folder: &Path) -> Daemon {
        let library = library();
        let environment: [(&str, &OsStr); 5] = [
            ("LD_PRELOAD", library.as_os_str()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.as_os_str()),
            ("FAKETIME_NO_CACHE", "1".as_ref()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".as_ref()),
            ("TZ", "UTC".as_ref()),
        ];
        Daemon::run_with(folder, &environment)
    }
}

/// Where Debian puts it, whatever the architecture.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|path| path.exists());
    found.expect("faketime is not installed: see `make setup-test`")
}
