//! What a PKCS#11 module of others shows of cards without a code: a second way beside PC/SC, off unless configured, for cards whose
//! files we cannot read and for hosts where other software keeps the readers to itself.
//!
//! A module is a library of somebody else's that runs in the process that loads it. It is loaded in a process of its own (`module`, by
//! the hidden command `vigie pkcs11-objects`), which is given a time and killed after it (`child`); one that crashes, hangs or talks
//! nonsense is a state of its own and touches nothing else. Nobody signs in: no function that takes a code is ever called.

pub(super) mod child;
pub mod module;
pub(super) mod reader;
pub(super) mod state;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::found_card::CodeTries;
use crate::domain::observation::Problem;
use crate::domain::time::Timestamp;

/// The command of ours that reads a module.
pub const COMMAND: &str = "pkcs11-objects";

/// Tokens of one module that are read; pcscd serves 16 readers.
pub(super) const MAX_TOKENS: usize = 64;
/// Certificates of one token that are read.
pub(super) const MAX_CERTIFICATES: usize = 8;
/// Octets of one certificate.
pub(super) const MAX_CERTIFICATE: usize = 64 << 10;

/// A token, as a module shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The description of its slot: modules for cards give the name of the reader.
    pub slot: String,
    /// Its label: `CPS3v3-2900995235`.
    pub label: String,
    /// Its serial number: for the ANS modules, the eight digits of the chip.
    pub serial: String,
    /// Tries left of the holder's code, where the flags of the token say so.
    pub tries_left: Option<u8>,
    /// Its public certificates.
    pub certificates: Vec<TokenCertificate>,
}

/// A public certificate of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCertificate {
    /// As the token calls it.
    pub label: String,
    /// DER.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub der: Vec<u8>,
}

/// What the process of a module says, on its last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The tokens.
    Tokens(Vec<Token>),
    /// The module could not be loaded, or one of its functions failed.
    Failed {
        /// Whether it was loaded.
        loaded: bool,
        /// What it says.
        message: String,
    },
}

/// Why a module gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// Whoever may write it may act as us.
    #[error("PKCS#11 module: {0}")]
    Unsafe(String),
    /// It is not there, or not a module.
    #[error("PKCS#11 module: it cannot be loaded: {0}")]
    NotLoaded(String),
    /// One of its functions failed.
    #[error("PKCS#11 module: {0}")]
    Failed(String),
    /// Its process ended in another way than it should.
    #[error("PKCS#11 module: it crashed ({0})")]
    Crashed(String),
    /// Its process was killed.
    #[error("PKCS#11 module: no answer within {0} s")]
    TimedOut(u64),
    /// It says more than there can be.
    #[error("PKCS#11 module: it says more than it may")]
    TooLong,
    /// What its process said is not what it should be.
    #[error("PKCS#11 module: what it gives cannot be read")]
    Malformed,
    /// No process could be made for it.
    #[error("PKCS#11 module: no process for it: {0}")]
    NotStarted(String),
}

impl ModuleError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unsafe(_) => "pkcs11_unsafe",
            Self::NotLoaded(_) => "pkcs11_not_loaded",
            Self::Failed(_) => "pkcs11_failed",
            Self::Crashed(_) => "pkcs11_crashed",
            Self::TimedOut(_) => "pkcs11_timeout",
            Self::TooLong => "pkcs11_limit",
            Self::Malformed => "pkcs11_malformed",
            Self::NotStarted(_) => "pkcs11_not_started",
        }
    }

    /// The same as data.
    pub fn problem(&self) -> Problem {
        Problem { reason: self.reason().into(), message: self.to_string().into() }
    }
}

/// A module, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleView {
    /// Its file.
    pub module: Arc<str>,
    /// `waiting` before it was first read, `reading`, `read`, `failed`.
    pub state: &'static str,
    /// Why it gives nothing.
    pub problem: Option<Problem>,
    /// Since when.
    pub since: Timestamp,
    /// Tokens it showed last.
    pub tokens: usize,
}

impl Token {
    /// Tries left, as the inventory has them.
    pub(super) fn tries(&self) -> Option<CodeTries> {
        self.tries_left.map(|left| CodeTries { left, most: None })
    }
}

fn to_base64<S: Serializer>(der: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(der))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
}
