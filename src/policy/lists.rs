//! What the rules about revocation lists share.

use super::{Rule, View};
use crate::domain::crl::{CrlState, Trouble};
use crate::domain::finding::{Finding, Subject};

/// Facts of every finding about a list that was not had.
pub(super) const FACTS: [&str; 6] = ["list", "issuer", "number", "reason", "message", "since"];

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
        .filter_map(|(_, state)| {
            let failure = state.failure.as_ref().filter(|failure| failure.trouble() == trouble)?;
            (failure.since.plus_seconds(grace) <= view.now).then(|| {
                about(rule, state)
                    .fact("reason", &failure.reason)
                    .fact("message", &failure.message)
                    .fact("since", failure.since)
            })
        })
        .collect()
}

/// A finding about a list, with its name, its issuer and the number that is held.
pub(super) fn about(rule: &Rule, state: &CrlState) -> Finding {
    let number = state.held.as_ref().and_then(|held| held.number.as_deref());
    Finding::new(rule.code, rule.severity, &Subject::Crl(state.label()))
        .fact("list", state.label())
        .fact("issuer", &state.issuer)
        .fact("number", number.unwrap_or("-"))
}
