//! The rules, one per file. Each file says what its rule stands on.

pub(super) mod administrator_card_ends;
mod administrator_card_missing;
pub(super) mod administrator_missing;
mod card_blocked;
mod card_ended;
mod card_ending;
mod card_environment;
mod card_not_seen;
mod card_opposed;
mod card_replaced;
mod card_twice;
mod card_unassigned;
mod card_undeclared;
mod chain_incomplete;
mod different;
mod environment_mismatch;
mod expired;
mod expiring;
mod finess_geographique;
mod identifier_invalid;
mod insi_name;
mod key_mismatch;
mod key_readable;
mod key_reused;
mod missing;
mod no_successor;
mod not_yet_valid;
mod served_differs;
mod source_failed;
mod structure_mismatch;
mod superseded_in_use;
mod undeclared;
mod unknown_issuer;
mod unreadable;
mod usage_mismatch;
mod weak_key;
mod weak_signature;

use super::Rule;

/// Every rule, by code.
pub const RULES: &[&Rule] = &[
    &administrator_card_ends::RULE,
    &administrator_card_missing::RULE,
    &administrator_missing::RULE,
    &card_blocked::RULE,
    &card_ended::RULE,
    &card_ending::RULE,
    &card_environment::RULE,
    &card_not_seen::RULE,
    &card_opposed::RULE,
    &card_replaced::RULE,
    &card_twice::RULE,
    &card_unassigned::RULE,
    &card_undeclared::RULE,
    &chain_incomplete::RULE,
    &different::RULE,
    &environment_mismatch::RULE,
    &expired::RULE,
    &expiring::RULE,
    &finess_geographique::RULE,
    &identifier_invalid::RULE,
    &insi_name::RULE,
    &key_mismatch::RULE,
    &key_readable::RULE,
    &key_reused::RULE,
    &missing::RULE,
    &no_successor::RULE,
    &not_yet_valid::RULE,
    &served_differs::RULE,
    &source_failed::RULE,
    &structure_mismatch::RULE,
    &superseded_in_use::RULE,
    &undeclared::RULE,
    &unknown_issuer::RULE,
    &unreadable::RULE,
    &usage_mismatch::RULE,
    &weak_key::RULE,
    &weak_signature::RULE,
];

/// The facts of [`super::Bearer::finding`].
const CERTIFICATE_FACTS: [&str; 4] = ["subject", "sha256", "not_after", "path"];
