//! Source failed: a source, or one of the folders and patterns it sweeps, could not be read at its last run, so what is known of it is as
//! old as its last success.
//!
//! A source that fails deletes nothing; what must not happen is that nobody hears of it. A folder that is misspelt or not mounted is
//! spoken of though the other folders of its source are read. A pattern that matches nothing yet is only good to know.

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::inventory::SourceState;
use crate::domain::observation::Problem;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "source_failed",
    severity: Severity::Warning,
    reference: "Vigie: an unread source is not a healthy one",
    facts: &["source", "root", "reason", "message"],
    check,
};

/// [`RULE`]'s fact `root` where it is the whole source. A root is an absolute path.
const WHOLE: &str = "all";

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, state) in &view.inventory.sources {
        let before = findings.len();
        for error in state.errors.iter().filter(|error| error.problem.is_of_a_root()) {
            findings.push(finding(name, state, &error.place, &error.problem).at(&error.place));
        }
        // That none of its roots is there was just said of each.
        let told = |problem: &&Problem| findings.len() > before && problem.is_of_a_root();
        if let Some(problem) = state.failure.as_ref().filter(|problem| !told(problem)) {
            findings.push(finding(name, state, WHOLE, problem));
        }
    }
    findings
}

fn finding(source: &str, state: &SourceState, root: &str, problem: &Problem) -> Finding {
    let severity = if &*problem.reason == "nothing_matches" { Severity::Info } else { RULE.severity };
    let finding = Finding::new(RULE.code, severity, &Subject::Source(source.into()))
        .fact("source", source)
        .fact("root", root)
        .fact("reason", &problem.reason)
        .fact("message", &problem.message);
    // Of a source that goes on without one of its roots this would be the time of every run.
    match state.last_success.filter(|_| state.failure.is_some()) {
        Some(success) => finding.fact("last_success", success),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn names_the_source() {
        assert!(World::new().judge(&super::RULE).is_empty());
        let found = World::new().failed_source("tls-folders", "timeout").judge(&super::RULE);
        assert_eq!(keys_of(&found), ["source:tls-folders"]);
        assert_eq!(found[0].get("reason"), Some("timeout"));
    }

    #[test]
    fn names_each_root_that_is_not_there() {
        let world = World::new()
            .source_error("folders", "/etc/ssl/sante", "root_missing")
            .source_error("folders", "/srv/*/tls", "nothing_matches")
            .source_error("folders", "/srv/private", "permission_denied");
        let keys = ["source:folders @ /etc/ssl/sante", "source:folders @ /srv/*/tls"];
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), keys);
        assert_eq!((found[0].get("root"), found[0].severity), (Some("/etc/ssl/sante"), Severity::Warning));
        assert_eq!(found[1].severity, Severity::Info);
        // With none of them there the source failed as a whole, and the same is said.
        assert_eq!(keys_of(&world.clone().failing("folders", "root_missing").judge(&super::RULE)), keys);
        let timeout = world.failing("folders", "timeout").judge(&super::RULE);
        assert_eq!(keys_of(&timeout), ["source:folders", keys[0], keys[1]]);
    }
}
