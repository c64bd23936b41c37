//! Password-based encryption and integrity: PBES2 (RFC 8018 section 6.2), the PKCS#12 schemes (RFC 7292 appendices B and C),
//! and a budget that is spent before the work is done.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm as AesAlgorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::{digest, hmac, pbkdf2};
use des::cipher::consts::U8;
use des::cipher::{Block, BlockCipherDecrypt, KeyInit};
use rc4::StreamCipher;
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

use super::der::{self, Element, INTEGER, OCTET_STRING, SEQUENCE};
use super::oid;
use super::public_key::algorithm_identifier;

/// Why something protected by a password could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked {
    /// The password does not open it.
    Wrong,
    /// It asks for more key derivation iterations than are left.
    Limit(u64),
    /// An algorithm that is not read here.
    Unsupported(String),
    /// Its structure is broken.
    Malformed,
}

/// Key derivation iterations a file may still ask for.
#[derive(Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// With this many iterations.
    pub fn new(iterations: u64) -> Self {
        Self { left: iterations }
    }

    /// Takes `iterations`, or refuses before any work is done.
    pub fn spend(&mut self, iterations: u64) -> Result<u32, Locked> {
        let count = u32::try_from(iterations).map_err(|_| Locked::Limit(iterations))?;
        self.left = self.left.checked_sub(iterations.max(1)).ok_or(Locked::Limit(iterations))?;
        Ok(count)
    }
}

/// A password in the two spellings key derivation wants. Zeroised when dropped.
pub struct Passphrase {
    utf8: Zeroizing<Vec<u8>>,
    /// UTF-16BE with a final zero character, or nothing at all: RFC 7292 appendix B.1 and its common misreading.
    bmp: Zeroizing<Vec<u8>>,
}

impl Passphrase {
    /// No password: neither characters nor the final zero character.
    pub fn absent() -> Self {
        Self { utf8: Zeroizing::default(), bmp: Zeroizing::default() }
    }

    /// This password; the empty one still has its final zero character.
    pub fn new(text: &str) -> Self {
        let mut bmp = Zeroizing::new(Vec::with_capacity(text.len() * 2 + 2));
        for unit in text.encode_utf16().chain([0]) {
            bmp.extend_from_slice(&unit.to_be_bytes());
        }
        Self { utf8: Zeroizing::new(text.as_bytes().to_vec()), bmp }
    }

    /// What to try on a PKCS#12 file: the password that was given; without one, or with an empty one, the two ways files
    /// are written that have none. Nothing is guessed.
    pub fn candidates(given: Option<&SecretString>) -> Vec<Self> {
        match given.map(ExposeSecret::expose_secret) {
            None | Some("") => vec![Self::new(""), Self::absent()],
            Some(text) => vec![Self::new(text)],
        }
    }

    /// The octets for PBES2 and legacy PEM encryption.
    pub fn utf8(&self) -> &[u8] {
        &self.utf8
    }
}

/// Opens what an AlgorithmIdentifier of a password-based scheme encrypts.
pub fn decrypt(
    scheme: Element<'_>,
    encrypted: &[u8],
    password: &Passphrase,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let (scheme, parameters) = algorithm_identifier(scheme).ok_or(Locked::Malformed)?;
    let parameters = parameters.and_then(|parameters| parameters.of(SEQUENCE)).ok_or(Locked::Malformed)?;
    let key_size = match scheme {
        oid::PBES2 => return pbes2(parameters, encrypted, password, budget),
        oid::PBE_SHA1_3DES => 24,
        oid::PBE_SHA1_2DES | oid::PBE_SHA1_RC2_128 | oid::PBE_SHA1_RC4_128 => 16,
        oid::PBE_SHA1_RC2_40 | oid::PBE_SHA1_RC4_40 => 5,
        other => return Err(Locked::Unsupported(oid::dotted(other))),
    };
    let mut fields = parameters.children();
    let salt = fields.field(OCTET_STRING).ok_or(Locked::Malformed)?.content;
    let iterations = fields.field(INTEGER).and_then(|count| count.unsigned()).ok_or(Locked::Malformed)?;
    let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    // One run of SHA-1 gives 20 octets: a 24-octet key takes two, the vector one.
    budget.spend(iterations.saturating_mul(if key_size > 20 { 3 } else { 2 }))?;
    let count = u32::try_from(iterations).map_err(|_| Locked::Limit(iterations))?;
    let mut key = pkcs12_key(hash, password, salt, Purpose::Key, count, key_size);
    if scheme == oid::PBE_SHA1_RC4_128 || scheme == oid::PBE_SHA1_RC4_40 {
        return rc4(&key, encrypted);
    }
    let vector = pkcs12_key(hash, password, salt, Purpose::Vector, count, 8);
    let vector = <[u8; 8]>::try_from(vector.as_slice()).map_err(|_| Locked::Malformed)?;
    match scheme {
        oid::PBE_SHA1_RC2_40 => cbc(&rc2::Rc2::new_with_eff_key_len(&key, 40), vector, encrypted),
        oid::PBE_SHA1_RC2_128 => cbc(&rc2::Rc2::new_with_eff_key_len(&key, 128), vector, encrypted),
        _ => {
            let first: Zeroizing<Vec<u8>> = Zeroizing::new(key.iter().take(8).copied().collect());
            if key_size == 16 {
                key.extend_from_slice(&first); // two-key triple DES is K1 K2 K1
            }
            triple_des(&key, vector, encrypted)
        }
    }
}

