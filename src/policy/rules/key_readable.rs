//! Key readable: others than its owner can read or write the file of a private key, or of the password of one. PKCS#12 files count.
//!
//! CGU 5.3.2: the owner limits access to his private keys to duly authorised persons. Group access counts when the folder lets
//! group or others through; the mode of the file alone decides for others, since a folder is easily opened later. A password that
//! everybody reads protects nothing: what it opens counts as not encrypted.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::observation::{FileAccess, Location, Observation};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "key_readable",
    severity: Severity::Critical,
    reference: "CGU 5.3.2",
    facts: &["path", "what", "who", "mode", "folder_mode", "encrypted"],
    check,
};

const OTHERS: u32 = 0o006;
const GROUP: u32 = 0o060;
const THROUGH: u32 = 0o011;
/// Where systemd puts what `LoadCredential=` names, each for one service. Its access lists show as modes of a group that is none.
const CREDENTIALS: &[u8] = b"/run/credentials/";

fn check(view: &View<'_>) -> Vec<Finding> {
    // Password files, with whether what they open can be read by others too; and stores whose password everybody reads.
    let mut passwords: BTreeMap<&Location, (&Observation, bool)> = BTreeMap::new();
    let mut opened: BTreeSet<&Location> = BTreeSet::new();
    for slot in &view.slots {
        let (Some(password), Some(store)) = (slot.password, slot.file) else { continue };
        if slot.declared.password_path().is_some_and(|path| path.0.starts_with(CREDENTIALS)) {
            continue;
        }
        let read = |place: &Observation| place.access.and_then(|access| reach(access, false));
        passwords.entry(&password.location).or_insert((password, false)).1 |= read(store).is_some();
        if read(password).is_some_and(|(_, severity)| severity == Severity::Critical) {
            opened.insert(&store.location);
        }
    }
    let mut findings = Vec::new();
    for place in view.inventory.observations.values() {
        let Some(access) = place.access else { continue };
        let mut keys = place.private_keys().peekable();
        if keys.peek().is_none() {
            continue;
        }
        let encrypted = keys.all(|key| key.encrypted);
        let what = if encrypted && opened.contains(&place.location) { "opened_key" } else { "key" };
        let Some((who, severity)) = reach(access, encrypted && what == "key") else { continue };
        findings.push(finding(place, access, what, who, severity, encrypted));
    }
    for (place, with_store) in passwords.into_values().filter(|(place, _)| place.private_keys().next().is_none()) {
        let Some(access) = place.access else { continue };
        // Alone it opens nothing: that leaves time to act.
        let Some((who, severity)) = reach(access, !with_store) else { continue };
        findings.push(finding(place, access, "password", who, severity, false));
    }
    findings
}

fn finding(
    place: &Observation,
    access: FileAccess,
    what: &str,
    who: &str,
    severity: Severity,
    encrypted: bool,
) -> Finding {
    Finding::new(RULE.code, severity, &Subject::Location(place.location.clone()))
        .fact("path", &place.location)
        .fact("what", what)
        .fact("who", who)
        .fact("mode", octal(access.mode))
        .fact("folder_mode", octal(access.folder_mode))
        .fact("encrypted", if encrypted { "yes" } else { "no" })
}

/// Who reaches the key, and how much that matters: an encrypted key or a closed folder leaves time to act.
fn reach(access: FileAccess, encrypted: bool) -> Option<(&'static str, Severity)> {
    let open_folder = access.folder_mode & THROUGH != 0;
    if access.mode & OTHERS != 0 {
        let bare = !encrypted && access.folder_mode & 0o001 != 0;
        Some(("others", if bare { Severity::Critical } else { Severity::Warning }))
    } else if access.mode & GROUP != 0 && open_folder {
        Some(("group", Severity::Warning))
    } else {
        None
    }
}

fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::World;

    fn said(mode: u32, folder: u32) -> Option<(String, Severity)> {
        let world = World::new().place("/srv/a.key", move |at| at.key(1).mode(mode, folder));
        let found = world.judge(&super::RULE);
        found.first().map(|finding| (finding.get("who").unwrap_or_default().to_owned(), finding.severity))
    }

    #[test]
    fn follows_the_modes() {
        assert_eq!(said(0o600, 0o755), None);
        assert_eq!(said(0o644, 0o755), Some(("others".into(), Severity::Critical)));
        assert_eq!(said(0o602, 0o755), Some(("others".into(), Severity::Critical)));
        assert_eq!(said(0o644, 0o700), Some(("others".into(), Severity::Warning)));
        assert_eq!(said(0o640, 0o750), Some(("group".into(), Severity::Warning)));
        assert_eq!(said(0o640, 0o700), None);
    }

    #[test]
    fn a_password_that_everybody_reads_protects_nothing() {
        let judged = |store: u32, password: u32| {
            let world = World::new().certificate(1, |_| {}).declare("dmp", |d| {
                d.store("/srv/dmp.p12");
                d.password("/srv/dmp.password");
            });
            let world = world
                .place("/srv/dmp.p12", |at| at.certificate(1).encrypted_key().mode(store, 0o755))
                .place("/srv/dmp.password", |at| at.mode(password, 0o755));
            let found = world.judge(&super::RULE);
            found.iter().map(|one| (one.get("what").unwrap_or_default().to_owned(), one.severity)).collect::<Vec<_>>()
        };
        let said = |what: &str, severity| (what.to_owned(), severity);
        assert_eq!(judged(0o600, 0o600), []);
        assert_eq!(judged(0o644, 0o600), [said("key", Severity::Warning)]);
        assert_eq!(judged(0o600, 0o644), [said("password", Severity::Warning)]);
        let both = [said("opened_key", Severity::Critical), said("password", Severity::Critical)];
        assert_eq!(judged(0o644, 0o644), both);
        assert_eq!(judged(0o600, 0o640), [said("password", Severity::Warning)]);
        let credential = "/run/credentials/vigie.service/p12";
        let world = World::new().certificate(1, |_| {}).declare("dmp", |d| {
            d.store("/srv/dmp.p12");
            d.password(credential);
        });
        let world = world.place("/srv/dmp.p12", |at| at.certificate(1).encrypted_key());
        assert!(world.place(credential, |at| at.mode(0o440, 0o550)).judge(&super::RULE).is_empty());
    }

    #[test]
    fn encrypted_keys_leave_time_and_certificates_are_public() {
        let world = World::new().place("/srv/a.key", |at| at.encrypted_key().mode(0o644, 0o755));
        assert_eq!(world.judge(&super::RULE)[0].severity, Severity::Warning);
        let world = World::new().certificate(1, |_| {}).place("/srv/a.pem", |at| at.certificate(1).mode(0o644, 0o755));
        assert!(world.judge(&super::RULE).is_empty());
    }
}
