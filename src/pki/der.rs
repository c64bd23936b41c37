//! A small reader of definite-length DER (X.690 section 10) over borrowed bytes. Lengths that are longer than they need to be
//! are tolerated, as every deployed parser does; indefinite lengths are [`super::ber`]'s business.

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const PRINTABLE_STRING: u8 = 0x13;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// The tag octet of constructed context-specific `[number]`, for numbers below 31.
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag octet of primitive context-specific `[number]`, for numbers below 31.
pub const fn context_primitive(number: u8) -> u8 {
    0x80 | number
}

/// One element: tag octet, content, and the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader over the elements inside.
    pub fn children(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The element, if it has this tag.
    pub fn of(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
    }

    /// The octets of a BIT STRING without its count of unused bits.
    pub fn bits(&self) -> Option<&'a [u8]> {
        match self.content {
            [0..=7, bits @ ..] if self.tag == BIT_STRING => Some(bits),
            _ => None,
        }
    }

    /// A non-negative INTEGER that fits.
    pub fn unsigned(&self) -> Option<u64> {
        if self.tag != INTEGER || self.content.first().is_none_or(|first| *first >= 0x80) {
            return None;
        }
        let digits = magnitude(self.content);
        (digits.len() <= 8).then(|| digits.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}

/// The octets of a non-negative INTEGER without leading zeros.
pub fn magnitude(content: &[u8]) -> &[u8] {
    let zeros = content.iter().take_while(|byte| **byte == 0).count();
    content.get(zeros..).unwrap_or_default()
}

/// The octets of an INTEGER, in two's complement and as few as it takes: one value, one spelling. -1 and 255 differ.
pub fn minimal(mut content: &[u8]) -> &[u8] {
    while let [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] = content {
        content = content.get(1..).unwrap_or_default();
    }
    content
}

/// The bit length of a non-negative INTEGER.
pub fn bit_length(content: &[u8]) -> u32 {
    let digits = magnitude(content);
    let Some(first) = digits.first() else { return 0 };
    u32::try_from(digits.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(first.leading_zeros())
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Over these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element if it has this tag; otherwise nothing is consumed.
    pub fn field(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.peek()? == tag { self.next() } else { None }
    }
}

/// Ends at the first byte that does not start a whole element; [`Reader::rest`] tells whether that is the end.
impl<'a> Iterator for Reader<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (header, length) = header(self.rest)?;
        let end = header.checked_add(length)?;
        let raw = self.rest.get(..end)?;
        let element = Element { tag: *raw.first()?, content: raw.get(header..)?, raw };
        self.rest = self.rest.get(end..)?;
        Some(element)
    }
}

/// Size of the header and of the content of the definite-length element these bytes start with, which may be cut short.
pub fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    if tag & 0x1f == 0x1f {
        return None; // multi-octet tags occur in nothing we read
    }
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 5 {
        return None;
    }
    let octets = bytes.get(2..2 + count)?;
    Some((2 + count, octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))))
}

/// The single element these bytes consist of.
pub fn single(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut reader = Reader::new(bytes);
    let element = reader.field(tag)?;
    reader.rest().is_empty().then_some(element)
}

/// Appends an element to `out`.
pub fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    write_length(out, content.len());
    out.extend_from_slice(content);
}

/// Appends a minimal definite length.
pub fn write_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let octets = magnitude(&octets);
            out.push(0x80 | u8::try_from(octets.len()).unwrap_or(8));
            out.extend_from_slice(octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_lengths_of_every_form() {
        assert_eq!(header(&[0x30, 0x03]), Some((2, 3)));
        assert_eq!(header(&[0x30, 0x81, 0x03]), Some((3, 3)), "longer than needed, tolerated");
        assert_eq!(header(&[0x30, 0x82, 0x01, 0x00]), Some((4, 256)));
        assert_eq!(header(&[0x30, 0x80]), None, "indefinite");
        assert_eq!(header(&[0x30, 0x86, 0, 0, 0, 0, 0, 1]), None);
        assert_eq!(header(&[0x1f, 0x01]), None);
    }

    #[test]
    fn one_value_has_one_spelling() {
        for (written, least) in [
            (&[0, 0, 1][..], &[1][..]),
            (&[0, 0, 0x80], &[0, 0x80]),
            (&[0xff, 0xff], &[0xff]),
            (&[0xff, 0x7f], &[0xff, 0x7f]),
            (&[0, 0], &[0]),
            (&[], &[]),
        ] {
            assert_eq!(minimal(written), least, "{written:02x?}");
        }
    }

    #[test]
    fn integers() {
        let integer = |content| Element { tag: INTEGER, content, raw: &[] };
        assert_eq!(integer(&[0, 0xff]).unsigned(), Some(255));
        assert_eq!(integer(&[0xff]).unsigned(), None, "negative");
        assert_eq!(integer(&[]).unsigned(), None);
        assert_eq!(integer(&[1; 9]).unsigned(), None);
        assert_eq!(bit_length(&[0, 0x80, 0]), 16);
        assert_eq!(bit_length(&[0]), 0);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 0_u8..0x1f, content in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut out = Vec::new();
            write(&mut out, tag, &content);
            let element = single(&out, tag).expect("one element");
            prop_assert_eq!(element.content, &content[..]);
            prop_assert_eq!(element.raw, &out[..]);
            prop_assert!(single(&out[..out.len() - 1], tag).is_none());
        }
    }
}
