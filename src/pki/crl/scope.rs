//! Which certificates and reasons a list speaks for: issuing distribution point (RFC 5280 section 5.2.5) and the distribution
//! points of certificates (section 4.2.1.13).

use super::super::der::{BIT_STRING, Element, SEQUENCE, context, context_primitive};
use super::super::distinguished_name::{DistinguishedName, canonical};
use super::strict::{Strict, Wrong, boolean};

const DIRECTORY_NAME: u8 = context(4);
const URI: u8 = context_primitive(6);

/// Revocation reasons as the bits of ReasonFlags (section 4.2.1.13).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// None.
    pub const NONE: Self = Self(0);
    /// keyCompromise (1) to aACompromise (8); bit 0 is not used.
    pub const ALL: Self = Self(0b1_1111_1110);

    /// What both hold.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What one of them holds.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Every reason of `other` is in it.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn read(element: Element<'_>) -> Result<Self, Wrong> {
        let bits = Element { tag: BIT_STRING, ..element }.bits().ok_or("reason flags that are no BIT STRING")?;
        let octet = |place: usize| bits.get(place).map_or(0, |octet| u16::from(octet.reverse_bits()));
        Ok(Self((octet(0) | octet(1) << 8) & Self::ALL.0))
    }
}

/// A GeneralName that can be compared: its tag, and its content or, of a directoryName, the canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneralName {
    tag: u8,
    value: Vec<u8>,
}

impl GeneralName {
    /// The directoryName of this name.
    pub fn directory(name: &DistinguishedName) -> Self {
        Self { tag: DIRECTORY_NAME, value: name.canonical.to_vec() }
    }

    /// The address, if it is a uniformResourceIdentifier.
    pub fn uri(&self) -> Option<&str> {
        (self.tag == URI).then(|| std::str::from_utf8(&self.value).ok()).flatten()
    }

    fn read(element: Element<'_>) -> Result<Self, Wrong> {
        if element.tag == DIRECTORY_NAME {
            let mut inside = Strict::new(element.content);
            let value = canonical(inside.field(SEQUENCE)?.content);
            inside.end()?;
            return Ok(Self { tag: element.tag, value });
        }
        Ok(Self { tag: element.tag, value: element.content.to_vec() })
    }

    fn read_all(names: &[u8]) -> Result<Vec<Self>, Wrong> {
        let mut fields = Strict::new(names);
        let mut found = Vec::new();
        while !fields.is_empty() {
            found.push(Self::read(fields.any()?)?);
        }
        if found.is_empty() { Err("an empty list of names") } else { Ok(found) }
    }
}

/// DistributionPointName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointName {
    /// fullName.
    Full(Vec<GeneralName>),
    /// nameRelativeToCRLIssuer: content of the SET.
    Relative(Vec<u8>),
}

impl PointName {
    /// The names meant, for a list of this issuer.
    pub fn resolved(&self, issuer: &DistinguishedName) -> Vec<GeneralName> {
        match self {
            Self::Full(names) => names.clone(),
            Self::Relative(rdn) => vec![GeneralName::directory(&issuer.with_relative(rdn))],
        }
    }

    /// Reads what is inside `distributionPoint [0]`.
    fn read(wrapped: &[u8]) -> Result<Self, Wrong> {
        let mut inside = Strict::new(wrapped);
        let choice = inside.any()?;
        inside.end()?;
        match choice.tag {
            tag if tag == context(0) => GeneralName::read_all(choice.content).map(Self::Full),
            tag if tag == context(1) => Ok(Self::Relative(choice.content.to_vec())),
            _ => Err("a distribution point name of an unknown kind"),
        }
    }
}

/// One DistributionPoint of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionPoint {
    /// distributionPoint.
    pub name: Option<PointName>,
    /// reasons; all of them when absent.
    pub reasons: Option<Reasons>,
    /// cRLIssuer: empty when the issuer of the certificate issues the list.
    pub crl_issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    /// The addresses of the list, in the order of the certificate.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        let names = match &self.name {
            Some(PointName::Full(names)) => names.as_slice(),
            _ => &[],
        };
        names.iter().filter_map(GeneralName::uri)
    }
}

