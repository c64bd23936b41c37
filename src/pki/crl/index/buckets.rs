//! Sorting twelve-byte entries whose keys are as good as random, in little more memory than they take: they are dealt into 256 buckets as they come, and each
//! bucket is sorted when it is asked for, where it fits into the cache.

/// Low and high half of the fingerprint, and the offset: twelve bytes, as they lie in the file.
pub type Packed = [u32; 3];

/// Entries of one chunk.
const CHUNK: usize = 256;
/// Bits that tell the groups of one bucket apart, at most.
const MAX_BITS: u32 = 16;
/// Steps entries of a bucket may be moved by hand, each on the average: with random keys, one or two.
const MAX_STEPS: usize = 32;

/// An entry.
#[inline(always)]
pub const fn packed(fingerprint: u64, offset: u32) -> Packed {
    [fingerprint as u32, (fingerprint >> 32) as u32, offset]
}

/// The fingerprint of an entry.
#[inline(always)]
pub const fn fingerprint([low, high, _]: Packed) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Number of buckets.
pub const BUCKETS: usize = 256;

/// Entries by the first octet of their fingerprints.
pub struct Buckets {
    /// Every chunk. It grows as vectors do: beyond a page or two the system moves it without copying, and what was not written to yet is no
    /// memory.
    slots: Vec<Packed>,
    /// Where the chunks of each bucket begin, in the order they were filled.
    chunks: [Vec<u32>; BUCKETS],
    /// Where the next entry of each bucket goes. At the beginning of a chunk: into one that is not there yet.
    next: [u32; BUCKETS],
}

impl Default for Buckets {
    fn default() -> Self {
        Self { slots: Vec::new(), chunks: [const { Vec::new() }; BUCKETS], next: [0; BUCKETS] }
    }
}

impl Buckets {
    pub fn add(&mut self, entries: &[Packed]) {
        for entry in entries {
            let bucket = usize::from((fingerprint(*entry) >> 56) as u8);
            if (self.next[bucket] as usize).is_multiple_of(CHUNK) {
                self.open(bucket);
            }
            let next = &mut self.next[bucket];
            if let Some(slot) = self.slots.get_mut(*next as usize) {
                *slot = *entry;
            }
            *next += 1;
        }
    }

    #[cold]
    fn open(&mut self, bucket: usize) {
        // Entries are bounded well below 2^32.
        self.next[bucket] = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.chunks[bucket].push(self.next[bucket]);
        self.slots.resize(self.slots.len() + CHUNK, [0; 3]);
    }

    /// Puts the entries of this bucket into `order`. Those of one fingerprint stay in the order they came in.
    pub fn sort(&self, bucket: usize, order: &mut Order) {
        let (Some(chunks), Some(next)) = (self.chunks.get(bucket), self.next.get(bucket)) else { return };
        let whole = |start: &u32| self.slots.get(*start as usize..).unwrap_or_default();
        let last = chunks.last().map_or(0, |start| (next - start) as usize);
        let parts: Vec<&[Packed]> = chunks
            .iter()
            .enumerate()
            .map(|(place, start)| {
                let filled = if place + 1 == chunks.len() { last } else { CHUNK };
                whole(start).get(..filled).unwrap_or_default()
            })
            .collect();
        sort(&parts, order);
    }
}

/// The entries of one bucket in the order of their fingerprints, and room to bring them into it.
#[derive(Default)]
pub struct Order {
    pub sorted: Vec<Packed>,
    places: Vec<u32>,
}

/// Deals the entries of a bucket into groups by the bits behind the first octet, more groups than entries, and puts right by hand what is left.
fn sort(parts: &[&[Packed]], Order { sorted, places }: &mut Order) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    sorted.clear();
    sorted.resize(length, [0; 3]);
    let bits = (length.checked_ilog2().unwrap_or(0) + 1).min(MAX_BITS);
    let group = |[_, high, _]: &Packed| ((high << 8) >> (32 - bits)) as usize;
    places.clear();
    places.resize((1 << bits) + 1, 0);
    for entry in parts.iter().copied().flatten() {
        if let Some(count) = places.get_mut(group(entry) + 1) {
            *count += 1;
        }
    }
    let mut before = 0;
    for place in places.iter_mut() {
        before += *place;
        *place = before;
    }
    for entry in parts.iter().copied().flatten() {
        if let Some(place) = places.get_mut(group(entry)) {
            if let Some(slot) = sorted.get_mut(*place as usize) {
                *slot = *entry;
            }
            *place += 1;
        }
    }
    let mut steps = length.saturating_mul(MAX_STEPS);
    for from in 1..length {
        match sorted.get(from - 1..=from) {
            Some([before, this]) if fingerprint(*this) < fingerprint(*before) => {
                steps = steps.saturating_sub(sink(sorted, from))
            }
            _ => {}
        }
        if steps == 0 {
            // Keys that are not random: somebody put the same few certificates into a list over and over.
            sorted.sort_by_key(|entry| fingerprint(*entry));
            return;
        }
    }
}

/// Moves an entry down to where it belongs among those before it, and gives the number of steps that took.
fn sink(sorted: &mut [Packed], from: usize) -> usize {
    let mut place = from;
    while let Some([before, this]) = place.checked_sub(1).and_then(|before| sorted.get_mut(before..=place)) {
        if fingerprint(*before) <= fingerprint(*this) {
            break;
        }
        std::mem::swap(before, this);
        place -= 1;
    }
    from - place
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(keys: &[u64]) {
        let mut buckets = Buckets::default();
        let entries: Vec<(u64, u32)> = keys.iter().copied().zip(0..).collect();
        let given: Vec<Packed> = entries.iter().map(|(key, offset)| packed(*key, *offset)).collect();
        given.chunks(100).for_each(|some| buckets.add(some));
        let mut wanted = entries;
        wanted.sort();
        let (mut got, mut order) = (Vec::new(), Order::default());
        for bucket in 0..BUCKETS {
            buckets.sort(bucket, &mut order);
            got.extend(order.sorted.iter().map(|entry| (fingerprint(*entry), entry[2])));
        }
        assert_eq!(got, wanted);
    }

    proptest! {
        #[test]
        fn sorts_as_the_library_does(keys in prop::collection::vec(any::<u64>(), 0..3000)) {
            check(&keys);
        }

        #[test]
        fn and_when_keys_meet(keys in prop::collection::vec(0_u64..3, 0..500), high in any::<u64>(), shift in 0_u32..62) {
            check(&keys.into_iter().map(|key| high.wrapping_add(key << shift)).collect::<Vec<_>>());
        }

        #[test]
        fn and_many_of_one_bucket(keys in prop::collection::vec(any::<u32>(), 0..3000)) {
            check(&keys.into_iter().map(|key| 0x1100_0000_0000_0000 | u64::from(key) << 20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn keys_that_are_not_random_do_not_take_for_ever() {
        check(&(0..20_000).map(|entry| if entry % 2 == 0 { 9 } else { 3 }).collect::<Vec<_>>());
        check(&(0..20_000).rev().collect::<Vec<_>>());
    }
}
