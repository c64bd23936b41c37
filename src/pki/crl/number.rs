//! Numbers of lists (RFC 5280 section 5.2.3): they grow, and a list whose number went back is not the successor of the one held.

use std::cmp::Ordering;
use std::fmt;

use x509_parser::num_bigint::BigUint;

use super::facts::decimal;

/// A CRLNumber or BaseCRLNumber.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CrlNumber(Box<[u8]>);

impl CrlNumber {
    /// From big-endian octets.
    pub fn new(octets: &[u8]) -> Self {
        Self(super::super::der::magnitude(octets).into())
    }

    /// Big-endian octets without leading zeros.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for CrlNumber {
    /// In decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(&BigUint::from_bytes_be(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_text() {
        let number = |octets: &[u8]| CrlNumber::new(octets);
        assert!(number(&[2]) > number(&[1]) && number(&[1, 0]) > number(&[0xff]) && number(&[]) < number(&[1]));
        assert_eq!(number(&[0, 1]), number(&[1]));
        assert_eq!([number(&[]), number(&[5, 7])].map(|number| number.to_string()), ["0", "1287"]);
    }
}
