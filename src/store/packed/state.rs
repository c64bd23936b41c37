//! What a location holds, packed whole: loading reads one column. Unlike a certificate it cannot be made again from the database:
//! every version ever shipped stays readable.

use std::sync::Arc;

use super::{Interner, Packer, Unpacker, Unreadable};
use crate::domain::observation::FilePath;
use crate::domain::observation::{Content, ContentKind, FileAccess, FileStamp, Location, Observation, Problem};
use crate::domain::reading::{CrlFacts, CsrFacts, KeyFacts};

const VERSION: u8 = 1;

const FILE: &[u8] = b"file:";
const CARD: &[u8] = b"card:";

/// The key of a location: `file:` and the bytes of the path, `card:` and the name of the card, or the URL of the endpoint, whose scheme
/// is neither.
pub(in crate::store) fn location_key(location: &Location) -> Vec<u8> {
    match location {
        Location::File(path) => [FILE, &path.0].concat(),
        Location::Endpoint(endpoint) => endpoint.to_string().into_bytes(),
        Location::Card(name) => [CARD, name.to_string().as_bytes()].concat(),
    }
}

/// The location of a key.
pub(in crate::store) fn location(key: &[u8]) -> Result<Location, Unreadable> {
    if let Some(path) = key.strip_prefix(FILE) {
        return Ok(Location::File(FilePath(path.into())));
    }
    if let Some(name) = key.strip_prefix(CARD) {
        let name = std::str::from_utf8(name).map_err(|_| Unreadable)?;
        return name.parse().map(|name| Location::Card(Arc::new(name))).map_err(|_| Unreadable);
    }
    let url = std::str::from_utf8(key).map_err(|_| Unreadable)?;
    url.parse().map(|endpoint| Location::Endpoint(Arc::new(endpoint))).map_err(|_| Unreadable)
}

/// Packs an observation.
pub(in crate::store) fn pack(observation: &Observation) -> Vec<u8> {
    let mut to = Packer::new(VERSION);
    to.text(&observation.source);
    to.bytes(&location_key(&observation.location));
    to.time(observation.read_at);
    to.option(observation.stamp.as_ref(), |to, stamp| {
        to.unsigned(stamp.device);
        to.unsigned(stamp.inode);
        to.unsigned(stamp.size);
        to.signed(stamp.modified);
        to.signed(stamp.changed);
    });
    to.option(observation.access.as_ref(), |to, access| {
        to.unsigned(access.mode.into());
        to.unsigned(access.uid.into());
        to.unsigned(access.gid.into());
        to.unsigned(access.folder_mode.into());
    });
    to.list(&observation.contents, pack_content);
    to.list(&observation.problems, |to, problem| {
        to.text(&problem.reason);
        to.text(&problem.message);
    });
    to.seal()
}

/// Takes the first of the observations in `from`.
pub(in crate::store) fn unpack(from: &mut &[u8], interner: &mut Interner) -> Result<Observation, Unreadable> {
    let mut from = Unpacker::open(from, VERSION)?;
    let source = interner.text(from.text()?);
    let location = location(from.bytes()?)?;
    let read_at = from.time()?;
    let stamp = from.option(|from| {
        Ok(FileStamp {
            device: from.unsigned()?,
            inode: from.unsigned()?,
            size: from.unsigned()?,
            modified: from.signed()?,
            changed: from.signed()?,
        })
    })?;
    let access = from.option(|from| {
        Ok(FileAccess { mode: from.small()?, uid: from.small()?, gid: from.small()?, folder_mode: from.small()? })
    })?;
    let contents = from.list(|from| unpack_content(from, interner))?;
    let problems =
        from.list(|from| Ok(Problem { reason: interner.text(from.text()?), message: interner.text(from.text()?) }))?;
    from.end()?;
    Ok(Observation { source, location, stamp, access, contents, problems, read_at })
}

fn pack_content(to: &mut Packer, content: &Content) {
    to.unsigned(content.index.into());
    to.text(content.format.as_str());
    match &content.kind {
        ContentKind::Certificate(fingerprint) => {
            to.byte(0);
            to.fingerprint(fingerprint);
        }
        ContentKind::PrivateKey(facts) => {
            to.byte(1);
            pack_key(to, facts);
        }
        ContentKind::PublicKey(facts) => {
            to.byte(2);
            pack_key(to, facts);
        }
        ContentKind::Csr(facts) => {
            to.byte(3);
            to.text(&facts.subject);
            to.fingerprint(&facts.spki);
            to.key(&facts.key);
            to.text(&facts.signature_algorithm);
            to.list(&facts.san, |to, name| to.text(name));
        }
        ContentKind::Crl(facts) => {
            to.byte(4);
            to.fingerprint(&facts.fingerprint);
            to.text(&facts.issuer);
            to.time(facts.this_update);
            to.option(facts.next_update, Packer::time);
            to.option(facts.crl_number.as_ref(), |to, number| to.text(number));
            to.text(&facts.signature_algorithm);
            to.unsigned(facts.entries as u64);
            to.byte(facts.delta.into());
        }
    }
}

fn unpack_content(from: &mut Unpacker<'_>, interner: &mut Interner) -> Result<Content, Unreadable> {
    let (index, format) = (from.small()?, from.word()?);
    let kind = match from.byte()? {
        0 => ContentKind::Certificate(from.fingerprint()?),
        1 => ContentKind::PrivateKey(Box::new(unpack_key(from, interner)?)),
        2 => ContentKind::PublicKey(Box::new(unpack_key(from, interner)?)),
        3 => ContentKind::Csr(Box::new(CsrFacts {
            subject: from.text()?.into(),
            spki: from.fingerprint()?,
            key: from.key(interner)?,
            signature_algorithm: interner.text(from.text()?),
            san: from.list(|from| from.text().map(Arc::from))?,
        })),
        4 => ContentKind::Crl(Box::new(CrlFacts {
            fingerprint: from.fingerprint()?,
            issuer: interner.text(from.text()?),
            this_update: from.time()?,
            next_update: from.option(Unpacker::time)?,
            crl_number: from.option(Unpacker::text)?.map(Arc::from),
            signature_algorithm: interner.text(from.text()?),
            entries: from.small()?,
            delta: from.flag()?,
        })),
        _ => return Err(Unreadable),
    };
    Ok(Content { index, format, kind })
}

fn pack_key(to: &mut Packer, facts: &KeyFacts) {
    to.option(facts.spki.as_ref(), Packer::fingerprint);
    to.option(facts.key.as_ref(), Packer::key);
    to.byte(facts.encrypted.into());
}

fn unpack_key(from: &mut Unpacker<'_>, interner: &mut Interner) -> Result<KeyFacts, Unreadable> {
    Ok(KeyFacts {
        spki: from.option(Unpacker::fingerprint)?,
        key: from.option(|from| from.key(interner))?,
        encrypted: from.flag()?,
    })
}
