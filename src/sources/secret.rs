//! The password a file holds: its first line, whoever wrote what below it.

use secrecy::{SecretString, zeroize::Zeroize};

use super::file::open::{self, FileError};
use crate::domain::observation::{FilePath, Problem};

/// Bytes of a password file.
const MAX_SECRET: u64 = 4 << 10;

/// Why a password file is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("the password file cannot be read: {0}")]
    Unreadable(FileError),
    /// Not UTF-8 text.
    #[error("the password file is not UTF-8 text")]
    NotText,
}

impl SecretError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.reason(),
            Self::NotText => "secret_not_text",
        }
    }

    /// The same as data.
    pub fn problem(&self) -> Problem {
        Problem { reason: self.reason().into(), message: self.to_string().into() }
    }
}

/// The first line of `file`, without its end.
///
/// # Errors
/// When the file cannot be read, or is no text.
pub fn read(file: &FilePath) -> Result<SecretString, SecretError> {
    let mut bytes = Vec::new();
    let read = open::read_named(&file.0, MAX_SECRET, &mut bytes).map_err(SecretError::Unreadable);
    let secret = read.and_then(|_| {
        let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText)?;
        Ok(first_line(text))
    });
    bytes.zeroize();
    secret
}

/// What counts of the text of a password file.
pub fn first_line(text: &str) -> SecretString {
    let line = text.split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line).into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn only_the_first_line_counts() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("password");
        let path = FilePath(file.as_os_str().as_bytes().into());
        assert_eq!(read(&path).expect_err("not there").reason(), "vanished");
        let cases: [(&[u8], &str); 6] = [
            (b"s3cret", "s3cret"),
            (b"s3cret\n", "s3cret"),
            (b"s3cret\r\n# of 2026\n", "s3cret"),
            (b" with spaces \n\n", " with spaces "),
            (b"\nsecond", ""),
            (b"", ""),
        ];
        for (bytes, expected) in cases {
            std::fs::write(&file, bytes).expect("written");
            assert_eq!(read(&path).expect("text").expose_secret(), expected);
        }
        std::fs::write(&file, b"\xff\n").expect("written");
        assert_eq!(read(&path).expect_err("no text").reason(), "secret_not_text");
    }
}
