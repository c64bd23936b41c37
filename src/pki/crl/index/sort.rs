//! Sorting twelve-byte entries whose keys are as good as random, in little more memory than they take.

/// High and low half of the fingerprint, and the offset: twelve bytes, without padding.
pub type Packed = [u32; 3];

/// Entries of one group are few enough to be sorted by insertion.
const GROUP: usize = 8;
/// Groups of one bucket.
const MAX_BITS: u32 = 12;

/// Sorts by fingerprint, then offset, and gives the entries to `each` in that order, a bucket at a time.
pub fn sorted<E>(entries: &mut [Packed], each: &mut dyn FnMut(&[Packed]) -> Result<(), E>) -> Result<(), E> {
    let ends = partition(entries);
    let mut scratch = Vec::new();
    let mut start = 0;
    for end in ends {
        let bucket = entries.get_mut(start..end).unwrap_or_default();
        sort_bucket(bucket, &mut scratch);
        each(bucket)?;
        start = end;
    }
    Ok(())
}

/// Brings the entries in the order of their first octet, in place, and gives the end of each of the 256 buckets (McIlroy, Bostic and
/// McIlroy, "Engineering Radix Sort", 1993).
fn partition(entries: &mut [Packed]) -> [usize; 256] {
    let bucket = |entry: &Packed| (entry[0] >> 24) as u8;
    let mut ends = [0_usize; 256];
    for entry in entries.iter() {
        ends[usize::from(bucket(entry))] += 1;
    }
    let mut next = [0_usize; 256];
    let mut total = 0;
    for (end, next) in ends.iter_mut().zip(&mut next) {
        *next = total;
        total += *end;
        *end = total;
    }
    for home in 0..=u8::MAX {
        while next[usize::from(home)] < ends[usize::from(home)] {
            let place = next[usize::from(home)];
            let Some(mut entry) = entries.get(place).copied() else { return ends };
            // Each entry in hand goes to its bucket and takes the place of the one it meets there.
            while bucket(&entry) != home {
                let to = &mut next[usize::from(bucket(&entry))];
                if let Some(met) = entries.get_mut(*to) {
                    std::mem::swap(met, &mut entry);
                }
                *to += 1;
            }
            if let Some(slot) = entries.get_mut(place) {
                *slot = entry;
            }
            next[usize::from(home)] += 1;
        }
    }
    ends
}

/// Scatters a bucket into groups by the next bits, then sorts each.
fn sort_bucket(bucket: &mut [Packed], scratch: &mut Vec<Packed>) {
    let bits = (bucket.len() / GROUP).checked_ilog2().unwrap_or(0).min(MAX_BITS);
    if bits == 0 {
        bucket.sort_unstable();
        return;
    }
    let group = |entry: &Packed| ((entry[0] << 8) >> (32 - bits)) as usize;
    let mut next = vec![0_usize; (1 << bits) + 1];
    for entry in bucket.iter() {
        if let Some(count) = next.get_mut(group(entry) + 1) {
            *count += 1;
        }
    }
    for place in 1..next.len() {
        next[place] += next[place - 1];
    }
    scratch.clear();
    scratch.resize(bucket.len(), [0; 3]);
    for entry in bucket.iter() {
        if let Some(to) = next.get_mut(group(entry)) {
            if let Some(slot) = scratch.get_mut(*to) {
                *slot = *entry;
            }
            *to += 1;
        }
    }
    // Every group now ends where its counter stands.
    let mut start = 0;
    for end in next {
        if let Some(group) = scratch.get_mut(start..end) {
            group.sort_unstable();
        }
        start = end;
    }
    bucket.copy_from_slice(scratch);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(entries: Vec<Packed>) {
        let mut wanted = entries.clone();
        wanted.sort_unstable();
        let mut entries = entries;
        let mut got = Vec::new();
        let done: Result<(), ()> = sorted(&mut entries, &mut |bucket| {
            got.extend_from_slice(bucket);
            Ok(())
        });
        assert_eq!((done, got), (Ok(()), wanted));
    }

    proptest! {
        #[test]
        fn sorts_as_the_library_does(entries in prop::collection::vec(prop::array::uniform3(any::<u32>()), 0..3000)) {
            check(entries);
        }

        #[test]
        fn and_when_keys_meet(entries in prop::collection::vec(prop::array::uniform3(0_u32..3), 0..500), high in any::<u32>()) {
            check(entries.into_iter().map(|[a, b, c]| [high.wrapping_add(a << 23), b, c]).collect());
        }
    }
}
