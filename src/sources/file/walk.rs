//! Walks the roots of a source over a disk somebody else may be writing to, and says what is there without opening any file.
//!
//! Folders are opened one name at a time without following links, so a walk never leaves the tree it entered. Links to regular files are
//! looked at last, and taken only when they stay beneath their root and the file they lead to was not met under its own name: `live/` and
//! `archive/` of an ACME client give each file once.

use std::collections::HashSet;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, RawDir};
use rustix::io::Errno;

use super::open::{self, FileError, Folder, Via};
use super::pattern::{Pattern, Positions, Root};
use crate::config::ScanConfig;
use crate::domain::observation::{FileAccess, FilePath, FileStamp, Problem};

/// Bytes of directory entries fetched at a time.
const ENTRIES: usize = 64 << 10;

/// A regular file the walk met. Nothing of it was opened.
#[derive(Debug)]
pub struct Found<'a> {
    /// Its path as named by the root and the names below.
    pub path: &'a [u8],
    /// State at the time of the walk.
    pub stamp: FileStamp,
    /// Permissions, and those of the folder of the name (of a link: the folder of the link).
    pub access: FileAccess,
    /// How to open it.
    pub via: &'a Via,
}

/// What a walk tells as it goes.
pub trait Visit {
    /// A regular file.
    fn file(&mut self, found: &Found<'_>);

    /// Something that was not read: a file, or a folder with all that may be below it.
    fn refused(&mut self, path: &[u8], error: FileError);

    /// Asked at every folder and now and then within one: stop here, the time is up.
    fn expired(&mut self) -> bool {
        false
    }
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every root was looked at to its end; refusals were told one by one.
    pub complete: bool,
    /// At least one root exists and could be opened.
    pub any_root: bool,
    /// The visitor said the time was up.
    pub expired: bool,
    /// Entries met: files, folders, links and everything else.
    pub entries: u64,
}

/// Walks `roots` in order. A folder that two roots take whole is walked once.
pub fn walk(roots: &[Root], bounds: &ScanConfig, visitor: &mut dyn Visit) -> Outcome {
    let mut walk = Walk {
        bounds,
        visitor,
        outcome: Outcome { complete: true, ..Outcome::default() },
        matched: false,
        buffer: vec![MaybeUninit::uninit(); ENTRIES],
        path: Vec::new(),
        met: Vec::new(),
        links: Vec::new(),
        whole: HashSet::new(),
    };
    for root in roots {
        if !walk.outcome.complete {
            break;
        }
        walk.root(root);
    }
    if walk.outcome.complete {
        walk.links();
    }
    walk.outcome
}

/// Reads the files under `paths` (taken literally) once, for commands that keep nothing: each file and each refusal in the order met.
/// The bytes may be a private key: the caller wipes them.
pub fn read_paths(
    paths: &[FilePath],
    bounds: &ScanConfig,
    each: &mut dyn FnMut(FilePath, Option<FileAccess>, Result<Vec<u8>, Problem>),
) -> Outcome {
    let roots: Vec<Root> = paths.iter().map(|path| Root::literal(&path.0)).collect();
    read_roots(&roots, bounds, each)
}

/// The same for roots that may hold wildcards.
pub fn read_roots(
    roots: &[Root],
    bounds: &ScanConfig,
    each: &mut dyn FnMut(FilePath, Option<FileAccess>, Result<Vec<u8>, Problem>),
) -> Outcome {
    walk(roots, bounds, &mut ReadAll { limit: bounds.max_file_bytes, each })
}

struct ReadAll<'a> {
    limit: u64,
    each: &'a mut dyn FnMut(FilePath, Option<FileAccess>, Result<Vec<u8>, Problem>),
}

impl Visit for ReadAll<'_> {
    fn file(&mut self, found: &Found<'_>) {
        let mut bytes = Vec::new();
        let read = found.via.open(found.path).and_then(|fd| open::read_stable(fd.as_fd(), self.limit, &mut bytes));
        let (access, read) = match read {
            Ok(stat) => (open::access(&stat, found.access.folder_mode), Ok(bytes)),
            Err(error) => (found.access, Err(error.problem())),
        };
        (self.each)(FilePath(found.path.into()), Some(access), read);
    }

    fn refused(&mut self, path: &[u8], error: FileError) {
        (self.each)(FilePath(path.into()), None, Err(error.problem()));
    }
}

