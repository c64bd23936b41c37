//! Keyed 64-bit fingerprints of serial numbers (SipHash-1-3), and the checksum of a page.

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

/// SipHash-1-3 (Aumasson and Bernstein, 2012): one round a word and three at the end, as the hash tables of Rust and Python have it. Nobody sees a fingerprint;
/// that nobody who knows the serial numbers can make them meet is all that is asked of it.
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
    for _ in 0..3 {
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
    // Four and more are two words that overlap.
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
        return first | last << (8 * (bytes.len() - 4));
    }
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// A checksum against decay, not against people: every single number that changes changes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checksum(u64);

impl Checksum {
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Takes the next entry.
    #[inline]
    pub(super) const fn take(&mut self, fingerprint: u64, offset: u32) {
        let offset = (offset as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        self.0 = (self.0.rotate_left(29) ^ fingerprint ^ offset).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The checksum of so many entries.
    pub(super) const fn finish(self, entries: u32) -> u64 {
        self.0 ^ entries as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vectors() {
        // `vectors_sip13` of Rust's library: key 00..0f, messages of 0, 1, 2... octets counting up.
        let key = Key(std::array::from_fn(|place| place as u8));
        let message: Vec<u8> = (0..64).collect();
        for (length, wanted) in [(0, 0xabac_0158_050f_c4dc_u64), (1, 0xc9f4_9bf3_7d57_ca93)] {
            assert_eq!(siphash(&key, &message[..length]), wanted, "{length} octets");
        }
        assert_ne!(key.of_issuer(b"a", b"bc"), key.of_issuer(b"ab", b"c"));
    }

    #[test]
    fn agrees_with_the_library() {
        use std::hash::Hasher as _;
        // Its hash tables hash with this function, and this hasher with a key of zeros.
        let message: Vec<u8> = (0..64).collect();
        for length in 0..64 {
            let mut theirs = std::hash::DefaultHasher::new();
            theirs.write(&message[..length]);
            assert_eq!(siphash(&Key([0; 16]), &message[..length]), theirs.finish(), "{length} octets");
        }
    }

    #[test]
    fn the_checksum_sees_every_bit() {
        let page: Vec<(u64, u32)> = (0..10).map(|entry| (entry * 0x0101_0101, entry as u32)).collect();
        let sum = |page: &[(u64, u32)]| {
            let mut sum = Checksum::new();
            page.iter().for_each(|(fingerprint, offset)| sum.take(*fingerprint, *offset));
            sum.finish(page.len() as u32)
        };
        for place in 0..page.len() {
            for bit in 0..96 {
                let mut damaged = page.clone();
                damaged[place].0 ^= 1_u64.checked_shl(bit).unwrap_or(0);
                damaged[place].1 ^= bit.checked_sub(64).map_or(0, |bit| 1 << bit);
                assert_ne!(sum(&damaged), sum(&page));
            }
        }
        assert_ne!(sum(&page[..9]), sum(&page));
    }
}
