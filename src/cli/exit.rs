//! Exit codes, the same for every command but `check`.

use std::io;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// The answer is "no".
    No,
    /// Cannot tell.
    Unknown,
    /// `check` only: Nagios UNKNOWN.
    NagiosUnknown,
    /// The command line is wrong.
    Usage,
    /// Bad input or configuration.
    BadInput,
    /// The daemon or a peer is not reachable.
    Unreachable,
    /// I/O error.
    Io,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Unknown => 2,
            Self::NagiosUnknown => 3,
            Self::Usage => 64,
            Self::BadInput => 65,
            Self::Unreachable => 69,
            Self::Io => 74,
        }
    }
}

/// An error that decides its own exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Stop {
    /// The code.
    pub exit: Exit,
    /// One line, or several for several mistakes.
    pub message: String,
}

impl Stop {
    /// An error with its exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

/// The exit code of an error: its own, or I/O.
pub(super) fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(|cause| cause.downcast_ref::<Stop>()).map_or(Exit::Io, |stop| stop.exit)
}

/// The reader of standard output went away.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