struct Walk<'a> {
    bounds: &'a ScanConfig,
    visitor: &'a mut dyn Visit,
    outcome: Outcome,
    /// Some entry below the root at hand is wanted.
    matched: bool,
    buffer: Vec<MaybeUninit<u8>>,
    /// Path of the entry at hand; one allocation for the whole walk.
    path: Vec<u8>,
    /// Device and inode of every regular file, to know which links lead to one of them.
    met: Vec<(u64, u64)>,
    /// Links, with the root they must stay beneath, the mode of their folder and whether a pattern asked for them.
    links: Vec<Link>,
    /// Folders already taken whole.
    whole: HashSet<(u64, u64)>,
}

struct Link {
    path: Box<[u8]>,
    root: Arc<Folder>,
    folder_mode: u32,
    /// A pattern would have to go on below this name.
    wanted_below: bool,
    /// The name itself is wanted.
    matched: bool,
}

/// A folder that waits: opened only when its turn comes, so at most one descriptor a level is open.
struct Pending<'a> {
    parent: Arc<Folder>,
    name: Box<[u8]>,
    depth: u32,
    /// Where in the pattern; `None` takes everything.
    below: Option<(&'a Pattern, Positions)>,
}

impl Walk<'_> {
    fn root(&mut self, root: &Root) {
        let stat = match open::look_named(&root.base) {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR) => return self.visitor.refused(&root.base, FileError::RootMissing),
            Err(errno) => return self.visitor.refused(&root.base, errno.into()),
        };
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            self.outcome.entries += 1;
            self.outcome.any_root = true;
            return match open::regular(&stat) {
                Ok(()) => {
                    let folder_mode = open::look_named(open::parent(&root.base)).map_or(0, |folder| folder.st_mode);
                    let stamp = open::stamp(&stat);
                    self.met.push((stamp.device, stamp.inode));
                    let access = open::access(&stat, folder_mode & 0o7777);
                    self.visitor.file(&Found { path: &root.base, stamp, access, via: &Via::Named });
                }
                Err(error) => self.visitor.refused(&root.base, error),
            };
        }
        let base = match Folder::named(&root.base) {
            Ok(folder) => Arc::new(folder),
            Err(error) => return self.visitor.refused(&root.base, error),
        };
        self.outcome.any_root = true;
        let mut pending = Vec::new();
        self.matched = false;
        let start = root.pattern.as_ref().map(|pattern| (pattern, pattern.start()));
        self.folder(&base, &base, 0, start.as_ref(), &mut pending);
        while let Some(next) = pending.pop() {
            if !self.outcome.complete {
                return;
            }
            match Folder::in_folder(&next.parent, &next.name) {
                Ok(folder) => self.folder(&base, &Arc::new(folder), next.depth, next.below.as_ref(), &mut pending),
                Err(error) => self.visitor.refused(&open::joined(&next.parent.path, &next.name), error),
            }
        }
        // Of what could not be looked at to its end nothing is said.
        if let Some(pattern) = root.pattern.as_ref().filter(|_| self.outcome.complete && !self.matched) {
            self.visitor.refused(&pattern.written, FileError::NothingMatches);
        }
    }

    /// Reads one folder to its end: files are told at once, folders wait.
    fn folder<'p>(
        &mut self,
        root: &Arc<Folder>,
        folder: &Arc<Folder>,
        depth: u32,
        below: Option<&(&'p Pattern, Positions)>,
        pending: &mut Vec<Pending<'p>>,
    ) {
        if self.expired() || (below.is_none() && !self.whole.insert(folder.identity)) {
            return;
        }
        let via = Via::Entry(Arc::clone(folder));
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut entries = RawDir::new(&folder.fd, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => {
                    self.visitor.refused(&folder.path, errno.into());
                    break;
                }
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let (matched, next) = match below {
                None => (true, None),
                Some((pattern, positions)) => {
                    let step = pattern.step(positions, name.to_bytes());
                    (step.matched, Some((*pattern, step.below)))
                }
            };
            let wanted_below = next.as_ref().is_some_and(|(_, positions)| !positions.is_empty());
            if !matched && !wanted_below {
                continue;
            }
            self.matched |= matched;
            self.outcome.entries += 1;
            if self.outcome.entries > self.bounds.max_files {
                self.visitor.refused(&folder.path, FileError::TooManyFiles { limit: self.bounds.max_files });
                self.outcome.complete = false;
                break;
            }
            if self.outcome.entries.is_multiple_of(1024) && self.expired() {
                break;
            }
            open::join_into(&mut self.path, &folder.path, name.to_bytes());
            let mut stat = None;
            let mut kind = entry.file_type();
            if matches!(kind, FileType::RegularFile | FileType::Unknown) {
                match rustix::fs::statat(&folder.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(found) => {
                        kind = FileType::from_raw_mode(found.st_mode);
                        stat = Some(found);
                    }
                    Err(Errno::NOENT) => continue, // deleted since it was listed: it is not there
                    Err(errno) => {
                        self.visitor.refused(&self.path, errno.into());
                        continue;
                    }
                }
            }
            match (kind, stat) {
                (FileType::RegularFile, Some(stat)) if matched => {
                    let stamp = open::stamp(&stat);
                    self.met.push((stamp.device, stamp.inode));
                    let access = open::access(&stat, folder.mode);
                    self.visitor.file(&Found { path: &self.path, stamp, access, via: &via });
                }
                (FileType::Directory, _) if depth >= self.bounds.max_depth => {
                    self.visitor.refused(&self.path, FileError::TooDeep { limit: self.bounds.max_depth });
                }
                (FileType::Directory, _) => pending.push(Pending {
                    parent: Arc::clone(folder),
                    name: name.to_bytes().into(),
                    depth: depth + 1,
                    below: if matched { None } else { next },
                }),
                (FileType::Symlink, _) => self.links.push(Link {
                    path: self.path.as_slice().into(),
                    root: Arc::clone(root),
                    folder_mode: folder.mode,
                    wanted_below,
                    matched,
                }),
                (kind, _) if matched => {
                    if let Err(error) = open::kind(kind) {
                        self.visitor.refused(&self.path, error);
                    }
                }
                _ => {}
            }
        }
        self.buffer = buffer;
    }

    /// Links last, in the order of their paths, so that which of several names a file goes by does not depend on the disk.
    fn links(&mut self) {
        let mut links = std::mem::take(&mut self.links);
        if links.is_empty() {
            return;
        }
        let mut met: HashSet<(u64, u64)> = self.met.drain(..).collect();
        links.sort_by(|a, b| a.path.cmp(&b.path));
        links.dedup_by(|a, b| a.path == b.path);
        for link in links {
            if self.expired() {
                return;
            }
            let stat = match open::look_beneath(&link.root, &link.path) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                    Err(FileError::LinkToFolder)
                }
                looked => looked,
            };
            match stat {
                // What is beneath the root is met by its own name, unless a pattern had to go through the link.
                Err(FileError::LinkToFolder) if !link.wanted_below => {}
                Err(error) => self.visitor.refused(&link.path, error),
                Ok(_) if !link.matched => {}
                Ok(stat) => {
                    let stamp = open::stamp(&stat);
                    if !met.insert((stamp.device, stamp.inode)) {
                        continue;
                    }
                    if let Err(error) = open::regular(&stat) {
                        self.visitor.refused(&link.path, error);
                        continue;
                    }
                    let access = open::access(&stat, link.folder_mode);
                    let via = Via::Link(link.root);
                    self.visitor.file(&Found { path: &link.path, stamp, access, via: &via });
                }
            }
        }
    }

    fn expired(&mut self) -> bool {
        if !self.outcome.expired && self.visitor.expired() {
            self.outcome.expired = true;
            self.outcome.complete = false;
        }
        self.outcome.expired
    }
}
