//! Why a revocation list is refused.

/// Why bytes are no revocation list one can use. What is refused is refused whole: half a list would say "not revoked" of what the
/// other half revokes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Something else: an error page, a certificate, nothing.
    #[error("the bytes are not a revocation list")]
    NotACrl,
    /// It starts like one and breaks DER (X.690) or RFC 5280 section 5.1.
    #[error("the revocation list is malformed at octet {at}: {what}")]
    Malformed {
        /// Offset into the DER of the element that is wrong.
        at: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It ends before its stated length.
    #[error("the revocation list is cut short: {got} of {wanted} bytes")]
    CutShort {
        /// Bytes of DER that came.
        got: u64,
        /// Bytes it says it has; 0 when it does not get that far.
        wanted: u64,
    },
    /// Bytes behind its end.
    #[error("there are bytes behind the end of the revocation list")]
    TrailingBytes,
    /// Larger than the bound.
    #[error("the revocation list is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: u64,
    },
    /// More entries than the bound.
    #[error("the revocation list has more than {limit} entries")]
    TooManyEntries {
        /// The bound.
        limit: u32,
    },
    /// RFC 5280 section 5.1.1.2: the two must be the same.
    #[error("the signature algorithm said in the list is not the one said beside its signature")]
    AlgorithmMismatch,
}

impl CrlError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotACrl => "not_a_crl",
            Self::Malformed { .. } => "malformed",
            Self::CutShort { .. } => "cut_short",
            Self::TrailingBytes => "trailing_bytes",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyEntries { .. } => "too_many_entries",
            Self::AlgorithmMismatch => "algorithm_mismatch",
        }
    }
}

/// Bounds on one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of DER. Whatever is said here, offsets of 32 bits end at 4 GiB.
    pub max_bytes: u64,
    /// Entries. Each takes 12 bytes of memory while its list is indexed.
    pub max_entries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 512 << 20, max_entries: 16 << 20 }
    }
}
