# The texts users read, in English. French is the language of reference; terms of the sector stay French where they have no English.
#
# One rule: rule-CODE = title, .text = what happens, .cure = what to do, .reference = what the rule stands on.
# Variables: the facts of the finding (dates already written out), $label (what is spoken of) and $days (whole days to the end, or
# since).

## Spans and shared sentences

in-days = { $days ->
    [0] in less than a day
    [one] in { $days } day
   *[other] in { $days } days
}
days-ago = { $days ->
    [0] less than a day ago
    [one] { $days } day ago
   *[other] { $days } days ago
}
cliff = It can be renewed only while it is valid: after { $end } a complete new order is needed.
portal = https://pfc.eservices.esante.gouv.fr/
stops = What stops without it: { $impacts }.
administered-by = Administered by: { $administrators }.
key-usage-end = The private key usage period ends before the certificate itself: it is the date that counts.

## Rules

rule-administrator_card_ends = Card or mandate that ends before the renewal
    .text = { $kind ->
        [mandate] The renewal of { $label } ({ $offer }, structure { $structure }) has to be done by { $renewal }, and the mandate of { $person } ends on { $lasts_until }: no other administrator lasts longer.
       *[card] The renewal of { $label } ({ $offer }, structure { $structure }) has to be done by { $renewal }, and the card of { $person } ends on { $lasts_until }: no other administrator lasts longer.
    }
    .cure = { $kind ->
        [mandate] Have the mandate renewed (form F413 or the mesHabilitations portal) before that date, or name another technical administrator.
       *[card] The replacement card comes by itself one month before the end: check the holder's address and use the new card as soon as it arrives, or name another technical administrator.
    }
    .reference = Form F413; CGU articles 4.4, 5.2 and 5.4

rule-administrator_card_missing = No working card to renew with
    .text = { $kind ->
        [dead] No administrator of { $label } ({ $offer }, structure { $structure }) has a card that works: those that are known have ended, are opposed or blocked.
       *[none] No card is declared for the administrators of { $label } ({ $offer }, structure { $structure }).
    }
    .cure = { $kind ->
        [dead] Have one of these cards unblocked or replaced, or name a technical administrator whose card is active; the e-CPS opens { portal } too.
       *[none] Declare the administrator's card (person.card or [[card]]), or name a technical administrator whose card is active; the e-CPS opens { portal } too.
    }
    .reference = Form F413; CGU articles 4.5.2 and 5.2

rule-anchor_missing = Trust anchor missing
    .text = { $kind ->
        [none] No trust anchor is read{ $reason ->
            [none] {""}
           *[other] { " " }({ $path }: { reason-text })
        }: Vigie can neither tell whether your certificates come from the authority they should come from, nor follow their revocation lists.
       *[left_out] { $reason ->
            [read_in_part] A part of { $path } could not be read; the other authorities of this file are taken.
           *[other] { $path } is not taken as a trust anchor: { reason-text }. What would lead to it alone will be said to be of an unknown issuer.
        }
    }
    .cure = { $reason ->
        [not_a_ca] Take this file out of trust.anchors, or put the certificate of the authority itself there, then: vigie reload
        [read_in_part] Put a file there that is whole, then: vigie reload
       *[other] Put the certificates of the IGC-Santé authorities into a folder the account vigie can read, name it in trust.anchors, then: vigie reload
    }
    .reference = RFC 5280, section 6.1

