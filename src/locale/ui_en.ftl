## Words of commands and pages

headline-ok = All is well
headline-warning = Some things need attention
headline-critical = Action is needed
headline-unknown = State unknown
last-scan = Sources last read:
never-scanned = The sources have not been read to the end yet.
page-overview = Certificates
todo = To do
nothing-to-do = No finding: nothing to do.
since = since
certificates = Certificates
certificate = Certificate
state = State
end = End
sources = Sources
source = Source
last-run = Last read
seen = Seen
errors = Errors
source-ok = read
source-failed = not readable
back = Back to the list
no-such-certificate = Unknown certificate
no-such-certificate-why = No certificate, watched or found, goes by this name. It may have been renamed in the configuration, or the address is incomplete.
locations = Places
nowhere = Nowhere at present.
still-there = still there
sign-in = Sign in
token = Access token
token-help = The token is in the file
enter = Enter
wrong-token = This token is not the right one.
audit-head = Head of the audit trail
more = … and { $count } more: see the commands list and findings.

count-declared = declared
count-found = found
count-missing = missing
count-undeclared = undeclared
count-expiring = expiring
count-expired = expired

validity-missing = missing
validity-unreadable = unreadable
validity-not_yet_read = not yet read
validity-not_yet_valid = not yet valid
validity-valid = valid
validity-expiring = to be renewed
validity-expired = expired

column-id = ID
column-name = NAME
column-product = OFFER AND USAGE
column-state = STATE
column-end = END
column-days-left = DAYS
column-impacts = SERVICES
column-findings = FINDINGS
column-place = PLACE

fact-validity = State
fact-structure = Structure
fact-product = Offer and usage
fact-impacts = Services that depend on it
fact-administrators = Administrators
fact-subject = Subject
fact-issuer = Issuer
fact-serial-number = Serial number
fact-not-before = Valid from
fact-not-after = Valid until
fact-private-key-usage = Private key usage ends
fact-days-left = Days left
fact-environment = Environment
fact-gamme = Gamme
fact-structure-number = Structure number
fact-key = Key
fact-signature-algorithm = Signature
fact-san = Other names
fact-sha256 = SHA-256 fingerprint
fact-spki-sha256 = Public key fingerprint
fact-path = Declared file
fact-endpoints = Declared endpoints
fact-first-seen = First seen

until-days = ends { $end }, { $days } { $days ->
    [one] day
   *[other] days
}
diff-missing = Declared and not found
diff-undeclared = Found and not declared
diff-different = Different from the declaration
check-line = { $declared } declared, { $missing } missing, { $expiring } to be renewed, { $expired } expired
check-soonest = { $id }: { $days } d
scan-report = { $seen } { $seen ->
    [one] place seen
   *[other] places seen
}, { $new } { $new ->
    [one] new certificate
   *[other] new certificates
}, { $changed } { $changed ->
    [one] change
   *[other] changes
}, { $errors } { $errors ->
    [one] error
   *[other] errors
}; findings: { $opened } opened, { $closed } closed
scan-summary = { $certificates } { $certificates ->
    [one] certificate read
   *[other] certificates read
}, { $shown } shown, { $findings } { $findings ->
    [one] finding
   *[other] findings
}, { $errors } { $errors ->
    [one] error
   *[other] errors
}{ $links ->
    [0] { "" }
    [one] , { $links } link left aside
   *[other] , { $links } links left aside
}
scan-more-errors = … and { $count } { $count ->
    [one] more place
   *[other] more places
}: { $reason } (the whole list is in --json)
# The messages of the readers are English, and say more than their reason.
file-reason = { $reason ->
    [not_found] no such file or folder
   *[other] { $message }
}
config-accepted = { $file }: configuration accepted, { $warnings } { $warnings ->
    [one] warning
   *[other] warnings
}
config-refused = { $file }: configuration refused, { $errors } { $errors ->
    [one] error
   *[other] errors
}, { $warnings } { $warnings ->
    [one] warning
   *[other] warnings
}
reload-no-change = No difference with the configuration in force.

cli-daemon-unreachable = the service does not answer on
cli-daemon-forbidden = you have no access to the service: your account must be in the group "vigie" (adduser ACCOUNT vigie, then log in again) —
cli-no-such-path = no such path

