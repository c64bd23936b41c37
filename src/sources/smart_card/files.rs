//! Reading whole files, the same on every chip once selecting one is known.

use super::SmartCardError;
use super::pkcs15::{self, Path};
use super::tlv;
use super::transport::{Answer, DONE, END_OF_FILE, OUTSIDE_FILE, Transport};

/// READ BINARY of at most so many octets: what ANS reads at a time (`max_recv_size`), and what every CPx card takes.
const CHUNK: usize = 0xe7;
/// Largest file that is read: offsets have fifteen bits.
const MAX_FILE: usize = 0x7fff;

/// How much of a file to read.
pub(super) enum Extent {
    /// As its control parameters say, or to its end.
    Whole,
    /// So many octets.
    Exactly(usize),
    /// The first object that stands in it, which says its own length: no control parameters are asked for.
    FirstObject,
}

/// A card whose files can be selected.
pub(super) trait Volume<'a> {
    /// What carries commands.
    fn transport(&mut self) -> &mut Transport<'a>;

    /// Selects a file below the MF. With `control`, the answer is its control parameters.
    fn select(&mut self, path: &Path, control: bool) -> Result<Answer, SmartCardError>;

    /// A file, or as much of it as `extent` says, from `offset` on.
    fn file(
        &mut self,
        what: &'static str,
        path: &Path,
        offset: usize,
        extent: &Extent,
    ) -> Result<Vec<u8>, SmartCardError> {
        let control = self.select(path, matches!(extent, Extent::Whole))?.done(what)?;
        let mut end = match extent {
            Extent::Whole => pkcs15::file_size(&control).unwrap_or(MAX_FILE),
            Extent::Exactly(size) => offset + size,
            Extent::FirstObject => offset + CHUNK,
        };
        let mut read = Vec::new();
        while offset + read.len() < end.min(MAX_FILE) {
            let at = offset + read.len();
            let wanted = (end.min(MAX_FILE) - at).min(CHUNK);
            let answer = self.transport().get([0xb0, (at >> 8) as u8, at as u8], wanted as u8)?;
            let short = answer.data.len() < wanted;
            match answer.sw {
                DONE | END_OF_FILE => read.extend_from_slice(&answer.data),
                OUTSIDE_FILE if !read.is_empty() => break,
                sw => return Err(SmartCardError::Status { what, sw }),
            }
            if short {
                break;
            }
            if matches!(extent, Extent::FirstObject) && at == offset {
                let (_, header, length) = tlv::header(&read).ok_or(SmartCardError::Malformed { what })?;
                end = offset + header + length;
            }
        }
        if let Extent::FirstObject = extent {
            let whole = end - offset;
            if read.len() < whole {
                return Err(SmartCardError::Malformed { what });
            }
            read.truncate(whole);
        }
        Ok(read)
    }
}
