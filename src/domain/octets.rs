//! Short octet strings without an allocation of their own.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An octet string that is kept in place up to 22 octets: serial numbers have 20 at most and key identifiers mostly 20 (RFC 5280
/// sections 4.1.2.2 and 4.2.1.2), and a hundred thousand certificates have three of them each.
#[derive(Clone)]
pub struct Octets(Kept);

const IN_PLACE: usize = 22;

#[derive(Clone)]
enum Kept {
    InPlace(u8, [u8; IN_PLACE]),
    Apart(Arc<[u8]>),
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kept::InPlace(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Kept::Apart(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        let mut bytes = [0; IN_PLACE];
        match (bytes.get_mut(..octets.len()), u8::try_from(octets.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(octets);
                Self(Kept::InPlace(length, bytes))
            }
            _ => Self(Kept::Apart(octets.into())),
        }
    }
}

impl<const N: usize> From<[u8; N]> for Octets {
    fn from(octets: [u8; N]) -> Self {
        Self::from(octets.as_slice())
    }
}

impl PartialEq for Octets {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Octets {}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_is_kept_as_it_is() {
        for length in [0, 1, 20, 22, 23, 255, 256, 300] {
            let octets: Vec<u8> = (0..length).map(|value: u16| value.to_be_bytes()[1]).collect();
            let kept = Octets::from(octets.as_slice());
            assert_eq!(*kept, *octets, "{length}");
            assert_eq!(kept, kept.clone());
        }
        assert_ne!(Octets::from([1, 0]), Octets::from([1]));
        assert_eq!(size_of::<Option<Octets>>(), 24);
    }
}
