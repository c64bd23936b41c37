//! Opening and reading one file of a folder somebody else may be writing to: never a link out of the root, never a FIFO or a device,
//! never more bytes than the bound, and never a mixture of two states of the file.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use secrecy::zeroize::Zeroize;

use crate::domain::observation::{FileAccess, FileStamp, Problem};

/// Opening never blocks on a FIFO, never takes a terminal, never follows a link that took the place of the file.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// As [`READ`] for what an administrator named or what was resolved beneath a root, where the last name may be a link.
const READ_NAMED: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
/// Names an object without opening it.
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Links followed in one resolution; the kernel's own bound (path_resolution(7)).
const MAX_LINKS: u32 = 40;
/// Times a file that changes under the reader is read again.
const MAX_ATTEMPTS: u32 = 3;

/// Why a file or folder was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A root of the configuration does not exist.
    #[error("the path does not exist")]
    RootMissing,
    /// A root of the configuration that may not be opened.
    #[error("permission denied on the path itself")]
    RootDenied,
    /// A pattern of the configuration that stands for nothing.
    #[error("the pattern matches nothing")]
    NothingMatches,
    /// A declared file whose folder does not exist either: a disk that is not mounted, rather than a file that was deleted.
    #[error("the folder of the file does not exist")]
    FolderMissing,
    /// Gone between being listed and being read.
    #[error("the file disappeared before it could be read")]
    Vanished,
    /// Refused by the permissions of the file or of a folder above it.
    #[error("permission denied")]
    PermissionDenied,
    /// A named pipe.
    #[error("a named pipe, not a regular file")]
    Fifo,
    /// A Unix socket.
    #[error("a socket, not a regular file")]
    Socket,
    /// A character or block device.
    #[error("a device, not a regular file")]
    Device,
    /// A folder where a file was declared.
    #[error("a folder, not a regular file")]
    Folder,
    /// A link that leads out of the folder that is swept.
    #[error("a link that leads out of the swept folder")]
    LinkOutOfRoot,
    /// A link that leads back to itself, or too long a chain of them.
    #[error("a link that leads to itself, or a chain of more than {MAX_LINKS} links")]
    LinkLoop,
    /// A link to nothing.
    #[error("a link to a file that does not exist")]
    DanglingLink,
    /// A link to a folder where a pattern would have to go through it.
    #[error("a link to a folder: only links to files are followed")]
    LinkToFolder,
    /// More bytes than the bound.
    #[error("{size} bytes, more than the {limit} of scan.max_file_bytes")]
    TooLarge {
        /// Size found.
        size: u64,
        /// Bound.
        limit: u64,
    },
    /// A folder below the depth bound.
    #[error("deeper than the {limit} folders of scan.max_depth")]
    TooDeep {
        /// Bound.
        limit: u32,
    },
    /// More entries than the bound; the rest of the source was not looked at.
    #[error("more than the {limit} entries of scan.max_files")]
    TooManyFiles {
        /// Bound.
        limit: u64,
    },
    /// Written to, or replaced, at each attempt.
    #[error("changed while it was read, {MAX_ATTEMPTS} times")]
    ChangedWhileRead,
    /// Anything else the system says.
    #[error("the system reports: {0}")]
    Io(Errno),
}

impl FileError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::RootMissing => "root_missing",
            Self::RootDenied => "root_denied",
            Self::NothingMatches => "nothing_matches",
            Self::FolderMissing => "folder_missing",
            Self::Vanished => "vanished",
            Self::PermissionDenied => "permission_denied",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Device => "device",
            Self::Folder => "folder",
            Self::LinkOutOfRoot => "link_out_of_root",
            Self::LinkLoop => "link_loop",
            Self::DanglingLink => "dangling_link",
            Self::LinkToFolder => "link_to_folder",
            Self::TooLarge { .. } => "too_large",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyFiles { .. } => "too_many_files",
            Self::ChangedWhileRead => "changed_while_read",
            Self::Io(_) => "io_error",
        }
    }

    /// The same as data.
    pub fn problem(&self) -> Problem {
        Problem { reason: self.reason().into(), message: self.to_string().into() }
    }
}

impl From<Errno> for FileError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR => Self::Vanished,
            Errno::ACCESS | Errno::PERM => Self::PermissionDenied,
            Errno::LOOP => Self::LinkLoop,
            Errno::NXIO => Self::Socket, // open(2) of a socket
            other => Self::Io(other),
        }
    }
}

/// A folder that is open, with its path as the walk names it.
#[derive(Debug)]
pub struct Folder {
    pub(super) fd: OwnedFd,
    pub(super) path: Box<[u8]>,
    /// Permission bits (07777).
    pub(super) mode: u32,
    /// Device and inode.
    pub(super) identity: (u64, u64),
}

