//! One daemon for one SQLite file: a lock beside it, which the kernel takes back from whoever ends, however it ends.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::error::StoreError;

/// Held while the database is open. The file stays: removing it would let two hold two files of one name.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Locks the database at `path`, which need not exist yet; makes its folder then.
    ///
    /// Not on the database itself: closing any descriptor of it would drop the locks of SQLite in this process
    /// (https://www.sqlite.org/howtocorrupt.html, 2.2).
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let at = beside(path).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        let io = |source| StoreError::Io { path: at.clone(), source };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&at).map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = fs::read_to_string(&at).unwrap_or_default().trim().to_owned();
                return Err(StoreError::InUse { place: path.display().to_string(), holder, lock: at });
            }
            Err(error) => return Err(io(error.into())),
        }
        // For the message above only: a full disk must not keep the daemon from starting.
        if let Err(error) = told(&mut file) {
            tracing::debug!(error = %error, lock = %at.display(), "the lock does not say who holds it");
        }
        Ok(Self(file))
    }

    /// Lets go although others still share it.
    pub(super) fn release(&self) {
        if let Err(error) = flock(&self.0, FlockOperation::Unlock) {
            tracing::warn!(error = %error, "the lock of the database is held until the daemon ends");
        }
    }
}

fn told(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// The lock of a database: the same one whichever link led to it.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = match fs::canonicalize(path) {
        Ok(real) => real.into_os_string(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            fs::canonicalize(folder)?.join(path.file_name().unwrap_or_default()).into_os_string()
        }
        Err(error) => return Err(error),
    };
    name.push(".lock");
    Ok(name.into())
}
