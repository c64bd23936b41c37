//! A certificate of the inventory, packed whole: loading reads one column instead of five. Only a shortcut: the columns and the DER
//! beside it are the truth, and are read again when it cannot be used.

use std::sync::Arc;

use super::{Interner, Packer, Unpacker, Unreadable};
use crate::domain::certificate::{Certificate, KeyIds, KeyUsage};
use crate::domain::inventory::{CertificateRecord, IssuerLink};
use crate::domain::octets::Octets;
use crate::domain::profile::{PersonRef, Profile, StructureRef};

/// Raised whenever this layout **or the reading of certificates** changes: facts of another version are read again from the DER.
const VERSION: u8 = 1;

/// Packs a record.
pub(in crate::store) fn pack(record: &CertificateRecord) -> Vec<u8> {
    let facts = &*record.facts;
    let mut to = Packer::new(VERSION);
    to.fingerprint(&facts.fingerprint);
    to.time(record.first_seen);
    match &record.issuer {
        IssuerLink::Unknown => to.byte(0),
        IssuerLink::SelfSigned => to.byte(1),
        IssuerLink::Issued(by) => {
            to.byte(2);
            to.fingerprint(by);
        }
    }
    to.fingerprint(&facts.spki);
    to.text(&facts.subject);
    to.text(&facts.issuer);
    to.bytes(&facts.serial_number);
    to.time(facts.not_before);
    to.time(facts.not_after);
    to.option(facts.private_key_usage_not_after, Packer::time);
    to.key(&facts.key);
    to.text(&facts.signature_algorithm);
    to.option(facts.key_usage, |to, usage| to.unsigned(usage.0.into()));
    to.list(&facts.extended_key_usage, |to, usage| to.text(usage));
    to.list(&facts.san, |to, name| to.text(name));
    to.byte(facts.is_ca.into());
    to.option(facts.key_ids.subject.as_ref(), |to, id| to.bytes(id));
    to.option(facts.key_ids.authority.as_ref(), |to, id| to.bytes(id));
    pack_profile(&mut to, &facts.profile);
    to.seal()
}

/// Takes the first of the records in `from`; [`Unreadable`] when it was packed by another version or is damaged.
pub(in crate::store) fn unpack(from: &mut &[u8], interner: &mut Interner) -> Result<CertificateRecord, Unreadable> {
    let mut from = Unpacker::open(from, VERSION)?;
    let fingerprint = from.fingerprint()?;
    let first_seen = from.time()?;
    let issuer = match from.byte()? {
        0 => IssuerLink::Unknown,
        1 => IssuerLink::SelfSigned,
        2 => IssuerLink::Issued(from.fingerprint()?),
        _ => return Err(Unreadable),
    };
    let facts = Certificate {
        fingerprint,
        spki: from.fingerprint()?,
        subject: from.text()?.into(),
        issuer: interner.text(from.text()?),
        serial_number: from.bytes()?.into(),
        not_before: from.time()?,
        not_after: from.time()?,
        private_key_usage_not_after: from.option(Unpacker::time)?,
        key: from.key(interner)?,
        signature_algorithm: interner.text(from.text()?),
        key_usage: from.option(|from| from.small().map(KeyUsage))?,
        extended_key_usage: from.texts(interner)?,
        san: unpack_san(&mut from, interner)?,
        is_ca: from.flag()?,
        key_ids: KeyIds {
            subject: from.option(Unpacker::bytes)?.map(Octets::from),
            authority: from.option(Unpacker::bytes)?.map(Octets::from),
        },
        profile: unpack_profile(&mut from, interner)?,
    };
    from.end()?;
    Ok(CertificateRecord { facts: Arc::new(facts), first_seen, issuer })
}

/// Most certificates have names of their own, so only the empty list is shared.
fn unpack_san(from: &mut Unpacker<'_>, interner: &mut Interner) -> Result<Arc<[Arc<str>]>, Unreadable> {
    if from.0.first() == Some(&0) { from.texts(interner) } else { from.list(|from| from.text().map(Arc::from)) }
}

fn pack_profile(to: &mut Packer, profile: &Profile) {
    to.option(profile.environment, |to, word| to.text(word.as_str()));
    to.option(profile.gamme, |to, word| to.text(word.as_str()));
    to.option(profile.domain, |to, word| to.text(word.as_str()));
    to.option(profile.support, |to, word| to.text(word.as_str()));
    to.option(profile.offer, |to, word| to.text(word.as_str()));
    to.option(profile.usage, |to, word| to.text(word.as_str()));
    to.option(profile.structure.as_ref(), |to, structure| {
        to.option(structure.scheme, |to, word| to.text(word.as_str()));
        to.text(&structure.id);
        to.byte(structure.valid.into());
    });
    to.option(profile.person.as_ref(), |to, person| {
        to.option(person.scheme, |to, word| to.text(word.as_str()));
        to.text(&person.id);
    });
    to.option(profile.card_number.as_ref(), |to, number| to.text(number));
    to.byte(profile.service_card.into());
    to.byte(profile.contradictory_environment.into());
}

fn unpack_profile(from: &mut Unpacker<'_>, interner: &mut Interner) -> Result<Profile, Unreadable> {
    Ok(Profile {
        environment: from.option(Unpacker::word)?,
        gamme: from.option(Unpacker::word)?,
        domain: from.option(Unpacker::word)?,
        support: from.option(Unpacker::word)?,
        offer: from.option(Unpacker::word)?,
        usage: from.option(Unpacker::word)?,
        structure: from.option(|from| {
            Ok(StructureRef {
                scheme: from.option(Unpacker::word)?,
                id: interner.text(from.text()?),
                valid: from.flag()?,
            })
        })?,
        person: from.option(|from| Ok(PersonRef { scheme: from.option(Unpacker::word)?, id: from.text()?.into() }))?,
        card_number: from.option(Unpacker::text)?.map(Arc::from),
        service_card: from.flag()?,
        contradictory_environment: from.flag()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::state;
    use super::*;

    proptest! {
        /// Bytes that carry a right seal and are anything at all: an error, never a panic and never a huge reservation.
        #[test]
        fn any_bytes_are_survived(payload in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..300)) {
            let mut packer = Packer::new(VERSION);
            packer.0.extend_from_slice(&payload);
            let sealed = packer.seal();
            let mut interner = Interner::default();
            // A record that can be read packs into something that reads the same.
            if let Ok(record) = unpack(&mut sealed.as_slice(), &mut interner) {
                prop_assert_eq!(unpack(&mut pack(&record).as_slice(), &mut interner), Ok(record));
            }
            if let Ok(seen) = state::unpack(&mut sealed.as_slice(), &mut interner) {
                prop_assert_eq!(state::unpack(&mut state::pack(&seen).as_slice(), &mut interner), Ok(seen));
            }
            prop_assert!(unpack(&mut payload.as_slice(), &mut interner).is_err());
            state::location(&payload).ok();
        }
    }
}
