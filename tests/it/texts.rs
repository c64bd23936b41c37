//! Every rule has its texts in every language, and each text finds in a finding all it asks for.

use chrono_tz::Tz;
use vigie::domain::finding::{Finding, FindingKey};
use vigie::domain::lang::Lang;
use vigie::domain::time::Timestamp;
use vigie::locale::Texts;
use vigie::policy::RULES;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Facts whose values choose between wordings, and every value any rule gives them.
const CHOOSING: [&str; 10] =
    ["declared", "field", "folder", "igc_sante", "kind", "part", "reason", "renewed", "wanted", "who"];
const CHOICES: [&str; 44] = [
    "card",
    "mandate",
    "dead",
    "none",
    "readers",
    "found",
    "missing",
    "there",
    "yes",
    "no",
    "service",
    "fqdn",
    "mail_domain",
    "certificate",
    "key",
    "chain",
    "certificates",
    "copies",
    "both",
    "others",
    "group",
    "juridique",
    "geographique",
    "test_in_production",
    "production_in_test",
    "contradictory",
    "name",
    "issuer",
    "unknown",
    "untrusted",
    "self_signed",
    "nobody",
    "not_living",
    "not_mandated",
    "connection_refused",
    "limit_exceeded",
    "malformed",
    "needs_password",
    "not_pki",
    "permission_denied",
    "timeout",
    "too_large",
    "unsupported",
    "wrong_password",
];

/// A finding with exactly the facts the rule promises.
fn finding(code: &'static str, facts: &'static [&'static str], choice: &str) -> Finding {
    let value = |name: &str| match name {
        _ if CHOOSING.contains(&name) => choice.to_owned(),
        "end" | "served_end" | "not_after" | "not_before" | "successor_not_after" => NOW.plus_days(12).to_string(),
        other => format!("<{other}>"),
    };
    Finding {
        key: FindingKey { code: code.into(), subject: "certificate:x".into() },
        severity: vigie::domain::finding::Severity::Warning,
        facts: facts.iter().map(|name| ((*name).into(), value(name))).collect(),
    }
}

#[test]
fn every_rule_has_title_text_cure_and_reference_in_every_language() {
    for lang in Lang::ALL {
        let texts = Texts::new(*lang);
        for rule in RULES {
            assert_ne!(texts.finding_title(rule.code), rule.code, "{lang}");
            assert!(texts.rule_reference(rule.code).is_some_and(|text| !text.is_empty()), "{lang} {}", rule.code);
            for choice in CHOICES {
                let finding = finding(rule.code, rule.facts, choice);
                let (said, missing) = texts.finding_checked(&finding, NOW, Tz::Europe__Paris);
                assert_eq!(missing, Vec::<String>::new(), "{lang} {} {choice}", rule.code);
                assert!(said.cure.as_ref().is_some_and(|cure| !cure.is_empty()), "{lang} {} has no cure", rule.code);
                assert!(!said.text.starts_with(rule.code), "{lang} {} has no text", rule.code);
                let whole = format!("{} {}", said.title, said.sentences());
                let isolating = |c: char| ('\u{2066}'..='\u{2069}').contains(&c);
                assert!(!whole.contains(isolating) && !whole.contains('{'), "{lang} {}: {whole}", rule.code);
            }
        }
    }
}

#[test]
fn the_languages_differ() {
    for rule in RULES {
        let said = |lang| Texts::new(lang).finding_text(&finding(rule.code, rule.facts, "yes"), NOW, Tz::Europe__Paris);
        assert_ne!(said(Lang::Fr), said(Lang::En), "{}", rule.code);
    }
}

#[test]
fn every_warning_of_an_end_says_that_a_renewal_becomes_impossible() {
    for code in ["expiring", "expired", "no_successor"] {
        let rule = RULES.iter().find(|rule| rule.code == code).expect("a rule");
        let finding = finding(rule.code, rule.facts, "yes");
        let fr = Texts::new(Lang::Fr).finding_text(&finding, NOW, Tz::Europe__Paris);
        let en = Texts::new(Lang::En).finding_text(&finding, NOW, Tz::Europe__Paris);
        assert!(fr.contains("commande complète") && en.contains("complete new order"), "{code}: {fr} / {en}");
    }
}
