//! A revocation list is nearly stale and its successor has not come: the authority, or the way to it, is late.
//!
//! A list of IGC-Santé lives six days and is published every day: two days before its end four of its successors did not come.

use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{AGE, about};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_near_stale",
    severity: Severity::Warning,
    reference: "RFC 5280 section 5.1.2.5",
    facts: &AGE,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let margin = view.settings.crl_margin();
    let lists = view.inventory.revocation.lists.iter().filter(|(_, state)| state.followed && !state.is_stale(view.now));
    lists
        .filter_map(|(name, state)| {
            let held = state.held.as_ref()?;
            let near = held.near_stale(margin).is_some_and(|near| near <= view.now);
            near.then(|| held.next_update.map(|next| about(&RULE, name, state).fact("next_update", next))).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_in_the_last_days() {
        let judged = |left: i64| keys_of(&World::new().list_until(left).judge(&super::RULE));
        assert_eq!(judged(86_400), [format!("crl:{LIST}")]);
        assert_eq!(judged(3 * 86_400), [""; 0]);
        assert_eq!(judged(-1), [""; 0], "that is another rule");
    }
}
