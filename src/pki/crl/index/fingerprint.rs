//! Keyed 64-bit fingerprints of serial numbers (SipHash-2-4), and the checksum of a page.

use std::fmt;

/// The key of one index, drawn at random when it is made: whoever chooses serial numbers cannot make them meet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 16]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The fingerprint of a serial number, of a certificate of the list's issuer.
    #[inline]
    pub fn of(&self, serial: &[u8]) -> u64 {
        siphash(self, serial)
    }

    /// The fingerprint of a serial number of a certificate of another issuer, by its canonical name.
    pub fn of_issuer(&self, issuer: &[u8], serial: &[u8]) -> u64 {
        // The length first, so that no two pairs run together.
        let parts = [&(issuer.len() as u64).to_le_bytes()[..], issuer, serial];
        siphash(self, &parts.concat()).rotate_left(1)
    }
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012).
#[inline]
fn siphash(Key(key): &Key, message: &[u8]) -> u64 {
    let (low, high) = key.split_at(8);
    let (k0, k1) = (word(low), word(high));
    let mut state = State {
        v0: k0 ^ 0x736f_6d65_7073_6575,
        v1: k1 ^ 0x646f_7261_6e64_6f6d,
        v2: k0 ^ 0x6c79_6765_6e65_7261,
        v3: k1 ^ 0x7465_6462_7974_6573,
    };
    let (words, rest) = message.as_chunks::<8>();
    for bytes in words {
        state.take(u64::from_le_bytes(*bytes));
    }
    state.take(word(rest) | (message.len() as u64) << 56);
    state.v2 ^= 0xff;
    for _ in 0..4 {
        state.round();
    }
    state.v0 ^ state.v1 ^ state.v2 ^ state.v3
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    #[inline]
    fn take(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.round();
        self.v0 ^= word;
    }

    #[inline]
    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v2 = self.v2.rotate_left(32);
    }
}

/// Up to eight octets, little end first.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// A checksum against decay, not against people: every single word that changes changes it.
pub(super) fn checksum(entries: &[u8]) -> u64 {
    let (words, _) = entries.as_chunks::<4>();
    words.iter().fold(entries.len() as u64, |sum, bytes| {
        (sum.rotate_left(29) ^ u64::from(u32::from_le_bytes(*bytes))).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vectors() {
        // The test vectors of the reference implementation: key 00..0f, messages of 0, 1, 2... octets counting up.
        let key = Key(std::array::from_fn(|place| place as u8));
        let message: Vec<u8> = (0..64).collect();
        for (length, wanted) in [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (63, 0x958a_324c_eb06_4572_u64),
        ] {
            assert_eq!(siphash(&key, &message[..length]), wanted, "{length} octets");
        }
        assert_ne!(key.of_issuer(b"a", b"bc"), key.of_issuer(b"ab", b"c"));
    }

    #[test]
    fn the_checksum_sees_every_bit() {
        let page: Vec<u8> = (0..120).collect();
        let whole = checksum(&page);
        for bit in 0..page.len() * 8 {
            let mut damaged = page.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(checksum(&damaged), whole);
        }
        assert_ne!(checksum(&page[..108]), whole);
    }
}
