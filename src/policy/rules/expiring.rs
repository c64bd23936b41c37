//! Expiring: the end of a certificate is near. After it, a renewal is refused and a complete new order is needed.
//!
//! CGU 5.4: ANS warns two months before the end, and a certificate is not renewed by itself, for the new public key has to come
//! from the owner. The end of a SIGN certificate is that of its private key usage period where that is earlier (RFC 3280
//! section 4.2.1.4). A certificate that was replaced and is not in use any more is silent.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "expiring",
    severity: Severity::Warning,
    reference: "CGU 5.4; RFC 5280 section 4.1.2.5; RFC 3280 section 4.2.1.4",
    facts: &["subject", "sha256", "not_after", "path", "igc_sante", "end", "step"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.watched()
        .filter(|bearer| view.now <= bearer.seen.end())
        .filter_map(|bearer| {
            let step = view.step(&bearer)?;
            if view.is_replaced(bearer.seen) {
                return None;
            }
            let facts = bearer.seen.facts;
            let severity = if view.is_urgent(facts) { Severity::Critical } else { RULE.severity };
            Some(
                bearer
                    .finding(RULE.code, severity)
                    .fact("igc_sante", bearer.seen.igc_sante())
                    .fact("end", facts.end())
                    .fact("step", step),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::domain::threshold::Threshold;
    use crate::policy::fixture::{NOW, World, keys_of, sha};

    fn ends_in(days: i64) -> World {
        World::new().with_installed("dmp", 1).certificate(1, move |c| c.days(-900, days))
    }

    #[test]
    fn goes_through_the_steps_and_turns_critical() {
        let said = |days| {
            let found = ends_in(days).judge(&super::RULE);
            found.first().map(|finding| (finding.get("step").map(str::to_owned).unwrap_or_default(), finding.severity))
        };
        assert_eq!(said(70), None);
        assert_eq!(said(59), Some(("2m".into(), Severity::Warning)));
        assert_eq!(said(44), Some(("45d".into(), Severity::Warning)));
        assert_eq!(said(14), Some(("15d".into(), Severity::Critical)));
        assert_eq!(said(0), Some(("7d".into(), Severity::Critical)));
        assert_eq!(said(-1), None);
    }

    #[test]
    fn the_private_key_usage_period_counts() {
        let world = ends_in(70).certificate(1, |c| {
            c.days(-900, 70);
            c.facts.private_key_usage_not_after = Some(NOW.plus_days(40));
        });
        let found = world.judge(&super::RULE);
        assert_eq!(found[0].get("end"), Some(NOW.plus_days(40).to_string().as_str()));
        assert_eq!(found[0].get("step"), Some("45d"));
    }

    #[test]
    fn a_declared_certificate_may_have_its_own_steps() {
        let world = ends_in(70).redeclare("dmp", |d| d.thresholds = Some(vec![Threshold::Days(90)]));
        assert_eq!(world.judge(&super::RULE)[0].get("step"), Some("90d"));
        let world = ends_in(20).redeclare("dmp", |d| d.thresholds = Some(vec![Threshold::Days(10)]));
        assert!(world.judge(&super::RULE).is_empty());
    }

    #[test]
    fn replaced_and_out_of_use_is_silent_and_a_stranger_is_not() {
        let world = World::new()
            .with_installed("dmp", 1)
            .certificate(2, |c| c.days(-1000, 20))
            .place("/old/dmp.pem", |at| at.certificate(2));
        assert_eq!(keys_of(&world.judge(&super::RULE)), Vec::<String>::new());
        let world = world
            .certificate(3, |c| {
                c.days(-1000, 20);
                c.common_name("OTHER");
            })
            .place("/srv/other.pem", |at| at.certificate(3));
        assert_eq!(keys_of(&world.judge(&super::RULE)), [sha(3)]);
    }
}
