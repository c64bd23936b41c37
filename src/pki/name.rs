//! Distinguished names as RFC 4514 text, with the attribute short names and the order of `openssl x509 -nameopt RFC2253`.

use std::borrow::Cow;

use super::der::{self, Element, OID, Reader, SEQUENCE, SET};
use super::{hex, oid};

/// The text of a Name, given the content of its SEQUENCE: last RDN first, multi-valued RDNs joined by `+`, one line whatever
/// the bytes say. What is no string, or belongs to no known attribute type, is `#` and the hex of its DER (section 2.4).
pub fn rfc4514(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len() + 16);
    let relative: Vec<Element<'_>> = Reader::new(name).collect();
    for (place, rdn) in relative.iter().rev().enumerate() {
        if place > 0 {
            text.push(',');
        }
        let attributes: Vec<Element<'_>> = if rdn.tag == SET { rdn.children().collect() } else { Vec::new() };
        if attributes.is_empty() {
            hex_string(&mut text, rdn.raw);
        }
        for (place, attribute) in attributes.iter().rev().enumerate() {
            if place > 0 {
                text.push('+');
            }
            write_attribute(&mut text, *attribute);
        }
    }
    text
}

/// [`rfc4514`] of a whole Name as x509-parser keeps it: without what it could not read at the end, whatever the header says.
pub fn of_der(name: &[u8]) -> String {
    let content = der::header(name).and_then(|(header, _)| name.get(header..));
    rfc4514(content.unwrap_or_default())
}

/// Every attribute of a Name in encoding order, given the content of its SEQUENCE: type and value.
pub fn attributes(name: &[u8]) -> impl Iterator<Item = (&[u8], Element<'_>)> {
    Reader::new(name).filter(|rdn| rdn.tag == SET).flat_map(|rdn| rdn.children()).filter_map(type_and_value)
}

/// The first value of an attribute type, as text.
pub fn first<'a>(name: &'a [u8], wanted: &[u8]) -> Option<Cow<'a, str>> {
    attributes(name).find(|(kind, _)| *kind == wanted).and_then(|(_, value)| string(value))
}

/// The characters of an ASN.1 string. T61String is read as Latin-1, as everybody does; octets that are no character become
/// U+FFFD. `None` for other types.
pub fn string(value: Element<'_>) -> Option<Cow<'_, str>> {
    let bytes = value.content;
    match value.tag {
        0x0c => Some(String::from_utf8_lossy(bytes)),
        // NumericString, PrintableString, T61String, VideotexString, IA5String, GraphicString, VisibleString, GeneralString
        0x12..=0x16 | 0x19..=0x1b => Some(match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            _ => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
        }),
        // BMPString
        0x1e => {
            let units = bytes.chunks(2).map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
            Some(Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()))
        }
        // UniversalString
        0x1c => {
            let points = bytes.chunks(4).map(|four| four.iter().fold(0, |point, byte| point << 8 | u32::from(*byte)));
            Some(Cow::Owned(points.map(|p| char::from_u32(p).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()))
        }
        _ => None,
    }
}

/// Text on one line: control and direction-changing characters as `\xNN` of their UTF-8 octets, a backslash doubled.
pub fn single_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '\\' || unprintable(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            c if unprintable(c) => {
                let mut buffer = [0; 4];
                hex::lower(&mut shown, "\\x", c.encode_utf8(&mut buffer).as_bytes());
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

fn type_and_value(attribute: Element<'_>) -> Option<(&[u8], Element<'_>)> {
    let mut parts = attribute.of(SEQUENCE)?.children();
    let kind = parts.field(OID)?;
    Some((kind.content, parts.next()?))
}

fn write_attribute(text: &mut String, attribute: Element<'_>) {
    let Some((kind, value)) = type_and_value(attribute) else { return hex_string(text, attribute.raw) };
    match (oid::attribute(kind), string(value)) {
        (Some(name), Some(value)) => {
            text.push_str(name);
            text.push('=');
            escape(text, &value);
        }
        (Some(name), None) => {
            text.push_str(name);
            text.push('=');
            hex_string(text, value.raw);
        }
        (None, _) => {
            text.push_str(&oid::dotted(kind));
            text.push('=');
            hex_string(text, value.raw);
        }
    }
}

/// RFC 4514 section 2.4, with control and direction-changing characters as hex pairs so that the name stays on one line.
fn escape(text: &mut String, value: &str) {
    let end = value.len();
    for (at, c) in value.char_indices() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => {
                text.push('\\');
                text.push(c);
            }
            '#' if at == 0 => text.push_str("\\#"),
            ' ' if at == 0 || at + 1 == end => text.push_str("\\ "),
            c if unprintable(c) => {
                let mut buffer = [0; 4];
                hex::upper(text, "\\", c.encode_utf8(&mut buffer).as_bytes());
            }
            c => text.push(c),
        }
    }
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of text (Unicode TR 36).
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}')
}

