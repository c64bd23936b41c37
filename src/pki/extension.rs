//! Certificate extensions. One that cannot be read says nothing and does not spoil the certificate.

use std::sync::Arc;

use super::date;
use super::der::{
    self, BIT_STRING, BOOLEAN, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context,
    context_primitive,
};
use super::{hex, name, oid};
use crate::domain::certificate::KeyUsage;
use crate::domain::time::Timestamp;

/// The bit of a tag octet that some encoders get wrong on context-specific tags.
const CONSTRUCTED: u8 = 0x20;

/// What was found in the extensions, borrowed. Of an extension that appears twice, the first one that says something
/// counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extensions<'a> {
    pub key_usage: Option<KeyUsage>,
    pub private_key_usage_not_after: Option<Timestamp>,
    /// Content of the SEQUENCE OF KeyPurposeId.
    pub extended_key_usage: Option<&'a [u8]>,
    /// Content of the SEQUENCE OF GeneralName.
    pub subject_alt_name: Option<&'a [u8]>,
    pub is_ca: Option<bool>,
    pub subject_key_identifier: Option<&'a [u8]>,
    pub authority_key_identifier: Option<&'a [u8]>,
    /// Content of the SEQUENCE OF PolicyInformation.
    pub policies: Option<&'a [u8]>,
    pub card_type: Option<u64>,
    pub card_number: Option<&'a str>,
    pub category: Option<u8>,
}

/// Reads a SEQUENCE OF Extension (RFC 5280 section 4.1.2.9).
pub fn read(extensions: Element<'_>) -> Extensions<'_> {
    let mut found = Extensions::default();
    for (kind, value) in each(extensions) {
        match kind {
            oid::KEY_USAGE => keep(&mut found.key_usage, || key_usage(value)),
            oid::PRIVATE_KEY_USAGE_PERIOD => keep(&mut found.private_key_usage_not_after, || usage_period_end(value)),
            oid::EXTENDED_KEY_USAGE => keep(&mut found.extended_key_usage, || sequence(value)),
            oid::SUBJECT_ALT_NAME => keep(&mut found.subject_alt_name, || sequence(value)),
            oid::BASIC_CONSTRAINTS => keep(&mut found.is_ca, || is_ca(value)),
            oid::SUBJECT_KEY_IDENTIFIER => {
                keep(&mut found.subject_key_identifier, || Some(Reader::new(value).field(OCTET_STRING)?.content));
            }
            oid::AUTHORITY_KEY_IDENTIFIER => keep(&mut found.authority_key_identifier, || key_identifier(value)),
            oid::CERTIFICATE_POLICIES => keep(&mut found.policies, || sequence(value)),
            oid::IGC_CARD_TYPE => keep(&mut found.card_type, || Reader::new(value).field(INTEGER)?.unsigned()),
            oid::IGC_CARD_NUMBER => keep(&mut found.card_number, || card_number(value)),
            oid::IGC_CATEGORY => keep(&mut found.category, || category(value)),
            _ => {}
        }
    }
    found
}

/// Every extension: OID content octets and extnValue.
fn each(extensions: Element<'_>) -> impl Iterator<Item = (&[u8], &[u8])> {
    extensions.children().filter_map(|extension| {
        let mut parts = extension.of(SEQUENCE)?.children();
        let kind = parts.field(OID)?;
        parts.field(BOOLEAN);
        Some((kind.content, parts.field(OCTET_STRING)?.content))
    })
}

/// The names of a SEQUENCE OF GeneralName, as `Certificate::san` says.
pub fn general_names(names: &[u8]) -> Vec<Arc<str>> {
    Reader::new(names).filter_map(general_name).map(Arc::from).collect()
}

fn general_name(general: Element<'_>) -> Option<String> {
    let text = |prefix: &str| {
        let value = String::from_utf8_lossy(general.content);
        format!("{prefix}:{}", name::single_line(&value))
    };
    match general.tag & !CONSTRUCTED {
        0x81 => Some(text("email")),
        0x82 => Some(text("dns")),
        0x86 => Some(text("uri")),
        0x87 => Some(ip_address(general.content)),
        0x88 => Some(format!("rid:{}", oid::dotted(general.content))),
        0x84 => Some(format!("dirname:{}", name::rfc4514(general.children().field(SEQUENCE)?.content))),
        0x80 => {
            let mut parts = general.children();
            let kind = parts.field(OID)?.content;
            let value = parts.field(context(0)).and_then(|value| name::string(value.children().next()?));
            match value {
                Some(value) if kind == oid::UPN => Some(format!("upn:{}", name::single_line(&value))),
                _ => Some(format!("other:{}", oid::dotted(kind))),
            }
        }
        0x83 => Some("other:x400".to_owned()),
        0x85 => Some("other:ediparty".to_owned()),
        _ => None,
    }
}

/// `ip:` and the address; octets that are none are shown in hex.
pub fn ip_address(octets: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return format!("ip:{}", core::net::Ipv4Addr::from(v4));
    }
    if let Ok(v6) = <[u8; 16]>::try_from(octets) {
        return format!("ip:{}", core::net::Ipv6Addr::from(v6));
    }
    let mut text = String::from("ip:#");
    hex::lower(&mut text, "", octets);
    text
}

