//! Secrets of channels, read from their file each time they are needed: a new password is used at the next attempt.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use secrecy::SecretString;

/// Most bytes of a secret.
const MAX_BYTES: u64 = 4096;

/// The secret of a file, without the line end behind it.
///
/// # Errors
/// One line that names the file and never what it holds.
pub(super) fn read(path: &Path) -> Result<SecretString, String> {
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| failed(&error))?;
    let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
    zeroize::Zeroize::zeroize(&mut text);
    if secrecy::ExposeSecret::expose_secret(&secret).is_empty() { Err(failed(&"is empty")) } else { Ok(secret) }
}
