//! A notice in words: subject, plain text, HTML. Pure: the same notice gives the same bytes on every attempt.

mod clean;
mod item;
mod page;

use askama::Template as _;
use chrono_tz::Tz;

pub(super) use clean::{LINE, PARAGRAPH, clean};
use page::{Line, Page};

use crate::domain::finding::Severity;
use crate::domain::lang::Lang;
use crate::domain::notice::{Digest, Moment, Notice, NoticeItem, NoticeKind};
use crate::domain::time::Timestamp;
use crate::locale::{Texts, Value};

/// Items that get a section each; above, each gets one line.
const DETAILED: usize = 20;
/// Items a mail shows as HTML too. Above, its plain text alone stays within what relays take.
const HTML: usize = 2000;
/// Most characters of a subject.
const SUBJECT: usize = 150;

/// Puts notices into words, in one language and one time zone.
#[derive(Debug)]
pub struct Renderer {
    texts: Texts,
    tz: Tz,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line, at most 150 characters and the brand.
    pub subject: String,
    /// Lines of plain text.
    pub text: String,
    /// The same as a page; `None` for a message too long for it.
    pub html: Option<String>,
}

impl Renderer {
    /// A renderer.
    pub fn new(lang: Lang, tz: Tz) -> Self {
        Self { texts: Texts::new(lang), tz }
    }

    /// The whole message. Every item is in it, however many there are.
    pub fn message(&self, notice: &Notice) -> Message {
        let page = self.page(notice);
        let html = if notice.items.len() > HTML { None } else { page.render().ok() };
        Message { subject: self.subject(notice), text: page.text(), html }
    }

    /// What the message is about, one line with the brand before it.
    pub fn subject(&self, notice: &Notice) -> String {
        // Several items say themselves how many are critical.
        let critical =
            notice.severity() == Severity::Critical && notice.items.len() < 2 && !all_resolved(&notice.items);
        let severity =
            if critical { format!("{} : ", self.texts.word("severity-word-critical")) } else { String::new() };
        let severity = if self.texts.lang() == Lang::En { severity.replace(" : ", ": ") } else { severity };
        format!("[{}] {severity}{}", self.texts.word("notice-brand"), self.headline(notice))
    }

    /// One line for each item, most urgent first: what, until when, which product, what stops, who acts.
    pub(super) fn lines(&self, notice: &Notice) -> Vec<String> {
        notice.items.iter().map(|item| self.line(item, notice.at)).collect()
    }

