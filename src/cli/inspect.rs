//! `vigie inspect`: what files hold, without judging it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::Serialize;
use zeroize::Zeroizing;

use super::exit::{Exit, Stop};
use super::scan::reason_in_words;
use super::table::visible;
use super::{Session, account};
use crate::config::ScanConfig;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::key::KeyAlgorithm;
use crate::domain::lang::Lang;
use crate::domain::observation::{FileAccess, FilePath};
use crate::domain::profile::Profile;
use crate::domain::reading::{Format, Item, KeyFacts, ReadItem, ReadReason, Reading};
use crate::domain::time::Timestamp;
use crate::locale::Texts;
use crate::pki::intern::Interner;
use crate::pki::read::{Limits, read_with};
use crate::sources::file::open::FileError;
use crate::sources::file::pattern::Root;
use crate::sources::file::walk::read_roots;
use crate::sources::secret::{self, SecretError};

/// Files larger than this are reported, not read. The revocation lists of the cards run to tens of megabytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Arguments of `vigie inspect`.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    /// Fichier dont la première ligne est le mot de passe des PKCS#12 et des clés chiffrées
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Fichiers et dossiers à lire
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Reads every path and writes one JSON document or a table to `out`. Gives the exit code: 0, or 1 when something could not be
/// read.
///
/// # Errors
/// When the password file cannot be read or `out` cannot be written.
pub(super) fn run(args: &InspectArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let password = args.password_file.as_deref().map(|path| read_password(path, &session.texts)).transpose()?;
    let roots: Vec<Root> = args.paths.iter().map(|path| Root::literal(&file_path(path).0)).collect();
    let bounds = ScanConfig { max_file_bytes: MAX_FILE_BYTES, ..ScanConfig::default() };
    let report = Report::of(&roots, &bounds, password.as_ref());
    if session.common.json {
        serde_json::to_writer(&mut *session.out, &report)?;
        writeln!(session.out)?;
    } else {
        report.table(&session.texts, session.out)?;
    }
    Ok(if report.errors.is_empty() { Exit::Done } else { Exit::No })
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) items: Vec<Row>,
    pub(super) errors: Vec<Failure>,
    pub(super) counts: Counts,
}

/// One item. Fields that mean nothing for its kind are null or empty.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    path: String,
    index: usize,
    kind: &'static str,
    format: &'static str,
    subject: Option<Arc<str>>,
    issuer: Option<Arc<str>>,
    serial_number: Option<String>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    private_key_usage_not_after: Option<Timestamp>,
    pub(super) sha256: Option<Fingerprint>,
    pub(super) spki_sha256: Option<Fingerprint>,
    key: Option<KeyAlgorithm>,
    signature_algorithm: Option<Arc<str>>,
    key_usage: Vec<&'static str>,
    extended_key_usage: Arc<[Arc<str>]>,
    san: Arc<[Arc<str>]>,
    profile: Option<Profile>,
    #[serde(flatten)]
    more: More,
}

/// What only some kinds have.
#[derive(Debug, Default, Serialize)]
#[serde(untagged)]
enum More {
    Key {
        encrypted: bool,
        mode: Option<String>,
        owner: Option<String>,
    },
    Crl {
        this_update: Timestamp,
        next_update: Option<Timestamp>,
        crl_number: Option<Arc<str>>,
        entries: usize,
        delta: bool,
    },
    #[default]
    Nothing,
}

#[derive(Debug, Serialize)]
pub(super) struct Failure {
    path: String,
    reason: String,
    message: String,
}

/// Every file is in exactly one of the counts after the first.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    files: u64,
    parsed: u64,
    not_pki: u64,
    unreadable: u64,
    needs_password: u64,
    malformed: u64,
}

