//! `[notify]`: how people are told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;

use super::problem::{Form, Problem, Thing};
use super::reader::{Found, Section};
use super::value::{is_host, is_loopback, is_mail};
use crate::domain::offer::{UnknownWord, spelled};
use crate::domain::person::DeclaredId;

/// `[notify]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifyConfig {
    /// `[notify.smtp]`; no mail without it.
    pub smtp: Option<SmtpConfig>,
    /// `[[notify.webhook]]`.
    pub webhooks: Vec<WebhookConfig>,
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
    /// `https://…`, or `http://` on this machine.
    pub url: String,
    /// The file of the key that signs each delivery.
    pub secret_file: Option<PathBuf>,
}

pub(super) fn read(section: Section<'_>) -> NotifyConfig {
    if section.is_present() {
        section.warning(Problem::NotUsedYet);
    }
    let smtp = section.section("smtp");
    let config = NotifyConfig { smtp: read_smtp(smtp), webhooks: read_webhooks(section.tables("webhook", "name")) };
    section.finish();
    config
}

fn read_smtp(section: Section<'_>) -> Option<SmtpConfig> {
    if !section.is_present() {
        section.written(&["host", "port", "tls", "from", "user", "password_file"]);
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
    section.finish();
    let tls = tls.unwrap_or(SmtpTls::Starttls);
    let usual = match tls {
        SmtpTls::Starttls => 587,
        SmtpTls::Implicit => 465,
        SmtpTls::None => 25,
    };
    Some(SmtpConfig { host: host?, port: port.unwrap_or(usual), tls, from: from?, login })
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
        let secret_file = section.get("secret_file", Found::secret_file);
        section.finish();
        if let (Some(name), Some(url)) = (name, url) {
            webhooks.push(WebhookConfig { name: name.to_string(), url, secret_file });
        }
    }
    webhooks
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
