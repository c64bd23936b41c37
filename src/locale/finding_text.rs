//! A finding in sentences: what happens, what stops, what to do, and who is in charge.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{Texts, Value};
use crate::domain::finding::Finding;
use crate::domain::time::Timestamp;

/// The parts of a finding's text, each a sentence or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingText {
    /// A few words, the same for every finding of the rule.
    pub title: String,
    /// What happens, to what, and until when.
    pub text: String,
    /// What stops working, where the declaration says it.
    pub stops: Option<String>,
    /// What to do.
    pub cure: Option<String>,
    /// Who administers it, by register id.
    pub administrators: Option<String>,
    /// What the rule stands on.
    pub reference: Option<String>,
}

impl FindingText {
    /// Everything but title and reference, in reading order.
    pub fn sentences(&self) -> String {
        let parts = [Some(&self.text), self.stops.as_ref(), self.cure.as_ref(), self.administrators.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Facts that are instants or days: shown as days.
const DATED: [&str; 15] = [
    "not_after",
    "not_before",
    "end",
    "served_end",
    "successor_not_after",
    "last_success",
    "replacement_by",
    "opposed_on",
    "revoked_at",
    "renewal",
    "lasts_until",
    "next_update",
    "since",
    "declared_at",
    "mandate_until",
];
/// The instant a text counts days to, the first the finding has.
const COUNTED: [&str; 4] = ["end", "served_end", "not_before", "not_after"];

impl Texts {
    /// The finding as one paragraph: what happens, what stops, what to do, who is in charge. Days left are counted from `now`,
    /// dates are those of `tz`.
    pub fn finding_text(&self, finding: &Finding, now: Timestamp, tz: Tz) -> String {
        self.finding(finding, now, tz).sentences()
    }

    /// The same in parts.
    pub fn finding(&self, finding: &Finding, now: Timestamp, tz: Tz) -> FindingText {
        self.finding_checked(finding, now, tz).0
    }

    /// The same, with what the texts wanted and the finding did not have. Such a variable shows in braces.
    pub fn finding_checked(&self, finding: &Finding, now: Timestamp, tz: Tz) -> (FindingText, Vec<String>) {
        let code = &*finding.key.code;
        let values = self.values(finding, now, tz);
        let mut problems = Vec::new();
        let mut part = |key: &str| self.render(key, &values, &mut problems);
        let mut text = part(&format!("rule-{code}.text")).unwrap_or_else(|| bare(finding));
        let early_key_end =
            finding.get("end").is_some_and(|end| finding.get("not_after").is_some_and(|last| last != end));
        if let Some(note) = early_key_end.then(|| part("key-usage-end")).flatten() {
            text = format!("{text} {note}");
        }
        let stops = finding.get("impacts").and_then(|_| part("stops"));
        let cure = part(&format!("rule-{code}.cure"));
        let administrators = finding.get("administrators").and_then(|_| part("administered-by"));
        let (title, reference) = (self.finding_title(code), part(&format!("rule-{code}.reference")));
        (FindingText { title, text, stops, cure, administrators, reference }, problems)
    }

    /// What the finding is about in the fewest words: the declared id, the subject, the place, or the key of the finding.
    pub fn finding_label(&self, finding: &Finding) -> String {
        label(finding)
    }

    /// The facts with their dates written out, `label` and `days`.
    fn values<'a>(&self, finding: &'a Finding, now: Timestamp, tz: Tz) -> Vec<(&'a str, Value<'a>)> {
        let mut values: Vec<(&str, Value<'_>)> = Vec::with_capacity(finding.facts.len() + 2);
        for (name, value) in &finding.facts {
            let dated = if DATED.contains(&&**name) { self.dated(value, tz) } else { None };
            let shown = dated.map_or_else(|| Value::from(value.as_str()), Value::from);
            values.push((name, shown));
        }
        let counted = COUNTED.iter().find_map(|name| finding.get(name)).and_then(|at| at.parse::<Timestamp>().ok());
        if let Some(at) = counted {
            let days = if at >= now { at.days_after(now) } else { now.days_after(at) };
            values.push(("days", days.into()));
        }
        values.push(("label", label(finding).into()));
        values
    }

    /// An instant as its day in `tz`; a day without an hour, such as the last of a mandate, as that day everywhere.
    fn dated(&self, value: &str, tz: Tz) -> Option<String> {
        let instant = value.parse().map(|at: Timestamp| self.date(at, tz)).ok();
        instant.or_else(|| value.parse().map(|day: NaiveDate| self.day(day)).ok())
    }
}

/// What the finding is about in the fewest words: the declared id, the subject, the place, or the key of the finding.
fn label(finding: &Finding) -> String {
    let named = ["id", "subject", "path", "source"].iter().find_map(|name| finding.get(name));
    let name = named.unwrap_or(&finding.key.subject);
    match name.strip_prefix("sha256:").and_then(|hex| hex.get(..16)) {
        Some(start) => format!("sha256:{start}…"),
        None => name.to_owned(),
    }
}

/// A finding of a rule without text: its code and facts, as they are.
fn bare(finding: &Finding) -> String {
    let facts: Vec<String> = finding.facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{} {}: {}", finding.key.code, finding.key.subject, facts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Severity, Subject};
    use crate::domain::fingerprint::Fingerprint;
    use crate::domain::lang::Lang;

    const NOW: &str = "2026-11-21T08:00:00Z";

    fn expiring(end: &str) -> Finding {
        Finding::new("expiring", Severity::Warning, &Subject::Declared("dmp".parse().expect("an id")))
            .fact("id", "dmp")
            .fact("impacts", "DMP, INSi")
            .fact("administrators", "at-1")
            .fact("subject", "CN=DRIMbox")
            .fact("not_after", end)
            .fact("path", "/etc/drimbox/client.pem")
            .fact("igc_sante", "yes")
            .fact("end", end)
            .fact("step", "2m")
    }

    fn text(lang: Lang, finding: &Finding) -> String {
        Texts::new(lang).finding_text(finding, NOW.parse().expect("an instant"), Tz::Europe__Paris)
    }

    #[test]
    fn an_expiry_says_the_cliff_what_stops_and_what_to_do() {
        assert_eq!(
            text(Lang::Fr, &expiring("2026-12-31T23:30:00Z")),
            "dmp (/etc/drimbox/client.pem) expire le 01/01/2027, dans 40 jours. Le renouvellement n'est possible que tant que \
             le certificat est valide : après le 01/01/2027, il faudra refaire une commande complète. Ce qui s'arrête sans \
             lui : DMP, INSi. Renouvelez-le avant cette date sur https://pfc.eservices.esante.gouv.fr/ (« Renouveler »), avec \
             la carte CPx ou l'e-CPS d'un administrateur technique, puis installez le nouveau à la place de l'ancien. \
             Administré par : at-1."
        );
        assert!(text(Lang::En, &expiring("2026-11-22T09:00:00Z")).starts_with(
            "dmp (/etc/drimbox/client.pem) expires on 2026-11-22, in 1 day. It can be renewed only while it is valid: after \
             2026-11-22 a complete new order is needed. What stops without it: DMP, INSi."
        ));
    }

    #[test]
    fn a_day_without_an_hour_is_that_day_in_every_timezone() {
        let ends = |kind: &str, until: &str| {
            let subject = Subject::Declared("dmp".parse().expect("an id"));
            let finding = Finding::new("administrator_card_ends", Severity::Info, &subject).fact("person", "at-1");
            let finding = finding.fact("offer", "ORG/AUTH_CLI").fact("structure", "chex").fact("kind", kind);
            text(Lang::Fr, &finding.fact("lasts_until", until).fact("renewal", "2028-09-01T00:00:00Z"))
        };
        assert!(ends("mandate", "2028-01-15").contains("le mandat de at-1 s'achève le 15/01/2028"));
        assert!(ends("card", "2028-01-15T23:30:00Z").contains("la carte de at-1 s'achève le 16/01/2028"));
    }

    #[test]
    fn a_key_usage_period_that_ends_first_is_said() {
        let mut finding = expiring("2026-12-31T23:30:00Z");
        for (name, value) in &mut finding.facts {
            if name == "not_after" {
                *value = "2027-01-31T23:30:00Z".to_owned();
            }
        }
        assert!(text(Lang::Fr, &finding).contains("La période d'usage de la clé privée"));
    }

    #[test]
    fn a_person_is_a_short_fingerprint_and_an_unknown_rule_its_facts() {
        let found = Subject::Found(Fingerprint([0xab; 32]));
        let finding = Finding::new("weak_key", Severity::Warning, &found).fact("subject", &found);
        let said = text(Lang::Fr, &finding.fact("path", "/x").fact("key", "rsa-1024").fact("wanted", "rsa-2048"));
        assert!(said.contains("sha256:abababababababab… (/x) est rsa-1024"), "{said}");
        let unknown = Finding::new("of_tomorrow", Severity::Info, &found).fact("a", "b");
        assert_eq!(text(Lang::En, &unknown), format!("of_tomorrow {found}: a=b"));
    }
}
