//! Header facts of a CRL (RFC 5280 section 5). Entries are counted, not kept.

use std::sync::Arc;

use super::date;
use super::der::{self, BIT_STRING, Element, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME, context};
use super::digest::sha256;
use super::extension;
use super::public_key::algorithm_identifier;
use super::{hex, name, oid};
use crate::domain::reading::CrlFacts;

/// Numbers longer than this many octets (RFC 5280 section 5.2.3 allows 20) are shown in hex.
const MAX_DECIMAL_OCTETS: usize = 64;

/// The facts of a CRL in DER; `None` when it lacks the outline of RFC 5280 section 5.1.
pub fn read(der: &[u8]) -> Option<CrlFacts> {
    let mut outer = Reader::new(der).field(SEQUENCE)?.children();
    let tbs = outer.field(SEQUENCE)?;
    let (algorithm, _) = algorithm_identifier(outer.field(SEQUENCE)?)?;
    outer.field(BIT_STRING)?;
    let mut fields = tbs.children();
    fields.field(INTEGER); // version: absent in v1
    fields.field(SEQUENCE)?; // signature, said again outside
    let issuer = fields.field(SEQUENCE)?;
    let this_update = time(&mut fields)?;
    let next_update = time(&mut fields);
    let entries = fields.field(SEQUENCE).map_or(0, |revoked| revoked.children().count());
    let mut facts = CrlFacts {
        fingerprint: sha256(der),
        issuer: name::rfc4514(issuer.content).into(),
        this_update: date::read(this_update).unwrap_or(date::UNREADABLE),
        next_update: next_update.map(|time| date::read(time).unwrap_or(date::UNREADABLE)),
        crl_number: None,
        signature_algorithm: oid::signature_algorithm(algorithm).into(),
        entries,
        delta: false,
    };
    let extensions = fields.field(context(0)).and_then(|wrapped| wrapped.children().field(SEQUENCE));
    for (kind, value) in extensions.into_iter().flat_map(extension::each) {
        match kind {
            oid::CRL_NUMBER => {
                facts.crl_number = Reader::new(value).field(INTEGER).map(|number| decimal(number.content))
            }
            oid::DELTA_CRL_INDICATOR => facts.delta = true,
            _ => {}
        }
    }
    Some(facts)
}

fn time<'a>(fields: &mut Reader<'a>) -> Option<Element<'a>> {
    fields.field(UTC_TIME).or_else(|| fields.field(GENERALIZED_TIME))
}

/// A non-negative INTEGER in decimal.
fn decimal(content: &[u8]) -> Arc<str> {
    let octets = der::magnitude(content);
    if octets.len() > MAX_DECIMAL_OCTETS {
        let mut text = String::from("0x");
        hex::lower(&mut text, "", octets);
        return text.into();
    }
    let mut digits = vec![0_u8]; // least significant first
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_numbers() {
        assert_eq!(&*decimal(&[]), "0");
        assert_eq!(&*decimal(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "4722366482869645213695");
        assert!(decimal(&[1; 65]).starts_with("0x0101"));
    }

    proptest! {
        #[test]
        fn decimal_agrees_with_u128(number: u128) {
            let shown = decimal(&number.to_be_bytes());
            prop_assert_eq!(shown.to_string(), number.to_string());
        }
    }
}