impl Folder {
    /// Opens a folder an administrator named: links on the way are followed.
    pub(super) fn named(path: &[u8]) -> Result<Self, FileError> {
        Self::from_fd(rustix::fs::openat(CWD, path, FOLDER, Mode::empty())?, path.into())
    }

    /// Opens a folder by its one name in `parent`; a link is refused.
    pub(super) fn in_folder(parent: &Self, name: &[u8]) -> Result<Self, FileError> {
        let fd = rustix::fs::openat(&parent.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        Self::from_fd(fd, joined(&parent.path, name).into())
    }

    fn from_fd(fd: OwnedFd, path: Box<[u8]>) -> Result<Self, FileError> {
        let stat = rustix::fs::fstat(&fd)?;
        Ok(Self { fd, path, mode: stat.st_mode & 0o7777, identity: (stat.st_dev, stat.st_ino) })
    }
}

/// How a file is reached. The path it goes by is kept beside this.
#[derive(Debug, Clone)]
pub enum Via {
    /// By the last name of its path in this folder; a link there is refused.
    Entry(Arc<Folder>),
    /// By its path below this root, through links that stay beneath it.
    Link(Arc<Folder>),
    /// As the administrator wrote it, links followed.
    Named,
}

impl Via {
    /// Opens the file for reading.
    pub(super) fn open(&self, path: &[u8]) -> Result<OwnedFd, FileError> {
        match self {
            Self::Entry(folder) => {
                rustix::fs::openat(&folder.fd, last_name(path), READ, Mode::empty()).map_err(|errno| match errno {
                    Errno::LOOP => FileError::ChangedWhileRead, // a link took its place since it was listed
                    errno => errno.into(),
                })
            }
            Self::Link(root) => open_beneath(root, below(root, path), READ_NAMED),
            Self::Named => Ok(rustix::fs::openat(CWD, path, READ_NAMED, Mode::empty())?),
        }
    }
}

/// Looks at a path an administrator named: stamp and access of a regular file, `None` when it is not in its folder.
pub(in crate::sources) fn look(path: &[u8]) -> Result<Option<(FileStamp, FileAccess)>, FileError> {
    let folder = parent(path);
    match look_named(path) {
        Ok(stat) => {
            regular(&stat)?;
            let folder_mode = look_named(folder).map_or(0, |folder| folder.st_mode & 0o7777);
            Ok(Some((stamp(&stat), access(&stat, folder_mode))))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => {
            if rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                return Err(FileError::DanglingLink);
            }
            match Folder::named(folder) {
                Ok(_) => Ok(None),
                Err(FileError::Vanished) => Err(FileError::FolderMissing),
                Err(error) => Err(error),
            }
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Whether this process may read a file an administrator named: looked at and opened, never waited for, not read.
pub fn probe(path: &[u8]) -> Result<(), FileError> {
    look(path)?.ok_or(FileError::Vanished)?;
    regular(&rustix::fs::fstat(Via::Named.open(path)?)?)
}

/// Reads a file an administrator named into `buffer`, wiping what was there.
pub fn read_named(path: &[u8], limit: u64, buffer: &mut Vec<u8>) -> Result<FileStamp, FileError> {
    let fd = Via::Named.open(path)?;
    read_stable(fd.as_fd(), limit, buffer).map(|stat| stamp(&stat))
}

/// What `path`, a link below `root`, leads to, without opening it.
pub(super) fn look_beneath(root: &Folder, path: &[u8]) -> Result<Stat, FileError> {
    let fd = open_beneath(root, below(root, path), OFlags::PATH | OFlags::CLOEXEC)?;
    Ok(rustix::fs::fstat(&fd)?)
}

/// What a path an administrator named is, links followed.
pub(super) fn look_named(path: &[u8]) -> Result<Stat, Errno> {
    rustix::fs::statat(CWD, path, AtFlags::empty())
}

/// Reads a regular file whole into `buffer`, wiping what was there: it may have been a private key. The state read is one the file had:
/// size, modification and status change time are the same before and after. Before Linux 6.13 these times move in steps of a few
/// milliseconds: a rewrite in place, of the same length, within one step of the reading, does not show.
pub(super) fn read_stable(fd: BorrowedFd<'_>, limit: u64, buffer: &mut Vec<u8>) -> Result<Stat, FileError> {
    for _ in 0..MAX_ATTEMPTS {
        wipe(buffer);
        let before = rustix::fs::fstat(fd)?;
        regular(&before)?;
        let size = u64::try_from(before.st_size).unwrap_or(0);
        if size > limit {
            return Err(FileError::TooLarge { size, limit });
        }
        // A regular file of size 0 is empty, or one of /proc whose reading has effects: neither holds a certificate.
        if size == 0 {
            return Ok(before);
        }
        // One byte more than the size tells a file that grew.
        let wanted = usize::try_from(size).map_err(|_| FileError::TooLarge { size, limit })?;
        buffer.resize(wanted + 1, 0);
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match rustix::io::pread(fd, room, filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        let after = rustix::fs::fstat(fd)?;
        if filled == wanted && stamp(&before) == stamp(&after) {
            buffer.truncate(wanted);
            return Ok(after);
        }
    }
    wipe(buffer);
    Err(FileError::ChangedWhileRead)
}

/// Overwrites and empties a buffer that may have held a private key.
pub(in crate::sources) fn wipe(buffer: &mut Vec<u8>) {
    buffer.as_mut_slice().zeroize();
    buffer.clear();
}

/// Only regular files are read.
pub(super) fn regular(stat: &Stat) -> Result<(), FileError> {
    kind(FileType::from_raw_mode(stat.st_mode))
}

/// The refusal of each kind of directory entry that is not a regular file.
pub(super) fn kind(kind: FileType) -> Result<(), FileError> {
    match kind {
        FileType::RegularFile => Ok(()),
        FileType::Fifo => Err(FileError::Fifo),
        FileType::Socket => Err(FileError::Socket),
        FileType::CharacterDevice | FileType::BlockDevice => Err(FileError::Device),
        FileType::Directory => Err(FileError::Folder),
        FileType::Symlink => Err(FileError::LinkLoop),
        FileType::Unknown => Err(FileError::Io(Errno::INVAL)),
    }
}

/// The stamp of a `stat`.
pub(super) fn stamp(stat: &Stat) -> FileStamp {
    let nanoseconds = |seconds: i64, rest: u64| seconds.saturating_mul(1_000_000_000).saturating_add_unsigned(rest);
    FileStamp {
        device: stat.st_dev,
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
        changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// Who may read it.
pub(super) fn access(stat: &Stat, folder_mode: u32) -> FileAccess {
    FileAccess { mode: stat.st_mode & 0o7777, uid: stat.st_uid, gid: stat.st_gid, folder_mode }
}

/// `folder/name`, with one slash.
pub(super) fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    join_into(&mut path, folder, name);
    path
}

/// As [`joined`], into a buffer that is used again.
pub(super) fn join_into(path: &mut Vec<u8>, folder: &[u8], name: &[u8]) {
    path.clear();
    path.extend_from_slice(folder);
    if !folder.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}

/// The folder part of a path: `.` for a bare name.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) => b"/",
        Some(at) => path.get(..at).unwrap_or(b"."),
        None => b".",
    }
}

fn last_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// `path` relative to `root`.
fn below<'a>(root: &Folder, path: &'a [u8]) -> &'a [u8] {
    let rest = path.strip_prefix(&*root.path).unwrap_or(path);
    rest.strip_prefix(b"/").unwrap_or(rest)
}

/// Opens through links that stay beneath `root`. The kernel decides where it can (openat2(2), Linux 5.6); where it cannot, and for absolute
/// links that come back under the root, every component is opened by itself without following.
fn open_beneath(root: &Folder, relative: &[u8], flags: OFlags) -> Result<OwnedFd, FileError> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    // EAGAIN says that a rename elsewhere made `..` doubtful; openat2(2) wants another try.
    for _ in 0..16 {
        match rustix::fs::openat2(&root.fd, relative, flags, Mode::empty(), resolve) {
            Ok(fd) => return Ok(fd),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::XDEV | Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::TOOBIG) => break,
            Err(Errno::NOENT | Errno::NOTDIR) => return Err(FileError::DanglingLink),
            Err(errno) => return Err(errno.into()),
        }
    }
    step_beneath(root, relative, flags)
}

