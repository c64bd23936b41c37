//! Lists in a folder: the DER as it came, and the index beside it.
//!
//! A list comes into a file of its own and takes the name of its predecessor only when it was read to its end, found acceptable and
//! indexed, all of it on the disk. Whatever happens before that leaves the predecessor as it was. An index that is missing, damaged or of another
//! list is made again from the DER, which is verified again for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::index::{self, FileAt};
use crate::domain::revocation::{Revocation, Why};
use crate::pki::crl::index::{Builder, Index, IndexError, Key};
use crate::pki::crl::{Crl, CrlError, Limits, ReadError, Succession, read_from};
use crate::pki::revocation::{Entries, Indexed, List};

/// Lists are public; who may look into the folder is the folder's business.
const MODE: u32 = 0o640;

/// The name of a list in its folder: lower-case letters, digits and dashes, such as the hash of its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListName(String);

impl ListName {
    /// `None` for what is no such name, or longer than 128 octets.
    pub fn new(name: &str) -> Option<Self> {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (!name.is_empty() && name.len() <= 128 && name.bytes().all(good)).then(|| Self(name.to_owned()))
    }

    /// For what came to nothing before it could be named.
    pub(super) fn nameless() -> Self {
        Self("nameless".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a list that was read is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Its signature or signer.
    #[error("the revocation list is not believed: {}", not_believed(*.0))]
    Untrusted(Why),
    /// It is not the successor of the list that is held.
    #[error("the revocation list does not succeed the one that is held: {}", no_successor(*.0))]
    NoSuccessor(Succession),
    /// It is not what was asked for, or worse than the list that is held: the code says what.
    #[error("the revocation list is not wanted: {}", not_wanted(.0))]
    Unwanted(&'static str),
}

fn not_believed(why: Why) -> &'static str {
    match why {
        Why::UnsupportedAlgorithm => "its signature is of a kind that is not accepted",
        Why::BadSignature => "its signature fits no key of the issuer",
        Why::SignerUntrusted => "its signer has no path to a trust anchor",
        Why::SignerWithoutCrlSign => "its signer may not sign lists",
        Why::SignerRevoked => "the certificate of its signer is revoked",
        Why::NotYetValid => "it is dated in the future",
        Why::UnknownCriticalExtension => "it has a critical extension this program does not know",
        Why::NoNextUpdate => "it does not say until when it holds",
        Why::Stale => "it is past its nextUpdate",
        Why::LimitExceeded => "too much work, given up",
        other => other.as_str(),
    }
}

const fn no_successor(succession: Succession) -> &'static str {
    match succession {
        Succession::NumberStuck => "another list has its number already",
        Succession::NumberBackwards => "its number is lower, or it has none",
        Succession::Newer | Succession::Same | Succession::Older => "it was issued before",
    }
}

fn not_wanted(what: &'static str) -> &'static str {
    match what {
        "wrong_issuer" => "it is of another authority",
        "wrong_kind" => "it is a delta in the place of a complete list, or the other way round",
        "scope_changed" => "it covers other certificates than the one that is held",
        "key_changed" => "it is signed with another key than the one that is held, and nothing links the two keys",
        other => other,
    }
}

/// Why a list is not kept, or not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The disk, or whoever gives the bytes.
    #[error("revocation list {name}: {source}")]
    Io {
        /// Which list.
        name: String,
        /// What happened.
        source: io::Error,
    },
    /// The bytes are no list.
    #[error("revocation list {name}: {source}")]
    Refused {
        /// Which list.
        name: String,
        /// What is wrong.
        source: CrlError,
    },
    /// The list is one, and not wanted.
    #[error("revocation list {name}: {source}")]
    Rejected {
        /// Which list.
        name: String,
        /// Why not.
        source: Rejection,
    },
}

impl KeepError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Refused { source, .. } => source.reason(),
            Self::Rejected { source: Rejection::Untrusted(why), .. } => why.as_str(),
            Self::Rejected { source: Rejection::Unwanted(what), .. } => what,
            Self::Rejected { source: Rejection::NoSuccessor(succession), .. } => match succession {
                Succession::NumberStuck => "number_stuck",
                Succession::NumberBackwards => "number_backwards",
                Succession::Newer | Succession::Same | Succession::Older => "older",
            },
        }
    }
}

