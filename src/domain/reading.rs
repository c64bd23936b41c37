//! What reading a run of bytes gave: items, and what could not be read. Judges nothing.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::certificate::Certificate;
use super::fingerprint::Fingerprint;
use super::key::KeyAlgorithm;
use super::offer::{UnknownWord, spelled};
use super::time::Timestamp;

use std::str::FromStr;

/// The outcome of reading one file or one served chain.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What was recognised, in the order of the bytes.
    pub items: Vec<ReadItem>,
    /// What was recognised but could not be read. Good items beside it still stand.
    pub problems: Vec<ReadProblem>,
}

/// One item with its position among the items of its file.
#[derive(Debug, Clone)]
pub struct ReadItem {
    /// 0 for the first item of the file, problems counted too.
    pub index: usize,
    /// The wrapping it was found in.
    pub format: Format,
    /// The item.
    pub item: Item,
}

spelled! {
    /// The wrapping an item was found in.
    Format, "format" {
        /// RFC 7468 text.
        Pem = "pem",
        /// Bare DER.
        Der = "der",
        /// CMS or PKCS#7 SignedData, PEM or DER.
        Pkcs7 = "pkcs7",
        /// PKCS#12, RFC 7292.
        Pkcs12 = "pkcs12",
    }
}

/// A recognised object.
#[derive(Debug, Clone)]
pub enum Item {
    /// A certificate, with its whole DER.
    Certificate {
        /// Facts.
        facts: Arc<Certificate>,
        /// The bytes.
        der: Arc<[u8]>,
    },
    /// PKCS#10.
    Csr(CsrFacts),
    /// A certificate revocation list.
    Crl(CrlFacts),
    /// A private key. Its bytes are gone when this exists.
    PrivateKey(KeyFacts),
    /// A bare SubjectPublicKeyInfo.
    PublicKey(KeyFacts),
}

/// Facts of a key, public or private. Never key material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// SHA-256 over the SubjectPublicKeyInfo; `None` when the key is encrypted and no password was given.
    pub spki: Option<Fingerprint>,
    /// Algorithm and size, `None` when encrypted.
    pub key: Option<KeyAlgorithm>,
    /// The key is stored encrypted (PKCS#8 EncryptedPrivateKeyInfo, legacy PEM encryption, or a shrouded PKCS#12 bag).
    pub encrypted: bool,
}

/// Facts of a certification request (RFC 2986).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrFacts {
    /// Subject, RFC 4514.
    pub subject: Arc<str>,
    /// SHA-256 over the SubjectPublicKeyInfo.
    pub spki: Fingerprint,
    /// Algorithm and size of the key.
    pub key: KeyAlgorithm,
    /// Signature algorithm by the name OpenSSL prints, or its OID.
    pub signature_algorithm: Arc<str>,
    /// Requested subject alternative names, as in [`Certificate::san`].
    pub san: Arc<[Arc<str>]>,
}

/// Header facts of a CRL (RFC 5280 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFacts {
    /// SHA-256 over the DER.
    pub fingerprint: Fingerprint,
    /// Issuer, RFC 4514.
    pub issuer: Arc<str>,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// cRLNumber in decimal.
    pub crl_number: Option<Arc<str>>,
    /// Signature algorithm by the name OpenSSL prints, or its OID.
    pub signature_algorithm: Arc<str>,
    /// Number of revoked entries.
    pub entries: usize,
    /// A delta CRL (deltaCRLIndicator present).
    pub delta: bool,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadProblem {
    /// Position among the items of the file.
    pub index: usize,
    /// Stable code.
    pub reason: ReadReason,
    /// One line for a person, without control characters or key material.
    pub message: String,
}

spelled! {
    /// Stable codes of reading problems.
    ReadReason, "reason" {
        /// No PKI object recognised in the bytes. Normal for most files of a swept folder.
        NotPki = "not_pki",
        /// A password is needed, or the one given is wrong.
        NeedsPassword = "needs_password",
        /// A password was given and does not open it.
        WrongPassword = "wrong_password",
        /// Recognised and broken.
        Malformed = "malformed",
        /// Recognised, and its algorithm or version is not one this program reads.
        Unsupported = "unsupported",
        /// A bound was hit: iterations, nesting, count.
        LimitExceeded = "limit_exceeded",
    }
}
