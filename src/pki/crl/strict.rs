//! Strict DER (X.690 section 10) where it is read in pieces: what is signed is read one way only.

use super::super::der::Element;

/// What went wrong, for [`super::CrlError::Malformed`].
pub type Wrong = &'static str;

/// Tag, size of the header and of the content of the element these bytes start with; `None` when the header is cut short.
#[inline]
pub fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Wrong> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err("a tag of several octets");
    }
    if *first < 0x80 {
        return Ok(Some((*tag, 2, usize::from(*first))));
    }
    let count = usize::from(first & 0x7f);
    match count {
        0 => return Err("an indefinite length"),
        1..=4 => {}
        _ => return Err("a length of more than four octets"),
    }
    let Some(octets) = rest.get(..count) else { return Ok(None) };
    let length = octets.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
    let least = if count == 1 { 0x80 } else { 1 << (8 * (count - 1)) };
    if length < least {
        Err("a length that is longer than it needs to be")
    } else {
        Ok(Some((*tag, 2 + count, length)))
    }
}

/// Reads elements one after the other from bytes that are all there.
#[derive(Debug, Clone, Copy)]
pub struct Strict<'a> {
    rest: &'a [u8],
}

impl<'a> Strict<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    #[inline]
    pub fn any(&mut self) -> Result<Element<'a>, Wrong> {
        let (tag, header, length) = header(self.rest)?.ok_or("an element that is cut short")?;
        let (raw, rest) = self.rest.split_at_checked(header + length).ok_or("an element that is cut short")?;
        self.rest = rest;
        Ok(Element { tag, content: raw.get(header..).unwrap_or_default(), raw })
    }

    /// The next element, which has this tag.
    #[inline]
    pub fn field(&mut self, tag: u8) -> Result<Element<'a>, Wrong> {
        let element = self.any()?;
        if element.tag == tag { Ok(element) } else { Err("an element of another type than expected") }
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Wrong> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    #[inline]
    pub fn end(&self) -> Result<(), Wrong> {
        if self.rest.is_empty() { Ok(()) } else { Err("octets behind the last element") }
    }
}

/// A BOOLEAN. FALSE spelled out where it is the default is tolerated: encoders do it, and it can be read one way only.
pub fn boolean(element: Element<'_>) -> Result<bool, Wrong> {
    match element.content {
        [0xff] => Ok(true),
        [0] => Ok(false),
        _ => Err("a BOOLEAN that is neither TRUE nor FALSE"),
    }
}

/// The content of an INTEGER or ENUMERATED in as few octets as it takes.
#[inline]
pub fn integer(content: &[u8]) -> Result<&[u8], Wrong> {
    match content {
        [] => Err("an INTEGER without octets"),
        [0, second, ..] if *second < 0x80 => Err("an INTEGER that is longer than it needs to be"),
        [0xff, second, ..] if *second >= 0x80 => Err("an INTEGER that is longer than it needs to be"),
        content => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_form() {
        assert_eq!(header(&[0x30, 3]), Ok(Some((0x30, 2, 3))));
        assert_eq!(header(&[0x30, 0x81, 0x80]), Ok(Some((0x30, 3, 128))));
        assert_eq!(header(&[0x30, 0x82, 1, 0]), Ok(Some((0x30, 4, 256))));
        assert_eq!(header(&[0x30, 0x82, 1]), Ok(None));
        for wrong in
            [&[0x30, 0x80][..], &[0x30, 0x81, 0x7f], &[0x30, 0x82, 0, 0x80], &[0x30, 0x85, 1, 0, 0, 0, 0], &[0x3f, 1]]
        {
            assert!(header(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn integers_have_one_form() {
        for right in [&[0][..], &[0x80], &[0, 0x80], &[0x7f, 0]] {
            assert_eq!(integer(right), Ok(right));
        }
        for wrong in [&[][..], &[0, 0], &[0, 0x7f], &[0xff, 0x80]] {
            assert!(integer(wrong).is_err(), "{wrong:?}");
        }
    }
}