/// [`open_beneath`] one component at a time. `..` goes back to the folder it was entered from, so it cannot be moved out under us.
fn step_beneath(root: &Folder, relative: &[u8], flags: OFlags) -> Result<OwnedFd, FileError> {
    let mut todo: Vec<Vec<u8>> = Vec::new();
    push_components(&mut todo, relative);
    let mut entered: Vec<OwnedFd> = Vec::new();
    let mut links = 0;
    while let Some(name) = todo.pop() {
        if name == b".." {
            entered.pop().ok_or(FileError::LinkOutOfRoot)?;
            continue;
        }
        let folder = entered.last().map_or_else(|| root.fd.as_fd(), AsFd::as_fd);
        let here = rustix::fs::openat(folder, name.as_slice(), LOOK, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR => FileError::DanglingLink,
            errno => errno.into(),
        })?;
        let stat = rustix::fs::fstat(&here)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(FileError::LinkLoop);
                }
                let target = rustix::fs::readlinkat(&here, c"", Vec::new())?.into_bytes();
                if target.starts_with(b"/") {
                    let inside = target.strip_prefix(&*root.path).filter(|rest| rest.starts_with(b"/"));
                    entered.clear();
                    push_components(&mut todo, inside.ok_or(FileError::LinkOutOfRoot)?);
                } else {
                    push_components(&mut todo, &target);
                }
            }
            FileType::Directory if todo.is_empty() => return Err(FileError::LinkToFolder),
            FileType::Directory => entered.push(here),
            _ if !todo.is_empty() => return Err(FileError::DanglingLink),
            _ if flags.contains(OFlags::PATH) => return Ok(here),
            other => {
                kind(other)?;
                return Ok(rustix::fs::openat(folder, name.as_slice(), flags | OFlags::NOFOLLOW, Mode::empty())?);
            }
        }
    }
    Err(FileError::LinkToFolder)
}