impl Report {
    /// Reads everything under `roots`.
    pub(super) fn of(roots: &[Root], bounds: &ScanConfig, password: Option<&SecretString>) -> Self {
        let mut report = Self { items: Vec::new(), errors: Vec::new(), counts: Counts::default() };
        let named = roots.iter().filter(|root| root.pattern.is_none());
        let named: HashSet<FilePath> = named.map(|root| FilePath(root.base.as_ref().into())).collect();
        let mut interner = Interner::default();
        let mut owners = Owners::default();
        read_roots(roots, bounds, &mut |path, access, bytes| {
            report.counts.files += 1;
            let shown = path.display().into_owned();
            match bytes {
                Err(problem) => {
                    report.counts.unreadable += 1;
                    // What a sweep calls a missing root is, here, a path somebody mistyped.
                    let reason = if &*problem.reason == "root_missing" { "not_found" } else { &*problem.reason };
                    match reason {
                        "too_large" => {
                            let message = format!("more than the {} bytes that are read", bounds.max_file_bytes);
                            report.fail(&shown, reason, &message);
                        }
                        _ => report.fail(&shown, reason, &problem.message),
                    }
                }
                Ok(bytes) => {
                    let bytes = Zeroizing::new(bytes);
                    let reading = read_with(&bytes, password, &Limits::default(), &mut interner);
                    report.take_in(&shown, access, reading, named.contains(&path), &mut owners);
                }
            }
        });
        // A folder is read in the order of the disk; an answer is in the order of names, the same each time.
        report.items.sort_by(|a, b| a.path.cmp(&b.path));
        report.errors.sort_by(|a, b| a.path.cmp(&b.path));
        report
    }

    fn take_in(&mut self, path: &str, access: Option<FileAccess>, reading: Reading, named: bool, owners: &mut Owners) {
        *self.counts.of(&reading) += 1;
        // A file of a thousand broken blocks is one broken file: one line for each reason.
        let mut by_reason: BTreeMap<ReadReason, (&str, usize)> = BTreeMap::new();
        for problem in &reading.problems {
            by_reason.entry(problem.reason).or_insert((&problem.message, 0)).1 += 1;
        }
        for (reason, (message, count)) in by_reason {
            // A swept folder is full of other things; a file that was named was meant to be one of ours.
            if reason == ReadReason::NotPki && !named {
                continue;
            }
            match count {
                1 => self.fail(path, reason.as_str(), message),
                _ => self.fail(path, reason.as_str(), &format!("{message}, and {} more like it", count - 1)),
            }
        }
        self.items.extend(reading.items.into_iter().map(|item| row(path, access, item, owners)));
    }

    fn fail(&mut self, path: &str, reason: &str, message: &str) {
        self.errors.push(Failure { path: path.to_owned(), reason: reason.to_owned(), message: message.to_owned() });
    }

    fn table(&self, texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
        let words = Words::of(texts.lang());
        let mut lines = vec![words.columns.map(Cow::Borrowed)];
        lines.extend(self.items.iter().map(|item| {
            let end = item.not_after.or(match item.more {
                More::Crl { next_update, .. } => next_update,
                _ => None,
            });
            [
                Cow::Owned(words.kind(item)),
                Cow::Owned(
                    item.subject.as_ref().or(item.issuer.as_ref()).map_or_else(|| "-".to_owned(), |name| visible(name)),
                ),
                Cow::Owned(end.map_or_else(|| "-".to_owned(), |end| end.to_string())),
                Cow::Owned(item.profile.as_ref().map_or_else(|| "-".to_owned(), |profile| words.profile(profile))),
                Cow::Owned(visible(&item.path)),
            ]
        }));
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths = [width(0), width(1).min(72), width(2), width(3)];
        if !self.items.is_empty() {
            let fingerprints = std::iter::once(None).chain(self.items.iter().map(|item| item.sha256));
            for ([kind, name, end, profile, path], fingerprint) in lines.iter().zip(fingerprints) {
                let [a, b, c, d] = widths;
                let name = shortened(name, b);
                writeln!(out, "{kind:a$}  {name:b$}  {end:c$}  {profile:d$}  {path}")?;
                // On a line of its own: it is there to be compared with one somebody gave, not to be read across.
                if let Some(fingerprint) = fingerprint {
                    writeln!(out, "  SHA-256 {fingerprint}")?;
                }
            }
            writeln!(out)?;
        }
        for error in &self.errors {
            let said = reason_in_words(&error.reason, &error.message, texts);
            writeln!(out, "{}: {} ({})", visible(&error.path), visible(&said), error.reason)?;
        }
        let Counts { files, parsed, not_pki, unreadable, needs_password, malformed } = &self.counts;
        let [w_files, w_parsed, w_not_pki, w_unreadable, w_password, w_malformed] = words.counts;
        writeln!(
            out,
            "{w_files} {files}, {w_parsed} {parsed}, {w_not_pki} {not_pki}, {w_unreadable} {unreadable}, \
             {w_password} {needs_password}, {w_malformed} {malformed}"
        )
    }
}

