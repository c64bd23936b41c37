//! The configuration, checked as a whole: `load()` gives a [`Config`] that needs no further check, or every mistake at once.
//!
//! Files become one tree of values that know where they stand (`document`); sections read typed values out of it and say
//! what is wrong on the way (`reader`, `value`); references are checked last (`declaration`).

mod alerts;
mod declaration;
mod diagnostic;
mod diff;
mod document;
mod fixed;
mod general;
mod http;
mod near;
mod notify;
mod policy;
mod problem;
mod reader;
mod revocation;
mod scan;
mod schedule;
mod source;
mod store;
mod template;
mod text;
mod trust;
mod value;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use diagnostic::{Diagnostic, Diagnostics, Level, Place};
pub use diff::diff;
pub use fixed::fixed_until_restart;
pub use http::HttpConfig;
pub use notify::{HooksConfig, NotifyConfig, SmtpConfig, SmtpTls, WebhookConfig, WebhookKind, runnable};
pub use problem::{FolderFault, Form, Problem, Shape, Thing};
pub use revocation::{Network, RevocationConfig};
pub use scan::ScanConfig;
pub use schedule::ScheduleConfig;
pub use source::{PinCounter, SmartCardConfig, SourceConfig, SourceKind};
pub use store::StoreConfig;
pub use template::{Template, TemplateFault};
pub use trust::TrustConfig;

use crate::domain::declaration::Declaration;
use crate::domain::lang::Lang;
use crate::policy::Settings;
use crate::policy::alert::AlertSettings;
use document::SourceFile;
use reader::{Report, Section};

/// Everything `vigie.toml` and `conf.d/*.toml` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The main file.
    pub file: PathBuf,
    /// Language of what users read.
    pub lang: Lang,
    /// Time zone of schedules and of dates shown.
    pub timezone: chrono_tz::Tz,
    /// Where state lives.
    pub state_dir: PathBuf,
    /// Name of this machine in the audit trail and the API; the host name unless given.
    pub node: String,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[http]`.
    pub http: HttpConfig,
    /// `[schedule]`.
    pub schedule: ScheduleConfig,
    /// `[trust]`.
    pub trust: TrustConfig,
    /// `[revocation]`.
    pub revocation: RevocationConfig,
    /// `[scan]`.
    pub scan: ScanConfig,
    /// `[[source]]`.
    pub sources: Vec<SourceConfig>,
    /// `[policy]`.
    pub policy: Settings,
    /// `[alerts]`.
    pub alerts: AlertSettings,
    /// `[notify]`.
    pub notify: NotifyConfig,
    /// The declaration.
    pub declaration: Declaration,
}

/// A configuration that can be used, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// All of [`Level::Warning`].
    pub warnings: Diagnostics,
}

/// Reads `file`, then every `conf.d/*.toml` beside it in name order. Lists of tables accumulate over the files; any other key
/// may be set in one file only. Secret files are named, never read.
///
/// # Errors
/// Everything that is wrong, warnings included, in file order.
pub fn load(file: &Path) -> Result<Loaded, Diagnostics> {
    let (files, unread) = document::gather(file);
    check(file, files, unread)
}

/// As [`load`], for texts that are no files: the first is the main file, relative paths start from the folder of each name.
///
/// # Errors
/// As [`load`].
pub fn from_texts(texts: &[(PathBuf, String)]) -> Result<Loaded, Diagnostics> {
    let files = texts.iter().map(|(path, text)| SourceFile::new(path.clone(), text.clone())).collect();
    check(texts.first().map_or(Path::new(""), |(path, _)| path), files, Vec::new())
}

fn check(file: &Path, mut files: Vec<SourceFile>, unread: Vec<Diagnostic>) -> Result<Loaded, Diagnostics> {
    let (tree, early) = document::parse(&mut files);
    let report = Report::new(files, early);
    let config = read(file, Section::root(&report, &tree));
    let said = report.finish(unread);
    match config {
        Some(config) if !said.refused() => Ok(Loaded { config, warnings: said }),
        _ => Err(said),
    }
}

/// `None` only after an error was said.
fn read(file: &Path, root: Section<'_>) -> Option<Config> {
    let general = general::read(&root);
    let store = store::read(root.section("store"), &general.state_dir);
    let http = http::read(root.section("http"), &general.state_dir);
    let schedule = schedule::read(root.section("schedule"));
    let trust = trust::read(root.section("trust"));
    let revocation = revocation::read(root.section("revocation"));
    let scan = scan::read(root.section("scan"));
    let sources = source::read(root.tables("source", "name"));
    let policy = policy::read(root.section("policy"));
    let (alerts, called) = alerts::read(root.section("alerts"));
    let watched = !root.written(&["source", "certificate", "card"]).is_empty();
    let notify = notify::read(root.section("notify"), watched);
    let declaration = declaration::read(&root);
    alerts::check(&called, &declaration, root.report);
    root.finish();
    Some(Config {
        file: file.to_owned(),
        lang: general.lang,
        timezone: general.timezone,
        state_dir: general.state_dir,
        node: general.node,
        store,
        http,
        schedule: schedule?,
        trust,
        revocation,
        scan,
        sources,
        policy,
        alerts,
        notify,
        declaration,
    })
}
