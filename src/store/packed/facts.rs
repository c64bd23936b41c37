//! Facts of a certificate, packed. Only a shortcut: the DER beside them is the truth, and is read again when they cannot be used.

use std::sync::Arc;

use super::{Interner, Packer, Unpacker, Unreadable};
use crate::domain::certificate::{Certificate, KeyIds, KeyUsage};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::profile::{PersonRef, Profile, StructureRef};

/// Raised whenever this layout **or the reading of certificates** changes: facts of another version are read again from the DER.
const VERSION: u8 = 1;

/// Packs everything but the fingerprint, which is the key of the row.
pub(in crate::store) fn pack(facts: &Certificate) -> Vec<u8> {
    let mut to = Packer::new(VERSION);
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

/// The facts, or [`Unreadable`] when they were packed by another version or are damaged.
pub(in crate::store) fn unpack(
    fingerprint: Fingerprint,
    sealed: &[u8],
    interner: &mut Interner,
) -> Result<Certificate, Unreadable> {
    let mut from = Unpacker::open(sealed, VERSION)?;
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
            subject: from.option(Unpacker::bytes)?.map(Arc::from),
            authority: from.option(Unpacker::bytes)?.map(|id| interner.bytes(id)),
        },
        profile: unpack_profile(&mut from, interner)?,
    };
    from.end()?;
    Ok(facts)
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
    use crate::domain::time::Timestamp;

    proptest! {
        /// Bytes that carry a right seal and are anything at all: an error, never a panic and never a huge reservation.
        #[test]
        fn any_bytes_are_survived(payload in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..300)) {
            let mut packer = Packer::new(VERSION);
            packer.0.extend_from_slice(&payload);
            let sealed = packer.seal();
            let mut interner = Interner::default();
            let facts = unpack(Fingerprint([0; 32]), &sealed, &mut interner);
            prop_assert!(facts.is_err() || payload.len() > 40);
            let place = state::location(b"file:/x").map_err(|_| TestCaseError::fail("a path"))?;
            let known = state::unpack("s".into(), place, Timestamp::from_unix(0), &sealed, &mut interner);
            // A state that can be read packs into something that reads the same.
            if let Ok(seen) = known {
                let again = state::pack(&seen);
                prop_assert_eq!(state::unpack("s".into(), seen.location.clone(), seen.read_at, &again, &mut interner), Ok(seen));
            }
            prop_assert!(unpack(Fingerprint([0; 32]), &payload, &mut interner).is_err());
            state::location(&payload).ok();
        }
    }
}