impl Counts {
    /// The worst thing said about a file decides where it is counted.
    fn of(&mut self, reading: &Reading) -> &mut u64 {
        let has = |wanted: &[ReadReason]| reading.problems.iter().any(|problem| wanted.contains(&problem.reason));
        if has(&[ReadReason::Malformed, ReadReason::Unsupported, ReadReason::LimitExceeded]) {
            &mut self.malformed
        } else if has(&[ReadReason::NeedsPassword, ReadReason::WrongPassword]) {
            &mut self.needs_password
        } else if has(&[ReadReason::NotPki]) {
            &mut self.not_pki
        } else {
            &mut self.parsed
        }
    }
}

fn row(path: &str, access: Option<FileAccess>, item: ReadItem, owners: &mut Owners) -> Row {
    let mut row =
        Row { path: path.to_owned(), index: item.index, format: Format::as_str(item.format), ..Row::default() };
    match item.item {
        Item::Certificate { facts, .. } => {
            row.kind = "certificate";
            row.subject = Some(Arc::clone(&facts.subject));
            row.issuer = Some(Arc::clone(&facts.issuer));
            row.serial_number = Some(facts.serial_hex());
            row.not_before = Some(facts.not_before);
            row.not_after = Some(facts.not_after);
            row.private_key_usage_not_after = facts.private_key_usage_not_after;
            row.sha256 = Some(facts.fingerprint);
            row.spki_sha256 = Some(facts.spki);
            row.key = Some(facts.key.clone());
            row.signature_algorithm = Some(Arc::clone(&facts.signature_algorithm));
            row.key_usage = facts.key_usage.map(|usage| usage.names()).unwrap_or_default();
            row.extended_key_usage = Arc::clone(&facts.extended_key_usage);
            row.san = Arc::clone(&facts.san);
            row.profile = Some(facts.profile.clone());
        }
        Item::Csr(facts) => {
            row.kind = "csr";
            row.subject = Some(facts.subject);
            row.spki_sha256 = Some(facts.spki);
            row.key = Some(facts.key);
            row.signature_algorithm = Some(facts.signature_algorithm);
            row.san = facts.san;
        }
        Item::Crl(facts) => {
            row.kind = "crl";
            row.issuer = Some(facts.issuer);
            row.sha256 = Some(facts.fingerprint);
            row.signature_algorithm = Some(facts.signature_algorithm);
            row.more = More::Crl {
                this_update: facts.this_update,
                next_update: facts.next_update,
                crl_number: facts.crl_number,
                entries: facts.entries,
                delta: facts.delta,
            };
        }
        Item::PrivateKey(facts) => key(&mut row, "private_key", facts, access, owners),
        Item::PublicKey(facts) => key(&mut row, "public_key", facts, access, owners),
    }
    row
}

fn key(row: &mut Row, kind: &'static str, facts: KeyFacts, access: Option<FileAccess>, owners: &mut Owners) {
    row.kind = kind;
    row.spki_sha256 = facts.spki;
    row.key = facts.key;
    row.more = More::Key {
        encrypted: facts.encrypted,
        mode: access.map(|access| format!("{:04o}", access.mode)),
        owner: access.map(|access| owners.name(access.uid)),
    };
}

/// Login names, read once when first asked for.
#[derive(Debug, Default)]
struct Owners {
    passwd: Option<String>,
}

