//! Exit codes, the same for every command but `check`.

use std::fmt::Display;
use std::io;

use crate::locale::Texts;

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
    /// One line, or several for several mistakes. In the language of the session, or in English where there is a `cause`.
    pub message: String,
    /// What stands for the message in the languages of the texts.
    pub cause: Option<Cause>,
}

/// A reason of the text `stop`, with what it names.
#[derive(Debug)]
pub struct Cause {
    reason: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Stop {
    /// An error with its exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), cause: None }
    }

    /// An error known by a reason of the text `stop`; `message` says it in English.
    pub fn because<const N: usize>(
        exit: Exit,
        reason: &'static str,
        values: [(&'static str, &dyn Display); N],
        message: impl Into<String>,
    ) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        Self { exit, message: message.into(), cause: Some(Cause { reason, values }) }
    }
}

/// What an error says, in the language of `texts` where it knows a reason.
pub(super) fn in_words(error: &anyhow::Error, texts: &Texts) -> String {
    let stop = error.chain().find_map(|cause| cause.downcast_ref::<Stop>());
    let Some((message, cause)) = stop.and_then(|stop| Some((&stop.message, stop.cause.as_ref()?))) else {
        return format!("{error:#}");
    };
    let mut values: Vec<_> = cause.values.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
    values.extend([("reason", cause.reason.into()), ("message", message.as_str().into())]);
    texts.say("stop", &values)
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
