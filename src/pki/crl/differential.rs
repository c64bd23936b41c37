//! The stream held against x509-parser: built for tests and fuzzing alone.

use x509_parser::prelude::{CertificateRevocationList, FromDer};
use x509_parser::x509::ReasonCode;

use super::super::der::minimal;
use super::super::differential::Opinion;
use super::{Limits, Stream};
use crate::domain::revocation::Reason;

/// One entry in a form both can give.
type Line = (Vec<u8>, i64, Option<u8>);

/// Compares header and entries, the bytes given to the stream in pieces of this size. x509-parser is the more tolerant of the two: what the
/// stream takes, it must take too.
pub fn compare(der: &[u8], piece: usize) -> Opinion {
    let mut ours: Vec<Line> = Vec::new();
    let mut stream = Stream::new(Limits { max_bytes: 1 << 24, max_entries: 1 << 20 });
    for bytes in der.chunks(piece.max(1)) {
        let pushed = stream.push(bytes, &mut |listed| {
            let said = listed.entry.revocation();
            ours.push((listed.entry.serial.to_vec(), said.revoked_at.unix(), said.reason.map(code)));
        });
        if pushed.is_err() {
            return Opinion::Incomparable;
        }
    }
    let Ok(crl) = stream.finish() else { return Opinion::Incomparable };
    let theirs = match CertificateRevocationList::from_der(der) {
        Ok(([], theirs)) => theirs,
        Ok(_) => return Opinion::Different(vec!["x509-parser sees bytes behind the end".to_owned()]),
        Err(error) => return Opinion::Different(vec![format!("x509-parser refuses: {error}")]),
    };
    let mut differences = Vec::new();
    let mut same = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            differences.push(format!("{what}: {ours} here, {theirs} there"));
        }
    };
    same("thisUpdate", crl.this_update.unix().to_string(), theirs.last_update().timestamp().to_string());
    let next = (crl.next_update.map(|at| at.unix()), theirs.next_update().map(|at| at.timestamp()));
    same("nextUpdate", format!("{:?}", next.0), format!("{:?}", next.1));
    let number = (crl.number.map(|number| number.to_string()), theirs.crl_number().map(ToString::to_string));
    same("cRLNumber", format!("{:?}", number.0), format!("{:?}", number.1));
    same("entries", crl.entries.to_string(), theirs.iter_revoked_certificates().count().to_string());
    for (ours, theirs) in ours.iter().zip(theirs.iter_revoked_certificates()) {
        let reason = theirs.reason_code().map(|(_, ReasonCode(code))| code);
        let theirs: Line = (minimal(theirs.raw_serial()).to_vec(), theirs.revocation_date.timestamp(), reason);
        same("entry", format!("{ours:02x?}"), format!("{theirs:02x?}"));
    }
    if differences.is_empty() { Opinion::Same } else { Opinion::Different(differences) }
}

const fn code(reason: Reason) -> u8 {
    match reason {
        Reason::Unspecified => 0,
        Reason::KeyCompromise => 1,
        Reason::CaCompromise => 2,
        Reason::AffiliationChanged => 3,
        Reason::Superseded => 4,
        Reason::CessationOfOperation => 5,
        Reason::CertificateHold => 6,
        Reason::RemoveFromCrl => 8,
        Reason::PrivilegeWithdrawn => 9,
        Reason::AaCompromise => 10,
    }
}

/// A list with these entries, not signed. For mutation.
pub fn sample(serials: &[(Vec<u8>, Option<u8>)]) -> Vec<u8> {
    use super::super::der::{GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME, context, write};
    use super::super::oid;
    let element = |tag: u8, parts: &[&[u8]]| {
        let mut out = Vec::new();
        write(&mut out, tag, &parts.concat());
        out
    };
    let extension =
        |kind: &[u8], value: &[u8]| element(SEQUENCE, &[&element(OID, &[kind]), &element(OCTET_STRING, &[value])]);
    let algorithm = element(SEQUENCE, &[&element(OID, &[oid::ECDSA_SHA256])]);
    let attribute = element(SEQUENCE, &[&element(OID, &[oid::COMMON_NAME]), &element(0x0c, &[b"AC"])]);
    let issuer = element(SEQUENCE, &[&element(SET, &[&attribute])]);
    let time = element(UTC_TIME, &[b"260101000000Z"]);
    let entries = serials.iter().map(|(serial, reason)| {
        let number = element(INTEGER, &[&[1], serial]); // positive and minimal whatever follows
        let extensions = reason.map(|code| element(SEQUENCE, &[&extension(oid::REASON_CODE, &[0x0a, 1, code])]));
        element(SEQUENCE, &[&number, &time, &extensions.unwrap_or_default()])
    });
    let revoked = element(SEQUENCE, &[&entries.collect::<Vec<_>>().concat()]);
    let revoked = if serials.is_empty() { Vec::new() } else { revoked };
    let next = element(GENERALIZED_TIME, &[b"20500101000000Z"]);
    let extensions = element(context(0), &[&element(SEQUENCE, &[&extension(oid::CRL_NUMBER, &[2, 1, 9])])]);
    let tbs = element(SEQUENCE, &[&[2, 1, 1], &algorithm, &issuer, &time, &next, &revoked, &extensions]);
    element(SEQUENCE, &[&tbs, &algorithm, &[3, 3, 0, 1, 2]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn serials() -> impl Strategy<Value = Vec<(Vec<u8>, Option<u8>)>> {
        let reason = prop::option::of(prop::sample::select(vec![0_u8, 1, 4, 6, 8, 10]));
        prop::collection::vec((prop::collection::vec(any::<u8>(), 0..20), reason), 0..40)
    }

    proptest! {
        #[test]
        fn both_read_the_same(serials in serials(), piece in 1_usize..700) {
            prop_assert_eq!(compare(&sample(&serials), piece), Opinion::Same);
        }

        #[test]
        fn damage_is_refused_or_read_the_same(
            serials in serials(), piece in 1_usize..300, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
        ) {
            let mut der = sample(&serials);
            for (place, octet) in changes {
                let place = place.index(der.len());
                der[place] = octet;
            }
            let opinion = compare(&der, piece);
            prop_assert!(!matches!(opinion, Opinion::Different(_)), "{opinion:?}");
        }

        #[test]
        fn no_cut_and_no_tail_is_taken(serials in serials(), cut in any::<prop::sample::Index>()) {
            let der = sample(&serials);
            let read = |bytes: &[u8]| {
                let mut stream = Stream::new(Limits::default());
                stream.push(bytes, &mut |_| {}).and_then(|()| stream.finish())
            };
            prop_assert!(read(&der).is_ok());
            prop_assert!(read(&der[..cut.index(der.len())]).is_err());
            prop_assert!(read(&[&der[..], &[0]].concat()).is_err());
        }
    }
}
