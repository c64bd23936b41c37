//! Key readable: others than its owner can read or write the file of a private key. PKCS#12 files count.
//!
//! CGU 5.3.2: the owner limits access to his private keys to duly authorised persons. Group access counts when the folder lets
//! group or others through; the mode of the file alone decides for others, since a folder is easily opened later.

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::observation::FileAccess;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "key_readable",
    severity: Severity::Critical,
    reference: "CGU 5.3.2",
    facts: &["path", "who", "mode", "folder_mode", "encrypted"],
    check,
};

const OTHERS: u32 = 0o006;
const GROUP: u32 = 0o060;
const THROUGH: u32 = 0o011;

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for place in view.inventory.observations.values() {
        let Some(access) = place.access else { continue };
        let mut keys = place.private_keys().peekable();
        if keys.peek().is_none() {
            continue;
        }
        let encrypted = keys.all(|key| key.encrypted);
        let Some((who, severity)) = reach(access, encrypted) else { continue };
        let subject = Subject::Location(place.location.clone());
        let finding = Finding::new(RULE.code, severity, &subject).fact("path", &place.location).fact("who", who);
        let finding = finding.fact("mode", octal(access.mode)).fact("folder_mode", octal(access.folder_mode));
        findings.push(finding.fact("encrypted", if encrypted { "yes" } else { "no" }));
    }
    findings
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
    fn encrypted_keys_leave_time_and_certificates_are_public() {
        let world = World::new().place("/srv/a.key", |at| at.encrypted_key().mode(0o644, 0o755));
        assert_eq!(world.judge(&super::RULE)[0].severity, Severity::Warning);
        let world = World::new().certificate(1, |_| {}).place("/srv/a.pem", |at| at.certificate(1).mode(0o644, 0o755));
        assert!(world.judge(&super::RULE).is_empty());
    }
}