impl Owners {
    /// The login of a user of `/etc/passwd`, or the number.
    fn name(&mut self, uid: u32) -> String {
        let passwd = self.passwd.get_or_insert_with(|| fs::read_to_string("/etc/passwd").unwrap_or_default());
        account::named(passwd, uid)
    }
}

/// The words of the table.
struct Words {
    columns: [&'static str; 5],
    counts: [&'static str; 6],
    kinds: [(&'static str, &'static str); 5],
    encrypted: &'static str,
    opened: &'static str,
    test: &'static str,
}

impl Words {
    const fn of(lang: Lang) -> Self {
        match lang {
            Lang::Fr => Self {
                columns: ["TYPE", "SUJET OU ÉMETTEUR", "FIN", "PROFIL", "FICHIER"],
                counts: ["fichiers", "lus", "sans objet", "illisibles", "mot de passe requis", "défectueux"],
                kinds: [
                    ("certificate", "certificat"),
                    ("csr", "demande (CSR)"),
                    ("crl", "CRL"),
                    ("private_key", "clé privée"),
                    ("public_key", "clé publique"),
                ],
                encrypted: "chiffrée",
                opened: "ouverte",
                test: "TEST",
            },
            Lang::En => Self {
                columns: ["KIND", "SUBJECT OR ISSUER", "END", "PROFILE", "FILE"],
                counts: ["files", "read", "not PKI", "unreadable", "need a password", "malformed"],
                kinds: [
                    ("certificate", "certificate"),
                    ("csr", "request (CSR)"),
                    ("crl", "CRL"),
                    ("private_key", "private key"),
                    ("public_key", "public key"),
                ],
                encrypted: "encrypted",
                opened: "opened",
                test: "TEST",
            },
        }
    }

    fn kind(&self, item: &Row) -> String {
        let kind = self.kinds.iter().find(|(code, _)| *code == item.kind).map_or(item.kind, |(_, word)| word);
        match (&item.more, &item.key) {
            (More::Key { encrypted: true, .. }, Some(_)) => format!("{kind} {}, {}", self.encrypted, self.opened),
            (More::Key { encrypted: true, .. }, None) => format!("{kind} {}", self.encrypted),
            (More::Key { .. }, Some(key)) => format!("{kind} {key}"),
            _ => kind.to_owned(),
        }
    }

    /// `TEST elementaire ORG/AUTH_CLI finess 0B0073160`, as far as known.
    fn profile(&self, profile: &Profile) -> String {
        let mut words: Vec<Cow<'_, str>> = Vec::new();
        if profile.environment == Some(crate::domain::profile::Environment::Test) {
            words.push(self.test.into());
        }
        words.extend(profile.gamme.map(|gamme| gamme.as_str().into()));
        words.extend(match (profile.offer, profile.usage) {
            (Some(offer), Some(usage)) => Some(format!("{offer}/{usage}").into()),
            (Some(offer), None) => Some(offer.as_str().into()),
            (None, Some(usage)) => Some(usage.as_str().into()),
            (None, None) => None,
        });
        words.extend(profile.structure.as_ref().map(|structure| {
            let scheme = structure.scheme.map_or("?", |scheme| scheme.as_str());
            Cow::Owned(format!("{scheme} {}", structure.id))
        }));
        if words.is_empty() { "-".to_owned() } else { words.join(" ") }
    }
}

fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(width.saturating_sub(1)).chain(['…']).collect())
}

/// The first line of the file.
fn read_password(path: &Path, texts: &Texts) -> anyhow::Result<SecretString> {
    let shown = file_path(path);
    secret::read(&shown).map_err(|error| {
        let (reason, message) = match &error {
            SecretError::Unreadable(FileError::Vanished) => ("not_found", "no such file".to_owned()),
            error => (error.reason(), error.to_string()),
        };
        Stop::new(Exit::BadInput, format!("{shown}: {} ({reason})", reason_in_words(reason, &message, texts))).into()
    })
}

fn file_path(path: &Path) -> FilePath {
    FilePath(path.as_os_str().to_os_string().into_vec().into())
}
