## Mots des commandes et des pages

headline-ok = Tout va bien
headline-warning = Des points demandent attention
headline-critical = Il faut agir
headline-unknown = État inconnu
last-scan = Dernière lecture des sources :
never-scanned = Les sources n'ont pas encore été lues en entier.
page-overview = Certificats
todo = À faire
nothing-to-do = Aucun constat : rien à faire.
since = depuis le
certificates = Certificats
certificate = Certificat
state = État
end = Fin
sources = Sources
source = Source
last-run = Dernière lecture
seen = Vus
errors = Erreurs
source-ok = lue
source-failed = illisible
back = Retour à la liste
no-such-certificate = Certificat inconnu
no-such-certificate-why = Aucun certificat surveillé ou trouvé ne porte ce nom. Il a pu être renommé dans la configuration, ou l'adresse est incomplète.
locations = Emplacements
nowhere = Nulle part pour l'instant.
still-there = toujours là
sign-in = Connexion
token = Jeton d'accès
token-help = Le jeton est dans le fichier
enter = Entrer
wrong-token = Ce jeton n'est pas le bon.
audit-head = Tête du journal d'audit
more = … et { $count } de plus : voir les commandes list et findings.

count-declared = { $count ->
    [one] déclaré
   *[other] déclarés
}
count-found = { $count ->
    [one] trouvé
   *[other] trouvés
}
count-missing = { $count ->
    [one] manquant
   *[other] manquants
}
count-undeclared = { $count ->
    [one] non déclaré
   *[other] non déclarés
}
count-expiring = bientôt à échéance
count-expired = { $count ->
    [one] expiré
   *[other] expirés
}

validity-missing = manquant
validity-unreadable = illisible
validity-not_yet_read = pas encore lu
validity-not_yet_valid = pas encore valide
validity-valid = valide
validity-expiring = à renouveler
validity-expired = expiré

column-id = IDENTIFIANT
column-name = NOM
column-product = OFFRE ET USAGE
column-state = ÉTAT
column-end = FIN
column-days-left = JOURS
column-impacts = SERVICES
column-findings = CONSTATS
column-place = EMPLACEMENT

fact-validity = État
fact-structure = Structure
fact-product = Offre et usage
fact-impacts = Services concernés
fact-administrators = Administrateurs
fact-subject = Sujet
fact-issuer = Émetteur
fact-serial-number = Numéro de série
fact-not-before = Début de validité
fact-not-after = Fin de validité
fact-private-key-usage = Fin d'usage de la clé privée
fact-days-left = Jours restants
fact-environment = Environnement
fact-gamme = Gamme
fact-structure-number = Identifiant de structure
fact-key = Clé
fact-signature-algorithm = Signature
fact-san = Autres noms
fact-sha256 = Empreinte SHA-256
fact-spki-sha256 = Empreinte de la clé publique
fact-path = Fichier déclaré
fact-endpoints = Points d'accès déclarés
fact-first-seen = Vu pour la première fois

