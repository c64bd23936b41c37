## Certification paths and revocation

revocation-good = good
revocation-revoked = revoked
revocation-unknown = unknown
verify-anchor = anchor
verify-path-valid = Certification path valid at { $at }
verify-path-invalid = Certification path invalid at { $at }: { $why }
verify-good = Not revoked according to list no. { $number }, which holds until { $until }
verify-revoked = Revoked at { $at } ({ $reason }) according to list no. { $number }{ $stale ->
    [yes] {" "}(stale)
   *[other] {""}
}
verify-unknown = Revocation status unknown: { $why }
path-invalid = { $reason ->
    [no_path] no chain leads to a trust anchor
    [bad_signature] a signature does not fit the key of the issuer
    [unsupported_algorithm] a signature of a kind that is not accepted
    [limit_exceeded] too many possible chains, search given up
    [malformed] a certificate of the chain breaks the standard
    [unknown_critical_extension] an unknown critical extension
    [not_a_ca] an issuer that is no authority
    [key_usage] an issuer that may not sign certificates
    [path_too_long] more authorities than one of them allows
    [name_constraints] a name outside what an authority permits
    [policy] no valid policy where one is required
    [not_yet_valid] a certificate of the chain is not valid yet
    [expired] a certificate of the chain has expired
   *[other] { $reason }
}
revocation-why = { $why ->
    [no_path] no path to a trust anchor
    [no_list] no list of the issuer
    [out_of_scope] the lists at hand are for other certificates
    [delta_without_base] a delta list without the complete list it builds on
    [not_yet_valid] the list is dated in the future
    [limit_exceeded] too much work, search given up
    [index_damaged] the index of the list is damaged
    [unsupported_algorithm] the list has a signature of a kind that is not accepted
    [bad_signature] the signature of the list fits no key of the issuer
    [signer_untrusted] the signer of the list has no path to the same trust anchor
    [signer_without_crl_sign] the signer of the list may not sign lists
    [signer_revoked] the certificate of the signer of the list is revoked
    [signer_unknown] the status of the certificate of the signer of the list is unknown
    [unknown_critical_extension] the list has an unknown critical extension
    [reasons_not_covered] the lists at hand do not cover every reason
    [no_next_update] the list does not say until when it holds
    [stale] the list is stale since { $until }
   *[other] { $why }
}
revocation-reason = { $reason ->
    [none] no reason given
    [unspecified] unspecified
    [key_compromise] key compromise
    [ca_compromise] authority compromise
    [affiliation_changed] affiliation changed
    [superseded] superseded
    [cessation_of_operation] cessation of operation
    [certificate_hold] on hold
    [remove_from_crl] hold lifted
    [privilege_withdrawn] privilege withdrawn
    [aa_compromise] attribute authority compromise
   *[other] { $reason }
}
crl-signature-valid = Signature valid
crl-freshness = { $freshness ->
    [fresh] fresh
    [stale] stale
    [not_yet_valid] dated in the future
    [no_next_update] without an end
   *[other] { $freshness }
}
crl-summary = List no. { $number }, { $freshness }, next update { $next }, { $entries ->
    [one] { $entries } entry
   *[other] { $entries } entries
}
crl-column-issuer = ISSUER
crl-column-number = NUMBER
crl-column-entries = ENTRIES
crl-column-this-update = ISSUED
crl-column-next-update = NEXT
crl-column-freshness = STATE
crl-column-place = FILE

crl-column-trouble = TROUBLE
crl-is-missing = missing
crl-is-stale = stale
crl-is-near-stale = nearly stale
crl-is-fresh = fresh
crl-fetched = { $taken } { $taken ->
    [one] new list
   *[other] new lists
}, { $unchanged } unchanged, { $failed } not had
oppose-awaited = { $subject }: declared { $declared }, awaited in a revocation list. The finding "opposition awaited" stays open until then.
oppose-seen = { $subject }: declared { $declared }, seen { $seen } in list number { $number }.
