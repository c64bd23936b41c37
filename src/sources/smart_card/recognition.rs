//! Which card an ATR belongs to: the ATRs ANS publishes, then the historical bytes of the family. Nothing is sent to a card that is not
//! recognised.

use crate::domain::found_card::CardGeneration;

/// A card, by its ATR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// A CPx card that can be read.
    Cpx(Chip),
    /// A CPx card of a generation that went out of use in 2021: named, not read.
    Cps2ter,
    /// The health insurance card of a patient: named, never read.
    Vitale,
    /// Not a card of ours: left alone.
    Other,
}

/// How a CPx card wants to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chip {
    /// CPS3 by contact.
    Cps3,
    /// CPS3 over the air.
    Cps3Contactless,
    /// CPS4, any variant.
    Cps4,
    /// A CPx card of an unknown generation: read like a CPS3, which every CPx card imitates at power-up.
    Unknown,
}

impl Chip {
    /// Its generation.
    pub const fn generation(self) -> CardGeneration {
        match self {
            Self::Cps3 => CardGeneration::Cps3,
            Self::Cps3Contactless => CardGeneration::Cps3Contactless,
            Self::Cps4 => CardGeneration::Cps4,
            Self::Unknown => CardGeneration::Unknown,
        }
    }
}

const CPS2TER: Recognised = Recognised::Cps2ter;
const CPS3: Recognised = Recognised::Cpx(Chip::Cps3);
const CPS3_CONTACTLESS: Recognised = Recognised::Cpx(Chip::Cps3Contactless);
const CPS4: Recognised = Recognised::Cpx(Chip::Cps4);

/// ATRs as ANS compares them, byte for byte (sources of Cryptolib CPS 5.2; CPS2ter and Vitale: list of pcsc-tools).
const KNOWN: [(&[u8], Recognised); 6] = [
    (b"\x3b\xac\x00\x40\x2a\x00\x12\x25\x00\x64\x80\x00\x03\x10\x00\x90\x00", CPS3),
    (b"\x3b\x8f\x80\x01\x00\x31\xb8\x64\x04\xb0\xec\xc1\x73\x94\x01\x80\x82\x90\x00\x0e", CPS3_CONTACTLESS),
    (b"\x3b\x9b\x18\x80\x01\x00\x12\x25\x00\x64\x80\x04\x01\x00\x00\x90\x44", CPS4),
    (b"\x3b\x9b\x18\x80\x01\x00\x12\x25\x00\x64\x80\x00\x04\x01\x00\x90\x44", CPS4),
    (b"\x3b\xdc\x18\xff\x00\x00\x12\x25\x00\x64\x80\x00\x04\x01\x00\x90\x00", CPS4),
    (b"\x3b\xac\x00\x40\x2a\x00\x12\x25\x00\x64\x80\x82\x02\x12\x00\x90\x00", CPS2TER),
];

/// Category, issuer of France, and the tag of the pre-issuing data (ISO 7816-4): what every CPx contact card says of itself.
const FAMILY: &[u8] = b"\x00\x12\x25\x00\x64\x80";

/// The card of an ATR.
pub fn recognise(atr: &[u8]) -> Recognised {
    if let Some((_, card)) = KNOWN.iter().find(|(known, _)| *known == atr) {
        return *card;
    }
    if let Some(at) = atr.windows(FAMILY.len()).position(|window| window == FAMILY) {
        return match atr.get(at + FAMILY.len()..).unwrap_or_default() {
            [0x00, 0x03, ..] => CPS3,
            [0x00, 0x04, ..] | [0x04, ..] => CPS4,
            [0x82, ..] => CPS2TER,
            _ => Recognised::Cpx(Chip::Unknown),
        };
    }
    match atr {
        [0x3b, 0x75, 0x13, 0x00, 0x00, _, 0x09, 0xea, 0x90, 0x00] => Recognised::Vitale,
        _ => Recognised::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_atr_is_known_and_its_variants_by_their_historical_bytes() {
        for (atr, card) in KNOWN {
            assert_eq!(recognise(atr), card, "{atr:x?}");
            // Another interface byte, as another batch has: the historical bytes still tell.
            let mut other = atr.to_vec();
            other[3] ^= 0x01;
            let wanted = if card == CPS3_CONTACTLESS { Recognised::Other } else { card };
            assert_eq!(recognise(&other), wanted, "{other:x?}");
        }
    }

    #[test]
    fn unknown_generations_vitale_and_strangers() {
        let coming = b"\x3b\x9b\x18\x80\x01\x00\x12\x25\x00\x64\x80\x00\x05\x00\x00\x90\x44";
        assert_eq!(recognise(coming), Recognised::Cpx(Chip::Unknown));
        assert_eq!(recognise(b"\x3b\x75\x13\x00\x00\x44\x09\xea\x90\x00"), Recognised::Vitale);
        for stranger in [&b""[..], b"\x3b", b"\x3b\x95\x13\x81\x01\x80\x73\xff\x01\x00\x0b", &[0xff; 33]] {
            assert_eq!(recognise(stranger), Recognised::Other);
        }
    }
}