until-days = fin le { $end }, { $days } { $days ->
    [one] jour
   *[other] jours
}
diff-missing = Déclarés et introuvables
diff-undeclared = Trouvés et non déclarés
diff-different = Différents de la déclaration
check-line = { $declared } { $declared ->
    [one] déclaré
   *[other] déclarés
}, { $missing } { $missing ->
    [one] manquant
   *[other] manquants
}, { $expiring } à renouveler, { $expired } { $expired ->
    [one] expiré
   *[other] expirés
}
check-soonest = { $id } : { $days } j
scan-report = { $seen } { $seen ->
    [one] emplacement vu
   *[other] emplacements vus
}, { $new } { $new ->
    [one] nouveau certificat
   *[other] nouveaux certificats
}, { $changed } { $changed ->
    [one] changement
   *[other] changements
}, { $errors } { $errors ->
    [one] erreur
   *[other] erreurs
} ; constats : { $opened } { $opened ->
    [one] ouvert
   *[other] ouverts
}, { $closed } clos
scan-summary = { $certificates } { $certificates ->
    [one] certificat lu
   *[other] certificats lus
}, { $shown } { $shown ->
    [one] montré
   *[other] montrés
}, { $findings } { $findings ->
    [one] constat
   *[other] constats
}, { $errors } { $errors ->
    [one] erreur
   *[other] erreurs
}{ $links ->
    [0] { "" }
    [one] , { $links } lien laissé de côté
   *[other] , { $links } liens laissés de côté
}
scan-more-errors = … et { $count } { $count ->
    [one] autre emplacement
   *[other] autres emplacements
} : { $reason } (la liste entière est dans --json)
file-reason = { reason-text }
config-accepted = { $file } : configuration valable, { $warnings } { $warnings ->
    [one] avertissement
   *[other] avertissements
}
config-refused = { $file } : configuration refusée, { $errors } { $errors ->
    [one] erreur
   *[other] erreurs
}, { $warnings } { $warnings ->
    [one] avertissement
   *[other] avertissements
}
reload-no-change = Aucune différence avec la configuration en vigueur.

cli-daemon-unreachable = le service ne répond pas sur
cli-daemon-forbidden = vous n'avez pas accès au service : votre compte doit être dans le groupe « vigie » (adduser COMPTE vigie, puis se reconnecter) —
cli-no-such-path = ce chemin n'existe pas