/// A list that is held: what it says of itself, and its entries within reach.
#[derive(Debug)]
pub struct Kept {
    /// What it says of itself.
    pub crl: Crl,
    /// Its entries.
    pub entries: Indexed<FileAt, FileAt>,
    damaged: AtomicBool,
}

impl Kept {
    /// For a [`crate::pki::revocation::Judge`].
    pub fn list(&self) -> List<'_> {
        List { crl: &self.crl, entries: self }
    }

    /// An entry could not be read since it is on the shelf.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }
}

impl Entries for Kept {
    fn find(&self, issuer: Option<&[u8]>, serial: &[u8]) -> Result<Option<Revocation>, IndexError> {
        let found = self.entries.find(issuer, serial);
        if found.is_err() {
            self.damaged.store(true, Ordering::Relaxed);
        }
        found
    }
}

/// What became of a list that came.
#[derive(Debug)]
pub enum Taken {
    /// It is held now.
    New(Box<Kept>),
    /// It is the one that is held.
    Same,
}

/// A folder of lists. One process writes to it, one list at a time.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder, makes it where it is missing, and removes what an interrupted process left unfinished.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == "new") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The lists in it, in order.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn names(&self) -> io::Result<Vec<ListName>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            found.extend(name.to_str().and_then(|name| name.strip_suffix(".crl")).and_then(ListName::new));
        }
        found.sort();
        Ok(found)
    }

    /// Removes a list and its index.
    ///
    /// # Errors
    /// As the disk gives them; what is left of it can be removed again.
    pub fn remove(&self, name: &ListName) -> io::Result<()> {
        for kind in ["idx", "crl"] {
            match fs::remove_file(self.place(name, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.sync()
    }

    /// Where a body may be received before it is taken in. What is left there goes when the folder is opened next.
    pub(super) fn spool_path(&self, name: &ListName) -> PathBuf {
        self.place(name, "part.new")
    }

    /// Where the DER of a list is.
    pub fn list_path(&self, name: &ListName) -> PathBuf {
        self.place(name, "crl")
    }

    /// Takes a list in from `reader` (DER or PEM). `accept` is asked once it was read to its end, and before anything is replaced; `held` is the
    /// list held so far.
    ///
    /// # Errors
    /// [`KeepError`]; what was held still is.
    pub fn take_in(
        &self,
        name: &ListName,
        reader: &mut dyn Read,
        held: Option<&Crl>,
        limits: Limits,
        key: Key,
        accept: &mut dyn FnMut(&Crl) -> Result<(), Rejection>,
    ) -> Result<Taken, KeepError> {
        let unfinished = [self.place(name, "crl.new"), self.place(name, "idx.new")];
        let taken = self.receive(name, reader, held, limits, key, accept);
        if !matches!(taken, Ok(Taken::New(_))) {
            for path in unfinished {
                // Most often it is not there; what stays all the same goes when the folder is opened next.
                drop(fs::remove_file(path));
            }
        }
        taken
    }

    fn receive(
        &self,
        name: &ListName,
        reader: &mut dyn Read,
        held: Option<&Crl>,
        limits: Limits,
        key: Key,
        accept: &mut dyn FnMut(&Crl) -> Result<(), Rejection>,
    ) -> Result<Taken, KeepError> {
        let io = |source| KeepError::Io { name: name.0.clone(), source };
        let mut list = create(&self.place(name, "crl.new")).map_err(io)?;
        let mut builder = Builder::new(key);
        let crl = read_from(reader, limits, &mut |der| list.write_all(der), &mut |listed| builder.add(listed));
        let crl = crl.map_err(|error| of_reading(name, error))?;
        if held.is_some_and(|held| held.identity == crl.identity) {
            return Ok(Taken::Same);
        }
        accept(&crl).map_err(|source| KeepError::Rejected { name: name.0.clone(), source })?;
        list.sync_all().map_err(io)?;
        let list = FileAt(list);
        let index_file = create(&self.place(name, "idx.new")).map_err(io)?;
        index::write(builder, &crl, &list, &index_file).map_err(|error| io(of_index(error)))?;
        // Between the two the index is that of another list, which is seen, and cured by making it again.
        for kind in ["crl", "idx"] {
            fs::rename(self.place(name, &format!("{kind}.new")), self.place(name, kind)).map_err(io)?;
        }
        self.sync().map_err(io)?;
        self.opened(list, FileAt(index_file))
            .map(|kept| Taken::New(Box::new(kept)))
            .map_err(|error| io(of_index(error)))
    }

    /// The list of this name, ready to answer; `None` when there is none. Its signature is as good as [`Crl::verify`] finds it: nothing of
    /// what a former process found is relied on.
    ///
    /// # Errors
    /// [`IndexError`]: [`Folder::rebuild`] it.
    pub fn load(&self, name: &ListName) -> Result<Option<Kept>, IndexError> {
        let list = match File::open(self.place(name, "crl")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            list => FileAt(list?),
        };
        let index = match File::open(self.place(name, "idx")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(IndexError::Damaged("missing")),
            index => FileAt(index?),
        };
        self.opened(list, index).map(Some)
    }

    /// Makes the index of a kept list again, from its DER, which is read and asked about as if it came anew.
    ///
    /// # Errors
    /// [`KeepError`]: the DER is damaged too, and the list has to be fetched.
    pub fn rebuild(
        &self,
        name: &ListName,
        limits: Limits,
        key: Key,
        accept: &mut dyn FnMut(&Crl) -> Result<(), Rejection>,
    ) -> Result<Kept, KeepError> {
        let io = |source| KeepError::Io { name: name.0.clone(), source };
        let mut list = File::open(self.place(name, "crl")).map_err(io)?;
        let mut builder = Builder::new(key);
        let crl = read_from(&mut list, limits, &mut |_| Ok(()), &mut |listed| builder.add(listed));
        let crl = crl.map_err(|error| of_reading(name, error))?;
        accept(&crl).map_err(|source| KeepError::Rejected { name: name.0.clone(), source })?;
        let list = FileAt(list);
        let unfinished = self.place(name, "idx.new");
        let index_file = create(&unfinished).map_err(io)?;
        index::write(builder, &crl, &list, &index_file).map_err(|error| io(of_index(error)))?;
        fs::rename(unfinished, self.place(name, "idx")).map_err(io)?;
        self.sync().map_err(io)?;
        self.opened(list, FileAt(index_file)).map_err(|error| io(of_index(error)))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn opened(&self, list_file: FileAt, index_file: FileAt) -> Result<Kept, IndexError> {
        let (index, crl) = Index::open(&index_file, &list_file)?;
        Ok(Kept { crl, entries: Indexed { index, index_file, list_file }, damaged: AtomicBool::new(false) })
    }

    fn place(&self, name: &ListName, extension: &str) -> PathBuf {
        self.path.join(format!("{}.{extension}", name.0))
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(MODE).open(path)
}

fn of_reading(name: &ListName, error: ReadError) -> KeepError {
    let name = name.0.clone();
    match error {
        ReadError::Io(source) => KeepError::Io { name, source },
        ReadError::Refused(source) => KeepError::Refused { name, source },
    }
}

fn of_index(error: IndexError) -> io::Error {
    match error {
        IndexError::Io(error) => error,
        other => io::Error::other(other),
    }
}
