//! Missing: a declared certificate, its key, its chain or the password of its store is in none of the places the declaration names.
//!
//! F413 section 4.3 lists the certificates a structure wants; what is declared and cannot be found serves nobody. A place that
//! cannot be *read* is `unreadable`, and nothing is missing before it was looked for. A folder that is gone takes its files along,
//! whatever was last read in them.

use crate::domain::finding::{Finding, Severity};
use crate::domain::observation::{FilePath, Location, Observation};
use crate::policy::{Rule, Slot, Standing, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "missing",
    severity: Severity::Critical,
    reference: "F413 section 4.3",
    facts: &["id", "part", "path", "folder"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    if !view.declared_were_read() {
        return Vec::new();
    }
    view.slots.iter().flat_map(|slot| missing_of(view, slot)).collect()
}

fn missing_of(view: &View<'_>, slot: &Slot<'_>) -> Vec<Finding> {
    let declared = slot.declared;
    let mut found = Vec::new();
    let there = |place: &Observation| view.absence(&place.location).is_none();
    let holds_key = |place: &Observation| there(place) && place.private_keys().next().is_some();
    let holds_certificate = |place: &Observation| there(place) && place.certificates().next().is_some();
    let certificate_there = slot.current.is_some() && view.standing(slot) != Standing::Absent;
    let key_there = declared.key_path().is_none() || slot.key_file.is_some_and(holds_key);
    let chain_there = declared.chain_path().is_none() || slot.chain.is_some_and(holds_certificate);
    let password_there = declared.password_path().is_none() || slot.password.is_some_and(there);
    if certificate_there && key_there && chain_there && password_there {
        return found;
    }
    let certificate_troubled = match declared.certificate_path() {
        Some(path) => view.trouble(&Location::File(path.clone())).is_some(),
        None => declared.endpoints.iter().any(|e| view.trouble(&Location::Endpoint(e.clone().into())).is_some()),
    };
    let folder = |path: &FilePath| {
        let absence = view.absence(&Location::File(path.clone()));
        let gone = absence.is_some_and(|problem| matches!(&*problem.reason, "folder_missing" | "root_missing"));
        if gone { "missing" } else { "there" }
    };
    if !certificate_there && !certificate_troubled {
        found.push(
            slot.finding(RULE.code, Severity::Critical)
                .fact("part", "certificate")
                .fact("path", slot.place())
                .fact("folder", declared.certificate_path().map_or("there", folder)),
        );
    }
    let same_file = |path: &&FilePath| declared.certificate_path() == Some(*path) && !certificate_there;
    let unread = |path: &&FilePath| view.trouble(&Location::File((*path).clone())).is_some();
    if let Some(path) = declared.key_path().filter(|path| !key_there && !same_file(path) && !unread(path)) {
        found.push(part(slot, "key", path, Severity::Critical).fact("folder", folder(path)));
    }
    if let Some(path) = declared.chain_path().filter(|path| !chain_there && !same_file(path) && !unread(path)) {
        found.push(part(slot, "chain", path, Severity::Warning).fact("folder", folder(path)));
    }
    // Whoever serves the certificate may have the password from elsewhere: what stops is that it is watched.
    if let Some(path) = declared.password_path().filter(|path| !password_there && !unread(path)) {
        found.push(part(slot, "password", path, Severity::Warning).fact("folder", folder(path)));
    }
    found
}

fn part(slot: &Slot<'_>, part: &'static str, path: &FilePath, severity: Severity) -> Finding {
    slot.finding(RULE.code, severity).at(part).fact("part", part).fact("path", path)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn says_which_part_is_not_there() {
        let world = World::new().declare("dmp", |_| {});
        assert_eq!(keys_of(&world.judge(&super::RULE)), ["certificate:dmp", "certificate:dmp @ key"]);
        let world = world.certificate(1, |_| {}).place("/srv/dmp.pem", |at| at.certificate(1));
        assert_eq!(keys_of(&world.judge(&super::RULE)), ["certificate:dmp @ key"]);
        let world = world.place("/srv/dmp.key", |at| at.key(1));
        assert!(world.judge(&super::RULE).is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_not_missing() {
        let world = World::new().declare("dmp", |_| {});
        let world = world.place("/srv/dmp.pem", |at| at.problem("permission_denied"));
        let world = world.item_error("/srv/dmp.key", "permission_denied");
        assert!(world.judge(&super::RULE).is_empty());
        let world = world.place("/srv/dmp.pem", |at| at.problem("not_found"));
        assert_eq!(keys_of(&world.judge(&super::RULE)), ["certificate:dmp"]);
    }

    #[test]
    fn a_folder_that_is_gone_takes_its_files_along() {
        let world = World::new()
            .with_installed("dmp", 1)
            .place("/srv/dmp.pem", |at| at.certificate(1).problem("folder_missing"))
            .place("/srv/dmp.key", |at| at.key(1).problem("folder_missing"));
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), ["certificate:dmp", "certificate:dmp @ key"]);
        assert!(found.iter().all(|finding| finding.severity == Severity::Critical));
        assert!(found.iter().all(|finding| finding.get("folder") == Some("missing")));
        let world = World::new().declare("dmp", |_| {}).item_error("/srv/dmp.pem", "folder_missing");
        let found = world.judge(&super::RULE);
        assert_eq!(found[0].get("folder"), Some("missing"));
        assert_eq!(found[1].get("folder"), Some("there"));
        assert!(world.judge(&crate::policy::rules::unreadable::RULE).is_empty());
    }

    #[test]
    fn the_password_of_a_store_is_looked_for_too() {
        let world = World::new().declare("dmp", |d| {
            d.store("/srv/dmp.p12");
            d.password("/srv/dmp.password");
        });
        let world = world.certificate(1, |_| {}).place("/srv/dmp.p12", |at| at.certificate(1).key(1));
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), ["certificate:dmp @ password"]);
        assert_eq!((found[0].get("path"), found[0].severity), (Some("/srv/dmp.password"), Severity::Warning));
        // A store that therefore could not be opened is no second trouble.
        let closed = world.clone().place("/srv/dmp.p12", |at| at.problem("needs_password"));
        assert_eq!(keys_of(&closed.judge(&super::RULE)), ["certificate:dmp @ password"]);
        assert!(closed.judge(&crate::policy::rules::unreadable::RULE).is_empty());
        assert!(world.place("/srv/dmp.password", |at| at).judge(&super::RULE).is_empty());
    }

    #[test]
    fn nothing_is_missing_before_it_was_looked_for() {
        assert!(World::new().declare("dmp", |_| {}).never_read().judge(&super::RULE).is_empty());
    }
}
