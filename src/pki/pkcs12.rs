//! PKCS#12 (RFC 7292): integrity first, then every safe and bag. Safes that are not encrypted are listed without a password,
//! as the portal of ANS makes them.

use zeroize::Zeroizing;

use super::ber;
use super::der::{self, Element, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context};
use super::oid;
use super::password::{self, Budget, Locked, Passphrase};
use super::private_key::{self, encrypted_content};
use crate::domain::reading::KeyFacts;

/// safeContentsBag inside safeContentsBag, at most.
const MAX_DEPTH: usize = 8;

/// What comes out of a file, in its order.
#[derive(Debug)]
pub enum Found {
    /// DER of a certificate.
    Certificate(Vec<u8>),
    /// DER of a revocation list.
    RevocationList(Vec<u8>),
    /// A key.
    Key(KeyFacts),
    /// Something that stays closed or cannot be read. Reported once per cause.
    Problem(Locked),
}

/// Reads a PFX, of which `der` is the DER. Each password is tried in turn; the MAC decides where there is one.
pub fn read(der: &[u8], passwords: &[Passphrase], budget: &mut Budget) -> Vec<Found> {
    let mut reader = SafeReader { passwords, chosen: None, refused: None, budget, found: Vec::new() };
    if reader.file(der).is_none() {
        reader.problem(Locked::Malformed);
    }
    reader.found
}

struct SafeReader<'a> {
    passwords: &'a [Passphrase],
    /// The password that opened something.
    chosen: Option<&'a Passphrase>,
    /// Why no password will: nothing more is tried.
    refused: Option<Locked>,
    budget: &'a mut Budget,
    found: Vec<Found>,
}

impl SafeReader<'_> {
    fn file(&mut self, der: &[u8]) -> Option<()> {
        let mut fields = Reader::new(der).field(SEQUENCE)?.children();
        fields.field(INTEGER)?;
        let mut info = fields.field(SEQUENCE)?.children();
        let kind = info.field(OID)?.content;
        if kind != oid::DATA {
            self.problem(Locked::Unsupported(oid::dotted(kind))); // integrity by public key
            return Some(());
        }
        let authenticated = info.field(context(0))?.children().field(OCTET_STRING)?.content;
        if let Some(mac_data) = fields.field(SEQUENCE) {
            self.check_integrity(mac_data, authenticated);
        }
        let authenticated = definite(authenticated)?;
        let mut safes = Reader::new(&authenticated).field(SEQUENCE)?.children();
        for safe in safes.by_ref() {
            if self.safe(safe).is_none() {
                self.problem(Locked::Malformed);
            }
        }
        safes.rest().is_empty().then_some(())
    }

    fn check_integrity(&mut self, mac_data: Element<'_>, authenticated: &[u8]) {
        let mut outcome = Locked::Wrong;
        for password in self.passwords {
            match password::verify_mac(mac_data, authenticated, password, self.budget) {
                Ok(()) => {
                    self.chosen = Some(password);
                    return;
                }
                Err(Locked::Wrong) => {}
                Err(other) => {
                    outcome = other;
                    break;
                }
            }
        }
        self.problem(outcome.clone());
        self.refused = Some(outcome);
    }

    fn safe(&mut self, safe: Element<'_>) -> Option<()> {
        let mut info = safe.of(SEQUENCE)?.children();
        match info.field(OID)?.content {
            oid::DATA => {
                let content = definite(info.field(context(0))?.children().field(OCTET_STRING)?.content)?;
                self.bags(Reader::new(&content).field(SEQUENCE)?, 0)
            }
            oid::ENCRYPTED_DATA => {
                let mut data = info.field(context(0))?.children().field(SEQUENCE)?.children();
                data.field(INTEGER)?;
                let mut content = data.field(SEQUENCE)?.children();
                content.field(OID)?;
                let scheme = content.field(SEQUENCE)?;
                let encrypted = encrypted_content(&mut content)?;
                let opened = self.open(|password, budget| {
                    let plain = password::decrypt(scheme, &encrypted, password, budget)?;
                    let plain = definite(&plain).ok_or(Locked::Wrong)?;
                    password::opened(&plain)?;
                    Ok(plain)
                });
                match opened {
                    Ok(plain) => self.bags(Reader::new(&plain).field(SEQUENCE)?, 0),
                    Err(why) => {
                        self.problem(why);
                        Some(())
                    }
                }
            }
            other => {
                self.problem(Locked::Unsupported(oid::dotted(other)));
                Some(())
            }
        }
    }

    fn bags(&mut self, contents: Element<'_>, depth: usize) -> Option<()> {
        let mut bags = contents.children();
        for bag in bags.by_ref() {
            if self.bag(bag, depth).is_none() {
                self.problem(Locked::Malformed);
            }
        }
        bags.rest().is_empty().then_some(())
    }

    fn bag(&mut self, bag: Element<'_>, depth: usize) -> Option<()> {
        let mut fields = bag.of(SEQUENCE)?.children();
        let kind = fields.field(OID)?.content;
        let value = fields.field(context(0))?.children().field(SEQUENCE)?;
        match kind {
            oid::KEY_BAG => self.found.push(Found::Key(private_key::pkcs8(value.raw)?)),
            oid::SHROUDED_KEY_BAG => {
                match self
                    .open(|password, budget| private_key::encrypted(value.raw, std::slice::from_ref(password), budget))
                {
                    Ok(facts) => self.found.push(Found::Key(facts)),
                    Err(why) => {
                        self.found.push(Found::Key(private_key::CLOSED));
                        self.problem(why);
                    }
                }
            }
            oid::CERT_BAG | oid::CRL_BAG => {
                let mut typed = value.children();
                let form = typed.field(OID)?.content;
                let content = typed.field(context(0))?.children().field(OCTET_STRING)?.content.to_vec();
                match form {
                    oid::X509_CERTIFICATE => self.found.push(Found::Certificate(content)),
                    oid::X509_CRL => self.found.push(Found::RevocationList(content)),
                    other => self.problem(Locked::Unsupported(oid::dotted(other))),
                }
            }
            oid::SAFE_CONTENTS_BAG if depth < MAX_DEPTH => self.bags(value, depth + 1)?,
            oid::SAFE_CONTENTS_BAG => return None,
            _ => {} // secrets are nobody's business here
        }
        Some(())
    }

    /// Opens with the password that is known to be right, or tries them.
    fn open<T>(&mut self, mut attempt: impl FnMut(&Passphrase, &mut Budget) -> Result<T, Locked>) -> Result<T, Locked> {
        if let Some(why) = &self.refused {
            return Err(why.clone());
        }
        if let Some(password) = self.chosen {
            return attempt(password, self.budget);
        }
        for password in self.passwords {
            match attempt(password, self.budget) {
                Ok(opened) => {
                    self.chosen = Some(password);
                    return Ok(opened);
                }
                Err(Locked::Wrong) => {}
                Err(other) => return Err(other),
            }
        }
        self.refused = Some(Locked::Wrong);
        Err(Locked::Wrong)
    }

    fn problem(&mut self, why: Locked) {
        if !self.found.iter().any(|found| matches!(found, Found::Problem(known) if *known == why)) {
            self.found.push(Found::Problem(why));
        }
    }
}

/// Java and NSS write the inner layers in BER, each on its own.
fn definite(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match ber::to_der(bytes) {
        Some((der, _)) => Some(der),
        None => der::header(bytes).map(|_| Zeroizing::new(bytes.to_vec())),
    }
}
