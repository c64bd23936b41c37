//! Every rule has its texts in every language, and each text finds in a finding all it asks for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono_tz::Tz;
use vigie::domain::finding::{Finding, FindingKey};
use vigie::domain::lang::Lang;
use vigie::domain::reading::ReadReason;
use vigie::domain::revocation::Why;
use vigie::domain::time::Timestamp;
use vigie::locale::Texts;
use vigie::policy::{RULES, trouble};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Facts whose values choose between wordings, and every value any rule gives them.
const CHOOSING: [&str; 12] =
    ["declared", "field", "folder", "igc_sante", "kind", "part", "reason", "renewed", "root", "wanted", "what", "who"];
const CHOICES: [&str; 55] = [
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
    "refused",
    "all",
    "nothing_matches",
    "root_missing",
    "password",
    "opened_key",
    "bad_signature",
    "limit_exceeded",
    "malformed",
    "needs_password",
    "not_pki",
    "permission_denied",
    "timeout",
    "too_large",
    "unsupported",
    "wrong_password",
    "place",
    "imported",
    "delta",
    "unnamed",
    "address",
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

/// The codes a file of the program gives as the reason why something was not read: the words of `fn reason`, and of `reason:` in a literal.
fn reasons_in(file: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut reasons = BTreeSet::new();
    for part in source.split("fn reason(&self)").skip(1) {
        let body = part.split("\n    }").next().unwrap();
        reasons.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
    }
    for marker in ["reason: \"", "Unwanted(\""] {
        let given = source.split(marker).skip(1).filter_map(|rest| rest.split('"').next());
        reasons.extend(given.map(str::to_owned));
    }
    reasons
}

/// Every reason these files give, and those of `others`.
fn every_reason(files: &[&str], others: impl Iterator<Item = &'static str>) -> BTreeSet<String> {
    let mut reasons: BTreeSet<String> = others.map(str::to_owned).collect();
    for file in files {
        let found = reasons_in(file);
        assert!(!found.is_empty(), "no reason in {file}");
        reasons.extend(found);
    }
    assert!(
        reasons.iter().all(|reason| reason.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_'))
    );
    reasons
}

/// What a person reads of a reason: words of French in French, the message itself in English.
fn assert_said(key: &str, reason: &str) {
    let say = |lang| Texts::new(lang).say(key, &[("reason", reason.into()), ("message", "<the detail>".into())]);
    let french = say(Lang::Fr);
    assert!(french.contains(' ') && !french.contains("<the detail>") && french != reason, "{reason}: {french}");
    assert!(say(Lang::En).contains("<the detail>"), "{reason}");
}

#[test]
fn every_reason_a_place_is_not_read_for_has_its_words_its_cure_and_its_reference() {
    let files = [
        "src/sources/content.rs",
        "src/sources/declared.rs",
        "src/sources/secret.rs",
        "src/sources/file/open.rs",
        "src/sources/file/sweep.rs",
        "src/sources/tls_endpoint/mod.rs",
        "src/sources/smart_card/mod.rs",
        "src/sources/smart_card/sighting.rs",
        "src/sources/smart_card/pkcs11/mod.rs",
    ];
    let read = ReadReason::ALL.iter().map(|reason| reason.as_str());
    let reasons = every_reason(&files, read.chain(["hung", "not_found"]));
    assert!(reasons.len() > 50, "{reasons:?}");
    let unreadable = RULES.iter().find(|rule| rule.code == "unreadable").expect("a rule");
    for reason in &reasons {
        assert_said("reason-text", reason);
        assert_ne!(trouble::kind(reason), "other", "{reason}");
        for lang in Lang::ALL {
            let texts = Texts::new(*lang);
            let said = |kind: &str| {
                let facts =
                    [("path", "<path>"), ("reason", reason), ("message", "<m>"), ("kind", kind), ("declared", "yes")];
                let mut finding = finding(unreadable.code, &[], "yes");
                finding.facts = facts.map(|(name, value)| (name.into(), value.to_owned())).into();
                texts.finding(&finding, NOW, Tz::Europe__Paris)
            };
            assert_ne!(said(trouble::kind(reason)).cure, said("other").cure, "{lang} {reason}");
            assert!(said(trouble::kind(reason)).reference.is_some_and(|text| !text.is_empty()), "{lang} {reason}");
        }
    }
    // A server that does not answer has nothing to do with the format of key stores.
    let mut refused = finding("unreadable", unreadable.facts, "yes");
    refused.facts.iter_mut().filter(|(name, _)| name == "kind").for_each(|(_, kind)| *kind = "service".to_owned());
    let said = Texts::new(Lang::Fr).finding(&refused, NOW, Tz::Europe__Paris);
    assert!(!said.reference.unwrap_or_default().contains("RFC 7292"));
}

#[test]
fn every_reason_a_list_is_not_had_for_has_its_words() {
    let files = [
        "src/revocation/error.rs",
        "src/revocation/gate.rs",
        "src/revocation/kept.rs",
        "src/revocation/accept.rs",
        "src/revocation/import.rs",
        "src/pki/crl/error.rs",
        "src/pki/crl/index/mod.rs",
    ];
    for reason in every_reason(&files, Why::ALL.iter().map(|why| why.as_str())) {
        assert_said("list-reason", &reason);
    }
}

#[test]
fn no_french_finding_quotes_an_english_message() {
    for file in ["src/locale/fr.ftl", "src/locale/crl_fr.ftl"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let quoting: Vec<&str> =
            text.lines().filter(|line| line.contains("$message") && !line.contains("*[other]")).collect();
        assert_eq!(quoting, [""; 0], "{file}");
    }
}
