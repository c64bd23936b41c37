//! A revocation list is past its nextUpdate, or says none: nobody it does not name can be said to be good any more.

use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{AGE, about};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_stale",
    severity: Severity::Critical,
    reference: "RFC 5280 sections 5.1.2.5 and 6.3.3 (a)",
    facts: &AGE,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let lists = view.inventory.revocation.lists.iter().filter(|(_, state)| state.followed && state.is_stale(view.now));
    lists
        .filter_map(|(name, state)| {
            let next = state.held.as_ref()?.next_update.map_or_else(|| "-".to_owned(), |next| next.to_string());
            Some(about(&RULE, name, state).fact("next_update", next))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_past_the_end() {
        let judged = |left: i64| keys_of(&World::new().list_until(left).judge(&super::RULE));
        assert_eq!(judged(-1), [format!("crl:{LIST}")]);
        assert_eq!(judged(1), [""; 0]);
    }
}
