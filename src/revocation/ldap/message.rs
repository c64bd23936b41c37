//! As much of LDAP (RFC 4511) as it takes to read one attribute of one entry: a search request, and its answer taken apart as it comes.
//!
//! A value may be a list of any size: it goes where it is to be kept piece by piece, and nothing of an answer is held but a few names. What an answer says
//! of its own lengths is believed only as far as what is around it has room.

use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};

use super::super::error::FetchError;
use super::super::fetch::Deadline;
use super::super::spool::Spool;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[APPLICATION n]` of the operations, and `[7]`, the filter that asks whether an attribute is present (section 4.5.1).
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const PRESENT: u8 = 0x87;

/// UnbindRequest (section 4.3), the last word.
pub(super) const UNBIND: [u8; 7] = [SEQUENCE, 5, INTEGER, 1, 2, 0x42, 0];

/// Octets taken from the connection at a time.
const PIECE: usize = 64 << 10;
/// Octets of a name of an attribute, or of what a directory says went wrong.
const MAX_TEXT: u64 = 4 << 10;
/// Octets of an answer around the list in it.
pub(super) const AROUND: u64 = 1 << 20;

/// The request for one attribute of one entry, whatever the entry is (`(objectClass=*)`): the list that comes says itself whose it is. It is the first
/// message of a connection without a bind, which is that of nobody in particular (section 4.2).
pub(super) fn request(entry: &str, attribute: &str) -> Vec<u8> {
    let text = |text: &str| element(OCTET_STRING, &[text.as_bytes()]);
    let search = [
        &text(entry)[..],
        &[ENUMERATED, 1, 0], // baseObject
        &[ENUMERATED, 1, 0], // neverDerefAliases
        &[INTEGER, 1, 1],    // one entry
        &[INTEGER, 1, 0],    // the time is counted here
        &[BOOLEAN, 1, 0],    // values too
        &element(PRESENT, &[b"objectClass"]),
        &element(SEQUENCE, &[&text(attribute)]),
    ];
    element(SEQUENCE, &[&[INTEGER, 1, 1], &element(SEARCH_REQUEST, &search)])
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length @ 0..=0x7f) => out.push(length),
        // BER lets a length be longer than it needs to be.
        _ => {
            out.push(0x84);
            out.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(&content);
    out
}

/// The answer to a [`request`], on its way.
pub(super) struct Answer<'a, S> {
    stream: BufReader<S>,
    host: &'a str,
    deadline: &'a mut Deadline,
    /// Octets that may still come.
    left: u64,
    received: u64,
    limit: u64,
}

impl<'a, S: AsyncRead + Unpin> Answer<'a, S> {
    /// From `stream`, with a list of at most `limit` octets in it.
    pub(super) fn new(stream: S, host: &'a str, deadline: &'a mut Deadline, limit: u64) -> Self {
        let left = limit.saturating_add(AROUND);
        Self { stream: BufReader::with_capacity(PIECE, stream), host, deadline, left, received: 0, limit }
    }

    /// Puts the first value of the attribute that is not empty into the spool. Directories name it with or without the option `;binary` that was
    /// asked for.
    pub(super) async fn value_of(&mut self, attribute: &str, spool: &mut Spool) -> Result<(), FetchError> {
        loop {
            let mut all = u64::MAX;
            let mut message = self.open(SEQUENCE, &mut all).await?;
            let id = self.open(INTEGER, &mut message).await?;
            let id = self.octets(id).await?;
            let (operation, mut inside) = self.header(&mut message).await?;
            match (&id[..], operation) {
                ([1], SEARCH_ENTRY) => {
                    if self.entry(&mut inside, attribute, spool).await? {
                        return Ok(());
                    }
                    self.skip(inside).await?;
                }
                ([1], SEARCH_DONE) => return Err(self.outcome(&mut inside, attribute).await?),
                // Nobody is sent elsewhere.
                ([1], SEARCH_REFERENCE) => self.skip(inside).await?,
                _ => return Err(self.strange("an answer to something else")),
            }
            self.skip(message).await?; // controls
        }
    }

    /// SearchResultEntry (section 4.5.2): whether the value was in it.
    async fn entry(&mut self, inside: &mut u64, attribute: &str, spool: &mut Spool) -> Result<bool, FetchError> {
        let wanted = attribute.split(';').next().unwrap_or_default();
        let name = self.open(OCTET_STRING, inside).await?;
        self.skip(name).await?;
        let mut attributes = self.open(SEQUENCE, inside).await?;
        while attributes > 0 {
            let mut one = self.open(SEQUENCE, &mut attributes).await?;
            let name = self.open(OCTET_STRING, &mut one).await?;
            let name = self.octets(name).await?;
            let mut values = self.open(SET, &mut one).await?;
            let name = name.split(|octet| *octet == b';').next().unwrap_or_default();
            if name.eq_ignore_ascii_case(wanted.as_bytes()) {
                while values > 0 {
                    let length = self.open(OCTET_STRING, &mut values).await?;
                    if length > 0 {
                        spool.announced(length)?;
                        self.pass(length, Some(spool)).await?;
                        return Ok(true);
                    }
                }
            }
            self.skip(values).await?;
            self.skip(one).await?;
        }
        Ok(false)
    }

    /// SearchResultDone (section 4.1.9) before any value.
    async fn outcome(&mut self, inside: &mut u64, attribute: &str) -> Result<FetchError, FetchError> {
        let code = self.open(ENUMERATED, inside).await?;
        let code = self.octets(code).await?;
        let matched = self.open(OCTET_STRING, inside).await?;
        self.skip(matched).await?;
        let said = self.open(OCTET_STRING, inside).await?;
        let said = self.octets(said).await?;
        Ok(match code[..] {
            [0] => self.strange(&format!("no {attribute} in the entry")),
            [code] => self.strange(&format!("result code {code} {}", String::from_utf8_lossy(&said))),
            _ => self.strange("a result code that is none"),
        })
    }

    /// Steps into an element of this tag and gives the length of its content.
    async fn open(&mut self, wanted: u8, room: &mut u64) -> Result<u64, FetchError> {
        let (tag, length) = self.header(room).await?;
        if tag == wanted { Ok(length) } else { Err(self.strange("an element of another type than expected")) }
    }

    /// Tag and length of the next element, which has to fit into what is left of the one around it. Lengths are definite (section 5.1).
    async fn header(&mut self, room: &mut u64) -> Result<(u8, u64), FetchError> {
        let (tag, first) = (self.octet().await?, self.octet().await?);
        let count = match first {
            0..=0x7f => 0,
            0x81..=0x84 => first & 0x7f,
            _ => return Err(self.strange("a length that is none")),
        };
        let mut length = if count == 0 { u64::from(first) } else { 0 };
        for _ in 0..count {
            length = length << 8 | u64::from(self.octet().await?);
        }
        match room.checked_sub(2 + u64::from(count) + length) {
            Some(left) => *room = left,
            None => return Err(self.strange("an element that is longer than what it is in")),
        }
        Ok((tag, length))
    }

    async fn octet(&mut self) -> Result<u8, FetchError> {
        self.count(1)?;
        let next = self.deadline.within(self.received, self.host, self.stream.read_u8()).await?;
        next.map_err(|error| self.broken(&error))
    }

    /// A short element, whole.
    async fn octets(&mut self, length: u64) -> Result<Vec<u8>, FetchError> {
        if length > MAX_TEXT {
            return Err(self.strange("an element that is too long"));
        }
        self.count(length)?;
        let mut octets = vec![0; usize::try_from(length).unwrap_or(0)];
        let read = self.deadline.within(self.received, self.host, self.stream.read_exact(&mut octets)).await?;
        read.map_err(|error| self.broken(&error))?;
        Ok(octets)
    }

    async fn skip(&mut self, length: u64) -> Result<(), FetchError> {
        self.pass(length, None).await
    }

    /// Hands on so many octets as they come.
    async fn pass(&mut self, length: u64, mut to: Option<&mut Spool>) -> Result<(), FetchError> {
        self.count(length)?;
        self.received -= length;
        let mut left = length;
        let mut piece = vec![0; PIECE.min(usize::try_from(length).unwrap_or(PIECE))];
        while left > 0 {
            let most = piece.len().min(usize::try_from(left).unwrap_or(PIECE));
            let room = piece.get_mut(..most).unwrap_or_default();
            let read = self.deadline.within(self.received, self.host, self.stream.read(room)).await?;
            let got = match read {
                Ok(0) => return Err(self.broken(&std::io::ErrorKind::UnexpectedEof.into())),
                Ok(got) => got,
                Err(error) => return Err(self.broken(&error)),
            };
            if let Some(spool) = &mut to {
                spool.push(piece.get(..got).unwrap_or_default())?;
            }
            (self.received, left) = (self.received + got as u64, left.saturating_sub(got as u64));
        }
        Ok(())
    }

    /// So many octets more are to come.
    fn count(&mut self, length: u64) -> Result<(), FetchError> {
        self.left = self.left.checked_sub(length).ok_or(FetchError::TooLarge { limit: self.limit })?;
        self.received += length;
        Ok(())
    }

    fn strange(&self, why: &str) -> FetchError {
        FetchError::Directory { host: self.host.to_owned(), why: super::one_line(why) }
    }

    fn broken(&self, error: &std::io::Error) -> FetchError {
        FetchError::Unreachable { host: self.host.to_owned(), why: error.to_string() }
    }
}
