//! The one entrance for bytes of unknown kind.

use std::sync::Arc;

use secrecy::SecretString;
use x509_parser::error::X509Error;

use super::certificate::{self, Signed};
use super::der::{self, BIT_STRING, Element, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context};
use super::intern::Interner;
use super::password::{Budget, Locked, Passphrase};
use super::{ber, crl, csr, oid, pem, pem_cipher, pkcs7, pkcs12, private_key, public_key};
use crate::domain::reading::{Format, Item, KeyFacts, ReadItem, ReadProblem, ReadReason, Reading};

/// Bounds on what one run of bytes may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Key derivation iterations one PKCS#12 or PKCS#8 file may ask for in all.
    pub max_kdf_iterations: u64,
    /// Items one file may hold.
    pub max_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_kdf_iterations: 5_000_000, max_items: 10_000 }
    }
}

/// Reads PEM (mixed blocks), DER, PKCS#7, PKCS#12, requests, CRLs and keys. Never fails: what cannot be read is a problem
/// beside the items that can. `password` opens PKCS#12 and encrypted keys; without one only what needs none is opened.
pub fn read(bytes: &[u8], password: Option<&SecretString>, limits: &Limits) -> Reading {
    read_with(bytes, password, limits, &mut Interner::default())
}

/// [`read`], sharing repeated texts with what was read before.
pub fn read_with(bytes: &[u8], password: Option<&SecretString>, limits: &Limits, interner: &mut Interner) -> Reading {
    let budget = Budget::new(limits.max_kdf_iterations);
    let mut reader =
        FileReader { password, budget, max_items: limits.max_items, interner, reading: Reading::default() };
    if !reader.binary(bytes) && !reader.armoured(bytes) {
        reader.problem(ReadReason::NotPki, "no certificate, request, revocation list or key recognised");
    }
    reader.reading
}

