//! Authorities, certificates and revocation lists written octet by octet: also those no tool makes. ECDSA on P-256.

#![allow(dead_code, reason = "the integration tests and the bench each use a part")]

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

pub const CRITICAL: bool = true;
pub const PLAIN: bool = false;

/// An element: tag and content, minimal length.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let octets = long.to_be_bytes();
            let octets = &octets[octets.iter().take_while(|octet| **octet == 0).count()..];
            out.push(0x80 | octets.len() as u8);
            out.extend_from_slice(octets);
        }
    }
    out.extend_from_slice(&content);
    out
}

pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

/// A positive INTEGER.
pub fn integer(value: u64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let octets = &octets[octets.iter().take_while(|octet| **octet == 0).count().min(7)..];
    if octets[0] >= 0x80 { tlv(2, &[&[0], octets]) } else { tlv(2, &[octets]) }
}

/// `C=FR, O=IGC-SANTE TEST, CN=…`, as the authorities of the sector are named.
pub fn name(common_name: &str) -> Vec<u8> {
    seq(&[
        &rdn(b"\x55\x04\x06", 0x13, b"FR"),
        &rdn(b"\x55\x04\x0a", 0x0c, b"IGC-SANTE TEST"),
        &rdn(b"\x55\x04\x03", 0x0c, common_name.as_bytes()),
    ])
}

pub fn rdn(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x31, &[&seq(&[&tlv(6, &[kind]), &tlv(tag, &[value])])])
}

/// UTCTime or GeneralizedTime of `YYYY-MM-DD`, midnight.
pub fn time(date: &str) -> Vec<u8> {
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    if date < "2050" { tlv(0x17, &[&digits.as_bytes()[2..], b"000000Z"]) } else { tlv(0x18, &[digits.as_bytes(), b"000000Z"]) }
}

/// One extension below 2.5.29.
pub fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    other_extension(&[0x55, 0x1d, number], critical, value)
}

pub fn other_extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    seq(&[&tlv(6, &[kind]), flag, &tlv(4, &[value])])
}

pub fn basic_constraints(ca: bool, path_length: Option<u64>) -> Vec<u8> {
    let flag: &[u8] = if ca { &[1, 1, 0xff] } else { &[] };
    extension(19, CRITICAL, &seq(&[flag, &path_length.map(integer).unwrap_or_default()]))
}

/// Bits counted from digitalSignature (0): keyCertSign is 5, cRLSign 6.
pub fn key_usage(bits: &[u8]) -> Vec<u8> {
    let octet = bits.iter().fold(0_u8, |octet, bit| octet | 0x80 >> bit);
    extension(15, CRITICAL, &tlv(3, &[&[octet.trailing_zeros() as u8, octet]]))
}

pub const CERT_SIGN: u8 = 5;
pub const CRL_SIGN: u8 = 6;

pub fn directory(name: &[u8]) -> Vec<u8> {
    tlv(0xa4, &[name])
}

pub fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, &[text.as_bytes()])
}

/// ReasonFlags of these bits, with this tag.
pub fn reason_flags(tag: u8, bits: &[u8]) -> Vec<u8> {
    let flags = bits.iter().fold(0_u16, |flags, bit| flags | 0x8000 >> bit);
    tlv(tag, &[&[7], &flags.to_be_bytes()])
}

/// fullName.
pub fn full(names: &[&[u8]]) -> Vec<u8> {
    tlv(0xa0, &[&tlv(0xa0, names)])
}

/// nameRelativeToCRLIssuer, of one common name.
pub fn relative(common_name: &str) -> Vec<u8> {
    let attribute = seq(&[&tlv(6, &[b"\x55\x04\x03"]), &tlv(0x0c, &[common_name.as_bytes()])]);
    tlv(0xa0, &[&tlv(0xa1, &[&attribute])])
}

/// One DistributionPoint from its fields.
pub fn point(fields: &[&[u8]]) -> Vec<u8> {
    seq(fields)
}

pub fn crl_issuer(name: &[u8]) -> Vec<u8> {
    tlv(0xa2, &[&directory(name)])
}

pub fn crl_points(points: &[&[u8]]) -> Vec<u8> {
    extension(31, PLAIN, &seq(points))
}

