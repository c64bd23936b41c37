//! The compact form of facts and observations: what loading a hundred thousand rows in a fraction of a second takes.
//!
//! A sealed value is a version byte, the length and the CRC-32 of the payload as 32 bits in little-endian order, then the payload, so
//! that values can stand one behind the other. Integers are LEB128
//! (signed ones zigzag), texts and bytes carry their length. Words of closed lists are stored as they are spelled, so that
//! reordering an enum changes nothing.

pub(super) mod facts;
pub(super) mod state;

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use crate::domain::fingerprint::Fingerprint;
use crate::domain::key::KeyAlgorithm;
use crate::domain::time::Timestamp;

/// Why packed bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Values shared by many certificates are kept once: issuers, algorithms, usages.
#[derive(Default)]
pub(super) struct Interner {
    texts: HashSet<Arc<str>>,
    lists: HashMap<Box<[u8]>, Arc<[Arc<str>]>>,
}

impl Interner {
    /// The shared copy of `text`.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }
}

/// Version, length, checksum.
const HEAD: usize = 9;

/// Writes a payload.
struct Packer(Vec<u8>);

impl Packer {
    /// Room for the seal comes first.
    fn new(version: u8) -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend([version, 0, 0, 0, 0, 0, 0, 0, 0]);
        Self(bytes)
    }

    fn seal(mut self) -> Vec<u8> {
        if let Some(([_, length @ .., a, b, c, d], payload)) = self.0.split_first_chunk_mut::<HEAD>() {
            // Beyond four gigabytes the length does not fit, and the value is not one that can be read.
            *length = u32::try_from(payload.len()).unwrap_or(0).to_le_bytes();
            [*a, *b, *c, *d] = crc32(payload).to_le_bytes();
        }
        self.0
    }

    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn signed(&mut self, value: i64) {
        self.unsigned((value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.unsigned(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn fingerprint(&mut self, value: &Fingerprint) {
        self.0.extend_from_slice(&value.0);
    }

    fn time(&mut self, value: Timestamp) {
        self.signed(value.unix());
    }

    fn option<T>(&mut self, value: Option<T>, pack: impl FnOnce(&mut Self, T)) {
        self.byte(value.is_some().into());
        if let Some(value) = value {
            pack(self, value);
        }
    }

    fn list<T>(&mut self, values: &[T], mut pack: impl FnMut(&mut Self, &T)) {
        self.unsigned(values.len() as u64);
        values.iter().for_each(|value| pack(self, value));
    }

    fn key(&mut self, key: &KeyAlgorithm) {
        match key {
            KeyAlgorithm::Rsa(bits) => self.tagged(0, *bits),
            KeyAlgorithm::RsaPss(bits) => self.tagged(1, *bits),
            KeyAlgorithm::Dsa(bits) => self.tagged(2, *bits),
            KeyAlgorithm::EcP256 => self.byte(3),
            KeyAlgorithm::EcP384 => self.byte(4),
            KeyAlgorithm::EcP521 => self.byte(5),
            KeyAlgorithm::Ed25519 => self.byte(6),
            KeyAlgorithm::Ed448 => self.byte(7),
            KeyAlgorithm::EcOther(oid) => {
                self.byte(8);
                self.text(oid);
            }
            KeyAlgorithm::Other(oid) => {
                self.byte(9);
                self.text(oid);
            }
        }
    }

    fn tagged(&mut self, tag: u8, value: u32) {
        self.byte(tag);
        self.unsigned(value.into());
    }
}

/// Reads a payload; every step is bounded by the bytes that are left.
struct Unpacker<'a>(&'a [u8]);

impl<'a> Unpacker<'a> {
    /// Takes the first of the sealed values in `from` and checks its seal. `Err` when the version is another one or the bytes changed.
    fn open(from: &mut &'a [u8], version: u8) -> Result<Self, Unreadable> {
        let (&[stated, l0, l1, l2, l3, ref crc @ ..], rest) = from.split_first_chunk::<HEAD>().ok_or(Unreadable)?;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).map_err(|_| Unreadable)?;
        let (payload, behind) = rest.split_at_checked(length).ok_or(Unreadable)?;
        *from = behind;
        if stated == version && crc32(payload).to_le_bytes() == *crc { Ok(Self(payload)) } else { Err(Unreadable) }
    }

    fn end(&self) -> Result<(), Unreadable> {
        if self.0.is_empty() { Ok(()) } else { Err(Unreadable) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        let (first, rest) = self.0.split_first().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*first)
    }

    fn flag(&mut self) -> Result<bool, Unreadable> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable),
        }
    }

    fn unsigned(&mut self) -> Result<u64, Unreadable> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Unreadable)
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Unreadable> {
        T::try_from(self.unsigned()?).map_err(|_| Unreadable)
    }

    fn signed(&mut self) -> Result<i64, Unreadable> {
        let value = self.unsigned()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Unreadable> {
        let count = self.small()?;
        self.take(count)
    }

    fn text(&mut self) -> Result<&'a str, Unreadable> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Unreadable)
    }

    fn word<T: FromStr>(&mut self) -> Result<T, Unreadable> {
        self.text()?.parse().map_err(|_| Unreadable)
    }

    fn fingerprint(&mut self) -> Result<Fingerprint, Unreadable> {
        self.take(32)?.try_into().map(Fingerprint).map_err(|_| Unreadable)
    }

    fn time(&mut self) -> Result<Timestamp, Unreadable> {
        self.signed().map(Timestamp::from_unix)
    }

    fn option<T>(&mut self, unpack: impl FnOnce(&mut Self) -> Result<T, Unreadable>) -> Result<Option<T>, Unreadable> {
        if self.flag()? { unpack(self).map(Some) } else { Ok(None) }
    }

    fn list<T>(&mut self, mut unpack: impl FnMut(&mut Self) -> Result<T, Unreadable>) -> Result<Arc<[T]>, Unreadable> {
        let count: usize = self.small()?;
        // Every item takes at least one byte: a count beyond that is nonsense and must not reserve memory.
        if count > self.0.len() {
            return Err(Unreadable);
        }
        // Most lists are empty, and those are one.
        if count == 0 { Ok(Arc::default()) } else { (0..count).map(|_| unpack(self)).collect() }
    }

    /// A list of texts, shared when the same list was met before.
    fn texts(&mut self, interner: &mut Interner) -> Result<Arc<[Arc<str>]>, Unreadable> {
        let before = self.0;
        let count: usize = self.small()?;
        for _ in 0..count {
            self.bytes()?;
        }
        let taken = before.get(..before.len() - self.0.len()).ok_or(Unreadable)?;
        if let Some(known) = interner.lists.get(taken) {
            return Ok(Arc::clone(known));
        }
        let list = Unpacker(taken).list(|at| at.text().map(Arc::from))?;
        interner.lists.insert(taken.into(), Arc::clone(&list));
        Ok(list)
    }

    fn key(&mut self, interner: &mut Interner) -> Result<KeyAlgorithm, Unreadable> {
        Ok(match self.byte()? {
            0 => KeyAlgorithm::Rsa(self.small()?),
            1 => KeyAlgorithm::RsaPss(self.small()?),
            2 => KeyAlgorithm::Dsa(self.small()?),
            3 => KeyAlgorithm::EcP256,
            4 => KeyAlgorithm::EcP384,
            5 => KeyAlgorithm::EcP521,
            6 => KeyAlgorithm::Ed25519,
            7 => KeyAlgorithm::Ed448,
            8 => KeyAlgorithm::EcOther(interner.text(self.text()?)),
            9 => KeyAlgorithm::Other(interner.text(self.text()?)),
            _ => return Err(Unreadable),
        })
    }
}

