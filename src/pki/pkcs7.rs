//! The certificates and revocation lists a PKCS#7 or CMS SignedData carries (RFC 5652 section 5.1). Signatures are not its
//! business: a `.p7b` has none.

use super::der::{self, INTEGER, OID, Reader, SEQUENCE, SET, context};
use super::oid;

/// What a SignedData carries.
#[derive(Debug, Default)]
pub struct Contents<'a> {
    /// DER of each certificate, in order.
    pub certificates: Vec<&'a [u8]>,
    /// DER of each revocation list, in order.
    pub revocation_lists: Vec<&'a [u8]>,
}

/// Why it gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Another content type than SignedData.
    OtherContent,
    /// The structure is broken.
    Malformed,
}

/// Reads a ContentInfo with definite lengths.
pub fn read(der: &[u8]) -> Result<Contents<'_>, Closed> {
    let mut info = Reader::new(der).field(SEQUENCE).ok_or(Closed::Malformed)?.children();
    if info.field(OID).ok_or(Closed::Malformed)?.content != oid::SIGNED_DATA {
        return Err(Closed::OtherContent);
    }
    signed_data(info).ok_or(Closed::Malformed)
}

fn signed_data(mut info: Reader<'_>) -> Option<Contents<'_>> {
    let mut fields = info.field(context(0))?.children().field(SEQUENCE)?.children();
    fields.field(INTEGER)?;
    fields.field(SET)?;
    fields.field(SEQUENCE)?;
    let whole = |wrapped: der::Element<'_>| -> Option<()> {
        let mut inside = wrapped.children();
        inside.by_ref().count();
        inside.rest().is_empty().then_some(())
    };
    let mut contents = Contents::default();
    if let Some(certificates) = fields.field(context(0)) {
        whole(certificates)?;
        let plain = certificates.children().filter(|choice| choice.tag == SEQUENCE);
        contents.certificates = plain.map(|choice| choice.raw).collect();
    }
    if let Some(lists) = fields.field(context(1)) {
        whole(lists)?;
        contents.revocation_lists =
            lists.children().filter(|choice| choice.tag == SEQUENCE).map(|choice| choice.raw).collect();
    }
    Some(contents)
}
