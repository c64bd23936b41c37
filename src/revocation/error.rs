//! Why a list did not come.

use std::io;

use super::gate::Denied;

/// Why a list did not come, or was not taken off the wire.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address must not be asked.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The name of the host leads nowhere.
    #[error("{host} could not be resolved: {why}")]
    Dns {
        /// The host.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No connection, or none that lasted.
    #[error("{host} could not be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// Too slow.
    #[error("{host} took too long: {received} bytes came in {seconds} s")]
    Timeout {
        /// The host.
        host: String,
        /// Bytes that came.
        received: u64,
        /// Seconds that were waited.
        seconds: u64,
    },
    /// Another HTTP status than 200.
    #[error("{host} answered with status {status}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// A redirect that is not followed.
    #[error("{host} redirected elsewhere, or too often")]
    Redirect {
        /// The host.
        host: String,
    },
    /// A body that is compressed though nobody asked for that.
    #[error("{host} sent a compressed body ({encoding})")]
    Compressed {
        /// The host.
        host: String,
        /// Content-Encoding.
        encoding: String,
    },
    /// The directory has no such entry or attribute, or would not say.
    #[error("the directory {host} gave no list: {why}")]
    Directory {
        /// The host.
        host: String,
        /// What it said.
        why: String,
    },
    /// Larger than the bound.
    #[error("the revocation list is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: u64,
    },
    /// Something else: a page, nothing.
    #[error("the bytes are not a revocation list")]
    NotACrl,
    /// It ended before its end.
    #[error("the revocation list is cut short: {got} of {wanted} bytes")]
    CutShort {
        /// Bytes that came.
        got: u64,
        /// Bytes it says it has.
        wanted: u64,
    },
    /// Bytes behind its end.
    #[error("there are bytes behind the end of the revocation list")]
    TrailingBytes,
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What happened.
        source: io::Error,
    },
    /// "Not modified", to who did not say what is known.
    #[error("{host} answered \"not modified\" to a question without a condition")]
    NotModified {
        /// The host.
        host: String,
    },
    /// Our own disk has too little room for it.
    #[error("too little room on the disk for {wanted} more bytes and the {reserve} that are kept free")]
    DiskLow {
        /// Bytes the list would take.
        wanted: u64,
        /// Bytes that are to stay free.
        reserve: u64,
    },
    /// Our own disk.
    #[error("the revocation list could not be written: {0}")]
    Disk(io::Error),
}

impl FetchError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Denied(denied) => denied.reason(),
            Self::Dns { .. } => "dns",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Status { .. } => "http_status",
            Self::Redirect { .. } => "redirect_refused",
            Self::Compressed { .. } => "compressed",
            Self::Directory { .. } => "directory",
            Self::TooLarge { .. } => "too_large",
            Self::NotACrl => "not_a_crl",
            Self::CutShort { .. } => "cut_short",
            Self::TrailingBytes => "trailing_bytes",
            Self::Unreadable { .. } => "unreadable",
            Self::NotModified { .. } => "not_modified",
            Self::DiskLow { .. } => "disk_low",
            Self::Disk(_) => "io",
        }
    }
}
