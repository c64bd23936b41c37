//! Unreadable: a declared file or endpoint cannot be read, or a swept file holds something recognised that cannot be.
//!
//! What cannot be read is not judged, and silence about it would look like health. A swept file that is no PKI object at all is
//! nobody's trouble; a declared one is. A declared certificate or key that was reached and holds nothing of use is critical: whatever
//! reads it next, such as a server at its restart, gets nothing either. What is only out of our reach may serve all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::observation::{FilePath, Location, Observation, Problem};
use crate::policy::{Rule, Slot, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "unreadable",
    severity: Severity::Warning,
    reference: "RFC 5280; RFC 7292; RFC 7468",
    facts: &["path", "reason", "message", "declared"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut declared: BTreeMap<Location, Place<'_, '_>> = BTreeMap::new();
    for slot in view.slots.iter().filter(|slot| !is_sound(slot)) {
        for path in slot.declared.paths() {
            // A key that wants a password is as it should be, unless it is the store we were given the password for.
            let is_key = slot.declared.key_path() == Some(path);
            let is_certificate = slot.declared.certificate_path() == Some(path);
            let place = Place { slot, bare_key: is_key && !is_certificate, pair: is_key || is_certificate };
            declared.entry(Location::File(path.clone())).or_insert(place).pair |= place.pair;
        }
        for served in &slot.served {
            let place = Place { slot, bare_key: false, pair: false };
            declared.entry(Location::Endpoint(served.endpoint.clone().into())).or_insert(place);
        }
    }
    let expected = declared.iter().filter_map(|(location, place)| {
        let problem = view.trouble(location)?;
        let wants_password = place.bare_key && &*problem.reason == "needs_password";
        (!wants_password).then(|| finding(location, problem, Some(place)))
    });
    let troubled = view.inventory.observations.values().filter(|place| !place.problems.is_empty());
    let gone = strangers_gone(view);
    let swept = troubled.filter(|place| !declared.contains_key(&place.location) && !gone.contains(&place.location));
    let swept = swept.filter_map(|place| {
        let problem = view.trouble(&place.location).filter(|problem| &*problem.reason != "not_pki")?;
        Some(finding(&place.location, problem, None))
    });
    expected.chain(swept).collect()
}

/// Where cards nobody declared were: what could not be read of a visitor's card went with it.
fn strangers_gone(view: &View<'_>) -> BTreeSet<Location> {
    let gone = view.cards.iter().filter(|card| !card.is_known() && !card.is_present());
    gone.map(|card| card.found.location()).collect()
}

/// What a declared place is there for.
#[derive(Clone, Copy)]
struct Place<'v, 'a> {
    slot: &'v Slot<'a>,
    /// The key, in a file of its own.
    bare_key: bool,
    /// The certificate or its key.
    pair: bool,
}

/// Every declared place was read whole: nothing to look up.
fn is_sound(slot: &Slot<'_>) -> bool {
    let whole = |place: Option<&Observation>| place.is_some_and(|place| place.problems.is_empty());
    let file = |declared: Option<&FilePath>, place| declared.is_none() || whole(place);
    file(slot.declared.certificate_path(), slot.file)
        && file(slot.declared.key_path(), slot.key_file)
        && file(slot.declared.chain_path(), slot.chain)
        && slot.served.iter().all(|served| whole(served.observation))
}

fn finding(location: &Location, problem: &Problem, place: Option<&Place<'_, '_>>) -> Finding {
    let useless = matches!(&*problem.reason, "malformed" | "not_pki" | "wrong_password");
    let severity = match place {
        Some(place) if place.pair && useless => Severity::Critical,
        Some(_) => RULE.severity,
        None => Severity::Info,
    };
    let mut finding = Finding::new(RULE.code, severity, &Subject::Location(location.clone()))
        .fact("path", location)
        .fact("reason", &problem.reason)
        .fact("message", &problem.message)
        .fact("declared", if place.is_some() { "yes" } else { "no" });
    if let Some(place) = place {
        let known = place.slot.finding(RULE.code, severity);
        finding.facts.extend(known.facts);
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{CARD, CardMaker, World, keys_of};

    #[test]
    fn declared_places_always_and_swept_ones_when_recognised() {
        let world = World::new()
            .declare("dmp", |d| d.endpoint("tls://dmp.ch.fr:443"))
            .place("/srv/dmp.pem", |at| at.problem("not_pki"))
            .place("/srv/broken.p12", |at| at.problem("needs_password"))
            .place("/srv/readme.txt", |at| at.problem("not_pki"))
            .endpoint_problem("tls://dmp.ch.fr:443", "timeout")
            .item_error("/srv/dmp.key", "permission_denied");
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), ["/srv/broken.p12", "/srv/dmp.key", "/srv/dmp.pem", "tls://dmp.ch.fr:443"]);
        assert_eq!(found[0].severity, Severity::Info);
        assert_eq!(found[1].severity, Severity::Warning);
        assert_eq!((found[2].severity, found[2].get("id")), (Severity::Critical, Some("dmp")));
        assert_eq!(found[3].severity, Severity::Warning);
    }

    #[test]
    fn a_declared_pair_without_use_is_critical() {
        let severity = |path: &str, reason: &str| {
            let world = World::new().with_installed("dmp", 1).redeclare("dmp", |d| d.chain("/srv/chain.pem"));
            let found = world.place(path, |at| at.certificate(1).key(1).problem(reason)).judge(&super::RULE);
            assert_eq!(keys_of(&found), [path]);
            found[0].severity
        };
        for reason in ["malformed", "not_pki", "wrong_password"] {
            assert_eq!(severity("/srv/dmp.pem", reason), Severity::Critical);
            assert_eq!(severity("/srv/dmp.key", reason), Severity::Critical);
            assert_eq!(severity("/srv/chain.pem", reason), Severity::Warning);
        }
        assert_eq!(severity("/srv/dmp.pem", "permission_denied"), Severity::Warning);
        assert_eq!(severity("/srv/dmp.pem", "needs_password"), Severity::Warning);
    }

    #[test]
    fn a_card_that_is_there_or_declared() {
        let in_part = |change: fn(&mut CardMaker)| {
            let world = World::new().watching_cards().card(CARD, change);
            world.place_of_card(CARD, |at| at.problem("card_refused"))
        };
        assert_eq!(in_part(|_| {}).judge(&super::RULE)[0].severity, Severity::Info);
        let gone = in_part(|card| card.gone());
        assert!(gone.judge(&super::RULE).is_empty(), "a visitor's");
        assert_eq!(gone.declare_card(CARD, |_| {}).judge(&super::RULE).len(), 1);
    }

    #[test]
    fn an_encrypted_key_and_an_absent_file_are_not_unreadable() {
        let world = World::new()
            .with_installed("dmp", 1)
            .place("/srv/dmp.key", |at| at.problem("needs_password"))
            .place("/srv/dmp.pem", |at| at.problem("not_found"));
        assert!(world.judge(&super::RULE).is_empty());
    }
}
