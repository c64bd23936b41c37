//! Ends as a calendar (RFC 5545), with an alarm at each step: the feed of `/calendar.ics` and what a mail carries.
//!
//! Written here and not by the `icalendar` crate, which was tried: it puts the time of the machine and a random UID into every
//! alarm that is not given its own, so that one calendar is never twice the same, and it lets carriage returns through.

use std::fmt::Write as _;

use chrono::{Datelike as _, Months, NaiveDate};

use super::render::{LINE, PARAGRAPH, Renderer, clean};
use crate::domain::notice::{Moment, Notice, NoticeItem};
use crate::domain::time::Timestamp;
use crate::pki::digest::sha256;

/// Days before an end at which an alarm rings when no steps are given.
const STEPS: [i64; 6] = [60, 45, 30, 15, 7, 1];
/// Days before the renewal of a contract: the letter has to arrive a month ahead (contract 2.3).
const CONTRACT_STEPS: [i64; 3] = [90, 60, 45];
/// Most dates a mail carries; the feed has them all.
const ATTACHED: usize = 200;
/// Octets of a line (RFC 5545 section 3.1).
const FOLD: usize = 75;

/// One date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is about, such as `certificate:dmp`: with the node it names the event for ever, so that a renewed certificate moves
    /// its event instead of leaving an old one behind.
    pub subject: String,
    /// What ends.
    pub kind: Kind,
    /// Its name.
    pub label: String,
    /// What stops working.
    pub impacts: Vec<String>,
    /// When.
    pub when: When,
}

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A certificate of IGC-Santé, which is renewed at the portal.
    Certificate,
    /// A certificate of somebody else.
    ForeignCertificate,
    /// A card.
    Card,
    /// The mandate of a person.
    Mandate,
    /// The validity of a revocation list.
    Crl,
    /// The yearly term of the contract with ANS.
    Contract,
    /// Anything else that has an end.
    Other,
}

/// When it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// At an instant; alarms at these.
    At(Timestamp, Vec<Timestamp>),
    /// On a day, all day; alarms some days before.
    On(NaiveDate),
    /// Every year on the day the contract began: it is renewed by itself for a year (contract 2.5).
    EveryYearSince(NaiveDate),
}

/// The feed: every entry, with its alarms that are still to come.
pub fn feed(entries: &[Entry], node: &str, now: Timestamp, renderer: &Renderer) -> String {
    let mut calendar = Calendar::begin(renderer);
    calendar.raw("REFRESH-INTERVAL;VALUE=DURATION:PT6H");
    calendar.raw("X-PUBLISHED-TTL:PT6H");
    entries.iter().for_each(|entry| calendar.event(entry, node, now, renderer));
    calendar.end()
}

/// The dates a message speaks of; `None` when there are none, or too many for a mail.
pub(super) fn of_notice(notice: &Notice, renderer: &Renderer) -> Option<String> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in notice.items.iter().filter_map(|item| of_item(item, notice.at, renderer)) {
        // Several findings may count to one end, and one UID stands once in a calendar (RFC 5545 section 3.8.4.7).
        if entries.iter().all(|known| (&known.subject, known.kind) != (&entry.subject, entry.kind)) {
            entries.push(entry);
        }
        if entries.len() > ATTACHED {
            break;
        }
    }
    if entries.is_empty() || entries.len() > ATTACHED {
        return None;
    }
    let mut calendar = Calendar::begin(renderer);
    calendar.raw("METHOD:PUBLISH");
    entries.iter().for_each(|entry| calendar.event(entry, &notice.node, notice.at, renderer));
    Some(calendar.end())
}

fn of_item(item: &NoticeItem, now: Timestamp, renderer: &Renderer) -> Option<Entry> {
    let end = item.end.filter(|end| *end > now && item.moment != Moment::Resolved)?;
    let about_certificate = item.certificate.is_some() || item.finding.get("sha256").is_some();
    let subject = match &item.certificate {
        Some(certificate) => format!("certificate:{}", certificate.id),
        None => item.finding.key.subject.split(" @ ").next().unwrap_or_default().to_owned(),
    };
    Some(Entry {
        subject,
        kind: match (about_certificate, item.finding.get("igc_sante")) {
            (true, Some("no")) => Kind::ForeignCertificate,
            (true, _) => Kind::Certificate,
            (false, _) => Kind::Other,
        },
        label: renderer.label(item),
        impacts: item.certificate.as_ref().map(|certificate| certificate.impacts.clone()).unwrap_or_default(),
        when: When::At(end, STEPS.iter().map(|days| end.plus_days(-days)).collect()),
    })
}

/// A calendar being written.
struct Calendar(String);

