//! One item in words: what happens, what it costs, who must act with which card, where to click and by when.

use std::collections::BTreeMap;

use super::page::{List, Section};
use super::{LINE, PARAGRAPH, Renderer, clean};
use crate::domain::finding::Severity;
use crate::domain::notice::{Moment, NoticeActor, NoticeCertificate, NoticeItem};
use crate::domain::person::Role;
use crate::domain::profile::Environment;
use crate::domain::time::Timestamp;

/// Most procedures of a grouped message: offers times usages, twice, and room.
const PROCEDURES: usize = 32;

/// What has to be done on the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Procedure {
    /// Renew, while it is still possible.
    Renew,
    /// Order anew: the end has passed.
    Order,
}

impl Renderer {
    /// The item in a subject.
    pub(super) fn item_headline(&self, item: &NoticeItem, now: Timestamp) -> String {
        let label = self.label(item);
        if item.moment == Moment::Resolved {
            let title = self.texts.finding_title(&item.finding.key.code);
            return self.texts.say("notice-subject-resolved", &[("title", title.into()), ("label", label.into())]);
        }
        match (procedure(item, now), item.end) {
            (Some(Procedure::Renew), Some(end)) => {
                let left = self.texts.distance(end, now);
                let values = [("label", label.into()), ("end", self.date(end).into()), ("left", left.into())];
                self.texts.say("notice-subject-expiring", &values)
            }
            (Some(Procedure::Order), Some(end)) => {
                self.texts.say("notice-subject-expired", &[("label", label.into()), ("end", self.date(end).into())])
            }
            _ => {
                let title = self.texts.finding_title(&item.finding.key.code);
                self.texts.say("notice-subject-other", &[("title", title.into()), ("label", label.into())])
            }
        }
    }

    /// The item on one line.
    pub(super) fn line(&self, item: &NoticeItem, now: Timestamp) -> String {
        let none = || "none".to_owned();
        let resolved = item.moment == Moment::Resolved;
        let title = self.texts.finding_title(&item.finding.key.code);
        let key = if resolved { "notice-subject-resolved" } else { "notice-subject-other" };
        let what = self.texts.say(key, &[("title", title.into()), ("label", self.label(item).into())]);
        let end = item.end.filter(|_| !resolved);
        let certificate = item.certificate.as_ref();
        let product = certificate.map(|certificate| {
            format!("{} {}, {}", certificate.offer, certificate.usage, clean(&certificate.structure, 60))
        });
        let impacts = if resolved { None } else { impacts(item) };
        let who = if resolved { Vec::new() } else { actors(item) };
        let who = who.iter().map(|actor| clean(&actor.person, 64)).collect::<Vec<_>>().join(", ");
        let values = [
            ("severity", self.texts.word(&format!("severity-{}", item.severity)).into()),
            ("what", clean(&what, 200).into()),
            ("end", end.map_or_else(none, |end| self.date(end)).into()),
            ("left", end.map_or_else(none, |end| self.texts.distance(end, now)).into()),
            ("product", product.unwrap_or_else(none).into()),
            ("impacts", impacts.map_or_else(none, |impacts| clean(&impacts, 80)).into()),
            ("who", if who.is_empty() { none() } else { clean(&who, 80) }.into()),
        ];
        self.say("notice-line", &values, LINE)
    }

