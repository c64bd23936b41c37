## Messages that leave: mails, webhooks, hooks, calendar

notice-brand = Vigie

## Subject

notice-subject-expiring = { $label } expires on { $end } ({ $left })
notice-subject-expired = { $label } expired on { $end }: a complete new order is needed
notice-subject-other = { $title }: { $label }
notice-subject-resolved = Over: { $title }: { $label }
notice-subject-many = { $count } alerts{ $critical ->
    [0] { "" }
    [one] , 1 of them critical
   *[other] , { $critical } of them critical
}{ $first ->
    [none] ; the first: { $what }
   *[date] : first end on { $first }
}
notice-subject-many-resolved = { $count } alerts are over
notice-subject-digest = monthly digest: { $open ->
    [0] no open alert
    [one] 1 open alert
   *[other] { $open } open alerts
}
notice-subject-channel = messages no longer leave ({ $channel })
notice-subject-test = test message

## Why now

notice-moment-opened = New alert, found on { $since }.
notice-moment-step = Reminder as the end comes near; found on { $since }.
notice-moment-daily = Daily reminder of the last days; found on { $since }.
notice-moment-expired = The end has passed; found on { $since }.
notice-moment-escalated = The alert goes one level up: this message also goes to others; found on { $since }.
notice-moment-repeated = Reminder: nothing has changed since { $since }.
notice-moment-acknowledgement_ended = The date the alert was acknowledged until has passed, and nothing is settled; found on { $since }.
notice-moment-resolved = Over. Found on { $since }, this is no longer true. No other message will leave about it.

## The end and what it costs

notice-cliff = A complete new order takes a new request with a new key, waiting for the withdrawal mail, and a new revocation code: "Renouveler" is no longer offered then.
notice-cliff-many = An IGC-Santé certificate can be renewed only while it is still valid. After its end, "Renouveler" is no longer offered: a complete new order is needed (new request, waiting for the withdrawal mail, new revocation code, new key), and what depends on it stays down until the installation.
notice-past = What a missed date costs: "Renouveler" is no longer offered; it takes a new request with a new key, waiting for the withdrawal mail, and a new revocation code.
notice-stops = What stops without it: { $impacts }.
notice-stopped = What is down without it: { $impacts }.
notice-deadline = To be done before { $end } ({ $left }).

## Who

notice-who = Who can act
notice-actor = { $person } ({ $role })
notice-actor-named = { $name } ({ $person }, { $role })
notice-with-card = with CPx card no. { $card } or the e-CPS
notice-with-any-card = with their CPx card or e-CPS
notice-may-name = can declare an administrateur technique to ANS (form F413 or mesHabilitations), not order
notice-to-know = to be told
notice-nobody = Nobody of the register is administrateur technique for this offer: the représentant légal or a mandataire has to declare one first (form F413 or mesHabilitations).
role-representant_legal = représentant légal
role-mandataire = mandataire
role-administrateur_technique = administrateur technique
role-contact = contact

## Where to click

notice-how = What to do on the ANS portal
notice-how-many = { $usage ->
    [none] What to do on the ANS portal
   *[product] What to do on the ANS portal for { $offer } { $usage }
}
notice-renew-sign-in = Sign in at { portal } with the CPx card or e-CPS of an administrateur technique entitled for the structure{ $environment ->
    [test] { " " }(TEST hierarchy: with an entitled test card)
   *[production] { "" }
}.
notice-renew-find = { $offer ->
    [ORG] Open "Suivi des certificats" and look for: offer ORG (legal person), structure { $structure }, usage { $usage }, service applicatif { $identity }.
    [SERV] Open "Suivi des certificats" and look for: offer SERV (server), structure { $structure }, usage { $usage ->
        [SSL_SERV] SSL_SERV, server { $identity }.
       *[mail] { $usage }, mail domain { $identity }.
    }
    [PRO] Open "Suivi des certificats" and look for: offer PRO (natural person), structure { $structure }, usage { $usage }, mail domain { $identity }.
    [PS] Open "Suivi des certificats" and look for: offer PS (health professional), usage { $usage }, holder { $identity }.
   *[other] Open "Suivi des certificats" and look for this certificate by its offer, structure and end date.
}
notice-renew-click = Choose this product, click "Renouveler" and confirm, before { $end }. A renewal needs a new public key (CGU 5.4): a request (CSR) made where the key will be used.
notice-renew-click-many = Choose each product, click "Renouveler" and confirm, before its end. A renewal needs a new public key (CGU 5.4): a request (CSR) made where the key will be used.
notice-renew-withdraw = On the mail from noreply@pfc.eservices.esante.gouv.fr, "Retirer": enter and keep the revocation code, accept the CGU and the certificate policy, "Finaliser", "Télécharger".
notice-order-ask = { $offer ->
    [ORG] "Demander", offer ORG (legal person), structure { $structure }, "Demander un nouveau produit", usage { $usage }, service applicatif { $identity }.
    [SERV] "Demander", offer SERV (server), structure { $structure }, "Demander un nouveau produit", usage { $usage ->
        [SSL_SERV] SSL_SERV, server { $identity }.
       *[mail] { $usage }, mail domain { $identity }.
    }
    [PRO] "Demander", offer PRO (natural person), structure { $structure }, "Demander un nouveau produit", usage { $usage }, mail domain { $identity }.
    [PS] "Demander", offer PS (health professional), "Demander un nouveau produit", usage { $usage }, holder { $identity }.
   *[other] "Demander", the offer and the structure, "Demander un nouveau produit", then the usage of the expired certificate.
}
notice-install = Install the certificate and its key in place of the old ones, then reload the service. Vigie sees it at the next scan and the alert closes by itself.
notice-to-name = to be given
notice-reference = What it stands on: { $reference }
notice-to-do = What to do