impl Calendar {
    fn begin(renderer: &Renderer) -> Self {
        let mut calendar = Self(String::new());
        calendar.raw("BEGIN:VCALENDAR");
        calendar.raw("VERSION:2.0");
        calendar.raw(concat!("PRODID:-//Vigie//Vigie ", env!("CARGO_PKG_VERSION"), "//FR"));
        calendar.raw("CALSCALE:GREGORIAN");
        let name = renderer.texts().word("calendar-name");
        calendar.text("NAME", &name);
        calendar.text("X-WR-CALNAME", &name);
        calendar
    }

    fn end(mut self) -> String {
        self.raw("END:VCALENDAR");
        self.0
    }

    fn event(&mut self, entry: &Entry, node: &str, now: Timestamp, renderer: &Renderer) {
        let (start, alarms, sequence) = match &entry.when {
            When::At(end, steps) => {
                let ahead = steps.iter().filter(|step| **step > now).map(|step| Trigger::At(*step)).collect();
                let Some(start) = utc(*end) else { return };
                (vec![format!("DTSTART:{start}")], ahead, end.unix() / 86_400)
            }
            When::On(day) => {
                let days = STEPS.iter().map(|days| Trigger::Before(*days)).collect::<Vec<_>>();
                (
                    vec![format!("DTSTART;VALUE=DATE:{}", day.format("%Y%m%d"))],
                    days,
                    Timestamp::from_date(*day).unix() / 86_400,
                )
            }
            When::EveryYearSince(day) => {
                (every_year(*day), CONTRACT_STEPS.iter().map(|days| Trigger::Before(*days)).collect(), 0)
            }
        };
        let (summary, description) = words(entry, renderer);
        self.raw("BEGIN:VEVENT");
        self.raw(&format!("UID:{}", uid(node, &entry.subject)));
        self.raw(&format!("DTSTAMP:{}", utc(now).unwrap_or_else(|| "19700101T000000Z".to_owned())));
        // A later end replaces an earlier one in a calendar that took both.
        self.raw(&format!("SEQUENCE:{}", sequence.clamp(0, i64::from(i32::MAX))));
        start.iter().for_each(|line| self.raw(line));
        self.text("SUMMARY", &summary);
        self.text("DESCRIPTION", &description);
        self.raw("CATEGORIES:Vigie");
        self.raw("TRANSP:TRANSPARENT");
        for alarm in alarms {
            self.raw("BEGIN:VALARM");
            self.raw("ACTION:DISPLAY");
            self.text("DESCRIPTION", &summary);
            match alarm {
                Trigger::At(at) => self.raw(&format!("TRIGGER;VALUE=DATE-TIME:{}", utc(at).unwrap_or_default())),
                Trigger::Before(days) => self.raw(&format!("TRIGGER:-P{days}D")),
            }
            self.raw("END:VALARM");
        }
        self.raw("END:VEVENT");
    }

    /// A property whose value is text (RFC 5545 section 3.3.11).
    fn text(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                c if c.is_control() => line.push('\u{fffd}'),
                c => line.push(c),
            }
        }
        self.raw(&line);
    }

    /// One content line, folded between characters so that no line has more than 75 octets.
    fn raw(&mut self, line: &str) {
        let mut room = FOLD;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = FOLD - 1;
            }
            room -= c.len_utf8();
            self.0.push(c);
        }
        self.0.push_str("\r\n");
    }
}

enum Trigger {
    At(Timestamp),
    Before(i64),
}

/// The first day after the first year, and the rule. 29 February becomes the last day of February, which every year has.
fn every_year(began: NaiveDate) -> Vec<String> {
    let leap = began.month() == 2 && began.day() == 29;
    let first = began.checked_add_months(Months::new(12)).unwrap_or(began);
    let rule = if leap { "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1" } else { "RRULE:FREQ=YEARLY" };
    vec![format!("DTSTART;VALUE=DATE:{}", first.format("%Y%m%d")), rule.to_owned()]
}

fn words(entry: &Entry, renderer: &Renderer) -> (String, String) {
    let texts = renderer.texts();
    let kind = match entry.kind {
        Kind::Certificate | Kind::ForeignCertificate => "certificate",
        Kind::Card => "card",
        Kind::Mandate => "mandate",
        Kind::Crl => "crl",
        Kind::Contract => "contract",
        Kind::Other => "other",
    };
    let label = clean(&entry.label, 100);
    let end = match &entry.when {
        When::At(end, _) => renderer.date(*end),
        When::On(day) => texts.day(*day),
        When::EveryYearSince(_) => String::new(),
    };
    let values = [("label", label.into()), ("end", end.as_str().into())];
    let summary = clean(&texts.say(&format!("calendar-{kind}"), &values), LINE);
    let text = match (&entry.kind, &entry.when) {
        (Kind::Other, _) => summary.clone(),
        (Kind::Certificate | Kind::ForeignCertificate, When::At(..)) => {
            let impacts = clean(&entry.impacts.join(", "), LINE);
            let cliff = if entry.kind == Kind::Certificate {
                texts.say("cliff", &[("end", end.into())])
            } else {
                texts.say("calendar-foreign", &[("end", end.into())])
            };
            let stops = texts.say("notice-stops", &[("impacts", impacts.as_str().into())]);
            let impacts = if impacts.is_empty() { "none".to_owned() } else { impacts };
            let values = [("cliff", cliff.into()), ("impacts", impacts.into()), ("stops", stops.into())];
            texts.say("calendar-certificate-text", &values)
        }
        _ => texts.word(&format!("calendar-{kind}-text")),
    };
    (summary, clean(&text, PARAGRAPH))
}