    /// The item in full.
    pub(super) fn section(&self, item: &NoticeItem, now: Timestamp) -> Section {
        let finding = self.texts.finding(&item.finding, now, self.tz);
        let severity = self.texts.word(&format!("severity-word-{}", item.severity));
        let headline = self.item_headline(item, now);
        let mut section = Section {
            severity: if item.moment == Moment::Resolved { Severity::Info.as_str() } else { item.severity.as_str() },
            title: clean(&format!("{severity} | {headline}"), LINE),
            ..Section::default()
        };
        let since = [("since", self.date(item.since).into())];
        let moment = self.say(&format!("notice-moment-{}", item.moment), &since, PARAGRAPH);
        if item.moment == Moment::Resolved {
            section.paragraphs.push(moment);
            return section;
        }
        section.paragraphs.push(clean(&finding.text, PARAGRAPH));
        let procedure = procedure(item, now);
        if let Some(procedure) = procedure {
            // That it is possible only before the end, the finding says itself.
            section.paragraphs.push(match procedure {
                Procedure::Renew => self.say("notice-cliff", &[], PARAGRAPH),
                Procedure::Order => self.say("notice-past", &[], PARAGRAPH),
            });
        }
        if let Some(impacts) = impacts(item) {
            let key = if procedure == Some(Procedure::Order) { "notice-stopped" } else { "notice-stops" };
            section.paragraphs.push(self.say(key, &[("impacts", impacts.into())], PARAGRAPH));
        }
        if let Some(end) = item.end.filter(|end| *end > now) {
            let left = self.texts.distance(end, now);
            let values = [("end", self.date(end).into()), ("left", left.into())];
            section.paragraphs.push(self.say("notice-deadline", &values, PARAGRAPH));
        }
        section.paragraphs.push(moment);
        section.lists.extend(self.who(item, procedure));
        match procedure {
            Some(procedure) => section.lists.push(List {
                title: self.texts.word("notice-how"),
                ordered: true,
                items: self.steps(procedure, item.certificate.as_ref(), item.end),
            }),
            None => section.lists.extend(finding.cure.map(|cure| List {
                title: self.texts.word("notice-to-do"),
                ordered: false,
                items: vec![clean(&cure, PARAGRAPH)],
            })),
        }
        section.small = finding
            .reference
            .map(|reference| self.say("notice-reference", &[("reference", reference.into())], PARAGRAPH));
        section
    }

    /// The procedures the items of a grouped message need, each once.
    pub(super) fn procedures(&self, items: &[NoticeItem], now: Timestamp) -> Vec<Section> {
        let mut wanted = BTreeMap::new();
        for item in items {
            let Some(procedure) = procedure(item, now) else { continue };
            let product = item.certificate.as_ref().map(|certificate| {
                let test = certificate.environment == Environment::Test;
                (certificate.offer.as_str(), certificate.usage.as_str(), test)
            });
            if wanted.len() < PROCEDURES {
                wanted.entry((procedure, product)).or_insert(item.certificate.as_ref());
            }
        }
        let sections = wanted.into_iter().map(|((procedure, _), certificate)| {
            let product = certificate.map(|certificate| (certificate.offer.as_str(), certificate.usage.as_str()));
            let (offer, usage) = product.unwrap_or(("none", "none"));
            let mut paragraphs = Vec::new();
            if procedure == Procedure::Order {
                paragraphs.push(self.say("notice-past", &[], PARAGRAPH));
            }
            let environment = certificate.map_or(Environment::Production, |certificate| certificate.environment);
            Section {
                severity: Severity::Info.as_str(),
                title: self.say("notice-how-many", &[("offer", offer.into()), ("usage", usage.into())], LINE),
                paragraphs,
                lists: vec![List {
                    title: self.texts.word("notice-to-do"),
                    ordered: true,
                    items: self.steps_for_any(procedure, environment),
                }],
                small: None,
            }
        });
        sections.collect()
    }

    /// What the item is about in the fewest words.
    pub(in crate::notify) fn label(&self, item: &NoticeItem) -> String {
        let declared = item.certificate.as_ref().map(|certificate| certificate.id.clone());
        clean(&declared.unwrap_or_else(|| self.texts.finding_label(&item.finding)), 100)
    }

    fn who(&self, item: &NoticeItem, procedure: Option<Procedure>) -> Option<List> {
        let mut items: Vec<String> = item.actors.iter().map(|actor| self.actor(actor, procedure)).collect();
        if procedure.is_some() && actors(item).is_empty() {
            items.insert(0, self.say("notice-nobody", &[], PARAGRAPH));
        }
        let title = self.texts.word("notice-who");
        (!items.is_empty()).then_some(List { title, ordered: false, items })
    }