## Grouped message

notice-many-intro = { $count } points in one message, the most urgent first. All of them are here.
notice-line = [{ $severity }] { $what }{ $end ->
    [none] { "" }
   *[date] ; ends on { $end } ({ $left })
}{ $product ->
    [none] { "" }
   *[product] ; { $product }
}{ $impacts ->
    [none] { "" }
   *[impacts] ; stops: { $impacts }
}{ $who ->
    [none] { "" }
   *[who] ; acts: { $who }
}
notice-more = … and { $count } more: the mail and "vigie alert list" give them all.

## Monthly digest

notice-digest-alive = The watch is working: this message leaves once a month. When it stops coming, the watch itself is down.
notice-digest-counts = { $declared ->
    [one] 1 declared certificate
   *[other] { $declared } declared certificates
}, { $found ->
    [one] 1 found
   *[other] { $found } found
}, { $open ->
    [0] no open alert
    [one] 1 open alert
   *[other] { $open } open alerts
}.
notice-digest-sent = Since the digest before: { $delivered ->
    [one] 1 message delivered
   *[other] { $delivered } messages delivered
}, { $failed ->
    [0] none given up
    [one] 1 given up
   *[other] { $failed } given up
}.
notice-digest-ends = Ends in the coming months:
notice-digest-no-ends = No end in the coming months.
notice-digest-end = { $end } ({ $left }): { $label }

## A channel that fails

notice-channel-text = Since { $since } no message leaves through { $channel } any more ({ $reason }). { $held ->
    [0] No message is waiting.
    [one] 1 message is waiting or was given up.
   *[other] { $held } messages are waiting or were given up.
}
notice-channel-cure = This message came through another channel. "vigie doctor" and "vigie alert test" help to find the cause; "vigie alert list" tells what was not delivered.

## Test

notice-test-text = This is a test: this channel works. There is nothing to do.

## Foot

notice-footer-node = Vigie on { $node }, { $at }. Automatic message: nobody reads the answers.
notice-footer-audit = Head of the audit trail: { $head }. Keep it: a copy outside this machine shows a trail that was rewritten.
notice-footer-id = Message { $id }
severity-word-info = Information
severity-word-warning = Warning
severity-word-critical = Critical

## Calendar

calendar-name = Vigie: ends
calendar-certificate = End of certificate { $label } on { $end }
calendar-foreign = Renew it with its authority before { $end }.
calendar-certificate-text = { $cliff }{ $impacts ->
    [none] { "" }
   *[impacts] { " " }{ $stops }
}
calendar-card = End of card { $label } on { $end }
calendar-card-text = The new card is sent by itself one month before (CGU 4.4). Without a valid card its holder can no longer renew certificates at { portal }.
calendar-mandate = End of mandate { $label } on { $end }
calendar-mandate-text = After this day the mandate no longer allows ordering or renewing: have it extended with ANS before (form F413 or mesHabilitations).
calendar-crl = End of validity of the CRL { $label } on { $end }
calendar-crl-text = After this instant without a new list, the revocation status of the certificates of this authority is unknown.
calendar-contract = Tacit renewal of the ANS contract: { $label }
calendar-contract-text = The contract is renewed for a year by itself (article 2.5). To end it (article 2.3): registered letter; it ends on the last day of the month after its receipt.
calendar-other = Due: { $label }, on { $end }

## vigie doctor

doctor-smtp-cure = Check address, port and TLS mode of the relay, its authorities (ca_file), the account and its password in [notify.smtp].
doctor-webhook-cure = Check the address, the certificate of the target and its authorities (ca_file), the proxy in [[notify.webhook]]. Nothing was sent: `vigie alert test` sends a real message.
doctor-hooks = { $count ->
    [0] no executable
    [one] 1 executable
   *[other] { $count } executables
}
doctor-hooks-cure = This file is not run: it has to belong to root or to vigie, and nobody else may write it (chmod go-w), nor its folder.
