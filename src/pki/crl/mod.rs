//! Certificate revocation lists (RFC 5280 section 5), of any size, in one pass.
//!
//! [`Stream`] takes the DER of a list piece by piece, hashes what is signed while it walks the entries, and keeps nothing of
//! them; [`Armour`] undoes PEM before it. What becomes of the entries is the caller's: a [`Watch`] answers for a few certificates, an
//! [`index::Builder`] makes the index that answers for all of them later. At the end there is a [`Crl`]: header, extensions and signature.
//! Nothing is believed before [`Crl::verify`]; whether a list answers for a certificate is for [`super::revocation`] to say.

mod armour;
#[cfg(any(test, fuzzing))]
pub mod differential;
mod entry;
mod error;
mod facts;
mod hash;
mod head;
pub mod index;
mod list;
mod number;
pub mod scope;
mod stream;
mod strict;
mod watch;

use std::io::{self, Read};
use std::sync::Arc;

pub use armour::{Armour, Bytes};
pub use entry::Entry;
pub use error::{CrlError, Limits};
pub(super) use facts::read;
pub use list::{Crl, Layout, Succession};
pub use number::CrlNumber;
pub use stream::{Listed, Stream};
pub(super) use strict::{Strict, Wrong, boolean, integer};
pub use watch::{Found, Watch};

/// The lists in a file that is more than one list: PEM blocks between others, or PKCS#7. Given as DER, not read yet.
pub fn extract(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for block in super::pem::blocks(bytes) {
        match (block.label, block.body) {
            ("X509 CRL" | "CRL", Ok(body)) => found.push(body.to_vec()),
            ("PKCS7" | "CMS", Ok(body)) => found.extend(bundled(&body)),
            _ => {}
        }
    }
    if found.is_empty() { bundled(bytes) } else { found }
}

fn bundled(der: &[u8]) -> Vec<Vec<u8>> {
    let lists = super::pkcs7::read(der).map(|contents| contents.revocation_lists).unwrap_or_default();
    lists.into_iter().map(<[u8]>::to_vec).collect()
}

/// Bytes read at a time.
pub const PIECE: usize = 256 << 10;

/// Why a list could not be read from where it is.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes did not come.
    #[error("the revocation list could not be read: {0}")]
    Io(#[from] io::Error),
    /// The bytes are refused.
    #[error(transparent)]
    Refused(#[from] CrlError),
}

/// Reads a list, DER or PEM, to its end. Each piece of DER goes to `der` before its entries go to `each`.
///
/// # Errors
/// The reader's, those of `der`, or what refuses the list.
pub fn read_from<F: FnMut(&Listed<'_>) + ?Sized>(
    reader: &mut dyn Read,
    limits: Limits,
    der: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    each: &mut F,
) -> Result<Crl, ReadError> {
    let (mut armour, mut stream) = (Armour::new(), Stream::new(limits));
    let mut pieces: [Arc<Vec<u8>>; hash::PIECES] = Default::default();
    for turn in (0..hash::PIECES).cycle() {
        let piece = &mut pieces[turn];
        // Free: whoever hashes has let go of it, or of none.
        if Arc::get_mut(piece).is_none() {
            *piece = Arc::default();
        }
        let Some(room) = Arc::get_mut(piece) else { break };
        if fill(reader, room)? == 0 {
            break;
        }
        match armour.push(piece)? {
            Bytes::Same => {
                der(piece)?;
                stream.push_shared(piece, each)?;
            }
            Bytes::Other(bytes) => {
                der(bytes)?;
                stream.push(bytes, each)?;
            }
        }
    }
    armour.finish()?;
    Ok(stream.finish()?)
}

/// Reads the next piece and gives its length; 0 at the end.
fn fill(reader: &mut dyn Read, piece: &mut Vec<u8>) -> io::Result<usize> {
    piece.resize(PIECE, 0);
    loop {
        match reader.read(piece) {
            Ok(got) => {
                piece.truncate(got);
                return Ok(got);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