/// The structures told apart by their outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    Request,
    RevocationList,
    Pkcs7,
    Pkcs12,
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1,
    Pkcs1Public,
    Sec1,
    Dsa,
    PublicKey,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Request => "certification request",
            Self::RevocationList => "revocation list",
            Self::Pkcs7 => "PKCS#7 structure",
            Self::Pkcs12 => "PKCS#12 file",
            Self::Pkcs8 | Self::EncryptedPkcs8 | Self::Pkcs1 | Self::Sec1 | Self::Dsa => "private key",
            Self::Pkcs1Public | Self::PublicKey => "public key",
        }
    }

    fn of(outer: Element<'_>) -> Option<Self> {
        let mut fields = outer.children();
        let first = fields.next()?;
        let second = fields.next();
        let third = fields.next().map(|field| field.tag);
        let starts = |element: Element<'_>, arc: &[u8]| {
            element.children().field(OID).is_some_and(|kind| kind.content.starts_with(arc))
        };
        match (first.tag, second?.tag, third) {
            (OID, tag, None) if tag == context(0) && first.content.starts_with(oid::PKCS7) => Some(Self::Pkcs7),
            (INTEGER, SEQUENCE, third) => {
                if third == Some(OCTET_STRING) {
                    starts(second?, &[]).then_some(Self::Pkcs8)
                } else {
                    (first.content == [3] && starts(second?, oid::PKCS7)).then_some(Self::Pkcs12)
                }
            }
            (SEQUENCE, OCTET_STRING, None) => {
                (starts(first, oid::PKCS5) || starts(first, oid::PKCS12_PBE)).then_some(Self::EncryptedPkcs8)
            }
            (SEQUENCE, BIT_STRING, None) => starts(first, &[]).then_some(Self::PublicKey),
            (SEQUENCE, SEQUENCE, Some(BIT_STRING)) => match Signed::of(certificate::signed(outer)?)? {
                Signed::Certificate => Some(Self::Certificate),
                Signed::Request => Some(Self::Request),
                Signed::RevocationList => Some(Self::RevocationList),
            },
            (INTEGER, OCTET_STRING, _) => (first.content == [1]).then_some(Self::Sec1),
            (INTEGER, INTEGER, None) => {
                // Diffie-Hellman parameters and bare signatures look the same but for the size of the numbers.
                let exponent = second?.unsigned();
                let common = matches!(exponent, Some(3 | 17 | 257 | 65_537));
                (common && der::bit_length(first.content) >= 512).then_some(Self::Pkcs1Public)
            }
            (INTEGER, INTEGER, Some(INTEGER)) => {
                let numbers = outer.children().take_while(|field| field.tag == INTEGER).count();
                match (numbers, first.content) {
                    (9.., [0 | 1]) => Some(Self::Pkcs1),
                    (6, [0]) => Some(Self::Dsa),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

struct FileReader<'a> {
    password: Option<&'a SecretString>,
    budget: Budget,
    max_items: usize,
    interner: &'a mut Interner,
    reading: Reading,
}

impl FileReader<'_> {
    /// Bare DER, or BER of PKCS#7 and PKCS#12. False when the bytes are something else.
    fn binary(&mut self, bytes: &[u8]) -> bool {
        if bytes.first() != Some(&SEQUENCE) {
            return false;
        }
        let mut rest = bytes;
        while let Some(outer) = Reader::new(rest).field(SEQUENCE) {
            let Some(kind) = Kind::of(outer) else { break };
            if self.is_full() {
                return true;
            }
            self.object(kind, outer, Format::Der);
            rest = rest.get(outer.raw.len()..).unwrap_or_default();
        }
        if rest.len() == bytes.len() {
            return self.indefinite(bytes) || self.cut_short(bytes);
        }
        // Editors and transfers leave line ends or zeros behind.
        if rest.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0) {
            let message = format!("{} bytes that are nothing known behind the last object", rest.len());
            self.problem(ReadReason::Malformed, &message);
        }
        true
    }

    fn indefinite(&mut self, bytes: &[u8]) -> bool {
        let Some((der, _)) = ber::to_der(bytes) else { return false };
        let Some(outer) = Reader::new(&der).field(SEQUENCE) else { return false };
        let Some(kind) = Kind::of(outer) else { return false };
        self.object(kind, outer, Format::Der);
        true
    }

    /// The start of one of our structures without its end.
    fn cut_short(&mut self, bytes: &[u8]) -> bool {
        let inside = match der::header(bytes) {
            Some((header, length)) if length > bytes.len().saturating_sub(header) && length > 0x7f => {
                bytes.get(header..)
            }
            None if bytes.get(1) == Some(&0x80) => bytes.get(2..),
            _ => None,
        };
        let ours = match inside {
            Some([OID, _, tail @ ..]) => tail.starts_with(oid::PKCS7),
            Some([SEQUENCE, 0x81..=0x83, ..] | [INTEGER, 1, 0 | 1 | 3, SEQUENCE | INTEGER | OCTET_STRING, ..]) => true,
            _ => false,
        };
        if ours {
            self.problem(ReadReason::Malformed, "a DER structure that ends before its stated length");
        }
        ours
    }

    /// Blocks between `BEGIN` and `END`. False when there is none of ours.
    fn armoured(&mut self, bytes: &[u8]) -> bool {
        let mut recognised = false;
        for block in pem::blocks(bytes) {
            let Some(expected) = expected(block.label) else { continue };
            recognised = true;
            if self.is_full() {
                break;
            }
            match block.body {
                Err(why) => self.problem(ReadReason::Malformed, &format!("PEM block {:?}: {why}", block.label)),
                Ok(body) => match block.dek_info {
                    Some(dek_info) => self.legacy_encrypted(expected, dek_info, &body),
                    None => self.body(expected, block.label, &body),
                },
            }
        }
        recognised
    }

    fn body(&mut self, expected: Kind, label: &str, body: &[u8]) {
        if let Some(outer) = Reader::new(body).field(SEQUENCE) {
            // The outline tells more than the label: tools write PKCS#8 below "RSA PRIVATE KEY" and PKCS#7 below
            // "CERTIFICATE". The label decides only between structures without an outline of their own.
            let kind = if expected == Kind::Pkcs1Public { Some(expected) } else { Kind::of(outer) };
            if let Some(kind) = kind {
                return self.object(kind, outer, Format::Pem);
            }
        } else if let Some((der, _)) = ber::to_der(body)
            && let Some(outer) = Reader::new(&der).field(SEQUENCE)
            && let Some(kind) = Kind::of(outer)
        {
            return self.object(kind, outer, Format::Pem);
        }
        let message = format!("PEM block {label:?} does not hold a {}", expected.name());
        self.problem(ReadReason::Malformed, &message);
    }

    fn legacy_encrypted(&mut self, expected: Kind, dek_info: &str, body: &[u8]) {
        let Some(password) = self.password else {
            return self.item(Format::Pem, Item::PrivateKey(private_key::CLOSED));
        };
        let opened = Passphrase::candidates(Some(password)).first().ok_or(Locked::Wrong).and_then(|password| {
            let plain = pem_cipher::decrypt(dek_info, body, password)?;
            let facts = match expected {
                Kind::Sec1 => private_key::ec(&plain, None),
                Kind::Dsa => private_key::dsa(&plain),
                _ => private_key::pkcs1(&plain),
            };
            facts.ok_or(Locked::Wrong)
        });
        self.opened_key(Format::Pem, opened);
    }

    fn object(&mut self, kind: Kind, outer: Element<'_>, format: Format) {
        let der = outer.raw;
        match kind {
            Kind::Certificate => self.certificate(der, format),
            Kind::Request => self.or_broken(kind, format, csr::read(der).map(Item::Csr)),
            Kind::RevocationList => self.or_broken(kind, format, crl::read(der).map(Item::Crl)),
            Kind::Pkcs7 => self.pkcs7(der),
            Kind::Pkcs12 => self.pkcs12(der),
            Kind::EncryptedPkcs8 => self.encrypted_key(der, format),
            Kind::Pkcs8 => self.or_malformed(kind, format, private_key::pkcs8(der).map(Item::PrivateKey)),
            Kind::Pkcs1 => self.or_malformed(kind, format, private_key::pkcs1(der).map(Item::PrivateKey)),
            Kind::Sec1 => self.or_malformed(kind, format, private_key::ec(der, None).map(Item::PrivateKey)),
            Kind::Dsa => self.or_malformed(kind, format, private_key::dsa(der).map(Item::PrivateKey)),
            Kind::PublicKey => self.or_malformed(kind, format, public_key::facts(der).map(Item::PublicKey)),
            Kind::Pkcs1Public => self.or_malformed(kind, format, public_key::pkcs1_facts(der).map(Item::PublicKey)),
        }
    }

    fn certificate(&mut self, der: &[u8], format: Format) {
        let der = Reader::new(der).field(SEQUENCE).map_or(der, |outer| outer.raw);
        match certificate::parse_with(der, self.interner) {
            Ok(facts) => self.item(format, Item::Certificate { facts: Arc::new(facts), der: der.into() }),
            Err(problem) => self.problem(problem.reason, &problem.message),
        }
    }

    fn pkcs7(&mut self, der: &[u8]) {
        match pkcs7::read(der) {
            Ok(contents) => {
                if contents.certificates.is_empty() && contents.revocation_lists.is_empty() {
                    self.problem(ReadReason::Unsupported, "a PKCS#7 structure without certificate or revocation list");
                }
                for certificate in contents.certificates {
                    if self.is_full() {
                        return;
                    }
                    self.certificate(certificate, Format::Pkcs7);
                }
                for list in contents.revocation_lists {
                    if self.is_full() {
                        return;
                    }
                    self.or_broken(Kind::RevocationList, Format::Pkcs7, crl::read(list).map(Item::Crl));
                }
            }
            Err(pkcs7::Closed::OtherContent) => {
                self.problem(ReadReason::Unsupported, "a PKCS#7 structure of another kind than signed data");
            }
            Err(pkcs7::Closed::Malformed) => self.problem(ReadReason::Malformed, "a PKCS#7 structure that is broken"),
        }
    }

    fn pkcs12(&mut self, der: &[u8]) {
        let passwords = Passphrase::candidates(self.password);
        let contents = pkcs12::read(der, &passwords, &mut self.budget);
        if contents.is_empty() {
            self.problem(ReadReason::Unsupported, "a PKCS#12 file without certificate, revocation list or key");
        }
        for found in contents {
            if self.is_full() {
                return;
            }
            match found {
                pkcs12::Found::Certificate(der) => self.certificate(&der, Format::Pkcs12),
                pkcs12::Found::RevocationList(der) => {
                    self.or_broken(Kind::RevocationList, Format::Pkcs12, crl::read(&der).map(Item::Crl));
                }
                pkcs12::Found::Key(facts) => self.item(Format::Pkcs12, Item::PrivateKey(facts)),
                pkcs12::Found::Problem(why) => self.locked("PKCS#12 file", &why),
            }
        }
    }

    fn encrypted_key(&mut self, der: &[u8], format: Format) {
        if self.password.is_none() {
            return self.item(format, Item::PrivateKey(private_key::CLOSED));
        }
        let passwords = Passphrase::candidates(self.password);
        let opened = private_key::encrypted(der, &passwords, &mut self.budget);
        self.opened_key(format, opened);
    }

    /// A key that stays closed is an item all the same: it exists, and it is encrypted.
    fn opened_key(&mut self, format: Format, opened: Result<KeyFacts, Locked>) {
        match opened {
            Ok(facts) => self.item(format, Item::PrivateKey(KeyFacts { encrypted: true, ..facts })),
            Err(why) => {
                self.item(format, Item::PrivateKey(private_key::CLOSED));
                self.locked("encrypted private key", &why);
            }
        }
    }

    fn locked(&mut self, what: &str, why: &Locked) {
        let (reason, message) = match why {
            Locked::Wrong if self.password.is_some() => {
                (ReadReason::WrongPassword, format!("the password given does not open this {what}"))
            }
            Locked::Wrong => (ReadReason::NeedsPassword, format!("this {what} needs a password")),
            Locked::Limit(iterations) => (
                ReadReason::LimitExceeded,
                format!("this {what} asks for {iterations} key derivation iterations, more than are allowed"),
            ),
            Locked::Unsupported(which) => {
                (ReadReason::Unsupported, format!("this {what} uses an algorithm that is not read here: {which}"))
            }
            Locked::Malformed => (ReadReason::Malformed, format!("this {what} is broken")),
        };
        self.problem(reason, &message);
    }

    fn or_malformed(&mut self, kind: Kind, format: Format, item: Option<Item>) {
        match item {
            Some(item) => self.item(format, item),
            None => self.problem(ReadReason::Malformed, &format!("a {} that is broken", kind.name())),
        }
    }

    /// [`Self::or_malformed`], where x509-parser says what is wrong.
    fn or_broken(&mut self, kind: Kind, format: Format, item: Result<Item, X509Error>) {
        match item {
            Ok(item) => self.item(format, item),
            Err(error) => self.problem(ReadReason::Malformed, &format!("a {} that is broken: {error}", kind.name())),
        }
    }

    fn item(&mut self, format: Format, item: Item) {
        let index = self.next_index();
        self.reading.items.push(ReadItem { index, format, item });
    }

    fn problem(&mut self, reason: ReadReason, message: &str) {
        let index = self.next_index();
        self.reading.problems.push(ReadProblem { index, reason, message: message.to_owned() });
    }

    fn next_index(&self) -> usize {
        self.reading.items.len() + self.reading.problems.len()
    }

    /// Says so once when no more items are allowed.
    fn is_full(&mut self) -> bool {
        let full = self.next_index() >= self.max_items;
        if full && !self.reading.problems.iter().any(|problem| problem.reason == ReadReason::LimitExceeded) {
            self.problem(ReadReason::LimitExceeded, &format!("more than {} items in one file", self.max_items));
        }
        full
    }
}

/// What a PEM label promises; `None` for labels that are not ours, and for parameters, which are no item.
fn expected(label: &str) -> Option<Kind> {
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Some(Kind::Certificate),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Kind::Request),
        "X509 CRL" => Some(Kind::RevocationList),
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => Some(Kind::Pkcs7),
        "PKCS12" => Some(Kind::Pkcs12),
        "PRIVATE KEY" => Some(Kind::Pkcs8),
        "ENCRYPTED PRIVATE KEY" => Some(Kind::EncryptedPkcs8),
        "RSA PRIVATE KEY" => Some(Kind::Pkcs1),
        "EC PRIVATE KEY" => Some(Kind::Sec1),
        "DSA PRIVATE KEY" => Some(Kind::Dsa),
        "PUBLIC KEY" => Some(Kind::PublicKey),
        "RSA PUBLIC KEY" => Some(Kind::Pkcs1Public),
        _ => None,
    }
}
