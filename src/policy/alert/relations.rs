//! What findings are to each other, and which are not for an administrator alone. All that is known here of single rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ground::bare_subject;
use crate::domain::alert::{Alert, Audience};
use crate::domain::finding::{FindingKey, FindingRecord, Severity};

/// Findings another one speaks for, while both are about one subject: that no successor is ready is the same trouble as the end that
/// comes, and whoever is told of the one is not told twice.
const SPOKEN_FOR: [(&str, &str); 1] = [("no_successor", "expiring")];

/// Findings that fall silent because it became worse: the second says so, and nothing is over.
const TAKEN_OVER: [(&str, &str); 9] = [
    ("administrator_card_ends", "administrator_card_missing"),
    ("administrator_card_ends", "administrator_missing"),
    ("administrator_card_ends", "expired"),
    ("administrator_card_missing", "administrator_missing"),
    ("crl_near_stale", "crl_stale"),
    ("expiring", "expired"),
    ("no_successor", "expired"),
    ("revocation_unknown", "expired"),
    ("revocation_unknown", "revoked"),
];

/// Findings only a mandataire or the représentant légal can do something about: they name administrators and order cards (CGU 5.2,
/// F413). Whoever has no mandate any more is not the one to tell.
const FOR_PRINCIPALS: [&str; 3] = ["administrator_card_ends", "administrator_card_missing", "administrator_missing"];

/// The finding that speaks for another one, where it is true as well.
pub(super) fn speaker(key: &FindingKey) -> Option<FindingKey> {
    let (_, speaker) = SPOKEN_FOR.iter().find(|(code, _)| key.code == *code)?;
    Some(FindingKey { code: (*speaker).into(), subject: Arc::clone(&key.subject) })
}

/// A finding that is true now is what became of this one.
pub(super) fn is_taken_over(alert: &Alert, findings: &BTreeMap<FindingKey, FindingRecord>) -> bool {
    let subject = bare_subject(&alert.finding);
    let is_true = |code: &'static str| {
        let first = FindingKey { code: code.into(), subject: subject.into() };
        let near = findings.range(first..).take_while(|(key, _)| key.code == code && key.subject.starts_with(subject));
        let mut same = near.filter(|(_, record)| bare_subject(&record.finding) == subject);
        same.any(|(_, record)| record.finding.severity > Severity::Info)
    };
    TAKEN_OVER.iter().any(|(code, heir)| alert.key().code == *code && is_true(heir))
}

/// Who must know of it from its first word on.
pub(super) fn least_audience(code: &str) -> Audience {
    if FOR_PRINCIPALS.contains(&code) { Audience::Principals } else { Audience::Administrators }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_that_of_a_rule() {
        let pairs = SPOKEN_FOR.iter().chain(&TAKEN_OVER).flat_map(|(one, other)| [*one, *other]);
        for code in pairs.chain(FOR_PRINCIPALS) {
            assert!(crate::policy::RULES.iter().any(|rule| rule.code == code), "{code}");
        }
    }
}
