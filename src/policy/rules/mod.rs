//! The rules, one per file. Each file says what its rule stands on.

pub(super) mod administrator_card_ends;
mod administrator_card_missing;
pub(super) mod administrator_missing;
mod anchor_missing;
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
mod crl_bad_signature;
mod crl_malformed;
mod crl_near_stale;
mod crl_not_followed;
mod crl_number_backwards;
mod crl_number_stuck;
mod crl_refused;
mod crl_signer_without_crl_sign;
mod crl_stale;
mod crl_too_large;
mod crl_unreachable;
mod crl_wrong_issuer;
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
mod revocation_awaited;
mod revocation_unknown;
mod revoked;
mod served_differs;
mod source_failed;
mod structure_mismatch;
mod superseded_in_use;
mod undeclared;
mod unknown_issuer;
pub(super) mod unreadable;
mod usage_mismatch;
mod weak_key;
mod weak_signature;

use super::Rule;

/// Every rule, by code.
pub const RULES: &[&Rule] = &[
    &administrator_card_ends::RULE,
    &administrator_card_missing::RULE,
    &administrator_missing::RULE,
    &anchor_missing::RULE,
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
    &crl_bad_signature::RULE,
    &crl_malformed::RULE,
    &crl_near_stale::RULE,
    &crl_not_followed::RULE,
    &crl_number_backwards::RULE,
    &crl_number_stuck::RULE,
    &crl_refused::RULE,
    &crl_signer_without_crl_sign::RULE,
    &crl_stale::RULE,
    &crl_too_large::RULE,
    &crl_unreachable::RULE,
    &crl_wrong_issuer::RULE,
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
    &revocation_awaited::RULE,
    &revocation_unknown::RULE,
    &revoked::RULE,
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
