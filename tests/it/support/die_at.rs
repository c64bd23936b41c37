//! A daemon that dies as by `kill -9` at a commit point of its choosing: nothing in the program knows of it.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::daemon::{VIGIE, wait_for};

/// Where between two commits it dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The commit is written, and nobody was answered.
    Written,
    /// Everything was done that follows it, up to the first byte of the next one.
    Next,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Written => "written",
            Self::Next => "next",
        })
    }
}

/// What is loaded into the daemon: `die_at.c`, compiled.
pub struct Failpoint(TempDir);

impl Failpoint {
    /// Compiles it. Panics with the cure when there is no C compiler.
    pub fn build() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/die_at.c");
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.path().join("die_at.so"))
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("cc runs: see `make setup-test`");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self(folder)
    }

    /// Runs the daemon of `folder` until it dies at the `at`th commit from 1.
    pub fn run(&self, folder: &Path, at: u32, moment: Moment) {
        let library = self.0.path().join("die_at.so");
        let (at, moment) = (at.to_string(), moment.to_string());
        let environment: [(&str, &OsStr); 3] =
            [("LD_PRELOAD", library.as_os_str()), ("DIE_AT", at.as_ref()), ("DIE_WHEN", moment.as_ref())];
        let mut child = Killed(
            Command::new(VIGIE)
                .args(["run".as_ref(), "--config".as_ref(), folder.join("vigie.toml").as_os_str()])
                .env_remove("NOTIFY_SOCKET")
                .env_remove("JOURNAL_STREAM")
                .envs(environment)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("vigie runs"),
        );
        let ended =
            wait_for("the end of a daemon that is to die", || child.0.try_wait().expect("the child can be asked"));
        assert_eq!(ended.signal(), Some(9), "it ended otherwise at commit {at} {moment}: {ended}");
    }
}

/// Killed when a test goes on without it, however it goes on.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
