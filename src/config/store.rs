//! `[store]`: where the inventory, the findings and the audit trail are kept.

use std::path::{Path, PathBuf};

use super::problem::{Form, Problem};
use super::reader::{Found, Section};

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `sqlite:///path` or `postgres://…`; never with a password in it.
    pub url: String,
    /// The password of a PostgreSQL URL, kept out of it.
    pub password_file: Option<PathBuf>,
}

pub(super) fn read(section: Section<'_>, state_dir: &Path) -> StoreConfig {
    let given = section.get("url", url);
    let sqlite = given.as_ref().is_none_or(|url| url.starts_with("sqlite:"));
    let password_file = section.find("password_file").and_then(|found| {
        if sqlite && (given.is_some() || section.find("url").is_none()) {
            found.error_at_key(Problem::PasswordForNothing);
        }
        found.secret_file()
    });
    section.finish();
    let url = given.unwrap_or_else(|| format!("sqlite://{}", state_dir.join("vigie.db").display()));
    StoreConfig { url, password_file }
}

fn url(found: &Found<'_>) -> Option<String> {
    let text = found.text()?;
    // The text is never repeated in a message: it may hold a password.
    let malformed = || found.malformed(Form::StoreUrl, "");
    if let Some(path) = text.strip_prefix("sqlite://") {
        let good = path.starts_with('/') && !path.ends_with('/') && !path.contains(['?', '#', '%']);
        return if good { Some(text.to_owned()) } else { malformed() };
    }
    let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) else {
        return malformed();
    };
    let (address, options) = rest.split_once('?').unwrap_or((rest, ""));
    let user = address.rsplit_once('@').map_or("", |(user, _)| user);
    let in_options = options.split('&').any(|option| option.to_ascii_lowercase().starts_with("password="));
    if user.contains(':') || in_options {
        found.error(Problem::PasswordInUrl);
        return None;
    }
    let has_database = address.split_once('/').is_some_and(|(_, database)| !database.is_empty());
    if has_database && !text.contains(char::is_whitespace) { Some(text.to_owned()) } else { malformed() }
}
