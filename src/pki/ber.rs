//! From BER as Java key stores, NSS and Windows write it (indefinite lengths, strings in chunks) to definite-length DER.

use zeroize::Zeroizing;

use super::der;

/// Nesting beyond which BER is refused.
const MAX_DEPTH: usize = 32;

const CONSTRUCTED_OCTET_STRING: u8 = 0x24;

/// The first element of `bytes` re-encoded with definite lengths and whole OCTET STRINGs, and the number of bytes it took.
/// Parts that are already so are copied as they are, so that fingerprints over them do not change. `None` when the bytes are
/// not BER or are nested too deep. The result may hold key material.
pub fn to_der(bytes: &[u8]) -> Option<(Zeroizing<Vec<u8>>, usize)> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() + 16));
    let used = element(bytes, &mut out, 0)?;
    Some((out, used))
}

fn element(bytes: &[u8], out: &mut Vec<u8>, depth: usize) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    let tag = *bytes.first()?;
    let constructed = tag & 0x20 != 0;
    if constructed && bytes.get(1) == Some(&0x80) && tag & 0x1f != 0x1f {
        let mut at = 2;
        let mut inside = Zeroizing::new(Vec::new());
        while !bytes.get(at..)?.starts_with(&[0, 0]) {
            at += child(tag, bytes.get(at..)?, &mut inside, depth)?;
        }
        der::write(out, if tag == CONSTRUCTED_OCTET_STRING { der::OCTET_STRING } else { tag }, &inside);
        return Some(at + 2);
    }
    let (header, length) = der::header(bytes)?;
    let end = header.checked_add(length)?;
    let raw = bytes.get(..end)?;
    if !constructed {
        out.extend_from_slice(raw);
        return Some(end);
    }
    let content = raw.get(header..)?;
    let mut inside = Zeroizing::new(Vec::with_capacity(content.len()));
    let mut at = 0;
    while at < content.len() {
        at += child(tag, content.get(at..)?, &mut inside, depth)?;
    }
    if tag == CONSTRUCTED_OCTET_STRING {
        der::write(out, der::OCTET_STRING, &inside);
    } else if *inside == content {
        out.extend_from_slice(raw);
    } else {
        der::write(out, tag, &inside);
    }
    Some(end)
}

/// A child of a chunked string gives its content; any other child itself.
fn child(parent: u8, bytes: &[u8], inside: &mut Vec<u8>, depth: usize) -> Option<usize> {
    if parent != CONSTRUCTED_OCTET_STRING {
        return element(bytes, inside, depth + 1);
    }
    let mut chunk = Zeroizing::new(Vec::new());
    let used = element(bytes, &mut chunk, depth + 1)?;
    inside.extend_from_slice(der::single(&chunk, der::OCTET_STRING)?.content);
    Some(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_chunks_and_closes_lengths() {
        let ber =
            [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0xaa, 0x04, 0x02, 0xbb, 0xcc, 0, 0, 0x02, 0x01, 0x05, 0, 0, 0xff];
        let (der, used) = to_der(&ber).expect("ber");
        assert_eq!(**der, [0x30, 0x08, 0x04, 0x03, 0xaa, 0xbb, 0xcc, 0x02, 0x01, 0x05]);
        assert_eq!(used, ber.len() - 1);
    }

    #[test]
    fn leaves_definite_parts_alone() {
        let odd = [0x30, 0x81, 0x03, 0x02, 0x01, 0x05];
        assert_eq!(**to_der(&odd).expect("ber").0, odd);
    }

    #[test]
    fn refuses_deep_nesting_and_cut_bytes() {
        assert!(to_der(&[0x30, 0x80].repeat(40)).is_none());
        assert!(to_der(&[0x30, 0x80, 0x02, 0x01]).is_none());
        assert!(to_der(&[]).is_none());
    }
}