/// RC4 has neither padding nor vector: that the password was right shows in what comes out, which is always one SEQUENCE
/// (RFC 7292 section 4.2, RFC 5958 section 2).
fn rc4(key: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let mut opened = Zeroizing::new(encrypted.to_vec());
    rc4::Rc4::new_from_slice(key).map_err(|_| Locked::Malformed)?.apply_keystream(&mut opened);
    let first = der::Reader::new(&opened).next();
    if first.is_some_and(|first| first.tag == SEQUENCE && first.raw.len() == opened.len()) {
        Ok(opened)
    } else {
        Err(Locked::Wrong)
    }
}

/// AES in CBC mode with PKCS#7 padding; the size of the key chooses the algorithm.
pub fn aes(key: &[u8], vector: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let algorithm: &AesAlgorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        32 => &AES_256,
        _ => return Err(Locked::Malformed),
    };
    let vector = <[u8; 16]>::try_from(vector).map_err(|_| Locked::Malformed)?;
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| Locked::Malformed)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| Locked::Malformed)?;
    let mut buffer = Zeroizing::new(encrypted.to_vec());
    let opened = key.decrypt(&mut buffer, DecryptionContext::Iv128(vector.into())).map_err(|_| Locked::Wrong)?.len();
    buffer.truncate(opened);
    Ok(buffer)
}