doctor-config-ok = is right
doctor-config-cure = correct these mistakes; vigie config check tells them again
doctor-see-above = see the cure given with the warning
doctor-state-missing = does not exist yet
doctor-state-cure = the service makes it at its first start; else: install -d -o vigie -g vigie -m 0750
doctor-state-open = is open to everybody:
doctor-not-a-folder = is not a folder
doctor-not-a-file = is not a file
doctor-rights-cure = run the command as the user of the service (sudo -u vigie vigie doctor), or correct the rights
doctor-database-first = will be made at the first start
doctor-database-cure = check store.url
doctor-service-answers = answers
doctor-service-silent = does not answer
doctor-service-cure = systemctl start vigie, or vigie run to try
doctor-port-free = is free
doctor-port-cure = another program listens there: change http.listen
doctor-anchors = { $count ->
    [one] one trust anchor
   *[other] { $count } trust anchors
}
doctor-anchors-none = no trust anchor
doctor-anchors-cure = put the certificates of the IGC-Santé authorities (http://igc-sante.esante.gouv.fr/AC/) under trust.anchors
doctor-file-missing = the certificate will be said to be missing as long as this file does not exist
doctor-dns-cure = this name does not resolve from here: check the DNS or the declared endpoint
doctor-clock-cure = the clock is wrong: set it (timedatectl)
doctor-readers = { $count ->
    [0] no card reader
    [one] one card reader
   *[other] { $count } card readers
}
doctor-files = { $count ->
    [one] one readable file (account { $user }, which may not be that of the service, which does not answer)
   *[other] { $count } readable files (account { $user }, which may not be that of the service, which does not answer)
}
doctor-pcscd-cure = needed for cards only: apt install pcscd, then systemctl enable --now pcscd.socket
doctor-pcscd-polkit = polkit, or pcscd dies at start: journalctl -u pcscd says which. Against polkit, install the rule that comes along (systemd/vigie.polkit.rules) as /etc/polkit-1/rules.d/50-vigie.rules: it lets the account vigie, and no other, use org.debian.pcsc-lite.access_pcsc and access_card
doctor-reader-cure = take the card out and put it back in; else unplug the reader and plug it in again
doctor-pcscd-hangs = pcscd does not answer
doctor-pcscd-service = as the service sees it
doctor-pcscd-caller = as this account sees it, not the service, which does not answer
doctor-pcscd-root = as root sees it, whom polkit refuses nothing; the service does not answer, and runs as another account
doctor-pkcs11-cure = check pkcs11_module: the file, its owner, what it needs; cards are read without it too

## Alerts

alerts = Alerts
alert-number = No.
alert-subject = Subject
alert-told = Told
no-alert = No open alert.
alert-open = open
alert-acknowledged = acknowledged
alert-fading = closing
alert-resolved = closed
alert-untold = nobody was told
alert-said-with = said with alert { $alert }
alert-taken = Acknowledged: it speaks again from { $until } on.
alert-told-to = told: { $who }
alert-waiting = waiting: { $who }
delivery-delivered = taken
delivery-failed = failed
forecast-day = DAY
forecast-to = TO
forecast-moment = WHY
forecast-severity = SEVERITY
forecast-about = ABOUT
forecast-none = No message is to come until then.
when-opened = opening
when-step = step
when-daily = daily reminder
when-expired = end passed
when-escalated = more severe
when-repeated = reminder
when-acknowledgement_ended = acknowledgement ended
when-resolved = closing
forecast-digest = monthly digest
messages-pending = { $count ->
    [0] No message waiting
    [one] { $count } message waiting
   *[other] { $count } messages waiting
}
messages-failed = { $count ->
    [0] no failure in thirty days
    [one] { $count } failure in thirty days
   *[other] { $count } failures in thirty days
}
messages-no-channel = No channel is configured: nobody will be told (see [notify]).
status-alerts = Alerts: { $open ->
    [0] none open
    [one] 1 open
   *[other] { $open } open
}{ $acknowledged ->
    [0] { "" }
    [one] , 1 of them taken on
   *[other] , { $acknowledged } of them taken on
}{ $unreachable ->
    [0] { "" }
    [one] , 1 of them nobody can be told of
   *[other] , { $unreachable } of them nobody can be told of
}
status-channel-failing = Channel { $channel }: has failed since { $since } ({ $reason })
channel = Channel
channel-ok = works
channel-unused = has sent nothing yet
channel-failing = fails since { $since } ({ $reason })
channel-last = Last message taken
cards = Cards
card = Card
card-kind = Kind
card-holder = Holder
card-place = Reader
card-service = (service)
card-never-seen = never seen
card-not-seen-since = not seen since { $since }
card-blocked = blocked
card-none-watched = no reader is watched: add a smart_card source to the configuration
card-module-failed = PKCS#11 module { $module }: { $why }
card-module-read = PKCS#11 module { $module }: { $count } { $count ->
    [one] token read
   *[other] tokens read
}
card-service-lost = Readers cannot be reached: { $why }
# The messages of the readers are English, and say more than their reason.
card-reason = { $reason ->
   *[other] { $message }
}
card-tries = { $left } { $left ->
    [one] try left
   *[other] tries left
}
readers = Card readers
reader-empty = empty
reader-reading = being read
reader-read = card read
reader-in_use = card in use by another program
reader-mute = card does not answer
reader-unreadable = card cannot be read
reader-cps2ter = CPS2ter card, out of use since 2021: not read
reader-vitale = Vitale card: left alone
reader-other = another card: left alone
reader-unplugged = reader unplugged
column-card = CARD
column-kind = KIND
column-holder = HOLDER
column-tries = TRIES

## Refusals

refused-configuration = the configuration was not replaced: { $count ->
    [one] one mistake
   *[other] { $count } mistakes
}
refused-store = the database refused the change: { $why }
refused-alert-not-open = no open alert has this number
refused-alert-reason = give a reason: one line of 1 to 500 visible characters
refused-alert-past = the date must be ahead
refused-alert-too-late = the date must not be later than { $latest }
refused-alert-not-administrator = only a technical administrator of the register may go beyond { $latest }: set `login` of their [[person]]
refused-alert-too-near = so near the end only a technical administrator of the register may: set `login` of their [[person]]
refused-date = the date is written 2027-01-31, or as an RFC 3339 date and time
refused-until = until must lie within { $days } days
refused-no-channel = no channel is configured, or nobody has a mail address: see [notify] and [alerts]
refused-unknown-address = an address is neither that of a person of the register nor in alerts.fallback
refused-stopping = the service is stopping
