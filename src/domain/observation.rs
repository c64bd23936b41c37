//! What a source saw: one observation per file or endpoint, whole or with a problem.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::endpoint::Endpoint;
use super::fingerprint::Fingerprint;
use super::found_card::CardName;
use super::reading::{CrlFacts, CsrFacts, Format, KeyFacts};
use super::time::Timestamp;

/// The name of a configured source (`[[source]] name`), or `declared` for the paths and endpoints of the declaration.
pub type SourceName = Arc<str>;

/// The built-in source that reads exactly the files and endpoints the declaration names.
pub const DECLARED_SOURCE: &str = "declared";

/// A file path as the bytes the kernel gives: not every name on a disk is UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(pub Arc<[u8]>);

impl FilePath {
    /// Readable text: invalid UTF-8 and control characters are shown as `\xNN`, a backslash as `\\`.
    pub fn display(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.chars().any(|c| c.is_control() || c == '\\') => Cow::Borrowed(text),
            _ => {
                let mut shown = String::with_capacity(self.0.len() + 8);
                for chunk in self.0.utf8_chunks() {
                    for c in chunk.valid().chars() {
                        match c {
                            '\\' => shown.push_str("\\\\"),
                            c if c.is_control() => {
                                let mut bytes = [0; 4];
                                c.encode_utf8(&mut bytes)
                                    .bytes()
                                    .for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
                            }
                            c => shown.push(c),
                        }
                    }
                    chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
                }
                Cow::Owned(shown)
            }
        }
    }
}

impl From<&str> for FilePath {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display())
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.display())
    }
}

impl Serialize for FilePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.display())
    }
}

/// Where something is seen. Prints as a path, as the endpoint's URL, or as `card:` and the name of the card.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// A regular file.
    File(FilePath),
    /// A TLS endpoint.
    Endpoint(Arc<Endpoint>),
    /// A CPx card, in a reader or not.
    Card(Arc<CardName>),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => fmt::Display::fmt(path, f),
            Self::Endpoint(endpoint) => fmt::Display::fmt(endpoint, f),
            Self::Card(name) => write!(f, "card:{name}"),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What tells that a file did not change since it was read. Times in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Modification time.
    pub modified: i64,
    /// Status change time.
    pub changed: i64,
}

/// Who may read a file, as `stat` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct FileAccess {
    /// Permission bits of the file (07777).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits of the folder that holds it (07777).
    pub folder_mode: u32,
}

/// One item of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Position among the items of the location.
    pub index: u32,
    /// The wrapping.
    pub format: Format,
    /// What it is.
    pub kind: ContentKind,
}

/// What an item is. Certificates are kept once in the inventory, whatever the number of places. All others are boxed: rarer, and a
/// hundred thousand certificates would carry their size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentKind {
    /// A certificate of the inventory.
    Certificate(Fingerprint),
    /// A private key.
    PrivateKey(Box<KeyFacts>),
    /// A bare public key.
    PublicKey(Box<KeyFacts>),
    /// A certification request.
    Csr(Box<CsrFacts>),
    /// A revocation list.
    Crl(Box<CrlFacts>),
}

impl ContentKind {
    /// A private key, in the clear or not.
    pub const fn is_private_key(&self) -> bool {
        matches!(self, Self::PrivateKey(_))
    }
}

/// Why a location, or a part of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable snake-case code: a [`super::reading::ReadReason`], or `permission_denied`, `vanished`, `too_large`, `timeout`, …
    pub reason: Arc<str>,
    /// One line for a person.
    pub message: Arc<str>,
}

impl Problem {
    /// It is the trouble of a whole root of a source, or of one of its patterns, as the configuration names it.
    pub fn is_of_a_root(&self) -> bool {
        matches!(&*self.reason, "root_missing" | "root_denied" | "nothing_matches")
    }
}

/// One file or endpoint as a source saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which source saw it.
    pub source: SourceName,
    /// Where.
    pub location: Location,
    /// Files only.
    pub stamp: Option<FileStamp>,
    /// Files only.
    pub access: Option<FileAccess>,
    /// The items, in order. For an endpoint, the chain in the order served.
    pub contents: Arc<[Content]>,
    /// What could not be read. With `contents` empty, the location as a whole.
    pub problems: Arc<[Problem]>,
    /// When this state of the location was read. Not touched while nothing changes.
    pub read_at: Timestamp,
}

impl Observation {
    /// Fingerprints of the certificates here, in order.
    pub fn certificates(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.contents.iter().filter_map(|content| match content.kind {
            ContentKind::Certificate(fingerprint) => Some(fingerprint),
            _ => None,
        })
    }

    /// The private keys here, in order.
    pub fn private_keys(&self) -> impl Iterator<Item = &KeyFacts> + '_ {
        self.contents.iter().filter_map(|content| match &content.kind {
            ContentKind::PrivateKey(facts) => Some(facts.as_ref()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_shown_on_one_line() {
        let path = FilePath(b"/srv/a\nb\xff\\c\xc2\x85".as_slice().into());
        assert_eq!(path.display(), r"/srv/a\x0ab\xff\\c\xc2\x85");
        assert_eq!(FilePath::from("/srv/clé.pem").display(), "/srv/clé.pem");
    }
}