/// Three-key triple DES in CBC mode with PKCS#7 padding.
pub fn triple_des(key: &[u8], vector: [u8; 8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Locked> {
    cbc(&des::TdesEde3::new_from_slice(key).map_err(|_| Locked::Malformed)?, vector, encrypted)
}

/// DES in CBC mode with PKCS#7 padding.
pub fn single_des(key: &[u8], vector: [u8; 8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Locked> {
    cbc(&des::Des::new_from_slice(key).map_err(|_| Locked::Malformed)?, vector, encrypted)
}

/// Whether the MacData of a PKCS#12 file (RFC 7292 section 4, RFC 9579) verifies over the authenticated safe.
pub fn verify_mac(
    mac_data: Element<'_>,
    authenticated: &[u8],
    password: &Passphrase,
    budget: &mut Budget,
) -> Result<(), Locked> {
    let mut fields = mac_data.children();
    let mut info = fields.field(SEQUENCE).ok_or(Locked::Malformed)?.children();
    let (algorithm, parameters) = info.field(SEQUENCE).and_then(algorithm_identifier).ok_or(Locked::Malformed)?;
    let tag = info.field(OCTET_STRING).ok_or(Locked::Malformed)?.content;
    let key = if algorithm == oid::PBMAC1 {
        pbmac1_key(parameters.ok_or(Locked::Malformed)?, password, budget)?
    } else {
        let (hash, mac) = hash(algorithm).ok_or_else(|| Locked::Unsupported(oid::dotted(algorithm)))?;
        let salt = fields.field(OCTET_STRING).ok_or(Locked::Malformed)?.content;
        let iterations = match fields.field(INTEGER) {
            Some(count) => count.unsigned().ok_or(Locked::Malformed)?,
            None => 1,
        };
        let count = budget.spend(iterations)?;
        let key = pkcs12_key(hash, password, salt, Purpose::Mac, count, hash.output_len());
        hmac::Key::new(mac, &key)
    };
    hmac::verify(&key, authenticated, tag).map_err(|_| Locked::Wrong)
}

fn pbes2(
    parameters: Element<'_>,
    encrypted: &[u8],
    password: &Passphrase,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let mut parts = parameters.children();
    let derivation = parts.field(SEQUENCE).ok_or(Locked::Malformed)?;
    let (cipher, vector) = parts.field(SEQUENCE).and_then(algorithm_identifier).ok_or(Locked::Malformed)?;
    let vector = vector.and_then(|vector| vector.of(OCTET_STRING)).ok_or(Locked::Malformed)?.content;
    let key_size = match cipher {
        oid::AES_128_CBC => 16,
        oid::AES_192_CBC | oid::DES_EDE3_CBC => 24,
        oid::AES_256_CBC => 32,
        other => return Err(Locked::Unsupported(oid::dotted(other))),
    };
    let key = pbkdf2_key(derivation, key_size, password, budget)?;
    if cipher == oid::DES_EDE3_CBC {
        return triple_des(&key, vector.try_into().map_err(|_| Locked::Malformed)?, encrypted);
    }
    aes(&key, vector, encrypted)
}

/// RFC 9579 section 3: PBKDF2, then an HMAC.
fn pbmac1_key(parameters: Element<'_>, password: &Passphrase, budget: &mut Budget) -> Result<hmac::Key, Locked> {
    let mut parts = parameters.children();
    let derivation = parts.field(SEQUENCE).ok_or(Locked::Malformed)?;
    let (mac, _) = parts.field(SEQUENCE).and_then(algorithm_identifier).ok_or(Locked::Malformed)?;
    let mac = hmac_algorithm(mac).ok_or_else(|| Locked::Unsupported(oid::dotted(mac)))?;
    // keyLength, which RFC 9579 requires, is bounded by what an HMAC key can use.
    let wanted = algorithm_identifier(derivation)
        .and_then(|(_, fields)| fields?.children().filter(|field| field.tag == INTEGER).nth(1)?.unsigned())
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| (1..=128).contains(size))
        .ok_or(Locked::Malformed)?;
    Ok(hmac::Key::new(mac, &pbkdf2_key(derivation, wanted, password, budget)?))
}

fn pbkdf2_key(
    derivation: Element<'_>,
    size: usize,
    password: &Passphrase,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let (kind, fields) = algorithm_identifier(derivation).ok_or(Locked::Malformed)?;
    if kind != oid::PBKDF2 {
        return Err(Locked::Unsupported(oid::dotted(kind)));
    }
    let mut fields = fields.ok_or(Locked::Malformed)?.children();
    let salt = fields.field(OCTET_STRING).ok_or(Locked::Malformed)?.content;
    let iterations = fields.field(INTEGER).and_then(|count| count.unsigned()).ok_or(Locked::Malformed)?;
    fields.field(INTEGER); // keyLength: the cipher says it
    let function = match fields.field(SEQUENCE) {
        Some(identifier) => algorithm_identifier(identifier).ok_or(Locked::Malformed)?.0,
        None => oid::HMAC_SHA1,
    };
    let mac = hmac_algorithm(function).ok_or_else(|| Locked::Unsupported(oid::dotted(function)))?;
    let output = mac.digest_algorithm().output_len();
    let blocks = size.div_ceil(output.max(1));
    let spent = iterations.saturating_mul(u64::try_from(blocks).unwrap_or(u64::MAX));
    budget.spend(spent)?;
    let count = u32::try_from(iterations).ok().and_then(NonZeroU32::new).ok_or(Locked::Malformed)?;
    let mut key = Zeroizing::new(vec![0; size]);
    let algorithm = match function {
        oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        oid::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => {
            pbkdf2_by_hand(mac, count.get(), salt, password.utf8(), &mut key);
            return Ok(key);
        }
    };
    pbkdf2::derive(algorithm, count, salt, password.utf8(), &mut key);
    Ok(key)
}

/// RFC 8018 section 5.2, for the one function the provider's PBKDF2 lacks: HMAC-SHA224.
fn pbkdf2_by_hand(mac: hmac::Algorithm, iterations: u32, salt: &[u8], password: &[u8], out: &mut [u8]) {
    let key = hmac::Key::new(mac, password);
    for (number, block) in (1_u32..).zip(out.chunks_mut(mac.digest_algorithm().output_len().max(1))) {
        let mut step = hmac::sign(&key, &[salt, &number.to_be_bytes()].concat());
        block.iter_mut().zip(step.as_ref()).for_each(|(to, from)| *to = *from);
        for _ in 1..iterations {
            step = hmac::sign(&key, step.as_ref());
            block.iter_mut().zip(step.as_ref()).for_each(|(to, from)| *to ^= *from);
        }
    }
}

fn hmac_algorithm(function: &[u8]) -> Option<hmac::Algorithm> {
    match function {
        oid::HMAC_SHA1 => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        oid::HMAC_SHA224 => Some(hmac::HMAC_SHA224),
        oid::HMAC_SHA256 => Some(hmac::HMAC_SHA256),
        oid::HMAC_SHA384 => Some(hmac::HMAC_SHA384),
        oid::HMAC_SHA512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn hash(algorithm: &[u8]) -> Option<(&'static digest::Algorithm, hmac::Algorithm)> {
    match algorithm {
        oid::SHA1 => Some((&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
        oid::SHA224 => Some((&digest::SHA224, hmac::HMAC_SHA224)),
        oid::SHA256 => Some((&digest::SHA256, hmac::HMAC_SHA256)),
        oid::SHA384 => Some((&digest::SHA384, hmac::HMAC_SHA384)),
        oid::SHA512 => Some((&digest::SHA512, hmac::HMAC_SHA512)),
        _ => None,
    }
}

/// The diversifier of RFC 7292 appendix B.3.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Key = 1,
    Vector = 2,
    Mac = 3,
}

/// RFC 7292 appendix B.2.
fn pkcs12_key(
    hash: &'static digest::Algorithm,
    password: &Passphrase,
    salt: &[u8],
    purpose: Purpose,
    iterations: u32,
    size: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let stretched = |text: &[u8]| -> Vec<u8> {
        text.iter()
            .copied()
            .cycle()
            .take(if text.is_empty() { 0 } else { text.len().div_ceil(block) * block })
            .collect()
    };
    let mut input = Zeroizing::new(stretched(salt));
    input.append(&mut stretched(&password.bmp));
    let mut key = Zeroizing::new(Vec::with_capacity(size + hash.output_len()));
    while key.len() < size {
        let mut context = digest::Context::new(hash);
        context.update(&vec![purpose as u8; block]);
        context.update(&input);
        let mut step = context.finish();
        for _ in 1..iterations {
            step = digest::digest(hash, step.as_ref());
        }
        key.extend_from_slice(step.as_ref());
        let addend: Vec<u8> = step.as_ref().iter().copied().cycle().take(block).collect();
        for part in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (octet, add) in part.iter_mut().zip(&addend).rev() {
                carry += u16::from(*octet) + u16::from(*add);
                *octet = (carry & 0xff) as u8;
                carry >>= 8;
            }
        }
    }
    key.truncate(size);
    key
}

/// CBC over an 8-octet block cipher, with PKCS#7 padding.
fn cbc<C: BlockCipherDecrypt<BlockSize = U8>>(
    cipher: &C,
    vector: [u8; 8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Locked> {
    if encrypted.is_empty() || !encrypted.len().is_multiple_of(8) {
        return Err(Locked::Malformed);
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(encrypted.len()));
    let mut before: &[u8] = &vector;
    for chunk in encrypted.chunks_exact(8) {
        let mut block = Block::<C>::default();
        block.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(octet, mask)| octet ^ mask));
        before = chunk;
    }
    let padding = usize::from(plain.last().copied().unwrap_or_default());
    let length = plain.len().checked_sub(padding).filter(|_| (1..=8).contains(&padding)).ok_or(Locked::Wrong)?;
    if plain.get(length..).is_none_or(|tail| tail.iter().any(|octet| usize::from(*octet) != padding)) {
        return Err(Locked::Wrong);
    }
    plain.truncate(length);
    Ok(plain)
}

/// A SEQUENCE that fills the bytes: what every opened structure must look like, else the password was wrong.
pub fn opened(bytes: &[u8]) -> Result<Element<'_>, Locked> {
    der::single(bytes, SEQUENCE).ok_or(Locked::Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_refuses_before_the_work() {
        let mut budget = Budget::new(10);
        assert_eq!(budget.spend(4), Ok(4));
        assert_eq!(budget.spend(7), Err(Locked::Limit(7)));
        assert_eq!(budget.spend(6), Ok(6));
        assert_eq!(budget.spend(0), Err(Locked::Limit(0)));
        assert_eq!(Budget::new(u64::MAX).spend(1 << 40), Err(Locked::Limit(1 << 40)));
    }

    #[test]
    fn both_pbkdf2_agree() {
        let (mut by_hand, mut provided) = ([0; 50], [0; 50]);
        pbkdf2_by_hand(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, 3, b"salt", b"password", &mut by_hand);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA1,
            NonZeroU32::MIN.saturating_add(2),
            b"salt",
            b"password",
            &mut provided,
        );
        assert_eq!(by_hand, provided);
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(Passphrase::candidates(Some(&"x".into())).len(), 1);
        assert_eq!(Passphrase::candidates(None).len(), 2);
    }
}
