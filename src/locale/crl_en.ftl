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
    [other_key] the lists at hand are signed with another key of the authority
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
crl-forgotten = { $list }: list number { $number } is forgotten. What it said to be revoked stays so.{ $again ->
    [yes] {" "}It is asked for again.
   *[other] {""}
}
oppose-awaited = { $subject }: declared { $declared }, awaited in a revocation list. The finding "opposition awaited" stays open until then.
oppose-seen = { $subject }: declared { $declared }, seen { $seen } in list number { $number }, { $delay } later.
oppose-withdrawn = { $subject }: declared { $declared } by mistake, awaited no more.

## Revocation lists

# The messages about lists are English, and say more than their reason.
list-reason = { $message }

# A list has an address, or comes from a file; of some addresses nobody knows yet who publishes there.
list-named = { $kind ->
    [place] The list of the file { $file }
    [imported] The imported list of { $issuer }
    [delta] The delta list { $list } ({ $issuer })
    [unnamed] The list { $list }
   *[address] The list { $list } ({ $issuer })
}

rule-crl_unreachable = Revocation list out of reach
    .text = { list-named } could not be had since { $since }: { list-reason }.
    .cure = { $kind ->
        [place] Check that this file or folder is there, that a list is in it, and that the service can read it (revocation.files).
       *[address] Check the network, the proxy and revocation.hosts ("vigie doctor"), or import the list: vigie crl import.
    }
    .reference = RFC 5280, section 6.3; ANS guide of 2014

rule-crl_malformed = Revocation list that cannot be read
    .text = What { $kind ->
        [place] { $file } holds
       *[address] { $list } gives
    } is no whole revocation list since { $since }: { list-reason }. The last good list is kept.
    .cure = { $kind ->
        [place] Copy this file once more, or take it out of { $list }.
       *[address] Open the address in a browser: a captive portal or a proxy may answer there. Otherwise report it to the ANS.
    }
    .reference = RFC 5280, section 5.1; X.690

rule-crl_too_large = Revocation list too large
    .text = { list-named } is over the bound since { $since }: { list-reason }. The last good list is kept.
    .cure = If that size is right, raise revocation.max_bytes.
    .reference = Vigie: revocation.max_bytes

rule-crl_bad_signature = Wrong signature on a revocation list
    .text = { list-named } is signed by no key of the authority it names, since { $since }. It is refused; the last good list is kept.
    .cure = { $kind ->
        [place] Check where this file comes from.
       *[address] Check who answers at that address (DNS, proxy).
    } If the authority has a new key, add its new certificate.
    .reference = RFC 5280, section 6.3.3 (g)

rule-crl_wrong_issuer = Revocation list of another authority
    .text = The address { $list } gives since { $since } a list that is not that of { $issuer }. It is refused.
    .cure = Check the address; if it is right, report it to the ANS.
    .reference = RFC 5280, section 6.3.3 (b)

rule-crl_signer_without_crl_sign = Signer without the right to sign lists
    .text = { list-named } is signed since { $since } by a certificate whose usage is without cRLSign. It is refused.
    .cure = Report it to the authority.
    .reference = RFC 5280, sections 4.2.1.3 and 6.3.3 (f)

rule-crl_number_stuck = List number that stays the same
    .text = { $kind ->
        [place] The file { $file } gives since { $since } another list under a number that is taken.
       *[address] { $list } gives since { $since } another list under number { $number }, which is taken.
    } It is refused.
    .cure = Report it to the authority. If it began its numbers again, forget the one that is held: { $kind ->
        [place] "vigie crl list --json" has its name, vigie crl forget forgets it.
       *[address] vigie crl forget "{ $name }".
    }
    .reference = RFC 5280, section 5.2.3

rule-crl_number_backwards = List number that goes backwards
    .text = { $kind ->
        [place] The file { $file } gives since { $since } an older list than the one that is held.
       *[address] { $list } gives since { $since } an older list than number { $number }, which is held.
    } It is refused: an old copy would make revocations forgotten.
    .cure = { $kind ->
        [place] Take this file out of { $list }, or replace it. If the authority confirms that it began its numbers again, forget the list that is held: "vigie crl list --json" has its name, vigie crl forget forgets it.
       *[address] Look for a cache or a proxy between Vigie and the authority; otherwise report it. If the authority confirms that it began its numbers again, forget the list that is held: vigie crl forget "{ $name }".
    }
    .reference = RFC 5280, section 5.2.3