doctor-config-ok = est correcte
doctor-config-cure = corrigez ces fautes ; vigie config check les redit
doctor-see-above = voir le remède donné avec l'avertissement
doctor-state-missing = n'existe pas encore
doctor-state-cure = le service le crée au premier démarrage ; sinon : install -d -o vigie -g vigie -m 0750
doctor-state-open = est ouvert à tous :
doctor-not-a-folder = n'est pas un dossier
doctor-not-a-file = n'est pas un fichier
doctor-rights-cure = lancez la commande sous le compte du service (sudo -u vigie vigie doctor), ou corrigez les droits
doctor-database-first = sera créée au premier démarrage
doctor-database-cure = vérifiez store.url
doctor-service-answers = répond
doctor-service-silent = ne répond pas
doctor-service-cure = systemctl start vigie, ou vigie run pour essayer
doctor-port-free = est libre
doctor-port-cure = un autre programme écoute là : changez http.listen
doctor-anchors = { $count ->
    [one] une autorité de confiance
   *[other] { $count } autorités de confiance
}
doctor-anchors-none = aucune autorité de confiance
doctor-anchors-cure = déposez les certificats des AC IGC-Santé (http://igc-sante.esante.gouv.fr/AC/) dans trust.anchors
doctor-file-missing = le certificat sera dit manquant tant que ce fichier n'existe pas
doctor-dns-cure = ce nom ne se résout pas d'ici : vérifiez le DNS ou le point d'accès déclaré
doctor-clock-cure = l'horloge n'est pas à l'heure : réglez-la (timedatectl)
doctor-readers = { $count ->
    [0] aucun lecteur de cartes
    [one] un lecteur de cartes
   *[other] { $count } lecteurs de cartes
}
doctor-files = { $count ->
    [one] un fichier lisible (compte { $user }, qui n'est pas forcément celui du service, qui ne répond pas)
   *[other] { $count } fichiers lisibles (compte { $user }, qui n'est pas forcément celui du service, qui ne répond pas)
}
doctor-pcscd-cure = nécessaire seulement pour les cartes : apt install pcscd, puis systemctl enable --now pcscd.socket
doctor-pcscd-polkit = polkit, ou pcscd qui meurt à son démarrage : journalctl -u pcscd le dit. Contre polkit, installez la règle livrée (systemd/vigie.polkit.rules) en /etc/polkit-1/rules.d/50-vigie.rules : elle autorise le compte vigie, et lui seul, à org.debian.pcsc-lite.access_pcsc et access_card
doctor-reader-cure = retirez la carte puis remettez-la ; sinon, débranchez puis rebranchez le lecteur
doctor-pcscd-hangs = pcscd ne répond pas
doctor-pcscd-service = vu par le service
doctor-pcscd-caller = vu par ce compte, pas par le service, qui ne répond pas
doctor-pcscd-root = vu par root, à qui polkit ne refuse rien ; le service ne répond pas, et tourne sous un autre compte
doctor-pkcs11-cure = vérifiez pkcs11_module : le fichier, son propriétaire, ce dont il a besoin ; les cartes se lisent aussi sans lui

## Alertes

alerts = Alertes
alert-number = N°
alert-subject = Sujet
alert-told = Avertis
no-alert = Aucune alerte ouverte.
alert-open = ouverte
alert-acknowledged = prise en charge
alert-fading = en train de se clore
alert-resolved = close
alert-untold = personne n'a été averti
alert-said-with = dite avec l'alerte { $alert }
alert-taken = Prise en charge : prochain rappel à partir du { $until }.
alert-told-to = avertis : { $who }
alert-waiting = en attente : { $who }
delivery-delivered = reçu
delivery-failed = échec
forecast-day = JOUR
forecast-to = À
forecast-moment = MOTIF
forecast-severity = GRAVITÉ
forecast-about = SUJET
forecast-none = Aucun message à venir d'ici là.
when-opened = ouverture
when-step = étape
when-daily = rappel du jour
when-expired = fin passée
when-escalated = aggravation
when-repeated = rappel
when-acknowledgement_ended = fin de prise en charge
when-resolved = clôture
forecast-digest = bilan mensuel
messages-pending = { $count ->
    [0] Aucun message en attente
    [one] { $count } message en attente
   *[other] { $count } messages en attente
}
messages-failed = { $count ->
    [0] aucun échec depuis trente jours
    [one] { $count } échec depuis trente jours
   *[other] { $count } échecs depuis trente jours
}
messages-no-channel = Aucune voie n'est configurée : personne ne sera averti (voir [notify]).
status-alerts = Alertes : { $open ->
    [0] aucune ouverte
    [one] 1 ouverte
   *[other] { $open } ouvertes
}{ $acknowledged ->
    [0] { "" }
    [one] , dont 1 prise en charge
   *[other] , dont { $acknowledged } prises en charge
}{ $unreachable ->
    [0] { "" }
    [one] , dont 1 que personne ne peut recevoir
   *[other] , dont { $unreachable } que personne ne peut recevoir
}
status-channel-failing = Voie { $channel } : échoue depuis le { $since } ({ $reason })
channel = Voie
channel-ok = fonctionne
channel-unused = n'a encore rien envoyé
channel-failing = échoue depuis le { $since } ({ $reason })
channel-last = Dernier message reçu
cards = Cartes
card = Carte
card-kind = Type
card-holder = Porteur
card-place = Lecteur
card-service = de service
card-never-seen = jamais vue
card-not-seen-since = pas vue depuis le { $since }
card-blocked = bloquée
card-none-watched = aucun lecteur n'est surveillé : ajoutez une source smart_card à la configuration
card-module-failed = Module PKCS#11 { $module } : { $why }
card-module-read = Module PKCS#11 { $module } : { $count } { $count ->
    [one] jeton lu
   *[other] jetons lus
}
card-service-lost = Lecteurs injoignables : { $why }
card-reason = { $reason ->
    [pcscd_not_reachable] pcscd ne répond pas : est-il installé, et pcscd.socket lancé
    [pcscd_refused] pcscd refuse ce compte (il faut une règle polkit pour org.debian.pcsc-lite.access_pcsc et access_card), ou meurt à son démarrage
    [pcscd_failed] pcscd signale une erreur ({ $message })
    [pcscd_silent] pcscd ne bouge plus : il prend les questions et n'y répond pas
    [card_in_use] un autre logiciel utilise la carte
    [card_removed] la carte a été retirée pendant sa lecture
    [card_mute] la carte ne répond pas
    [card_slow] la carte répond trop lentement pour être lue : elle a été rendue aux autres logiciels
    [card_read_in_part] lecture partielle : des certificats lus auparavant sur la carte ne l'ont pas été cette fois
    [reader_held] le lecteur est retenu : la carte qu'il contenait auparavant n'a jamais répondu ; débranchez-le puis rebranchez-le
    [reader_unavailable] pcscd ne peut plus parler au lecteur : débranchez-le puis rebranchez-le
    [card_unpowered] la carte ne démarre pas : elle est peut-être à l'envers, sale ou abîmée
    [card_refused] la carte refuse une lecture ({ $message })
    [card_malformed] ce que donne la carte ne se lit pas ({ $message })
    [card_limit] la carte en dit plus qu'aucune carte ({ $message })
    [chip_twice] une autre carte donne le même numéro de puce ({ $message })
    [card_numbers_differ] les certificats et l'étiquette de la carte ne donnent pas le même numéro
    [apdu_forbidden] une instruction hors de la liste a été retenue ({ $message })
    [pkcs11_unsafe] module PKCS#11 : d'autres que root et vigie pourraient le changer ({ $message })
    [pkcs11_not_loaded] module PKCS#11 : il ne se charge pas ({ $message })
    [pkcs11_failed] module PKCS#11 : une de ses fonctions échoue ({ $message })
    [pkcs11_crashed] module PKCS#11 : son processus s'est arrêté brutalement ({ $message })
    [pkcs11_timeout] module PKCS#11 : pas de réponse dans le délai, son processus a été arrêté
    [pkcs11_limit] module PKCS#11 : il en dit plus qu'il ne peut y en avoir
    [pkcs11_malformed] module PKCS#11 : ce qu'il donne ne se lit pas
    [pkcs11_not_started] module PKCS#11 : pas de processus pour lui ({ $message })
    [pkcs11_unnamed] module PKCS#11 : il montre une carte sans le numéro de série de sa puce
   *[other] { $message }
}
card-tries = { $left } { $left ->
    [one] essai restant
   *[other] essais restants
}
readers = Lecteurs de cartes
reader-empty = vide
reader-reading = lecture en cours
reader-read = carte lue
reader-in_use = carte utilisée par un autre logiciel
reader-mute = carte muette
reader-unreadable = carte illisible
reader-cps2ter = carte CPS2ter, hors service depuis 2021 : non lue
reader-vitale = carte Vitale : laissée de côté
reader-other = autre carte : laissée de côté
reader-unplugged = lecteur débranché
column-card = CARTE
column-kind = TYPE
column-holder = PORTEUR
column-tries = ESSAIS

## Refus

refused-configuration = la configuration n'a pas été remplacée : { $count ->
    [one] une faute
   *[other] { $count } fautes
}
refused-store = la base de données a refusé le changement : { $why }
refused-alert-not-open = aucune alerte ouverte ne porte ce numéro
refused-alert-reason = donnez une raison : une ligne de 1 à 500 caractères visibles
refused-alert-past = la date doit être à venir
refused-alert-too-late = la date ne peut dépasser { $latest }
refused-alert-not-administrator = au-delà du { $latest }, seul un administrateur technique du registre peut prendre en charge : renseignez le « login » de sa [[person]]
refused-alert-too-near = si près de la fin, seul un administrateur technique du registre peut prendre en charge : renseignez le « login » de sa [[person]]
refused-date = la date s'écrit 2027-01-31, ou comme une date et heure RFC 3339
refused-until = « until » doit être à moins de { $days } jours
refused-no-channel = aucune voie n'est configurée, ou personne n'a d'adresse : voir [notify] et [alerts]
refused-unknown-address = une adresse n'est ni celle d'une personne du registre ni dans alerts.fallback
refused-stopping = le service s'arrête
