//! What the rules about revocation lists share.

use std::sync::Arc;

use super::{Rule, View};
use crate::domain::crl::{CrlName, CrlState, Trouble};
use crate::domain::finding::{Finding, Subject};

/// Facts of every finding about a list that was not had.
pub(super) const FACTS: [&str; 9] = ["list", "kind", "file", "name", "issuer", "number", "reason", "message", "since"];
/// Facts of every finding about the age of a list.
pub(super) const AGE: [&str; 7] = ["list", "kind", "file", "name", "issuer", "number", "next_update"];

/// The lists that are followed and have this trouble; with `grace`, for longer than the settings allow.
pub(super) fn failing(view: &View<'_>, rule: &Rule, trouble: Trouble, grace: bool) -> Vec<Finding> {
    let grace = if grace { i64::try_from(view.settings.revocation_grace.as_secs()).unwrap_or(0) } else { 0 };
    let known = &view.inventory.revocation;
    let margin = view.settings.crl_margin();
    // Whoever brings a list another way does not want to hear that its addresses do not answer.
    let not_had = matches!(trouble, Trouble::Unreachable | Trouble::Refused);
    let concerns = |name| !(not_had && known.is_covered(name, margin, view.now));
    let lists = known.lists.iter().filter(|(name, state)| state.followed && concerns(name));
    lists
        .filter_map(|(name, state)| {
            let failure = state.failure.as_ref().filter(|failure| failure.trouble() == trouble)?;
            (failure.since.plus_seconds(grace) <= view.now).then(|| {
                about(rule, name, state)
                    .fact("reason", &failure.reason)
                    .fact("message", &failure.message)
                    .fact("since", failure.since)
            })
        })
        .collect()
}

/// A finding about a list: what it is called, what kind of thing that is, and what `vigie crl forget` knows it by. Imported lists of one issuer share
/// what they are called, and a list and its delta may share an address: each is a subject of its own.
pub(super) fn about(rule: &Rule, name: &CrlName, state: &CrlState) -> Finding {
    let number = state.held.as_ref().and_then(|held| held.number.as_deref());
    let label = state.label();
    let (kind, known_by) = match state {
        _ if state.is_place() => ("place", Arc::clone(&label)),
        _ if state.is_imported() => ("imported", Arc::clone(name)),
        _ if state.delta => ("delta", Arc::clone(name)),
        _ if state.issuer.is_empty() => ("unnamed", Arc::clone(&label)),
        _ => ("address", Arc::clone(&label)),
    };
    let subject = if kind == "delta" { format!("{label} (delta)").into() } else { Arc::clone(&known_by) };
    let told = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    Finding::new(rule.code, rule.severity, &Subject::Crl(subject))
        .fact("list", label)
        .fact("kind", kind)
        .fact("file", told(state.taken_from.as_deref().filter(|_| state.is_place()).unwrap_or_default()))
        .fact("name", known_by)
        .fact("issuer", told(&state.issuer))
        .fact("number", number.unwrap_or("-"))
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};
    use crate::policy::{RULES, Rule};

    fn rule(code: &str) -> &'static Rule {
        RULES.iter().find(|rule| rule.code == code).expect("a rule")
    }

    #[test]
    fn lists_that_are_called_the_same_are_subjects_of_their_own() {
        let world = World::new().list_until(-1).imported("aa", false, -1).imported("bb", true, -1);
        assert_eq!(keys_of(&world.judge(rule("crl_stale"))), ["crl:aa".into(), "crl:bb".into(), format!("crl:{LIST}")]);
        let found = world.judge(rule("crl_stale"));
        assert_eq!(found.iter().map(|finding| finding.get("name").unwrap()).collect::<Vec<_>>(), ["aa", "bb", LIST]);
        assert_eq!(found.iter().filter(|finding| finding.get("kind") == Some("imported")).count(), 2);
    }

    #[test]
    fn of_a_folder_the_file_at_fault_is_named() {
        let world = World::new().refused_file("/srv/lists", "/srv/lists/a.crl", "scope_changed");
        let found = world.judge(rule("crl_refused"));
        assert_eq!(keys_of(&found), ["crl:/srv/lists"]);
        let facts = ["kind", "file", "issuer", "number"].map(|fact| found[0].get(fact).unwrap());
        assert_eq!(facts, ["place", "/srv/lists/a.crl", "-", "-"]);
    }
}