    fn actor(&self, actor: &NoticeActor, procedure: Option<Procedure>) -> String {
        let role = self.texts.word(&format!("role-{}", actor.role));
        let mut values = vec![("person", actor.person.as_str().into()), ("role", role.into())];
        let key = match &actor.name {
            Some(name) => {
                values.push(("name", name.as_str().into()));
                "notice-actor-named"
            }
            None => "notice-actor",
        };
        let person = self.say(key, &values, LINE);
        let means = match (actor.role, &actor.card) {
            _ if procedure.is_none() => return person,
            (Role::AdministrateurTechnique, Some(card)) => {
                self.say("notice-with-card", &[("card", card.as_str().into())], LINE)
            }
            (Role::AdministrateurTechnique, None) => self.say("notice-with-any-card", &[], LINE),
            (Role::Mandataire | Role::RepresentantLegal, _) => self.say("notice-may-name", &[], LINE),
            (Role::Contact, _) => self.say("notice-to-know", &[], LINE),
        };
        format!("{person}, {means}")
    }

    /// What to click for this certificate.
    fn steps(
        &self,
        procedure: Procedure,
        certificate: Option<&NoticeCertificate>,
        end: Option<Timestamp>,
    ) -> Vec<String> {
        let unnamed = || self.texts.word("notice-to-name");
        let quoted = |name: &str| match self.texts.lang() {
            crate::domain::lang::Lang::Fr => format!("« {} »", clean(name, 100)),
            crate::domain::lang::Lang::En => format!("\"{}\"", clean(name, 100)),
        };
        let identity = certificate.and_then(|certificate| certificate.identity.as_deref());
        let environment = certificate.map_or(Environment::Production, |certificate| certificate.environment);
        let values = [
            ("offer", certificate.map_or("none", |certificate| certificate.offer.as_str()).into()),
            ("usage", certificate.map_or("none", |certificate| certificate.usage.as_str()).into()),
            ("structure", certificate.map_or_else(unnamed, |certificate| quoted(&certificate.structure)).into()),
            ("identity", identity.map_or_else(unnamed, quoted).into()),
            ("environment", environment.as_str().into()),
            ("end", end.map(|end| self.date(end)).unwrap_or_default().into()),
        ];
        self.spoken(procedure, &values, "notice-renew-click")
    }

    /// What to click for any certificate of one offer and usage.
    fn steps_for_any(&self, procedure: Procedure, environment: Environment) -> Vec<String> {
        let values = [("offer", "none".into()), ("usage", "none".into()), ("environment", environment.as_str().into())];
        self.spoken(procedure, &values, "notice-renew-click-many")
    }

    fn spoken(&self, procedure: Procedure, values: &[(&str, crate::locale::Value<'_>)], click: &str) -> Vec<String> {
        let keys: &[&str] = match procedure {
            Procedure::Renew => {
                &["notice-renew-sign-in", "notice-renew-find", click, "notice-renew-withdraw", "notice-install"]
            }
            Procedure::Order => {
                &["notice-renew-sign-in", "notice-order-ask", "notice-renew-withdraw", "notice-install"]
            }
        };
        keys.iter().map(|key| self.say(key, values, PARAGRAPH)).collect()
    }
}

/// The portal helps with the end of a certificate of IGC-Santé and with nothing else.
fn procedure(item: &NoticeItem, now: Timestamp) -> Option<Procedure> {
    let foreign = item.finding.get("igc_sante") == Some("no");
    let past = item.end.is_some_and(|end| end <= now);
    match &*item.finding.key.code {
        _ if foreign || item.end.is_none() || item.moment == Moment::Resolved => None,
        "expiring" | "no_successor" | "expired" => Some(if past { Procedure::Order } else { Procedure::Renew }),
        _ => None,
    }
}

/// Those who can do it themselves.
fn actors(item: &NoticeItem) -> Vec<&NoticeActor> {
    item.actors.iter().filter(|actor| actor.role == Role::AdministrateurTechnique).collect()
}

fn impacts(item: &NoticeItem) -> Option<String> {
    let declared = item.certificate.as_ref().map(|certificate| certificate.impacts.join(", "));
    declared.or_else(|| item.finding.get("impacts").map(str::to_owned)).filter(|impacts| !impacts.is_empty())
}