/// Names the event for ever, on every machine that shows it, without telling what it is.
fn uid(node: &str, subject: &str) -> String {
    let digest = sha256(format!("vigie calendar\0{node}\0{subject}").as_bytes()).to_string();
    format!("{}@vigie", digest.get(..32).unwrap_or(&digest))
}

fn utc(at: Timestamp) -> Option<String> {
    let at = at.to_chrono().filter(|at| (1..=9999).contains(&at.year()))?;
    let mut text = String::new();
    write!(text, "{}", at.format("%Y%m%dT%H%M%SZ")).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::lang::Lang;

    fn renderer() -> Renderer {
        Renderer::new(Lang::Fr, chrono_tz::Tz::Europe__Paris)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn entry(label: &str) -> Entry {
        let end = at("2027-01-01T08:00:00Z");
        Entry {
            subject: "certificate:dmp".to_owned(),
            kind: Kind::Certificate,
            label: label.to_owned(),
            impacts: vec!["DMP".to_owned()],
            when: When::At(end, vec![end.plus_days(-60), end.plus_days(-30)]),
        }
    }

    #[test]
    fn the_same_certificate_keeps_its_event_and_moves_it() {
        let now = at("2026-11-22T08:00:00Z");
        let before = feed(&[entry("dmp")], "srv", now, &renderer());
        let mut renewed = entry("dmp");
        renewed.when = When::At(at("2030-01-01T08:00:00Z"), Vec::new());
        let after = feed(&[renewed], "srv", now, &renderer());
        let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        assert_eq!(line(&before, "UID:"), line(&after, "UID:"));
        assert_ne!(line(&before, "SEQUENCE:"), line(&after, "SEQUENCE:"));
        assert_ne!(line(&before, "UID:"), line(&feed(&[entry("dmp")], "other", now, &renderer()), "UID:"));
        // One of the two steps is past.
        assert_eq!(before.matches("BEGIN:VALARM").count(), 1);
    }

    #[test]
    fn a_certificate_of_somebody_else_is_not_renewed_at_the_portal() {
        let now = at("2026-11-22T08:00:00Z");
        let ours = feed(&[entry("dmp")], "srv", now, &renderer()).replace("\r\n ", "");
        let foreign = Entry { kind: Kind::ForeignCertificate, ..entry("dmp") };
        let foreign = feed(&[foreign], "srv", now, &renderer()).replace("\r\n ", "");
        let of =
            |text: &str| text.lines().find(|line| line.starts_with("DESCRIPTION")).map(str::to_owned).expect("one");
        assert!(of(&ours).contains("commande complète") && of(&ours).contains("DMP"), "{ours}");
        assert!(!of(&foreign).contains("commande") && of(&foreign).contains("DMP"), "{foreign}");
        assert!(foreign.contains("SUMMARY:Fin du certificat dmp le 01/01/2027"), "{foreign}");
    }

    #[test]
    fn a_contract_of_29_february_is_renewed_every_year() {
        let day = NaiveDate::from_ymd_opt(2024, 2, 29).expect("a day");
        assert_eq!(every_year(day), ["DTSTART;VALUE=DATE:20250228", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"]);
    }

    proptest! {
        #[test]
        fn no_label_escapes_its_line(label in any::<String>(), subject in any::<String>()) {
            let mut hostile = entry(&label);
            hostile.subject = subject;
            let now = at("2026-11-22T08:00:00Z");
            let text = feed(&[hostile], "srv", now, &renderer());
            let plain = feed(&[entry("x")], "srv", now, &renderer());
            prop_assert!(text.split("\r\n").all(|line| line.len() <= FOLD && !line.contains(['\r', '\n'])));
            let unfolded = text.replace("\r\n ", "");
            let names = |text: &str| text.split("\r\n")
                .map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>();
            prop_assert_eq!(names(&unfolded), names(&plain.replace("\r\n ", "")));
        }
    }
}
