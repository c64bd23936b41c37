//! `[notify]`: how people are told.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::problem::{FolderFault, Form, Problem, Thing};
use super::reader::{Found, Section};
use super::template::Template;
use super::value::{is_host, is_loopback, is_mail};
use crate::domain::offer::{UnknownWord, spelled};
use crate::domain::person::DeclaredId;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// `[notify]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifyConfig {
    /// `[notify.smtp]`; no mail without it.
    pub smtp: Option<SmtpConfig>,
    /// `[[notify.webhook]]`.
    pub webhooks: Vec<WebhookConfig>,
    /// `[notify.hooks]`; no executable is run without it.
    pub hooks: Option<HooksConfig>,
}

/// `[notify.smtp]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpConfig {
    /// The relay.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the session is protected.
    pub tls: SmtpTls,
    /// Sender.
    pub from: String,
    /// Login name and the file of its password.
    pub login: Option<(String, PathBuf)>,
    /// Authorities the relay may be certified by, besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Most time for one message, from the connection to the last answer. Default 2 min.
    pub timeout: Duration,
}

spelled! {
    /// How the SMTP session is protected.
    SmtpTls, "tls mode" {
        /// Clear first, then TLS or nothing (RFC 3207).
        Starttls = "starttls",
        /// TLS from the first byte (RFC 8314).
        Implicit = "implicit",
        /// In clear, on this machine only.
        None = "none",
    }
}

/// `[[notify.webhook]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Unique name.
    pub name: String,
    /// `https://…`, or `http://` on this machine. Often a secret in itself: never shown.
    pub url: String,
    /// What is sent.
    pub kind: WebhookKind,
    /// The payload of `kind = "template"`, read and checked.
    pub template: Option<Template>,
    /// The file of the key that signs each delivery.
    pub secret_file: Option<PathBuf>,
    /// Authorities the target may be certified by, besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// The HTTP proxy on the way, `http://host:port`.
    pub proxy: Option<String>,
    /// Most time for one delivery. Default 15 s.
    pub timeout: Duration,
}

spelled! {
    /// Payloads of webhooks.
    WebhookKind, "kind of webhook" {
        /// CloudEvents 1.0, structured JSON, signed.
        Cloudevents = "cloudevents",
        /// An incoming webhook of Mattermost.
        Mattermost = "mattermost",
        /// A workflow of Microsoft Teams.
        Teams = "teams",
        /// An incoming webhook of Slack.
        Slack = "slack",
        /// What a template of the user makes.
        Template = "template",
    }
}

/// `[notify.hooks]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksConfig {
    /// The folder whose executables are run.
    pub folder: PathBuf,
    /// Most time for one run. Default 30 s.
    pub timeout: Duration,
}

