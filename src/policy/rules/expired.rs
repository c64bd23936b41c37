//! Expired: the end is past. A renewal is impossible now: it needs a certificate that is still valid, so a complete new order is left.
//!
//! RFC 5280 section 4.1.2.5: `notAfter` itself is still in the validity. CGU 5.4 as in `expiring`. An old certificate that was
//! replaced and is not in use is silent.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "expired",
    severity: Severity::Critical,
    reference: "CGU 5.4; RFC 5280 section 4.1.2.5",
    facts: &["subject", "sha256", "not_after", "path", "igc_sante", "end"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.watched()
        .filter(|bearer| view.now > bearer.seen.end() && !view.is_replaced(bearer.seen))
        .map(|bearer| {
            // A file nobody declared and nobody serves stops nothing.
            let severity = if bearer.in_use() { RULE.severity } else { Severity::Warning };
            bearer
                .finding(RULE.code, severity)
                .fact("igc_sante", bearer.seen.igc_sante())
                .fact("end", bearer.seen.end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{NOW, World, keys_of, sha};

    #[test]
    fn the_last_second_is_still_valid() {
        let world = World::new().with_installed("dmp", 1);
        let at_end = world.clone().certificate(1, |c| c.facts.not_after = NOW);
        assert!(at_end.judge(&super::RULE).is_empty());
        let after = world.certificate(1, |c| c.facts.not_after = NOW.plus_seconds(-1));
        let found = after.judge(&super::RULE);
        assert_eq!(keys_of(&found), ["certificate:dmp"]);
        assert_eq!(found[0].severity, Severity::Critical);
    }

    #[test]
    fn an_old_file_speaks_only_when_nothing_took_over() {
        let world = World::new().certificate(2, |c| c.days(-1500, -400)).place("/old/x.pem", |at| at.certificate(2));
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), [sha(2)]);
        assert_eq!(found[0].severity, Severity::Warning);
        let world = world.certificate(3, |_| {}).place("/srv/x.pem", |at| at.certificate(3));
        assert!(world.judge(&super::RULE).is_empty());
        // Served all the same: it is in use.
        let world = world.serve("tls://x.fr", &[2]);
        assert_eq!(keys_of(&world.judge(&super::RULE)), [sha(2)]);
    }
}