fn hex_string(text: &mut String, der: &[u8]) {
    text.push('#');
    hex::upper(text, "", der);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::der::write;
    use super::*;

    fn attribute(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        let mut inside = Vec::new();
        write(&mut inside, OID, kind);
        write(&mut inside, tag, value);
        let mut whole = Vec::new();
        write(&mut whole, SEQUENCE, &inside);
        whole
    }

    fn name(rdns: &[Vec<Vec<u8>>]) -> Vec<u8> {
        let mut out = Vec::new();
        for rdn in rdns {
            write(&mut out, SET, &rdn.concat());
        }
        out
    }

    #[test]
    fn prints_last_first_and_joins_multi_valued() {
        let name = name(&[
            vec![attribute(b"\x55\x04\x06", 0x13, b"FR")],
            vec![attribute(oid::GIVEN_NAME, 0x0c, "Zoé".as_bytes()), attribute(oid::COMMON_NAME, 0x0c, b"8997")],
        ]);
        assert_eq!(rfc4514(&name), "CN=8997+GN=Zoé,C=FR");
        assert_eq!(first(&name, oid::GIVEN_NAME).as_deref(), Some("Zoé"));
        assert_eq!(rfc4514(b""), "");
    }

    #[test]
    fn escapes_what_would_be_read_otherwise() {
        let cn = |tag, value: &[u8]| rfc4514(&name(&[vec![attribute(oid::COMMON_NAME, tag, value)]]));
        assert_eq!(cn(0x0c, b" #a,b+c\"d\\e<f>g;h "), r##"CN=\ #a\,b\+c\"d\\e\<f\>g\;h\ "##);
        assert_eq!(cn(0x0c, b"#1"), r"CN=\#1");
        assert_eq!(cn(0x0c, b"a\nb\0\x1b[31m"), r"CN=a\0Ab\00\1B[31m");
        assert_eq!(cn(0x0c, "a\u{202e}b".as_bytes()), r"CN=a\E2\80\AEb");
        assert_eq!(cn(0x14, b"Caf\xe9"), "CN=Café");
        assert_eq!(cn(0x1e, b"\x00C\x00\xf4"), "CN=Cô");
        assert_eq!(cn(0x1c, b"\x00\x00\x00C\x00\x01\xf6\x00"), "CN=C😀");
        assert_eq!(cn(0x0c, b"a\xff"), "CN=a\u{fffd}");
        assert_eq!(cn(0x03, b"\x00\x01"), "CN=#03020001", "a BIT STRING is no text");
        let unknown = name(&[vec![attribute(b"\x2a\x03", 0x0c, b"x")]]);
        assert_eq!(rfc4514(&unknown), "1.2.3=#0C0178");
        assert_eq!(single_line("a\r\nb\\"), r"a\x0d\x0ab\\");
    }

    proptest! {
        #[test]
        fn any_bytes_give_one_line(bytes in prop::collection::vec(any::<u8>(), 0..80), tag in 0_u8..0x20) {
            for text in [rfc4514(&bytes), rfc4514(&name(&[vec![attribute(oid::COMMON_NAME, tag, &bytes)]]))] {
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
