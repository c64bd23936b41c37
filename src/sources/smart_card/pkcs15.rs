//! The files of a card, bytes in, facts out: EF.DIR, ODF, CDF, AODF, TokenInfo (PKCS#15 version 1.1), EF.SN.ICC, file control
//! parameters and the counter of a code. Nothing here knows where the bytes came from; nothing is believed beyond its bounds.

use std::sync::Arc;

use super::tlv::{self, Walk};
use crate::domain::found_card::{ChipSerial, CodeTries};
use crate::domain::identifier::{CardNumber, check_digit};
use crate::domain::profile::Environment;

/// Objects of one directory that are looked at.
const MAX_OBJECTS: usize = 32;
/// Characters of a label that are kept.
const MAX_LABEL: usize = 64;
/// Levels of a path.
const MAX_DEPTH: usize = 8;

const SEQUENCE: u32 = 0x30;
const OCTET_STRING: u32 = 0x04;
const INTEGER: u32 = 0x02;
const UTF8_STRING: u32 = 0x0c;

/// The issuer of every CPx card, before the eight digits of the chip in EF.SN.ICC.
const ISSUER: [u8; 5] = [0x80, 0x25, 0x00, 0x00, 0x01];

/// An application of EF.DIR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its AID.
    pub aid: Vec<u8>,
    /// Its folder below the MF, where the entry says it.
    pub path: Option<Path>,
}

/// File identifiers below the MF, which is left out; in an ODF or CDF a single one is relative to the application.
pub type Path = Vec<u16>;

/// What an entry of the ODF leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directory {
    /// `certificates [4]`, `trustedCertificates [5]`, `usefulCertificates [6]`: the first are the holder's.
    Certificates,
    /// `authObjects [8]`.
    Codes,
}

/// An entry of a CDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEntry {
    /// As the card calls it, without control characters; empty where it does not say.
    pub label: Arc<str>,
    /// The file.
    pub path: Path,
    /// Where in the file it begins.
    pub offset: usize,
}

/// The applications of EF.DIR.
pub fn applications(dir: &[u8]) -> Vec<Application> {
    let templates = Walk::new(dir).filter(|object| object.tag == 0x61).take(MAX_OBJECTS);
    let application = |template: &[u8]| {
        let aid = tlv::first(template, 0x4f)?.to_vec();
        Some(Application { aid, path: tlv::first(template, 0x51).and_then(path) })
    };
    templates.filter_map(|object| application(object.value)).collect()
}

/// The directories an ODF names, in its order.
pub fn directories(odf: &[u8]) -> Vec<(Directory, Path)> {
    let entry = |object: tlv::Tlv<'_>| {
        let directory = match object.tag {
            0xa4 => Directory::Certificates,
            0xa8 => Directory::Codes,
            _ => return None,
        };
        Some((directory, path(tlv::descend(object.value, &[SEQUENCE, OCTET_STRING])?)?))
    };
    Walk::new(odf).filter_map(entry).take(MAX_OBJECTS).collect()
}

/// The certificates of a CDF, in its order. Entries that lead nowhere are left out.
pub fn certificates(cdf: &[u8]) -> Vec<CertificateEntry> {
    let entry = |object: tlv::Tlv<'_>| {
        let text = tlv::descend(object.value, &[SEQUENCE, UTF8_STRING]).unwrap_or_default();
        // X509CertificateAttributes: value is a Path { path, index, [0] length }.
        let value = tlv::descend(object.value, &[0xa1, SEQUENCE, SEQUENCE])?;
        let offset = tlv::first(value, INTEGER).map_or(Some(0), number)?;
        Some(CertificateEntry { label: label(text).into(), path: path(tlv::first(value, OCTET_STRING)?)?, offset })
    };
    Walk::new(cdf).filter(|object| object.tag == SEQUENCE).filter_map(entry).take(MAX_OBJECTS).collect()
}

/// The reference of the holder's code: `pinReference [0]` of the first entry of an AODF. It is an INTEGER, which DER writes with a zero in
/// front from 80 on (X.690 section 8.3).
pub fn code_reference(aodf: &[u8]) -> Option<u8> {
    match tlv::descend(aodf, &[SEQUENCE, 0xa1, SEQUENCE, 0x80])? {
        [reference] | [0, reference] => Some(*reference),
        _ => None,
    }
}

/// `label [0]` of TokenInfo.
pub fn token_label(token_info: &[u8]) -> Option<String> {
    let label = label(tlv::descend(token_info, &[SEQUENCE, 0x80])?);
    (!label.is_empty()).then_some(label)
}

/// The card number in a label such as `CPS3v3-2900995235`: the ten digits after the last dash.
pub fn number_in_label(label: &str) -> Option<CardNumber> {
    let (_, digits) = label.rsplit_once('-')?;
    CardNumber::parse(digits, Environment::Production).ok().map(|read| read.value)
}

/// EF.SN.ICC: `5A 0A`, the issuer, eight digits in BCD, their Luhn key and a filler. `None` for a card of another issuer or a key
/// that does not fit.
pub fn serial(ef_sn: &[u8]) -> Option<ChipSerial> {
    let value = tlv::first(ef_sn, 0x5a)?;
    let digits = value.strip_prefix(&ISSUER)?;
    if digits.len() != 5 {
        return None;
    }
    let mut text: String = value.iter().flat_map(|octet| [octet >> 4, octet & 0x0f]).map(hex_digit).collect();
    if text.pop() != Some('F') || !check_digit::luhn(&text) {
        return None;
    }
    text.pop();
    ChipSerial::new(text.get(ISSUER.len() * 2..)?)
}