/// Names allowed (`0xa0`) or not (`0xa1`).
pub fn name_constraints(tag: u8, bases: &[&[u8]]) -> Vec<u8> {
    let trees: Vec<u8> = bases.iter().flat_map(|base| seq(&[base])).collect();
    extension(30, CRITICAL, &seq(&[&tlv(tag, &[&trees])]))
}

pub fn alt_names(names: &[&[u8]]) -> Vec<u8> {
    extension(17, PLAIN, &seq(names))
}

pub fn dns(host: &str) -> Vec<u8> {
    tlv(0x82, &[host.as_bytes()])
}

/// Policies 1.2.3.N.
pub fn policies(numbers: &[u8]) -> Vec<u8> {
    let each: Vec<u8> = numbers.iter().flat_map(|number| seq(&[&policy(*number)])).collect();
    extension(32, PLAIN, &seq(&[&each]))
}

pub fn policy(number: u8) -> Vec<u8> {
    tlv(6, &[&[0x2a, 3, number]])
}

/// requireExplicitPolicy.
pub fn explicit_policy(skip: u8) -> Vec<u8> {
    extension(36, CRITICAL, &seq(&[&[0x80, 1, skip]]))
}

/// A key pair, shared.
#[derive(Clone)]
pub struct Key(Arc<EcdsaKeyPair>);

impl Key {
    pub fn new() -> Self {
        Self(Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key")))
    }

    fn public_key_info(&self) -> Vec<u8> {
        let algorithm = seq(&[&tlv(6, &[b"\x2a\x86\x48\xce\x3d\x02\x01"]), &tlv(6, &[b"\x2a\x86\x48\xce\x3d\x03\x01\x07"])]);
        seq(&[&algorithm, &tlv(3, &[&[0], self.0.public_key().as_ref()])])
    }

    /// What is signed, the algorithm and the signature.
    pub fn signed(&self, tbs: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&SystemRandom::new(), tbs).expect("a signature");
        seq(&[tbs, &algorithm(), &tlv(3, &[&[0], signature.as_ref()])])
    }

    /// Subject and authority key identifier: the end of the key.
    pub fn identifier(&self) -> Vec<u8> {
        self.0.public_key().as_ref()[45..].to_vec()
    }
}

/// ecdsa-with-SHA256.
pub fn algorithm() -> Vec<u8> {
    seq(&[&tlv(6, &[b"\x2a\x86\x48\xce\x3d\x04\x03\x02"])])
}

/// What a certificate is to say.
#[derive(Clone)]
pub struct Spec {
    pub subject: Vec<u8>,
    pub key: Key,
    pub serial: u64,
    pub from: &'static str,
    pub until: &'static str,
    pub extensions: Vec<Vec<u8>>,
}

impl Spec {
    /// An end entity.
    pub fn end_entity(common_name: &str, serial: u64) -> Self {
        let extensions = vec![key_usage(&[0])];
        Self { subject: name(common_name), key: Key::new(), serial, from: "2025-01-01", until: "2028-01-01", extensions }
    }

    /// An authority that signs certificates and lists.
    pub fn authority(common_name: &str, serial: u64) -> Self {
        let extensions = vec![basic_constraints(true, None), key_usage(&[CERT_SIGN, CRL_SIGN])];
        Self { subject: name(common_name), key: Key::new(), serial, from: "2020-01-01", until: "2040-01-01", extensions }
    }

    /// With one more extension.
    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// With these extensions instead.
    pub fn only(mut self, extensions: Vec<Vec<u8>>) -> Self {
        self.extensions = extensions;
        self
    }

    pub fn valid(mut self, from: &'static str, until: &'static str) -> Self {
        (self.from, self.until) = (from, until);
        self
    }

