//! PEM armour (RFC 7468, RFC 1421) anywhere in a file: text before, between and behind blocks, CRLF, headers, stray spaces.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr_iter, memmem};
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// One block. The body may be key material.
#[derive(Debug)]
pub struct Block<'a> {
    /// The words between `BEGIN` and the dashes.
    pub label: &'a str,
    /// The value of `DEK-Info`, when the block says `Proc-Type: 4,ENCRYPTED`.
    pub dek_info: Option<&'a str>,
    /// The decoded body, or what is wrong with the block.
    pub body: Result<Zeroizing<Vec<u8>>, &'static str>,
}

/// The blocks of a file, in order.
pub fn blocks(bytes: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            let start = memmem::find(rest, BEGIN)? + BEGIN.len();
            rest = rest.get(start..)?;
            if let Some((block, behind)) = block(rest) {
                rest = behind;
                return Some(block);
            }
        }
    })
}

/// The block whose label starts here, and what is behind it. `None` when these dashes open nothing.
fn block(bytes: &[u8]) -> Option<(Block<'_>, &[u8])> {
    let line = bytes.get(..bytes.len().min(80))?;
    let label = std::str::from_utf8(line.get(..memmem::find(line, DASHES)?)?).ok()?;
    if label.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    let inside = bytes.get(label.len() + DASHES.len()..)?;
    let end = memmem::find(inside, DASHES).unwrap_or(inside.len());
    let (text, behind) = inside.split_at_checked(end)?;
    let closed = behind.strip_prefix(END).is_some_and(|closing| closing.starts_with(label.as_bytes()));
    // A block that is never closed must not hide the one that opens behind it.
    let behind = if closed { behind.get(END.len()..).unwrap_or_default() } else { behind };
    let (dek_info, text) = headers(text);
    let body = if closed { decode(text).ok_or("its base64 is damaged") } else { Err("it has no END line of its own") };
    Some((Block { label, dek_info, body }, behind))
}

/// RFC 1421 headers end at the first empty line; without a colon on the first line there are none.
fn headers(text: &[u8]) -> (Option<&str>, &[u8]) {
    let mut rest = text.trim_ascii_start();
    let mut dek_info = None;
    let first = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first.contains(&b':') {
        return (None, text);
    }
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, behind) = rest.split_at(end);
        let line = line.trim_ascii();
        rest = behind.get(1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix(b"DEK-Info:") {
            dek_info = std::str::from_utf8(value.trim_ascii()).ok();
        }
    }
    (dek_info, rest)
}

/// Padding may be missing, and the bits behind the last octet may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 with white space anywhere. `None` for other characters.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: a buffer that grows leaves copies of a key behind.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 6));
    if decode_lines(text, &mut out).is_none() {
        let packed: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().copied().filter(|byte| !is_space(byte)).collect());
        out.clear();
        BASE64.decode_vec(&*packed, &mut out).ok()?;
    }
    Some(out)
}

/// The usual form: lines of whole groups of four, the last one excepted. `None` for any other, which may be good all the same.
fn decode_lines(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let ends = memchr_iter(b'\n', text).chain([text.len()]);
    let (mut start, mut ended) = (0, false);
    for end in ends {
        let line = text.get(start..end)?.trim_ascii();
        start = end + 1;
        if line.is_empty() {
            continue;
        }
        if ended {
            return None;
        }
        ended = line.len() % 4 != 0 || line.ends_with(b"=");
        BASE64.decode_vec(line, out).ok()?;
    }
    Some(())
}

fn is_space(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0x0b
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
        blocks(text).map(|block| (block.label.to_owned(), block.body.ok().map(|body| body.to_vec()))).collect()
    }

    #[test]
    fn finds_blocks_in_any_surroundings() {
        let text = b"Bag Attributes\r\n-----BEGIN A-----\r\n AQID \r\n-----END A-----junk-----BEGIN B C-----\nBA==\n-----END B C-----";
        assert_eq!(all(text), [("A".into(), Some(vec![1, 2, 3])), ("B C".into(), Some(vec![4]))]);
        assert!(all(b"-----BEGIN ").is_empty());
        assert!(all(b"-----BEGIN A\n-----").is_empty());
    }

    #[test]
    fn damage_stays_in_its_block() {
        let text =
            b"-----BEGIN A-----\nAQID\n-----BEGIN B-----\nBA==\n-----END B-----\n-----BEGIN C-----\n!\n-----END C-----";
        assert_eq!(all(text), [("A".into(), None), ("B".into(), Some(vec![4])), ("C".into(), None)]);
    }

    #[test]
    fn headers_of_an_encrypted_key() {
        let text = b"-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n\r\nAQID\r\n-----END RSA PRIVATE KEY-----";
        let block = blocks(text).next().expect("a block");
        assert_eq!(block.dek_info, Some("AES-128-CBC,00"));
        assert_eq!(**block.body.as_ref().expect("base64"), [1, 2, 3]);
    }

    #[test]
    fn base64_rules() {
        assert_eq!(decode(b" A Q\r\n\x0b\tI=\n").as_deref(), Some(&vec![1, 2]), "white space is nothing");
        assert_eq!(decode(b"AR").as_deref(), Some(&vec![1]), "nor are bits behind the last octet");
        assert_eq!(decode(b"AQ").as_deref(), Some(&vec![1]), "padding may be missing");
        assert_eq!(decode(b"A"), None);
        assert_eq!(decode(b"AQ==AQ"), None);
        assert_eq!(decode(b"A-B_"), None);
    }

    proptest! {
        #[test]
        fn any_wrapping_gives_the_same(
            bytes in prop::collection::vec(any::<u8>(), 0..100), width in 1_usize..80, padded: bool,
        ) {
            let text = BASE64.encode(&bytes);
            let text = if padded { &*text } else { text.trim_end_matches('=') };
            let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| [b" ", line, b"\r\n"].concat()).collect();
            let decoded = decode(&lines.concat());
            prop_assert_eq!(decoded.as_deref(), Some(&bytes));
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(prop::sample::select(b"-BEGIN \nAE:D=\xff".to_vec()), 0..200)) {
            prop_assert!(blocks(&bytes).count() <= bytes.len());
        }
    }
}