/// The size of a transparent file: tag 80 of its control parameters, which come in a template 62 or 6F.
pub fn file_size(control: &[u8]) -> Option<usize> {
    let inside = tlv::first(control, 0x62).or_else(|| tlv::first(control, 0x6f))?;
    number(tlv::first(inside, 0x80)?)
}

/// The counter of a code in the answer to GET DATA: `9A` most, `9B` left, `9D` uses left of the code itself (0: unusable).
pub fn tries(answer: &[u8]) -> Option<CodeTries> {
    let template = tlv::first(answer, 0x70).unwrap_or(answer);
    let object = Walk::new(template).find(|object| object.tag >> 8 == 0xbf81)?;
    let attributes = tlv::first(object.value, 0xa0).unwrap_or(object.value);
    let octet = |tag| match tlv::first(attributes, tag) {
        Some([octet]) => Some(*octet),
        _ => None,
    };
    let left = octet(0x9b)?;
    let worn_out =
        tlv::first(attributes, 0x9d).is_some_and(|uses| !uses.is_empty() && uses.iter().all(|byte| *byte == 0));
    Some(CodeTries { left: if worn_out { 0 } else { left }, most: octet(0x9a) })
}

/// File identifiers, two octets each, an absolute path without its `3F00`.
fn path(octets: &[u8]) -> Option<Path> {
    let (pairs, odd) = octets.as_chunks::<2>();
    let path: Path = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).skip_while(|file| *file == 0x3f00).collect();
    (odd.is_empty() && (1..=MAX_DEPTH).contains(&path.len())).then_some(path)
}

fn number(octets: &[u8]) -> Option<usize> {
    (1..=3).contains(&octets.len()).then(|| octets.iter().fold(0, |value, octet| value << 8 | usize::from(*octet)))
}

/// One line for people, whatever the bytes.
pub(super) fn label(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let shown = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(MAX_LABEL);
    shown.collect::<String>().trim().to_owned()
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_serial_number_is_read_and_a_wrong_key_is_not() {
        let published = [0x5a, 0x0a, 0x80, 0x25, 0x00, 0x00, 0x01, 0x99, 0x21, 0x38, 0x45, 0x0f];
        assert_eq!(serial(&published).expect("a serial number").as_str(), "99213845");
        for (at, octet) in [(11, 0x1f), (11, 0x00), (2, 0x81), (7, 0x98)] {
            let mut wrong = published;
            wrong[at] = octet;
            assert_eq!(serial(&wrong), None, "{wrong:x?}");
        }
    }

    #[test]
    fn the_counter_of_a_code() {
        let answer =
            b"\x70\x16\xbf\x81\x01\x12\xa0\x10\x9a\x01\x03\x9b\x01\x02\xa1\x08\x8c\x06\xf3\x00\x00\x13\xff\x00";
        assert_eq!(tries(answer), Some(CodeTries { left: 2, most: Some(3) }));
        let worn = b"\x70\x0f\xbf\x81\x01\x0b\xa0\x09\x9a\x01\x03\x9b\x01\x03\x9d\x01\x00";
        assert_eq!(tries(worn).map(|tries| tries.left), Some(0));
        assert_eq!(tries(b"\x70\x00"), None);
    }

    #[test]
    fn a_directory_of_certificates_with_the_bad_bit_string_of_real_cards() {
        // SEQUENCE { SEQUENCE { label, flags 03 01 08 }, SEQUENCE { id }, [1] { SEQUENCE { SEQUENCE { path } } } }
        let cdf = b"\x30\x1d\x30\x09\x0c\x04Sig\x07\x03\x01\x08\x30\x03\x04\x01\x10\xa1\x0b\x30\x09\x30\x07\x04\x02\xb0\x01\x02\x01\x05\x00\x00";
        let read = certificates(cdf);
        assert_eq!(read, [CertificateEntry { label: "Sig\u{fffd}".into(), path: vec![0xb001], offset: 5 }]);
    }

    #[test]
    fn the_reference_of_a_code() {
        let aodf = |value: &[u8]| {
            let length = value.len() as u8;
            let head = [0x30, 6 + length, 0xa1, 4 + length, 0x30, 2 + length, 0x80, length];
            code_reference(&[&head[..], value].concat())
        };
        assert_eq!((aodf(&[0x01]), aodf(&[0x81]), aodf(&[0x00, 0x81])), (Some(0x01), Some(0x81), Some(0x81)));
        assert_eq!((aodf(&[]), aodf(&[0x01, 0x81]), aodf(&[0, 0, 0x81])), (None, None, None));
    }

    #[test]
    fn paths_are_relative_or_begin_at_the_root() {
        assert_eq!(path(&[0x70, 0x05]), Some(vec![0x7005]));
        assert_eq!(path(&[0x3f, 0x00, 0x00, 0x01, 0x70, 0x05]), Some(vec![0x0001, 0x7005]));
        assert_eq!(path(&[0x3f, 0x00]), None);
        assert_eq!(path(&[0x3f]), None);
        assert_eq!(path(&[0x11; 32]), None);
    }

    #[test]
    fn labels_give_the_number() {
        assert_eq!(number_in_label("CPS3v3-2900995235").expect("a number").as_str(), "2900995235");
        for label in ["CPS3v3", "CPS3v3-", "CPS3v3-29009952", "CPS4v1-80424100O7"] {
            assert_eq!(number_in_label(label), None, "{label}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            applications(&bytes);
            directories(&bytes);
            for entry in certificates(&bytes) {
                prop_assert!(!entry.label.chars().any(char::is_control));
            }
            code_reference(&bytes);
            if let Some(label) = token_label(&bytes) {
                number_in_label(&label);
            }
            serial(&bytes);
            file_size(&bytes);
            tries(&bytes);
        }
    }
}