rule-crl_refused = Revocation list refused
    .text = { list-named } is refused since { $since }: { list-reason }.
    .cure = { $reason ->
        [host_not_allowed] If this host is right, add it to revocation.hosts; otherwise report the address to the authority.
        [network_not_allowed] If this network is right, add it to revocation.networks; otherwise check the DNS of this machine.
        [disk_low] Make room on the disk of state_dir. If it is this list that is too large, lower revocation.max_bytes.
        [io] Check the room on the disk of state_dir, and its health.
        [too_many_files] Leave nothing in this folder but current revocation lists.
        [key_changed] If the authority has a new key, add to the watched certificates the one by which one of its keys certifies the other; without it the list is taken once the one that is held is stale, or forgotten: vigie crl forget.
       *[other] { $kind ->
            [place] Check where this file comes from; take it out of { $list }, or replace it.
           *[address] Check who answers at this address (DNS, cache, proxy); if it is the authority, report it.
        }
    }
    .reference = RFC 5280, section 6.3.3; Vigie: revocation.hosts

rule-crl_not_followed = Revocation lists that are not followed
    .text = The certificates of { $issuer } name more revocation lists than are followed: { $count } are not, among them { $list }. Three addresses of a certificate count, and 512 lists in all. What only the others say stays unknown.
    .cure = Report it to the authority: no certificate needs so many. A list that matters is followed by revocation.urls, or imported: vigie crl import.
    .reference = RFC 5280, section 4.2.1.13; Vigie: bounds of revocation lists

rule-crl_near_stale = Revocation list nearly stale
    .text = { list-named }, number { $number }, holds until { $next_update } and the next one has not come.
    .cure = Check access to the list ("vigie crl fetch"); if the authority has stopped publishing, tell it.
    .reference = RFC 5280, section 5.1.2.5

rule-crl_stale = Stale revocation list
    .text = { list-named }, number { $number }, no longer holds since { $next_update }: the status of the certificates of this authority is unknown, but for those already revoked.
    .cure = Restore access to the list ("vigie crl fetch"), or import one that is up to date: vigie crl import. If this list was imported and its authority is no more, forget it: vigie crl forget "{ $name }".
    .reference = RFC 5280, sections 5.1.2.5 and 6.3.3 (a)

rule-revoked = Revoked certificate
    .text = { $label } ({ $path }) is revoked since { $revoked_at } (reason: { $reason }), according to list number { $number }. Correspondents who look at the lists refuse it.
    .cure = Order another one on https://pfc.eservices.esante.gouv.fr/ and find out why: if nobody asked for this revocation, tell the ANS.
    .reference = RFC 5280, section 6.3; CGU article 5.5

rule-revocation_unknown = Revocation status unknown
    .text = Since { $since } nothing tells whether { $label } ({ $path }) is revoked ({ $why }). Unknown never means good.
    .cure = Look at the lists: vigie crl list. Add the host to revocation.hosts, or import the list: vigie crl import.
    .reference = RFC 5280, section 6.3.3

rule-revocation_awaited = Opposition or revocation awaited
    .text = { $what }: declared { $declared_at }, and no revocation list says so yet. Until then whoever holds the key is believed.
    .cure = Lists are published every day. If the one of the day after next does not say so, call the ANS support again. A mistyped number is withdrawn: vigie oppose --withdraw.
    .reference = CGU article 5.5; RFC 5280, section 5

count-revoked = revoked
count-unknown-revocation = of unknown revocation
lists = Revocation lists
list-number = No.
list-entries = Entries
fact-revocation = Revocation
revocation-is-good = not revoked
revocation-is-revoked = revoked
revocation-is-unknown = unknown
doctor-crls-proxy = { $proxy }, for http and https; directories (ldap) are asked directly
doctor-crls-none = no host in revocation.hosts: the revocation status will stay unknown
doctor-crls-cure = Check DNS and network, or give revocation.proxy; without a way out import the lists (revocation.files).
doctor-crls-private = leads to a private address that is not in revocation.networks:
doctor-crls-network-cure = Add that network to revocation.networks if the lists are really there.