    /// The words of this renderer.
    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    fn say(&self, key: &str, values: &[(&str, Value<'_>)], most: usize) -> String {
        clean(&self.texts.say(key, values), most)
    }

    pub(super) fn date(&self, at: Timestamp) -> String {
        self.texts.date(at, self.tz)
    }

    fn headline(&self, notice: &Notice) -> String {
        let text = match &notice.kind {
            NoticeKind::Alerts => match notice.items.as_slice() {
                [item] => self.item_headline(item, notice.at),
                items => self.many_headline(items, notice.at),
            },
            NoticeKind::Digest(digest) => {
                self.texts.say("notice-subject-digest", &[("open", number(digest.open_alerts))])
            }
            NoticeKind::ChannelFailed { channel, .. } => {
                self.texts.say("notice-subject-channel", &[("channel", channel.as_str().into())])
            }
            NoticeKind::Test => self.texts.word("notice-subject-test"),
        };
        clean(&text, SUBJECT)
    }

    fn many_headline(&self, items: &[NoticeItem], now: Timestamp) -> String {
        let count = Value::from(items.len());
        if all_resolved(items) {
            return self.texts.say("notice-subject-many-resolved", &[("count", count)]);
        }
        let speaking = || items.iter().filter(|item| item.moment != Moment::Resolved);
        let critical = speaking().filter(|item| item.severity == Severity::Critical).count();
        let first = speaking().filter_map(|item| item.end).min();
        let first = first.map_or_else(|| "none".to_owned(), |end| self.date(end));
        let what = speaking().next().map(|item| self.item_headline(item, now)).unwrap_or_default();
        let values = [("count", count), ("critical", critical.into()), ("first", first.into()), ("what", what.into())];
        self.texts.say("notice-subject-many", &values)
    }

    fn page(&self, notice: &Notice) -> Page {
        let mut page = Page {
            lang: self.texts.lang().as_str(),
            title: self.headline(notice),
            severity: notice.severity().as_str(),
            intro: Vec::new(),
            sections: Vec::new(),
            lines: Vec::new(),
            footer: self.footer(notice),
        };
        match &notice.kind {
            NoticeKind::Alerts => self.alerts(notice, &mut page),
            NoticeKind::Digest(digest) => self.digest(digest, notice.at, &mut page),
            NoticeKind::ChannelFailed { channel, reason, since, held } => {
                let values = [
                    ("channel", channel.as_str().into()),
                    ("reason", reason.as_str().into()),
                    ("since", self.texts.date_time(*since, self.tz).into()),
                    ("held", number(*held)),
                ];
                page.intro.push(self.say("notice-channel-text", &values, PARAGRAPH));
                page.intro.push(self.say("notice-channel-cure", &[], PARAGRAPH));
            }
            NoticeKind::Test => page.intro.push(self.say("notice-test-text", &[], PARAGRAPH)),
        }
        page
    }

    fn alerts(&self, notice: &Notice, page: &mut Page) {
        if notice.items.len() > 1 {
            page.intro.push(self.say("notice-many-intro", &[("count", notice.items.len().into())], PARAGRAPH));
        }
        if notice.items.len() <= DETAILED {
            page.sections = notice.items.iter().map(|item| self.section(item, notice.at)).collect();
            // The title of one is the title of all.
            if let [section] = page.sections.as_mut_slice() {
                page.title = std::mem::take(&mut section.title);
            }
            return;
        }
        page.sections = self.procedures(&notice.items, notice.at);
        if !page.sections.is_empty() {
            page.intro.push(self.say("notice-cliff-many", &[], PARAGRAPH));
        }
        page.lines = notice
            .items
            .iter()
            .map(|item| Line { severity: item.severity.as_str(), text: self.line(item, notice.at) })
            .collect();
    }

    fn digest(&self, digest: &Digest, now: Timestamp, page: &mut Page) {
        page.intro.push(self.say("notice-digest-alive", &[], PARAGRAPH));
        let counts = [
            ("declared", number(digest.declared)),
            ("found", number(digest.found)),
            ("open", number(digest.open_alerts)),
        ];
        page.intro.push(self.say("notice-digest-counts", &counts, PARAGRAPH));
        let sent = [("delivered", number(digest.delivered)), ("failed", number(digest.failed))];
        page.intro.push(self.say("notice-digest-sent", &sent, PARAGRAPH));
        let key = if digest.ends.is_empty() { "notice-digest-no-ends" } else { "notice-digest-ends" };
        page.intro.push(self.say(key, &[], PARAGRAPH));
        page.lines = digest
            .ends
            .iter()
            .map(|(label, end)| {
                let values = [
                    ("label", label.as_str().into()),
                    ("end", self.date(*end).into()),
                    ("left", self.texts.distance(*end, now).into()),
                ];
                Line { severity: Severity::Info.as_str(), text: self.say("notice-digest-end", &values, LINE) }
            })
            .collect();
    }

    fn footer(&self, notice: &Notice) -> Vec<String> {
        let at = self.texts.date_time(notice.at, self.tz);
        let head = format!("{}:{}", notice.audit.0, notice.audit.1);
        vec![
            self.say("notice-footer-node", &[("node", notice.node.as_str().into()), ("at", at.into())], LINE),
            self.say("notice-footer-audit", &[("head", head.into())], LINE),
            self.say("notice-footer-id", &[("id", notice.id.to_string().into())], LINE),
        ]
    }
}

fn all_resolved(items: &[NoticeItem]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.moment == Moment::Resolved)
}

fn number(count: u64) -> Value<'static> {
    Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
}
