//! Unreadable: a declared file or endpoint cannot be read, or a swept file holds something recognised that cannot be.
//!
//! What cannot be read is not judged, and silence about it would look like health. A swept file that is no PKI object at all is
//! nobody's trouble; a declared one is. A declared certificate or key that was reached and holds nothing of use is critical: whatever
//! reads it next, such as a server at its restart, gets nothing either. What is only out of our reach may serve all the same.
//!
//! A store whose password file is not there or cannot be read is not spoken of: the password file is.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::observation::{FilePath, Location, Observation, Problem};
use crate::policy::{Rule, Slot, View, trouble};

/// The rule.
pub const RULE: Rule = Rule {
    code: "unreadable",
    severity: Severity::Warning,
    reference: "RFC 5280; RFC 7292; RFC 7468",
    facts: &["path", "reason", "message", "kind", "declared"],
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
        let wants_password = &*problem.reason == "needs_password" && (place.bare_key || has_no_password(view, place));
        (!wants_password).then(|| finding(location, problem, Some(place)))
    });
    let troubled = view.inventory.observations.values().filter(|place| !place.problems.is_empty());
    let gone = strangers_gone(view);
    let swept = troubled.filter(|place| !declared.contains_key(&place.location) && !gone.contains(&place.location));
    let swept = swept.filter_map(|place| {
        let problem = view.trouble(&place.location).filter(|problem| &*problem.reason != "not_pki")?;
        // By its source, many of them become one: `policy::crowd`.
        Some(finding(&place.location, problem, None).fact("source", &place.source))
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

/// The store of a password file that has its own finding.
fn has_no_password(view: &View<'_>, place: &Place<'_, '_>) -> bool {
    let file = place.slot.declared.password_path().map(|path| Location::File(path.clone()));
    file.is_some_and(|file| {
        place.slot.password.is_none() || view.trouble(&file).is_some() || view.absence(&file).is_some()
    })
}

/// Every declared place was read whole: nothing to look up.
fn is_sound(slot: &Slot<'_>) -> bool {
    let whole = |place: Option<&Observation>| place.is_some_and(|place| place.problems.is_empty());
    let file = |declared: Option<&FilePath>, place| declared.is_none() || whole(place);
    file(slot.declared.certificate_path(), slot.file)
        && file(slot.declared.key_path(), slot.key_file)
        && file(slot.declared.chain_path(), slot.chain)
        && file(slot.declared.password_path(), slot.password)
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
        .fact("kind", trouble::kind(&problem.reason))
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
    fn a_password_that_cannot_be_read_is_told_in_place_of_its_store() {
        let world = World::new().declare("dmp", |d| {
            d.store("/srv/dmp.p12");
            d.password("/srv/dmp.password");
        });
        let world = world.place("/srv/dmp.p12", |at| at.problem("needs_password"));
        let told = |reason: &str| {
            let found = world.clone().place("/srv/dmp.password", |at| at.problem(reason)).judge(&super::RULE);
            (keys_of(&found), found[0].severity, found[0].get("id").map(str::to_owned))
        };
        for reason in ["permission_denied", "secret_not_text"] {
            assert_eq!(told(reason), (vec!["/srv/dmp.password".to_owned()], Severity::Warning, Some("dmp".to_owned())));
        }
        // Without a password file in the declaration it is the store that is told.
        let bare = world.redeclare("dmp", |d| d.store("/srv/dmp.p12")).judge(&super::RULE);
        assert_eq!((keys_of(&bare), bare[0].get("kind")), (vec!["/srv/dmp.p12".to_owned()], Some("no_password")));
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