rule-card_blocked = Card blocked
    .text = The card { $card } ({ $reader }) is blocked: no try of the confidential code is left.
    .cure = Follow the unblocking procedure of ANS (https://esante.gouv.fr/laissez-vous-guider) with the holder.
    .reference = CGU article 4.5.2

rule-card_ended = Card ended
    .text = The card { $card } ({ $reader }) ended on { $end } ("{ $end_from }"), { days-ago }.
    .cure = The replacement should have come one month before: check the holder's address and registration with ANS, then destroy the old card.
    .reference = CGU article 4.4

rule-card_ending = Card ending soon
    .text = The card { $card } ({ $reader }) ends on { $end } ("{ $end_from }"), { in-days }. Its replacement is automatic and should arrive around { $replacement_by }.
    .cure = If the new card has not come one month before the end, check the holder's address and registration with ANS; use it as soon as it arrives.
    .reference = CGU article 4.4

rule-card_environment = TEST card in production
    .text = The card { $card } ({ $reader }) is a TEST card, and the structure { $structure } is in production: no production service takes it.
    .cure = Use the holder's production card, or declare the structure as a test one (environment).
    .reference = ANS nomenclature TRE_G01; form F414

rule-card_not_seen = Declared card never seen
    .text = The card { $card } ({ $family }) is declared, and no watched reader has seen it yet: its end is not known.
    .cure = Put it once into a watched reader, or check its number (third line of the card).
    .reference = Form F413, section 4; form F420

rule-card_opposed = Card opposed
    .text = The card { $card } ({ $reader }) is opposed: { $revoked } of its certificates out of { $certificates } are in the revocation lists, since { $revoked_at }.
    .cure = Take it out of use and destroy it; if nobody asked for the opposition, call the ANS customer service.
    .reference = CGU article 4.5.2

rule-card_replaced = Replaced card still in use
    .text = The card { $card } ({ $reader }) is still used although its holder has a newer one, { $successor }: it is opposed one month after the new one was made, around { $opposed_on }.
    .cure = Change to the new card, check that it works, then destroy the old one.
    .reference = CGU article 4.4

rule-card_twice = One card number in two places
    .text = { $kind ->
        [readers] The card { $card } (chip { $chips }) is in several readers at once: { $readers }.
       *[chips] Card number { $card } is on several chips: { $chips } (readers: { $readers }).
    }
    .cure = One of the cards is a copy or was made wrongly: take them out of use and call ANS ({ $reader }).
    .reference = CGU article 4.3

rule-card_unassigned = Service card nobody answers for
    .text = { $kind ->
        [found] The service card { $card } is in a reader (structure { $service }), and nobody is declared as its holder.
       *[declared] The service card { $card } ("{ $service }") is assigned to nobody.
    }
    .cure = Say to whom it is assigned (assigned_to): the legal representative or the mandataire has to be able to tell.
    .reference = CGU articles 4.1 and 4.3

rule-card_undeclared = Card not declared
    .text = The card { $card } is in the reader { $reader } and is not declared: nobody will be told of its end.
    .cure = Declare it with its holder ([[card]]), or leave this aside if it is a visitor's.
    .reference = CGU article 4.3

rule-administrator_missing = No technical administrator in office
    .text = { $kind ->
        [not_living] The mandate of technical administrator that covered { $label } ({ $offer }, structure { $structure }) is not in force.
        [not_mandated] No administrator declared for { $label } holds a mandate of technical administrator covering { $offer } for structure { $structure }.
       *[nobody] Nobody holds a mandate of technical administrator covering { $offer } for structure { $structure }: { $label } cannot be renewed.
    }
    .cure = Have the legal representative or his mandataire declare a technical administrator to ANS (form F413 or the mesHabilitations portal), then add the mandate to the declaration.
    .reference = CGU article 5.2; form F413, section 4; contract, article 2.1

rule-chain_incomplete = Incomplete certificate chain
    .text = The intermediate authority "{ $issuer }" is missing from { $place } for { $label }: peers that do not know it will refuse the certificate.
    .cure = Add the certificate of that authority (http://igc-sante.esante.gouv.fr/AC/) after the server's own, then reload the service.
    .reference = RFC 8446, section 4.4.2; RFC 5280, section 6.1

rule-different = Certificate differs from the declaration
    .text = { $field ->
        [service] The certificate in place for { $label } ({ $path }) names the service "{ $found }" instead of "{ $expected }".
        [fqdn] The certificate in place for { $label } ({ $path }) names "{ $found }" and not the server "{ $expected }".
       *[mail_domain] The certificate in place for { $label } ({ $path }) names the mail domain "{ $found }" instead of "{ $expected }".
    }
    .cure = Put the right certificate in that place, or correct the declaration if it is the one that is wrong.
    .reference = Form F413, section 4.3; RFC 6125, section 6.4.4; RFC 8550, section 3

rule-environment_mismatch = Production and TEST mixed up
    .text = { $kind ->
        [test_in_production] { $label } is declared as production, and the certificate in place ({ $path }) comes from the TEST hierarchy: production services refuse it.
        [production_in_test] { $label } is declared as test, and the certificate in place ({ $path }) is a production one.
       *[contradictory] The certificate { $label } ({ $path }) says both production and TEST: its authority and its product category contradict each other.
    }
    .cure = { $kind ->
        [test_in_production] Install the production certificate.
        [production_in_test] Take the production key off the test bench and order a TEST certificate (form F414).
       *[contradictory] Do not use this certificate, and report it to ANS.
    }
    .reference = ANS nomenclature TRE_G01; CGU article 5.3.2

rule-expired = Expired certificate
    .text = { $igc_sante ->
        [yes] { $label } ({ $path }) expired on { $end }, { days-ago }. It cannot be renewed any more: a complete new order is needed.
       *[no] { $label } ({ $path }) expired on { $end }, { days-ago }.
    }
    .cure = { $igc_sante ->
        [yes] If it is still in use, request a new certificate at { portal } with the CPx card or e-CPS of a technical administrator; otherwise remove the file and its key.
       *[no] If it is still in use, request a new certificate from its authority; otherwise remove the file and its key.
    }
    .reference = CGU article 5.4; RFC 5280, section 4.1.2.5

rule-expiring = Certificate about to expire
    .text = { $igc_sante ->
        [yes] { $label } ({ $path }) expires on { $end }, { in-days }. { cliff }
       *[no] { $label } ({ $path }) expires on { $end }, { in-days }.
    }
    .cure = { $igc_sante ->
        [yes] Renew it before that date at { portal } ("Renouveler") with the CPx card or e-CPS of a technical administrator, then install the new one in place of the old.
       *[no] Renew it with its authority before that date, then install the new one in place of the old.
    }
    .reference = CGU article 5.4; RFC 5280, section 4.1.2.5; RFC 3280, section 4.2.1.4

rule-finess_geographique = Wrong FINESS number for the Ségur services
    .text = { $wanted ->
        [juridique] The certificate of { $label } carries the FINESS géographique { $found }; for this kind of establishment the notice of ANS wants the FINESS juridique of { $structure } to reach DMP and INSi.
       *[geographique] The certificate of { $label } carries the FINESS juridique { $found }; for this kind of establishment the notice of ANS wants the FINESS géographique of { $structure } to reach DMP and INSi.
    }
    .cure = { $wanted ->
        [juridique] Move to the FINESS juridique, at the next renewal at the latest: contract first, then the order, with that number.
       *[geographique] Move to the FINESS géographique, at the next renewal at the latest: order the certificate with the number of the site.
    }
    .reference = Notice on FINESS (form F413)

rule-identifier_invalid = Invalid structure identifier
    .text = The structure identifier of the certificate { $label } ({ $path }) has not the length or the check digit it must have: { $found }.
    .cure = Check the number in the FINESS or SIRENE register; if it is wrong, request a new certificate with the right one.
    .reference = ANS nomenclature TRE_G07; FINESS and SIRENE registers

rule-insi_name = Certificate refused by INSi
    .text = { $kind ->
        [issuer] The certificate of { $label } ({ $path }) is issued by "{ $found }"; INSi accepts only AC IGC-SANTE ELEMENTAIRE ORGANISATIONS.
       *[name] The certificate of { $label } ({ $path }) is called "{ $found }"; INSi accepts only { $expected }.
    }
    .cure = Order an ORG AUTH_CLI certificate whose service applicatif is exactly one of these names: { $expected }.
    .reference = Integration guide of the INSi teleservice

rule-key_mismatch = Key and certificate do not match
    .text = The private key in { $key_path } is not that of the certificate { $label } ({ $path }): the service cannot start with this pair.
    .cure = Put the key and the certificate of one request together again; if the key is lost, revoke the certificate and make a new request.
    .reference = RFC 5280, section 4.1.2.7

rule-key_readable = Private key within too easy reach
    .text = { $what ->
        [password] The password of a private key, { $path } (mode { $mode }, folder { $folder_mode }), is open to { key-open-to }.
        [opened_key] The private key in { $path } (mode { $mode }, folder { $folder_mode }) is open to { key-open-to }, and the password that protected it is open to everybody.
       *[key] The private key in { $path } (mode { $mode }, folder { $folder_mode }) is open to { key-open-to }.
    }
    .cure = Restrict the file to its owner (chmod 600). If others could read it, take the key as compromised: revoke the certificate and make a new request.
    .reference = CGU article 5.3.2

key-open-to = { $who ->
    [others] every account of the machine
   *[group] a group
}

rule-key_reused = Shared private key
    .text = { $kind ->
        [certificates] One private key serves { $certificate_count } certificates: { $certificates } ({ $path }).
        [copies] One private key lies in { $place_count } places: { $path }.
       *[both] One private key serves { $certificate_count } certificates ({ $certificates }) and lies in { $place_count } places: { $path }.
    }
    .cure = Keep one copy of the key and one key for each certificate; erase the copies, and make a new request with a new key for the other uses.
    .reference = CGU articles 5.3.2 and 5.4

rule-missing = Declared certificate not found
    .text = { $part ->
        [key] The private key of { $label } is not in its declared place: { $path }{ folder-hint }.
        [password] The file of the password of { $label } is not in its declared place (password_file): { $path }{ folder-hint }. Without it this certificate is not watched.
        [chain] The certificate chain of { $label } is not in its declared place: { $path }{ folder-hint }.
       *[certificate] The certificate { $label } is declared and is not in its place: { $path }{ folder-hint }.
    }
    .cure = { $folder ->
        [missing] Mount or restore this folder, correct the path in the declaration, or remove the declaration if the certificate is not used any more.
       *[there] Install the file there, correct the path in the declaration, or remove the declaration if the certificate is not used any more.
    }
    .reference = Form F413, section 4.3

folder-hint = { $folder ->
    [missing] { " " }(folder absent or not mounted)
   *[there] { "" }
}

rule-no_successor = No successor ready
    .text = { $igc_sante ->
        [yes] { $label } ({ $path }) expires on { $end }, { in-days }, and no certificate of the inventory can take over from it. { cliff }
       *[no] { $label } ({ $path }) expires on { $end }, { in-days }, and no certificate of the inventory can take over from it.
    }
    .cure = { $igc_sante ->
        [yes] Ask for the renewal now at { portal } ("Renouveler") with the CPx card or e-CPS of a technical administrator.
       *[no] Ask its authority for a new one now, or make it again if it is self-signed.
    }
    .reference = CGU article 5.4

rule-not_yet_valid = Certificate not yet valid
    .text = The certificate { $label } ({ $path }) is in use and is valid only from { $not_before }, { in-days }: peers refuse it.
    .cure = Put the previous certificate back until then, and check the clock of the machine.
    .reference = RFC 5280, section 4.1.2.5

rule-served_differs = The server presents another certificate
    .text = { $renewed ->
        [yes] { $label } was renewed on the disk ({ $path }), but { $endpoint } still presents the old certificate, which ends on { $served_end }.
       *[no] { $endpoint } presents another certificate ("{ $served_subject }", until { $served_end }) than that of { $label } ({ $path }).
    }
    .cure = { $renewed ->
        [yes] Reload or restart the service so that it takes the new certificate.
       *[no] Find out which file the service uses, then correct its configuration or the declaration.
    }
    .reference = RFC 8446, section 4.4.2; CGU article 5.4

rule-source_failed = Source that cannot be read
    .text = { $root ->
        [all] The source { $source } could not be read: { reason-text }. What it had shown is kept, but is not checked any more.
       *[other] { $reason ->
            [nothing_matches] The source { $source } finds nothing at { $root }: no file or folder matches this pattern.
           *[other] The source { $source } could not read { $root }: { reason-text }. What was seen there is kept, but is not checked any more.
        }
    }
    .cure = { $reason ->
        [nothing_matches] Correct this pattern (paths), or leave it when the files are still to come.
        [root_missing] Mount or restore this folder, correct its path (paths), or remove it from the source.
        [root_denied] Let the account vigie read this folder and pass through those that lead to it.
        [timeout] Raise scan.source_timeout, or split this source.
        [hung] Check the disk or the network share: it does not answer the system any more.
        [internal_error] This is a defect of Vigie: report it with what the log says.
       *[other] Restore access to this source; "vigie doctor" helps to find the cause.
    }
    .reference = Vigie: an unread source is not a healthy one

rule-structure_mismatch = Certificate of another structure
    .text = The certificate of { $label } ({ $path }) carries the identifier { $found }, which is not among those declared for structure { $structure }.
    .cure = If the number is yours, add it to the structure in the declaration; otherwise replace this certificate by that of the structure.
    .reference = Form F413, section 3; ANS nomenclature TRE_G07

rule-superseded_in_use = Old certificate still in use
    .text = { $label } is renewed ({ $successor_path }, valid until { $successor_not_after }), but the declared place ({ $path }) still holds the old one, which expires on { $end }.
    .cure = Install the new certificate and its key in place of the old ones, then reload the service.
    .reference = CGU article 5.4

rule-undeclared = Undeclared certificate
    .text = The certificate { $label } ({ $path }), valid until { $not_after }, is not in the declaration: nobody will be warned of its end.
    .cure = Declare it with its structure, its usage and what depends on it, or remove the file and its key (and revoke it) if it is not used any more.
    .reference = CGU article 5.3.2; form F413, section 4.3

rule-unknown_issuer = Unknown certification authority
    .text = { $kind ->
        [self_signed] The certificate { $label } ({ $path }) is signed by itself and not by a trusted authority.
        [untrusted] The certificate { $label } ({ $path }) leads to "{ $issuer }", which is not a configured trust anchor.
        [bad_signature] The certificate { $label } ({ $path }) says it was issued by "{ $issuer }", an authority that is known, but no known key of that authority made its signature, or that of an authority it depends on.
       *[unknown] The authority "{ $issuer }", on which the certificate { $label } ({ $path }) depends, is neither in the inventory nor among the trust anchors.
    }
    .cure = { $kind ->
        [bad_signature] Compare this file with the one the authority gave: it is damaged or forged. If the authority changed its key, add its new certificate to the trust anchors; otherwise do not use it.
       *[other] Add the authorities of IGC-Santé (http://igc-sante.esante.gouv.fr/AC/) to the trust anchors; if they are there, this certificate does not come from them: do not use it.
    }
    .reference = RFC 5280, section 6.1

rule-unreadable = File or server that cannot be read
    .text = { $declared ->
        [yes] { $path } is declared and could not be read: { reason-text }.
        [many] { $count } places of the source { $source } could not be read. The first ones: { $places }.
       *[no] { $path } could not be read: { reason-text }.
    }
    .cure = { $kind ->
        [denied] Let the account vigie read this file and pass through its folders.
        [no_password] Name the file of the password in the declaration (password_file).
        [wrong_password] Correct the password in the file the declaration names (password_file).
        [bad_password_file] Write the password into this file, alone on the first line.
        [damaged] Replace what is damaged in this place by a sound copy, or correct the path.
        [unsupported] Make this file again with a common method (PKCS#12 with AES-256 and SHA-256, for example).
        [limit] If this size is normal, raise the bound in [scan]; otherwise remove what does not belong there.
        [no_file] Name a regular file, or take this one out of what is watched.
        [link] Correct this link, or name the file it should lead to.
        [absent] Mount or restore this folder, or correct the path.
        [moving] Nothing to do if a program was writing it: Vigie will read it again. If it lasts, look for what writes it all the time.
        [system] Check the disk, or the network: the system log (journalctl -k) says more.
        [name] Check the host name in the declaration and the DNS of this machine.
        [service] Check that the service is running and listens at this address.
        [network] Check that the server is running, that the network leads there and that the firewall lets it through.
        [protocol] Check the protocol written in the address (smtp, imap, ldap, postgres) and that this service offers STARTTLS.
        [tls] Check that this port speaks TLS 1.2 or 1.3 with current suites, and the log of the service.
        [defect] This is a defect of Vigie: report it with what the log says.
        [card] "vigie card" and "vigie doctor" help to find the cause.
        [several] "vigie findings --json" gives the reasons and their numbers, "vigie scan" on these folders gives each place. Take these folders out of the source if they do not belong there.
       *[other] Check this place and replace what is damaged.
    }
    .reference = { $kind ->
        [denied] Vigie: what is not read is not judged; path_resolution(7)
        [no_password] RFC 7292; RFC 8018
        [wrong_password] RFC 7292; RFC 8018
        [bad_password_file] Vigie: password_file
        [damaged] RFC 5280; RFC 7292; RFC 7468
        [unsupported] RFC 5280; RFC 7292; RFC 8018
        [limit] Vigie: bounds of [scan]
        [name] RFC 1034; RFC 6066 section 3
        [service] RFC 9293
        [network] RFC 9293
        [protocol] RFC 3207; RFC 9051; RFC 4511
        [tls] RFC 8446; RFC 5246
        [card] PC/SC; ISO 7816-4; PKCS #11
       *[other] Vigie: what is not read is not judged
    }

# The messages of the sources are English, and say more than their reason.
reason-text = { $message }

rule-usage_mismatch = Usage differs from the declaration
    .text = { $label } is declared as { $expected }, and the certificate in place ({ $path }) is made for: { $found }.
    .cure = Install the certificate of the offer and usage that are wanted, or correct the declaration.
    .reference = Form F413, section 4.3; RFC 5280, sections 4.2.1.3 and 4.2.1.12

rule-weak_key = Key too weak
    .text = The key of the certificate { $label } ({ $path }) is { $key }: at least { $wanted } is needed.
    .cure = Make a new request with a key of at least { $wanted }.
    .reference = RGS, annex B1 (ANSSI); FIPS 186-5

rule-weak_signature = Signature too weak
    .text = The certificate { $label } ({ $path }) is signed with { $algorithm }, which is known to be forgeable.
    .cure = Make a new request: today's IGC-Santé certificates are signed with SHA-256.
    .reference = RGS, annex B1 (ANSSI); RFC 6194; RFC 6151

## Words of tables and pages

severity-info = information
severity-warning = warning
severity-critical = critical
environment-production = production
environment-test = test
worst-ok = all is well
worst-warning = needs watching
worst-critical = critical
worst-unknown = state unknown
all-good = No finding.
reference = Reference
what-to-do = What to do
