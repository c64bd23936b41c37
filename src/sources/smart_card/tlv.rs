//! A tolerant walk over the TLVs of a card. Real cards carry bad DER (a BIT STRING with a wrong count of unused bits in every CDF of
//! a CPS3), padding between objects and files that end in zeros: tags and lengths are followed, contents never decoded on the way.

/// One object: its tag octets as a number (`0x30`, `0x5f24`, `0xbf8101`) and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag octets, most significant first.
    pub tag: u32,
    /// Content.
    pub value: &'a [u8],
}

/// The objects of a run of bytes, one after the other; `00` and `FF` between them are padding (ISO 7816-4). Ends at the first object
/// that is not whole.
#[derive(Debug, Clone, Copy)]
pub struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// Over these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        while let [0x00 | 0xff, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (tag, start, length) = header(self.rest)?;
        let end = start.checked_add(length)?;
        let value = self.rest.get(start..end)?;
        self.rest = self.rest.get(end..)?;
        Some(Tlv { tag, value })
    }
}

/// Tag, size of the header and size of the content of the object these bytes begin with, which may be cut short. Tags of at most
/// three octets, definite lengths of at most three.
pub fn header(bytes: &[u8]) -> Option<(u32, usize, usize)> {
    let first = *bytes.first()?;
    let mut tag = u32::from(first);
    let mut at = 1;
    if first & 0x1f == 0x1f {
        loop {
            let next = *bytes.get(at)?;
            tag = tag << 8 | u32::from(next);
            at += 1;
            if next & 0x80 == 0 {
                break;
            }
            if at > 2 {
                return None;
            }
        }
    }
    let length = *bytes.get(at)?;
    at += 1;
    if length < 0x80 {
        return Some((tag, at, usize::from(length)));
    }
    let count = usize::from(length & 0x7f);
    if count == 0 || count > 3 {
        return None;
    }
    let octets = bytes.get(at..at + count)?;
    Some((tag, at + count, octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))))
}

/// The content of the first object with this tag.
pub fn first(bytes: &[u8], tag: u32) -> Option<&[u8]> {
    Walk::new(bytes).find(|object| object.tag == tag).map(|object| object.value)
}

/// The content found by descending tag by tag, the first of each.
pub fn descend<'a>(bytes: &'a [u8], tags: &[u32]) -> Option<&'a [u8]> {
    tags.iter().try_fold(bytes, |inside, tag| first(inside, *tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_padding_long_tags_and_long_lengths() {
        let bytes = [0x00, 0xff, 0x80, 0x01, 0xaa, 0x00, 0xbf, 0x81, 0x01, 0x02, 0x9a, 0x00, 0x30, 0x81, 0x00, 0xff];
        let tags: Vec<(u32, &[u8])> = Walk::new(&bytes).map(|object| (object.tag, object.value)).collect();
        assert_eq!(tags, [(0x80, &[0xaa][..]), (0x00bf_8101, &[0x9a, 0x00]), (0x30, &[])]);
        assert_eq!(descend(&bytes, &[0x00bf_8101, 0x9a]), Some(&[][..]));
    }

    #[test]
    fn what_is_cut_ends_the_walk() {
        for bytes in
            [&[0x30][..], &[0x30, 0x05, 1], &[0x30, 0x80], &[0x30, 0x84, 0, 0, 0, 0], &[0xbf, 0x81, 0x82, 0x83]]
        {
            assert_eq!(Walk::new(bytes).next(), None, "{bytes:x?}");
        }
        assert_eq!(
            header(&[0x30, 0x82, 0x08, 0x00]),
            Some((0x30, 4, 0x800)),
            "the size of a cut object is still known"
        );
    }
}