/// Whether executables of a folder, or one of them, may be run: it belongs to root or to us, and nobody else may write it. Who may
/// write it may act as us.
///
/// # Errors
/// Why not.
pub fn runnable(found: &Metadata) -> Result<(), FolderFault> {
    if found.uid() != 0 && found.uid() != rustix::process::geteuid().as_raw() {
        return Err(FolderFault::Foreign(found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        return Err(FolderFault::Open(found.mode() & 0o7777));
    }
    Ok(())
}

/// `watched`: something is, so that there will be something to tell.
pub(super) fn read(section: Section<'_>, watched: bool) -> NotifyConfig {
    if watched && section.written(&["smtp", "webhook", "hooks"]).is_empty() {
        section.warning(Problem::NoChannel);
    }
    let config = NotifyConfig {
        smtp: read_smtp(section.section("smtp")),
        webhooks: read_webhooks(section.tables("webhook", "name")),
        hooks: read_hooks(section.section("hooks")),
    };
    section.finish();
    config
}

fn read_smtp(section: Section<'_>) -> Option<SmtpConfig> {
    if !section.is_present() {
        section.written(&["host", "port", "tls", "from", "user", "password_file", "ca_file", "timeout"]);
        section.finish();
        return None;
    }
    let host = section.need("host", |found| found.matching(Form::Host, is_host));
    let tls = section.get("tls", |found| {
        let tls = found.word()?;
        if tls == SmtpTls::None && host.as_deref().is_some_and(|host| !is_loopback(host)) {
            found.error(Problem::PlainSmtp);
        }
        Some(tls)
    });
    let port = section.get("port", |found| found.integer(1, 65_535)).and_then(|port| u16::try_from(port).ok());
    let from = section.need("from", |found| found.matching(Form::Mail, is_mail));
    section.only_with("user", &["password_file"]);
    section.only_with("password_file", &["user"]);
    let login = section.get("user", Found::owned).zip(section.get("password_file", Found::secret_file));
    let ca_file = section.get("ca_file", Found::path);
    let timeout = section.get("timeout", |found| found.duration(SECOND * 5, MINUTE * 10)).unwrap_or(MINUTE * 2);
    section.finish();
    let tls = tls.unwrap_or(SmtpTls::Starttls);
    let usual = match tls {
        SmtpTls::Starttls => 587,
        SmtpTls::Implicit => 465,
        SmtpTls::None => 25,
    };
    Some(SmtpConfig { host: host?, port: port.unwrap_or(usual), tls, from: from?, login, ca_file, timeout })
}

fn read_hooks(section: Section<'_>) -> Option<HooksConfig> {
    if !section.is_present() {
        section.written(&["folder", "timeout"]);
        section.finish();
        return None;
    }
    let folder = section.need("folder", |found| {
        let folder = found.path()?;
        let fault = match std::fs::metadata(&folder) {
            Ok(metadata) => runnable(&metadata).err(),
            Err(error) => Some(FolderFault::Unreadable(error.to_string())),
        };
        if let Some(fault) = fault {
            found.warning(Problem::HooksFolder(fault));
        }
        Some(folder)
    });
    let timeout = section.get("timeout", |found| found.duration(SECOND, MINUTE * 10)).unwrap_or(SECOND * 30);
    section.finish();
    Some(HooksConfig { folder: folder?, timeout })
}

fn read_webhooks(sections: Vec<Section<'_>>) -> Vec<WebhookConfig> {
    let mut seen = BTreeMap::new();
    let mut webhooks = Vec::with_capacity(sections.len());
    for section in sections {
        let name: Option<DeclaredId> = section.need("name", |found| {
            let name: DeclaredId = found.parsed(Form::Id)?;
            if let Some(first) = seen.insert(name.clone(), found.span) {
                let first = found.report.place(first);
                found.error(Problem::DuplicateId { thing: Thing::Webhook, id: name.to_string(), first });
            }
            Some(name)
        });
        let url = section.need("url", webhook_url);
        let kind = section.get("kind", Found::word).unwrap_or(WebhookKind::Cloudevents);
        let template = template(&section, kind);
        let secret_file = section.get("secret_file", Found::secret_file);
        let ca_file = section.get("ca_file", Found::path);
        let proxy = section.get("proxy", proxy);
        let timeout = section.get("timeout", |found| found.duration(SECOND, MINUTE * 2)).unwrap_or(SECOND * 15);
        section.finish();
        if let (Some(name), Some(url)) = (name, url) {
            let name = name.to_string();
            webhooks.push(WebhookConfig { name, url, kind, template, secret_file, ca_file, proxy, timeout });
        }
    }
    webhooks
}

/// The file is read here, so that a mistake in it refuses the configuration, and a reload takes it or leaves it whole.
fn template(section: &Section<'_>, kind: WebhookKind) -> Option<Template> {
    let written = section.find("template");
    if kind != WebhookKind::Template {
        if let Some(found) = written {
            found.error_at_key(Problem::TemplateForNothing(kind));
        }
        return None;
    }
    let Some(found) = written else {
        section.error(Problem::Missing("template"));
        return None;
    };
    let file = found.path()?;
    match Template::load(&file) {
        Ok(template) => Some(template),
        Err(fault) => {
            found.error(Problem::Template { file: file.display().to_string(), fault });
            None
        }
    }
}

fn proxy(found: &Found<'_>) -> Option<String> {
    let text = found.text()?;
    let authority = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let good = authority.is_some_and(|authority| {
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        is_host(host.trim_start_matches('[').trim_end_matches(']')) && port.parse::<u16>().is_ok()
    });
    if good { Some(text.to_owned()) } else { found.malformed(Form::Proxy, "") }
}

/// The address of a webhook is often its only secret: it is never repeated in a message.
fn webhook_url(found: &Found<'_>) -> Option<String> {
    let text = found.text()?;
    let (plain, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return found.malformed(Form::WebhookUrl, ""),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let good = is_host(host) && !authority.contains('@') && !text.contains(char::is_whitespace);
    if good && (!plain || is_loopback(host)) { Some(text.to_owned()) } else { found.malformed(Form::WebhookUrl, "") }
}