    pub fn key(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    pub fn named(mut self, subject: Vec<u8>) -> Self {
        self.subject = subject;
        self
    }

    fn signed_by(&self, issuer: &[u8], key: &Key) -> Vec<u8> {
        let mut extensions = self.extensions.concat();
        extensions.extend(extension(14, PLAIN, &tlv(4, &[&self.key.identifier()])));
        extensions.extend(extension(35, PLAIN, &seq(&[&tlv(0x80, &[&key.identifier()])])));
        let validity = seq(&[&time(self.from), &time(self.until)]);
        let extensions = tlv(0xa3, &[&seq(&[&extensions])]);
        let tbs = seq(&[
            b"\xa0\x03\x02\x01\x02",
            &integer(self.serial),
            &algorithm(),
            issuer,
            &validity,
            &self.subject,
            &self.key.public_key_info(),
            &extensions,
        ]);
        key.signed(&tbs)
    }
}

/// An authority with its certificate.
#[derive(Clone)]
pub struct Authority {
    pub name: Vec<u8>,
    pub key: Key,
    pub der: Vec<u8>,
}

impl Authority {
    /// Self-signed.
    pub fn root(spec: &Spec) -> Self {
        Self { name: spec.subject.clone(), key: spec.key.clone(), der: spec.signed_by(&spec.subject, &spec.key) }
    }

    /// A certificate under this authority.
    pub fn issue(&self, spec: &Spec) -> Vec<u8> {
        spec.signed_by(&self.name, &self.key)
    }

    /// An authority under this one.
    pub fn below(&self, spec: &Spec) -> Self {
        Self { name: spec.subject.clone(), key: spec.key.clone(), der: self.issue(spec) }
    }

    /// A list of this authority.
    pub fn list(&self, list: &ListSpec) -> Vec<u8> {
        self.key.signed(&list.tbs(&self.name, Some(&self.key.identifier())))
    }
}

/// What a list is to say.
#[derive(Clone)]
pub struct ListSpec {
    pub this: &'static str,
    pub next: Option<&'static str>,
    pub entries: Vec<Vec<u8>>,
    pub extensions: Vec<Vec<u8>>,
    pub v2: bool,
}

impl ListSpec {
    /// A complete list of this number.
    pub fn new(number: u64) -> Self {
        let extensions = vec![extension(20, PLAIN, &integer(number))];
        Self { this: "2026-05-01", next: Some("2026-07-01"), entries: Vec::new(), extensions, v2: true }
    }

    /// A delta on the list of number `base`.
    pub fn delta(number: u64, base: u64) -> Self {
        Self::new(number).with(extension(27, CRITICAL, &integer(base)))
    }

    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// With an issuing distribution point of these fields.
    pub fn scope(self, fields: &[&[u8]]) -> Self {
        self.with(extension(28, CRITICAL, &seq(fields)))
    }

    pub fn dated(mut self, this: &'static str, next: Option<&'static str>) -> Self {
        (self.this, self.next) = (this, next);
        self
    }

    pub fn revoke(self, serial: u64, reason: Option<u8>) -> Self {
        let extensions: Vec<Vec<u8>> = reason.into_iter().map(reason_code).collect();
        self.entry(serial, &extensions)
    }

    pub fn entry(mut self, serial: u64, extensions: &[Vec<u8>]) -> Self {
        let extensions = if extensions.is_empty() { Vec::new() } else { seq(&[&extensions.concat()]) };
        self.entries.push(seq(&[&integer(serial), &time("2026-04-01"), &extensions]));
        self
    }

    pub fn tbs(&self, issuer: &[u8], authority_key: Option<&[u8]>) -> Vec<u8> {
        let mut extensions = self.extensions.concat();
        if let Some(key) = authority_key {
            extensions.extend(extension(35, PLAIN, &seq(&[&tlv(0x80, &[key])])));
        }
        let version: &[u8] = if self.v2 { &[2, 1, 1] } else { &[] };
        let entries = if self.entries.is_empty() { Vec::new() } else { seq(&[&self.entries.concat()]) };
        let extensions = if self.v2 { tlv(0xa0, &[&seq(&[&extensions])]) } else { Vec::new() };
        let next = self.next.map(time).unwrap_or_default();
        seq(&[version, &algorithm(), issuer, &time(self.this), &next, &entries, &extensions])
    }
}

pub fn reason_code(code: u8) -> Vec<u8> {
    extension(21, PLAIN, &[0x0a, 1, code])
}

pub fn certificate_issuer(name: &[u8]) -> Vec<u8> {
    extension(29, CRITICAL, &seq(&[&directory(name)]))
}