fn keep<T>(slot: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if slot.is_none() {
        *slot = value();
    }
}

/// Content of the SEQUENCE an extnValue is.
pub fn sequence(value: &[u8]) -> Option<&[u8]> {
    Some(Reader::new(value).field(SEQUENCE)?.content)
}

fn key_usage(value: &[u8]) -> Option<KeyUsage> {
    let bits = Reader::new(value).field(BIT_STRING)?.bits()?;
    let octet = |place: usize| bits.get(place).map_or(0, |octet| u16::from(octet.reverse_bits()));
    Some(KeyUsage(octet(0) | (octet(1) & 1) << 8))
}

/// `notAfter [1]` of a PrivateKeyUsagePeriod.
fn usage_period_end(value: &[u8]) -> Option<Timestamp> {
    let mut parts = Reader::new(value).field(SEQUENCE)?.children();
    parts.field(context_primitive(0));
    let end = parts.field(context_primitive(1))?;
    date::read(Element { tag: GENERALIZED_TIME, ..end })
}

fn is_ca(value: &[u8]) -> Option<bool> {
    let mut parts = Reader::new(value).field(SEQUENCE)?.children();
    Some(parts.field(BOOLEAN).is_some_and(|ca| ca.content != [0]))
}

fn key_identifier(value: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::new(value).field(SEQUENCE)?.children();
    Some(parts.field(context_primitive(0))?.content)
}

/// The ten digits after the issuer prefix in `8025000001/2800636234`.
fn card_number(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(Reader::new(value).next()?.content).ok()?;
    let number = text.rsplit('/').next()?;
    (number.len() == 10 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

fn category(value: &[u8]) -> Option<u8> {
    match der::single(value, OCTET_STRING)?.content {
        [category] => Some(*category),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_key_usage() {
        assert_eq!(
            key_usage(&[3, 2, 6, 0xc0]).map(KeyUsage::names),
            Some(vec!["digital_signature", "non_repudiation"])
        );
        assert_eq!(key_usage(&[3, 3, 7, 0, 0x80]).map(KeyUsage::names), Some(vec!["decipher_only"]));
        assert_eq!(key_usage(&[3, 1, 0]), Some(KeyUsage(0)));
        assert_eq!(key_usage(&[4, 1, 0]), None);
    }

    #[test]
    fn general_names_of_every_choice() {
        let mut names = Vec::new();
        der::write(&mut names, 0x82, b"a.fr\n");
        der::write(&mut names, 0x87, &[10, 0, 0, 1]);
        der::write(&mut names, 0x87, &[0; 16]);
        der::write(&mut names, 0x87, &[1, 2]);
        der::write(&mut names, 0x88, b"\x2a\x03");
        der::write(&mut names, 0xa4, &[0x30, 0]);
        let shown: Vec<String> = general_names(&names).iter().map(|name| name.to_string()).collect();
        assert_eq!(shown, [r"dns:a.fr\x0a", "ip:10.0.0.1", "ip:::", "ip:#0102", "rid:1.2.3", "dirname:"]);
    }

    #[test]
    fn private_extensions() {
        assert_eq!(card_number(b"\x13\x158025000001/2800636234"), Some("2800636234"));
        assert_eq!(card_number(b"\x13\x048025"), None);
        assert_eq!(category(&[4, 1, 0x83]), Some(0x83));
        assert_eq!(category(&[4, 2, 0, 0x83]), None);
    }
}
