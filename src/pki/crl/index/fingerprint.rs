//! Keyed 64-bit fingerprints of serial numbers, and the checksum of a page.

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
    #[inline(always)]
    pub fn of(&self, serial: &[u8]) -> u64 {
        keyed(self, serial)
    }

    /// The fingerprint of a serial number of a certificate of another issuer, by its canonical name.
    pub fn of_issuer(&self, issuer: &[u8], serial: &[u8]) -> u64 {
        // The length first, so that no two pairs run together.
        let parts = [&(issuer.len() as u64).to_le_bytes()[..], issuer, serial];
        keyed(self, &parts.concat()).rotate_left(1)
    }
}

/// A keyed hash of multiplications whose halves are folded (as in wyhash, Wang Yi 2019): one for each sixteen octets and one at the end. Nobody sees a
/// fingerprint, and two serial numbers that meet are told apart in the list itself: that whoever chose them before the key was drawn cannot make them meet
/// is all that is asked of it. The constants, of pi's digits, keep a key of zeros from being one.
#[inline(always)]
fn keyed(Key(key): &Key, message: &[u8]) -> u64 {
    let (low, high) = key.split_at(8);
    let (mut state, other) = (word(low) ^ 0x243f_6a88_85a3_08d3, word(high) ^ 0x1319_8a2e_0370_7344);
    let (blocks, rest) = message.as_chunks::<16>();
    for block in blocks {
        if let ([first, second], []) = block.as_chunks() {
            state = folded(state ^ u64::from_le_bytes(*first), other ^ u64::from_le_bytes(*second));
        }
    }
    if !rest.is_empty() {
        let (first, second) = rest.split_at(rest.len().min(8));
        state = folded(state ^ word(first), other ^ word(second));
    }
    folded(state ^ message.len() as u64, other ^ 0x9e37_79b9_7f4a_7c15)
}

/// Both halves of the product in one.
#[inline(always)]
const fn folded(left: u64, right: u64) -> u64 {
    let product = left as u128 * right as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Up to eight octets, little end first.
#[inline(always)]
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

    fn key(seed: u64) -> Key {
        let mut octets = [0; 16];
        octets[8..].copy_from_slice(&seed.to_le_bytes());
        Key(octets)
    }

    #[test]
    fn every_length_and_every_key_has_its_own() {
        let message: Vec<u8> = vec![0; 64];
        let mut seen = std::collections::HashSet::new();
        for key in (0..50).map(key) {
            assert!((0..64).all(|length| seen.insert(keyed(&key, &message[..length]))));
        }
        let key = key(0);
        assert_ne!(key.of_issuer(b"a", b"bc"), key.of_issuer(b"ab", b"c"));
        assert_ne!(key.of_issuer(b"", b"a"), key.of(b"a"));
    }

    #[test]
    fn every_bit_moves_half_of_them() {
        // Serial numbers that count up, as many authorities have them, and each bit of theirs: every bit of the fingerprint changes in about half of the cases.
        for length in [1, 2, 8, 9, 16, 20] {
            let mut moved = [0_u32; 64];
            let mut cases = 0;
            for seed in 0..200_u64 {
                let key = key(seed);
                let mut serial = vec![0x11; length];
                let last = serial.len() - 1;
                serial[last] = seed as u8;
                let before = key.of(&serial);
                for bit in 0..length * 8 {
                    serial[bit / 8] ^= 1 << (bit % 8);
                    let changed = before ^ key.of(&serial);
                    serial[bit / 8] ^= 1 << (bit % 8);
                    cases += 1;
                    moved.iter_mut().enumerate().for_each(|(place, count)| *count += (changed >> place & 1) as u32);
                }
            }
            for (place, count) in moved.iter().enumerate() {
                let share = f64::from(*count) / f64::from(cases);
                assert!((0.4..0.6).contains(&share), "{length} octets, bit {place}: {share}");
            }
        }
    }

    #[test]
    fn serial_numbers_in_a_row_fill_buckets_evenly() {
        for key in (0..20).map(key) {
            let mut buckets = [0_u32; 256];
            for serial in 0..25_600_u32 {
                buckets[usize::from((key.of(&serial.to_be_bytes()) >> 56) as u8)] += 1;
            }
            // A hundred each on the average.
            assert!(buckets.iter().all(|count| (40..180).contains(count)), "{buckets:?}");
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
