//! A notice as data: what webhooks, templates and hooks get. Adding a key is free; `src/config/template_samples.json` shows one of each.

use std::collections::BTreeMap;

use serde::Serialize;

use super::render::{LINE, Renderer, clean};
use crate::domain::finding::Severity;
use crate::domain::notice::{Moment, Notice, NoticeActor, NoticeCertificate, NoticeItem, NoticeKind};
use crate::domain::time::Timestamp;

/// Lines a chat shows: Mattermost takes 16 383 characters, Slack 50 blocks, Teams 28 KB.
const CHAT_LINES: usize = 25;

/// One message.
#[derive(Debug, Serialize)]
pub(super) struct Payload<'a> {
    /// The message's own name, the same on every attempt.
    pub(super) id: String,
    /// What happens: `alert.opened`… `alert.several`, `digest`, `channel.failed`, `test`.
    pub(super) event: String,
    /// When it was decided.
    pub(super) time: Timestamp,
    /// The machine that speaks.
    pub(super) node: &'a str,
    /// `fr` or `en`.
    pub(super) lang: &'static str,
    pub(super) severity: Severity,
    /// One line.
    pub(super) summary: String,
    /// The whole message as plain text.
    pub(super) text: String,
    /// For a chat: some lines, and a word on how many more there are, else `null`.
    pub(super) short: Short,
    pub(super) items: Vec<Item<'a>>,
    /// What the digest counts, else `null`.
    pub(super) digest: Option<Digest>,
    /// The channel that fails, else `null`.
    pub(super) channel: Option<Failure<'a>>,
    pub(super) audit: Audit<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Short {
    pub(super) lines: Vec<String>,
    pub(super) more: Option<String>,
}

/// One alert.
#[derive(Debug, Serialize)]
pub(super) struct Item<'a> {
    moment: Moment,
    severity: Severity,
    code: &'a str,
    subject: &'a str,
    label: String,
    title: String,
    line: String,
    since: Timestamp,
    end: Option<Timestamp>,
    days_left: Option<i64>,
    certificate: Option<&'a NoticeCertificate>,
    actors: &'a [NoticeActor],
    facts: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Digest {
    declared: u64,
    found: u64,
    open_alerts: u64,
    delivered: u64,
    failed: u64,
    ends: Vec<End>,
}

#[derive(Debug, Serialize)]
struct End {
    label: String,
    end: Timestamp,
}

#[derive(Debug, Serialize)]
pub(super) struct Failure<'a> {
    channel: &'a str,
    reason: &'a str,
    since: Timestamp,
    held: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Audit<'a> {
    seq: i64,
    head: &'a str,
}

impl<'a> Payload<'a> {
    /// The notice in the words of `renderer`.
    pub(super) fn of(notice: &'a Notice, renderer: &Renderer) -> Self {
        let lines = renderer.lines(notice);
        let digest = match &notice.kind {
            NoticeKind::Digest(digest) => Some(Digest {
                declared: digest.declared,
                found: digest.found,
                open_alerts: digest.open_alerts,
                delivered: digest.delivered,
                failed: digest.failed,
                ends: digest.ends.iter().map(|(label, end)| End { label: clean(label, LINE), end: *end }).collect(),
            }),
            _ => None,
        };
        let channel = match &notice.kind {
            NoticeKind::ChannelFailed { channel, reason, since, held } => {
                Some(Failure { channel, reason, since: *since, held: *held })
            }
            _ => None,
        };
        Self {
            id: notice.id.to_string(),
            event: event(notice),
            time: notice.at,
            node: &notice.node,
            lang: renderer.texts().lang().as_str(),
            severity: notice.severity(),
            summary: renderer.subject(notice),
            text: renderer.message(notice).text,
            short: short(&lines, renderer),
            items: notice.items.iter().zip(lines).map(|(item, line)| one(item, line, notice.at, renderer)).collect(),
            digest,
            channel,
            audit: Audit { seq: notice.audit.0, head: &notice.audit.1 },
        }
    }
}

/// What happens, in the words of the interface.
pub(super) fn event(notice: &Notice) -> String {
    match &notice.kind {
        NoticeKind::Alerts => {
            let mut moments = notice.items.iter().map(|item| item.moment);
            match moments.next() {
                Some(first) if moments.all(|moment| moment == first) => format!("alert.{first}"),
                _ => "alert.several".to_owned(),
            }
        }
        NoticeKind::Digest(_) => "digest".to_owned(),
        NoticeKind::ChannelFailed { .. } => "channel.failed".to_owned(),
        NoticeKind::Test => "test".to_owned(),
    }
}

fn short(lines: &[String], renderer: &Renderer) -> Short {
    let more = lines.len().saturating_sub(CHAT_LINES);
    Short {
        lines: lines.iter().take(CHAT_LINES).cloned().collect(),
        more: (more > 0).then(|| renderer.texts().say("notice-more", &[("count", more.into())])),
    }
}

fn one<'a>(item: &'a NoticeItem, line: String, now: Timestamp, renderer: &Renderer) -> Item<'a> {
    let finding = &item.finding;
    Item {
        moment: item.moment,
        severity: item.severity,
        code: &finding.key.code,
        subject: &finding.key.subject,
        label: renderer.label(item),
        title: renderer.texts().finding_title(&finding.key.code),
        line,
        since: item.since,
        end: item.end,
        days_left: item.end.map(|end| end.days_after(now)),
        certificate: item.certificate.as_ref(),
        actors: &item.actors,
        facts: finding.facts.iter().map(|(name, value)| (&**name, value.as_str())).collect(),
    }
}