/// Pushes the components of `path` so that the first is popped first.
fn push_components(todo: &mut Vec<Vec<u8>>, path: &[u8]) {
    let names = path.rsplit(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    todo.extend(names.map(<[u8]>::to_vec));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn folder(path: &Path) -> Folder {
        Folder::named(path.as_os_str().as_bytes()).expect("a folder")
    }

    type Case<'a> = (&'a str, &'a Path, Result<&'static [u8], FileError>);

    /// Both resolvers must say the same of every link.
    #[test]
    fn links_are_followed_beneath_the_root_and_nowhere_else() {
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("secret"), b"out").expect("written");
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("live/x")).expect("made");
        fs::create_dir_all(root.join("archive/x")).expect("made");
        fs::write(root.join("archive/x/cert1.pem"), b"in").expect("written");
        let links: [Case<'_>; 11] = [
            ("live/x/cert.pem", Path::new("../../archive/x/cert1.pem"), Ok(b"in")),
            ("absolute", &root.join("archive/x/cert1.pem"), Ok(b"in")),
            ("twice", Path::new("live/x/cert.pem"), Ok(b"in")),
            ("through", Path::new("./live/../live/x/../x/cert.pem"), Ok(b"in")),
            ("out", Path::new("../secret"), Err(FileError::LinkOutOfRoot)),
            ("out-absolute", &outside.path().join("secret"), Err(FileError::LinkOutOfRoot)),
            ("out-and-in", Path::new("../root/archive/x/cert1.pem"), Err(FileError::LinkOutOfRoot)),
            ("proc", Path::new("/proc/self/environ"), Err(FileError::LinkOutOfRoot)),
            ("self", Path::new("self"), Err(FileError::LinkLoop)),
            ("nothing", Path::new("archive/none"), Err(FileError::DanglingLink)),
            ("beyond", Path::new("archive/x/cert1.pem/more"), Err(FileError::DanglingLink)),
        ];
        for (name, target, _) in &links {
            symlink(target, root.join(name)).expect("linked");
        }
        let root = folder(&root);
        for (name, _, expected) in links {
            for resolver in [open_beneath, step_beneath] {
                let mut buffer = Vec::new();
                let read = resolver(&root, name.as_bytes(), READ_NAMED)
                    .and_then(|fd| read_stable(fd.as_fd(), 100, &mut buffer).map(|_| buffer.as_slice()));
                assert_eq!(read, expected, "{name}");
            }
        }
    }

    #[test]
    fn a_link_to_a_folder_is_no_file() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("folder")).expect("made");
        symlink("folder", root.path().join("link")).expect("linked");
        let root = folder(root.path());
        let found = look_beneath(&root, &joined(&root.path, b"link")).map(|stat| regular(&stat));
        assert!(matches!(found, Ok(Err(FileError::Folder)) | Err(FileError::LinkToFolder)), "{found:?}");
        assert_eq!(step_beneath(&root, b"link", READ_NAMED).err(), Some(FileError::LinkToFolder));
    }

    #[test]
    fn the_bound_is_the_last_size_read() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("file");
        let mut buffer = b"an old key".to_vec();
        for (size, expected) in [(10, Ok(10)), (11, Err("too_large")), (0, Ok(0))] {
            fs::write(&path, vec![b'x'; size]).expect("written");
            let fd = Via::Named.open(path.as_os_str().as_bytes()).expect("opened");
            let read = read_stable(fd.as_fd(), 10, &mut buffer).map(|_| buffer.len()).map_err(|error| error.reason());
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn parents() {
        for (path, expected) in [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b", "a")] {
            assert_eq!(parent(path.as_bytes()), expected.as_bytes());
        }
    }
}
