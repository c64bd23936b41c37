//! Whether smart cards can be reached at all: the question of `vigie doctor`.

use std::ffi::CString;

use pcsc::{Context, Error, Scope};

/// Why no reader can be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmartCardError {
    /// No answer at the socket of pcscd: not installed or not started.
    #[error("pcscd does not answer: is it installed, and pcscd.socket started")]
    NotReachable,
    /// polkit does not let this user talk to pcscd (action `org.debian.pcsc-lite.access_pcsc`).
    #[error("pcscd refuses this user: a polkit rule for org.debian.pcsc-lite.access_pcsc is needed")]
    Refused,
    /// Anything else PC/SC says.
    #[error("pcscd reports: {0}")]
    Failed(Error),
}

impl SmartCardError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotReachable => "pcscd_not_reachable",
            Self::Refused => "pcscd_refused",
            Self::Failed(_) => "pcscd_failed",
        }
    }
}

impl From<Error> for SmartCardError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoService | Error::ServiceStopped => Self::NotReachable,
            Error::SecurityViolation | Error::NoAccess => Self::Refused,
            other => Self::Failed(other),
        }
    }
}

/// The names of the readers plugged in now, in the order of pcscd. No card is touched. Blocks as long as pcscd takes to answer.
pub fn probe() -> Result<Vec<String>, SmartCardError> {
    let context = Context::establish(Scope::System)?;
    match context.list_readers_owned() {
        Ok(readers) => Ok(readers.into_iter().map(printable).collect()),
        Err(Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// USB devices choose their names.
fn printable(name: CString) -> String {
    name.to_string_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_cure() {
        for (error, reason) in [
            (Error::NoService, "pcscd_not_reachable"),
            (Error::SecurityViolation, "pcscd_refused"),
            (Error::InternalError, "pcscd_failed"),
        ] {
            assert_eq!(SmartCardError::from(error).reason(), reason);
        }
        assert_eq!(printable(CString::new("A\x1b[1m 00 00").expect("no NUL")), "A\u{fffd}[1m 00 00");
    }
}