/// CRC-32 of IEEE 802.3: shows damage, proves nothing.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLES: [[u32; 256]; 4] = tables();
    const fn tables() -> [[u32; 256]; 4] {
        let mut tables = [[0; 256]; 4];
        let mut index = 0;
        while index < 256 {
            let mut value = index as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
                bit += 1;
            }
            tables[0][index] = value;
            index += 1;
        }
        index = 0;
        while index < 256 {
            let mut table = 1;
            while table < 4 {
                let value = tables[table - 1][index];
                tables[table][index] = (value >> 8) ^ tables[0][(value & 0xff) as usize];
                table += 1;
            }
            index += 1;
        }
        tables
    }
    let look = |table: usize, byte: u32| TABLES[table][(byte & 0xff) as usize];
    let (words, rest) = bytes.as_chunks::<4>();
    let crc = words.iter().fold(u32::MAX, |crc, word| {
        let value = crc ^ u32::from_le_bytes(*word);
        look(3, value) ^ look(2, value >> 8) ^ look(1, value >> 16) ^ look(0, value >> 24)
    });
    !rest.iter().fold(crc, |crc, byte| look(0, crc ^ u32::from(*byte)) ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_has() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn integers_come_back() {
        for value in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut packer = Packer::new(1);
            packer.signed(value);
            packer.unsigned(value.cast_unsigned());
            let sealed = packer.seal();
            let mut at = Unpacker::open(&mut sealed.as_slice(), 1).expect("intact");
            assert_eq!(at.signed(), Ok(value));
            assert_eq!(at.unsigned(), Ok(value.cast_unsigned()));
            assert_eq!(at.end(), Ok(()));
        }
    }
}
