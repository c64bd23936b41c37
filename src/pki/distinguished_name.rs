//! Names compared as RFC 5280 section 7.1 wants: the string type does not matter, nor case, nor how much blank space there is.

use std::sync::Arc;

use super::der::{self, Element, OID, Reader, SEQUENCE, SET};
use super::name;

/// A distinguished name in the forms that are asked for.
#[derive(Debug, Clone)]
pub struct DistinguishedName {
    /// Content of the SEQUENCE, as encoded.
    pub content: Box<[u8]>,
    /// [`canonical`].
    pub canonical: Arc<[u8]>,
}

impl DistinguishedName {
    /// From the content of the SEQUENCE.
    pub fn new(content: &[u8]) -> Self {
        Self { content: content.into(), canonical: canonical(content).into() }
    }

    /// RFC 4514.
    pub fn text(&self) -> Arc<str> {
        name::rfc4514(&self.content).into()
    }

    /// No attribute at all.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// This name with one more relative name at its end, given the content of that SET.
    pub fn with_relative(&self, rdn: &[u8]) -> Self {
        let mut content = self.content.to_vec();
        der::write(&mut content, SET, rdn);
        Self::new(&content)
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for DistinguishedName {}

/// A form that is the same for names that match (section 7.1), given the content of the SEQUENCE. Strings are compared without
/// regard to case and with runs of blanks as one; the normalisation of RFC 4518 beyond that is left out. What is no string is
/// compared as it is encoded.
pub fn canonical(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut fields = Reader::new(name);
    for rdn in fields.by_ref() {
        let mut attributes: Vec<Vec<u8>> = rdn.children().map(attribute).collect();
        attributes.sort_unstable(); // the order within a SET says nothing
        der::write(&mut out, rdn.tag, &attributes.concat());
    }
    out.extend_from_slice(fields.rest());
    out
}

fn attribute(attribute: Element<'_>) -> Vec<u8> {
    let mut parts = attribute.children();
    let mut out = Vec::with_capacity(attribute.raw.len());
    match (attribute.tag, parts.field(OID), parts.next()) {
        (SEQUENCE, Some(kind), Some(value)) if parts.rest().is_empty() => {
            let mut inside = kind.raw.to_vec();
            match name::string(value) {
                Some(text) => der::write(&mut inside, 0x0c, prepared(&text).as_bytes()),
                None => inside.extend_from_slice(value.raw),
            }
            der::write(&mut out, SEQUENCE, &inside);
        }
        _ => out.extend_from_slice(attribute.raw),
    }
    out
}

fn prepared(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rdn(kind: &[u8], tag: u8, value: &str) -> Vec<u8> {
        let mut inside = Vec::new();
        der::write(&mut inside, OID, kind);
        der::write(&mut inside, tag, value.as_bytes());
        let mut attribute = Vec::new();
        der::write(&mut attribute, SEQUENCE, &inside);
        attribute
    }

    fn name(rdns: &[&[Vec<u8>]]) -> DistinguishedName {
        let mut content = Vec::new();
        for attributes in rdns {
            der::write(&mut content, SET, &attributes.concat());
        }
        DistinguishedName::new(&content)
    }

    #[test]
    fn what_matches_and_what_does_not() {
        let (cn, ou) = (b"\x55\x04\x03", b"\x55\x04\x0b");
        let plain = name(&[&[rdn(cn, 0x13, "Ac Racine")]]);
        assert_eq!(plain, name(&[&[rdn(cn, 0x0c, "  AC   racine ")]]), "type, case and blanks");
        assert_ne!(plain, name(&[&[rdn(cn, 0x13, "AcRacine")]]));
        assert_ne!(plain, name(&[&[rdn(ou, 0x13, "Ac Racine")]]));
        assert_eq!(
            name(&[&[rdn(cn, 0x0c, "a"), rdn(ou, 0x0c, "b")]]),
            name(&[&[rdn(ou, 0x0c, "B"), rdn(cn, 0x0c, "A")]])
        );
        let below = name(&[&[rdn(cn, 0x0c, "AC RACINE")], &[rdn(ou, 0x0c, "x")]]);
        assert!(below.canonical.starts_with(&plain.canonical), "a name is a prefix of those below it");
        assert_ne!(name(&[&[rdn(cn, 0x03, "\0a")]]), name(&[&[rdn(cn, 0x03, "\0A")]]), "bits are not letters");
        let mut set = Vec::new();
        der::write(&mut set, SET, b"");
        let relative = rdn(ou, 0x13, "X");
        assert_eq!(plain.with_relative(&relative), below);
    }
}
