//! PEM (RFC 7468) around a revocation list, undone as the bytes come. DER goes through untouched.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::CrlError;

const BEGIN: &[u8] = b"-----BEGIN X509 CRL-----";
const END: &[u8] = b"-----END X509 CRL-----";
/// Explanatory text before the block.
const MAX_PREAMBLE: usize = 64 << 10;

/// Takes what a server or a file gives and hands out DER.
#[derive(Debug, Default)]
pub struct Armour {
    state: State,
    /// Text that was not decoded yet: before the block, an incomplete group, the closing line.
    pending: Vec<u8>,
    der: Vec<u8>,
}

/// The DER in some bytes.
#[derive(Debug)]
pub enum Bytes<'a> {
    /// The bytes themselves.
    Same,
    /// Decoded ones.
    Other(&'a [u8]),
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Der,
    Preamble,
    Body,
    End,
    Behind,
}

impl Armour {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The DER in the next bytes.
    ///
    /// # Errors
    /// Neither DER nor a PEM block labelled `X509 CRL`, or base64 that is damaged.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Bytes<'_>, CrlError> {
        if self.state == State::Start
            && let Some(first) = bytes.first()
        {
            self.state = if *first == 0x30 { State::Der } else { State::Preamble };
        }
        if self.state == State::Der {
            return Ok(Bytes::Same);
        }
        self.der.clear();
        let mut rest = bytes;
        if self.state == State::Preamble {
            let before = self.pending.len();
            self.pending.extend_from_slice(bytes);
            let Some(start) = memmem::find(&self.pending, BEGIN) else {
                return if self.pending.len() > MAX_PREAMBLE { Err(CrlError::NotACrl) } else { Ok(Bytes::Other(&[])) };
            };
            rest = bytes.get((start + BEGIN.len()).saturating_sub(before)..).unwrap_or_default();
            self.pending.clear();
            self.state = State::Body;
        }
        if self.state == State::Body {
            let end = memchr::memchr(b'-', rest);
            let (text, behind) = rest.split_at(end.unwrap_or(rest.len()));
            self.pending.extend(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
            rest = behind;
            // Whole groups of four; padding may only stand in the last one, which the decoder sees to.
            let whole = if end.is_some() { self.pending.len() } else { self.pending.len().saturating_sub(4) & !3 };
            let group = self.pending.get(..whole).unwrap_or_default();
            if end.is_none() && memchr::memchr(b'=', group).is_some() {
                return Err(damaged());
            }
            STANDARD.decode_vec(group, &mut self.der).map_err(|_| damaged())?;
            self.pending.drain(..whole);
            if end.is_some() {
                self.state = State::End;
            }
        }
        if self.state == State::End {
            let wanted = END.len().saturating_sub(self.pending.len());
            let (closing, behind) = rest.split_at(wanted.min(rest.len()));
            self.pending.extend_from_slice(closing);
            if !END.starts_with(&self.pending) {
                return Err(damaged());
            }
            rest = behind;
            if self.pending.len() == END.len() {
                self.state = State::Behind;
            }
        }
        if self.state == State::Behind && rest.iter().any(|byte| !byte.is_ascii_whitespace()) {
            return Err(CrlError::TrailingBytes);
        }
        Ok(Bytes::Other(&self.der))
    }

    /// Everything came.
    ///
    /// # Errors
    /// A block that was never opened or closed.
    pub fn finish(&self) -> Result<(), CrlError> {
        match self.state {
            State::Der | State::Behind => Ok(()),
            State::Start | State::Preamble => Err(CrlError::NotACrl),
            State::Body | State::End => Err(CrlError::CutShort { got: 0, wanted: 0 }),
        }
    }
}

const fn damaged() -> CrlError {
    CrlError::Malformed { at: 0, what: "its base64 is damaged" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &[u8], step: usize) -> Result<Vec<u8>, CrlError> {
        let mut armour = Armour::new();
        let mut der = Vec::new();
        for chunk in text.chunks(step) {
            der.extend_from_slice(match armour.push(chunk)? {
                Bytes::Same => chunk,
                Bytes::Other(bytes) => bytes,
            });
        }
        armour.finish().map(|()| der)
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1_usize..90, width in 1_usize..80) {
            let lines: Vec<u8> = STANDARD.encode(&bytes).as_bytes().chunks(width).flat_map(|line| [line, b"\r\n"].concat()).collect();
            let text = [b"text\n-----BEGIN X509 CRL-----\n", &lines[..], b"-----END X509 CRL-----\n \n"].concat();
            prop_assert_eq!(decoded(&text, step), Ok(bytes.clone()));
            let der = [&[0x30], &bytes[..]].concat();
            prop_assert_eq!(decoded(&der, step), Ok(der.clone()));
        }
    }

    #[test]
    fn damage_is_named() {
        assert_eq!(decoded(b"", 1), Err(CrlError::NotACrl));
        assert_eq!(decoded(b"<html>", 3), Err(CrlError::NotACrl));
        assert_eq!(decoded(&[b' '; 70 << 10], 4096), Err(CrlError::NotACrl));
        let begin = "-----BEGIN X509 CRL-----\n";
        assert!(matches!(decoded(format!("{begin}AAAA").as_bytes(), 5), Err(CrlError::CutShort { .. })));
        for (body, end) in
            [("AAAA*AAA", "END X509 CRL-----"), ("AAAA", "END CERTIFICATE-----"), ("A", "END X509 CRL-----")]
        {
            let text = format!("{begin}{body}\n-----{end}");
            assert!(matches!(decoded(text.as_bytes(), 7), Err(CrlError::Malformed { .. })), "{text}");
        }
        let two = format!("{begin}AAAA\n-----END X509 CRL-----\n{begin}");
        assert_eq!(decoded(two.as_bytes(), 9), Err(CrlError::TrailingBytes));
        // Padding in the middle would end the list early.
        assert!(decoded(format!("{begin}AA==AAAAAAAA\n-----END X509 CRL-----").as_bytes(), 6).is_err());
    }
}
