//! A SQLite file before SQLite touches it: what is refused is refused on its bytes, and left as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::error::StoreError;
use super::schema;

/// What stands at the path.
pub(super) enum Standing {
    /// Nothing, not even a write-ahead log.
    Nothing,
    /// A file that looks like one of ours.
    Ours {
        /// Its size in bytes.
        size: u64,
    },
}

/// Looks at the file without opening it as a database.
pub(super) fn standing(path: &Path) -> Result<Standing, StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    let place = path.display().to_string();
    let refused = |why: &str| StoreError::NotADatabase { place: place.clone(), why: why.to_owned() };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let log = beside(path, "-wal");
            return match fs::metadata(&log) {
                Ok(log) if log.len() > 0 => Err(StoreError::Damaged {
                    place,
                    what: "the file is gone and its write-ahead log is still there".to_owned(),
                }),
                _ => Ok(Standing::Nothing),
            };
        }
        Err(error) => return Err(io(error)),
    };
    if !metadata.is_file() {
        return Err(refused("it is not a regular file"));
    }
    if metadata.len() == 0 {
        return Err(refused("the file is empty"));
    }
    // https://www.sqlite.org/fileformat2.html#the_database_header
    let mut header = [0_u8; 100];
    let mut file = File::open(path).map_err(io)?;
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(refused("it is shorter than the header of a SQLite file"));
        }
        result => result.map_err(io)?,
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(refused("it does not begin like a SQLite file"));
    }
    let number =
        |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    if number(68) != schema::APPLICATION_ID {
        let why = format!("it is a SQLite file of another program (application id {:#010x})", number(68));
        return Err(StoreError::Foreign { place, why });
    }
    let version = i64::from(number(60));
    if version > schema::known() {
        return Err(StoreError::Newer { place, found: version, known: schema::known() });
    }
    Ok(Standing::Ours { size: metadata.len() })
}

/// An empty file to make the first database in, beside the place it will take: a start that is cut short leaves nothing that
/// could be taken for a damaged database. The folder is there: the lock was made in it.
pub(super) fn scaffold(path: &Path) -> Result<PathBuf, StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    let new = beside(path, ".new");
    for left in [new.clone(), beside(&new, "-journal"), beside(&new, "-wal"), beside(&new, "-shm")] {
        match fs::remove_file(&left) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Io { path: left, source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    // SQLite gives its other files the mode of this one.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(io)?;
    Ok(new)
}

/// Puts the finished file in its place, never over another one.
pub(super) fn publish(new: &Path, path: &Path) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    File::open(new).and_then(|file| file.sync_all()).map_err(io)?;
    renameat_with(CWD, new, CWD, path, RenameFlags::NOREPLACE).map_err(|error| io(error.into()))?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(io),
        None => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
