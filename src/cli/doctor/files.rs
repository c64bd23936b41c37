//! The declared files: as the service sees them where it answers, since it is the service that has to read them; as the caller otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde_json::Value;

use super::Report;
use crate::cli::scan::reason_in_words;
use crate::cli::{Session, account, client};
use crate::config::Config;
use crate::domain::declaration::DeclaredCertificate;
use crate::domain::observation::{DECLARED_SOURCE, FilePath};
use crate::sources::file::open::{self, FileError};

/// Tells of every file the declaration names whether it can be read.
pub(super) fn declared(report: &mut Report, session: &Session<'_>, config: &Config) {
    let seen = Seen::by_the_service(session);
    for declared in config.declaration.certificates.values() {
        let paths = declared.paths();
        if paths.is_empty() {
            continue;
        }
        match &seen {
            Some(seen) => seen.tell(report, session, declared, &paths),
            None => as_the_caller(report, session, declared, &paths),
        }
    }
}

/// What the service found when it last read the declared files.
struct Seen {
    /// Declared certificates it knows of.
    known: BTreeSet<String>,
    /// Reason and message of each place it could not read.
    errors: BTreeMap<String, (String, String)>,
    /// Places it looked for and did not find.
    missing: BTreeSet<String>,
    /// The account it runs under.
    user: String,
}

impl Seen {
    /// `None` where no service answers, or it has not read anything yet.
    fn by_the_service(session: &Session<'_>) -> Option<Self> {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let sources = client::get(session, "/api/v1/sources").ok()?;
        let sources = sources.get("items")?.as_array()?;
        let source = sources.iter().find(|source| text(source, "name") == DECLARED_SOURCE)?;
        source.get("last_success")?.as_str()?;
        let errors = source.get("errors")?.as_array()?.iter();
        let certificates: Vec<Value> = client::every(session, "/api/v1/certificates?declared=true").ok()?;
        let missing: Vec<Value> = client::every(session, "/api/v1/findings?code=missing").ok()?;
        let socket = client::socket(session).ok()?;
        Some(Self {
            known: certificates.iter().map(|item| text(item, "id")).collect(),
            errors: errors.map(|e| (text(e, "place"), (text(e, "reason"), text(e, "message")))).collect(),
            missing: missing.iter().filter_map(|item| Some(text(item.get("facts")?, "path"))).collect(),
            user: fs::metadata(socket).map_or_else(|_| "vigie".to_owned(), |socket| account::login(socket.uid())),
        })
    }

    fn tell(&self, report: &mut Report, session: &Session<'_>, declared: &DeclaredCertificate, paths: &[&FilePath]) {
        let what = format!("certificate {}", declared.id);
        if !self.known.contains(declared.id.as_str()) {
            let said = session.texts.word("doctor-file-not-known");
            return report.warn(what, said, session.texts.word("doctor-file-not-known-cure"));
        }
        let mut good = 0_usize;
        for path in paths {
            let place = path.to_string();
            let user = || ("user", self.user.as_str().into());
            if let Some((reason, message)) = self.errors.get(&place) {
                let why = reason_in_words(reason, message, &session.texts);
                let said = session.texts.say(
                    "doctor-file-refused",
                    &[
                        ("path", place.as_str().into()),
                        ("why", why.into()),
                        ("reason", reason.as_str().into()),
                        ("owner", owner(path).into()),
                        user(),
                    ],
                );
                let denied = matches!(reason.as_str(), "permission_denied" | "secret_unreadable");
                let cure = if denied { "doctor-file-denied-cure" } else { "doctor-file-refused-cure" };
                let values = [("path", place.as_str().into()), ("folder", folder(path).into()), user()];
                report.fail(&what, said, session.texts.say(cure, &values));
            } else if self.missing.contains(&place) {
                let said = session.texts.say("doctor-file-absent", &[("path", place.into()), user()]);
                report.warn(&what, said, session.texts.word("doctor-file-missing"));
            } else {
                good += 1;
            }
        }
        if good == paths.len() {
            let values = [("count", good.into()), ("user", self.user.as_str().into())];
            report.ok(what, session.texts.say("doctor-files-service", &values));
        }
    }
}

/// What stands in the way of whoever asks, which may not be what stands in the way of the service.
fn as_the_caller(report: &mut Report, session: &Session<'_>, declared: &DeclaredCertificate, paths: &[&FilePath]) {
    let what = format!("certificate {}", declared.id);
    let mut good = 0_usize;
    for path in paths {
        match open::probe(&path.0) {
            Ok(()) => good += 1,
            Err(error) => {
                let why = reason_in_words(error.reason(), &error.to_string(), &session.texts);
                let said = format!("{path}: {why} ({})", error.reason());
                match error {
                    FileError::Vanished | FileError::FolderMissing => {
                        report.warn(&what, said, session.texts.word("doctor-file-missing"));
                    }
                    FileError::PermissionDenied => {
                        report.fail(&what, said, session.texts.word("doctor-rights-cure"));
                    }
                    _ => report.fail(&what, said, session.texts.word("doctor-file-refused-cure")),
                }
            }
        }
    }
    if good == paths.len() {
        let user = account::login(rustix::process::geteuid().as_raw());
        report.ok(what, session.texts.say("doctor-files", &[("count", good.into()), ("user", user.into())]));
    }
}

/// `root:root 0600`, as far as the caller may look.
fn owner(path: &FilePath) -> String {
    fs::metadata(as_path(path)).map_or_else(
        |_| "?".to_owned(),
        |found| {
            let mode = found.mode() & 0o7777;
            format!("{}:{} {mode:04o}", account::login(found.uid()), account::group(found.gid()))
        },
    )
}

fn folder(path: &FilePath) -> String {
    as_path(path).parent().map_or_else(|| "/".to_owned(), |folder| folder.display().to_string())
}

fn as_path(path: &FilePath) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(&path.0))
}