/// Reads CRLDistributionPoints, which is also the syntax of freshestCRL.
///
/// # Errors
/// What is wrong with it.
pub fn distribution_points(value: &[u8]) -> Result<Vec<DistributionPoint>, &'static str> {
    let mut outer = Strict::new(value);
    let mut points = Strict::new(outer.field(SEQUENCE)?.content);
    outer.end()?;
    let mut found = Vec::new();
    while !points.is_empty() {
        let mut fields = Strict::new(points.field(SEQUENCE)?.content);
        let name = fields.optional(context(0))?.map(|wrapped| PointName::read(wrapped.content)).transpose()?;
        let reasons = fields.optional(context_primitive(1))?.map(Reasons::read).transpose()?;
        let crl_issuer = fields.optional(context(2))?.map(|names| GeneralName::read_all(names.content)).transpose()?;
        fields.end()?;
        found.push(DistributionPoint { name, reasons, crl_issuer: crl_issuer.unwrap_or_default() });
    }
    Ok(found)
}

/// IssuingDistributionPoint: what a list says it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// distributionPoint.
    pub name: Option<PointName>,
    /// onlyContainsUserCerts.
    pub only_user: bool,
    /// onlyContainsCACerts.
    pub only_ca: bool,
    /// onlySomeReasons; all of them when absent.
    pub reasons: Option<Reasons>,
    /// indirectCRL: entries may be of certificates of other issuers.
    pub indirect: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute: bool,
}

impl IssuingDistributionPoint {
    /// Reads the extension.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(value: &[u8]) -> Result<Self, &'static str> {
        let mut outer = Strict::new(value);
        let mut fields = Strict::new(outer.field(SEQUENCE)?.content);
        outer.end()?;
        let name = fields.optional(context(0))?.map(|wrapped| PointName::read(wrapped.content)).transpose()?;
        let flag =
            |fields: &mut Strict<'_>, number| fields.optional(context_primitive(number))?.map_or(Ok(false), boolean);
        let only_user = flag(&mut fields, 1)?;
        let only_ca = flag(&mut fields, 2)?;
        let reasons = fields.optional(context_primitive(3))?.map(Reasons::read).transpose()?;
        let indirect = flag(&mut fields, 4)?;
        let only_attribute = flag(&mut fields, 5)?;
        fields.end()?;
        Ok(Self { name, only_user, only_ca, reasons, indirect, only_attribute })
    }

    /// It leaves out some certificates or reasons, so that "not listed" says nothing without the certificate at hand.
    pub fn is_partial(&self) -> bool {
        self.name.is_some()
            || self.only_user
            || self.only_ca
            || self.only_attribute
            || self.reasons.is_some_and(|reasons| !reasons.covers(Reasons::ALL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_flags_leave_out_the_unused_bit() {
        let read = |content| Reasons::read(Element { tag: context_primitive(3), content, raw: &[] });
        assert_eq!(read(&[0, 0xff, 0x80]), Ok(Reasons::ALL));
        assert_eq!(read(&[7, 0x80]), Ok(Reasons::NONE));
        let some = read(&[5, 0x60]).expect("flags");
        assert!(Reasons::ALL.covers(some) && !some.covers(Reasons::ALL));
        assert_eq!(some.union(read(&[0, 0x1f, 0x80]).expect("flags")), Reasons::ALL);
        assert!(read(&[]).is_err());
    }

    #[test]
    fn flags_of_a_scope() {
        let read = |value| IssuingDistributionPoint::read(value);
        let whole = read(&[SEQUENCE, 0]).expect("a scope");
        assert!(!whole.is_partial());
        let user = read(&[SEQUENCE, 6, 0x81, 1, 0xff, 0x84, 1, 0xff]).expect("a scope");
        assert!(user.only_user && user.indirect && !user.only_ca && user.is_partial());
        assert!(read(&[SEQUENCE, 3, 0x81, 1, 2]).is_err(), "no BOOLEAN");
        assert!(read(&[SEQUENCE, 6, 0x84, 1, 0xff, 0x81, 1, 0xff]).is_err(), "in the wrong order");
        assert!(read(&[SEQUENCE, 3, 0x86, 1, 0xff]).is_err(), "unknown");
        assert!(read(&[SEQUENCE, 4, 0xa0, 2, 0xa0, 0]).is_err(), "no name");
    }

    #[test]
    fn points_of_a_certificate() {
        let uri = b"\x86\x08http://a";
        let value = [&b"\x30\x12\x30\x10\xa0\x0c\xa0\x0a"[..], uri, b"\x81\x00"].concat();
        assert!(distribution_points(&value).is_err(), "reasons without octets");
        let value = [&b"\x30\x10\x30\x0e\xa0\x0c\xa0\x0a"[..], uri].concat();
        let points = distribution_points(&value).expect("points");
        assert_eq!(points.iter().flat_map(DistributionPoint::uris).collect::<Vec<_>>(), ["http://a"]);
    }
}
