## Messages envoyés : courriels, webhooks, crochets, calendrier
#
# $label : le certificat ou l'objet de l'alerte. $end : une date déjà écrite, $left : « dans 12 jours ».

notice-brand = Vigie

## Objet

notice-subject-expiring = { $label } expire le { $end } ({ $left })
notice-subject-expired = { $label } a expiré le { $end } : commande complète à refaire
notice-subject-other = { $title } : { $label }
notice-subject-resolved = Réglé : { $title } : { $label }
notice-subject-many = { $count } alertes{ $critical ->
    [0] { "" }
    [one] , dont 1 critique
   *[other] , dont { $critical } critiques
}{ $first ->
    [none] { " " }; la première : { $what }
   *[date] { " " }: première échéance le { $first }
}
notice-subject-many-resolved = { $count } alertes réglées
notice-subject-digest = bilan mensuel : { $open ->
    [0] aucune alerte ouverte
    [one] 1 alerte ouverte
   *[other] { $open } alertes ouvertes
}
notice-subject-channel = des messages ne partent plus ({ $channel })
notice-subject-test = message d'essai

## Pourquoi maintenant

notice-moment-opened = Nouvelle alerte, constatée le { $since }.
notice-moment-step = Rappel à l'approche de l'échéance ; constaté le { $since }.
notice-moment-daily = Rappel quotidien des derniers jours ; constaté le { $since }.
notice-moment-expired = L'échéance est passée ; constaté le { $since }.
notice-moment-escalated = L'alerte monte d'un niveau : ce message va aussi à d'autres destinataires ; constaté le { $since }.
notice-moment-repeated = Rappel : rien n'a changé depuis le { $since }.
notice-moment-acknowledgement_ended = La date jusqu'à laquelle l'alerte était prise en compte est passée, et rien n'est réglé ; constaté le { $since }.
notice-moment-resolved = Réglé. Constaté le { $since }, ce point n'est plus vrai. Aucun autre message ne partira à son sujet.

## L'échéance et ce qu'elle coûte

notice-cliff = Une commande complète veut une nouvelle demande avec une nouvelle clé, attendre le courriel de retrait et choisir un nouveau code de révocation : « Renouveler » n'est alors plus proposé.
notice-cliff-many = Le renouvellement d'un certificat de l'IGC-Santé n'est possible que tant qu'il est encore valide. Passé sa date de fin, « Renouveler » n'est plus proposé : il faut refaire une commande complète (nouvelle demande, attente du courriel de retrait, nouveau code de révocation, nouvelle clé), et ce qui en dépend reste arrêté jusqu'à l'installation.
notice-past = Ce que coûte la date manquée : « Renouveler » n'est plus proposé ; il faut une nouvelle demande avec une nouvelle clé, attendre le courriel de retrait et choisir un nouveau code de révocation.
notice-stops = Ce qui s'arrête sans lui : { $impacts }.
notice-stopped = Ce qui est arrêté sans lui : { $impacts }.
notice-deadline = À faire avant le { $end } ({ $left }).

## Qui

notice-who = Qui peut agir
notice-actor = { $person } ({ $role })
notice-actor-named = { $name } ({ $person }, { $role })
notice-with-card = avec la carte CPx n° { $card } ou son e-CPS
notice-with-any-card = avec sa carte CPx ou son e-CPS
notice-may-name = peut déclarer un administrateur technique à l'ANS (formulaire F413 ou mesHabilitations), pas commander
notice-to-know = à prévenir
notice-nobody = Personne dans le registre n'est administrateur technique en titre pour cette offre : le représentant légal ou son mandataire doit d'abord en déclarer un (formulaire F413 ou mesHabilitations).
role-representant_legal = représentant légal
role-mandataire = mandataire
role-administrateur_technique = administrateur technique
role-contact = contact

## Où cliquer

notice-how = Que faire sur le portail de l'ANS
notice-how-many = { $usage ->
    [none] Que faire sur le portail de l'ANS
   *[product] Que faire sur le portail de l'ANS pour { $offer } { $usage }
}
notice-renew-sign-in = Se connecter à { portal } avec la carte CPx ou l'e-CPS d'un administrateur technique habilité pour la structure{ $environment ->
    [test] { " " }(hiérarchie de TEST : avec une carte de test habilitée)
   *[production] { "" }
}.
notice-renew-find = { $offer ->
    [ORG] Ouvrir « Suivi des certificats » et chercher : offre ORG (personne morale), structure { $structure }, usage { $usage }, service applicatif { $identity }.
    [SERV] Ouvrir « Suivi des certificats » et chercher : offre SERV (serveur), structure { $structure }, usage { $usage ->
        [SSL_SERV] SSL_SERV, serveur { $identity }.
       *[mail] { $usage }, domaine de messagerie { $identity }.
    }
    [PRO] Ouvrir « Suivi des certificats » et chercher : offre PRO (personne physique), structure { $structure }, usage { $usage }, domaine de messagerie { $identity }.
    [PS] Ouvrir « Suivi des certificats » et chercher : offre PS (professionnel de santé), usage { $usage }, titulaire { $identity }.
   *[other] Ouvrir « Suivi des certificats » et chercher ce certificat par son offre, sa structure et sa date de fin.
}
notice-renew-click = Choisir ce produit, cliquer « Renouveler » et confirmer, avant le { $end }. Le renouvellement demande une nouvelle clé publique (CGU 5.4) : une demande (CSR) faite là où la clé servira.
notice-renew-click-many = Choisir chaque produit, cliquer « Renouveler » et confirmer, avant sa date de fin. Le renouvellement demande une nouvelle clé publique (CGU 5.4) : une demande (CSR) faite là où la clé servira.
notice-renew-withdraw = Au courriel de noreply@pfc.eservices.esante.gouv.fr, « Retirer » : saisir et conserver le code de révocation, accepter les CGU et la politique de certification, « Finaliser », « Télécharger ».
notice-order-ask = { $offer ->
    [ORG] « Demander », offre ORG (personne morale), structure { $structure }, « Demander un nouveau produit », usage { $usage }, service applicatif { $identity }.
    [SERV] « Demander », offre SERV (serveur), structure { $structure }, « Demander un nouveau produit », usage { $usage ->
        [SSL_SERV] SSL_SERV, serveur { $identity }.
       *[mail] { $usage }, domaine de messagerie { $identity }.
    }
    [PRO] « Demander », offre PRO (personne physique), structure { $structure }, « Demander un nouveau produit », usage { $usage }, domaine de messagerie { $identity }.
    [PS] « Demander », offre PS (professionnel de santé), « Demander un nouveau produit », usage { $usage }, titulaire { $identity }.
   *[other] « Demander », l'offre et la structure, « Demander un nouveau produit », puis le même usage que le certificat expiré.
}
notice-install = Installer le certificat et sa clé à la place des anciens, puis recharger le service. Vigie le constate à la lecture suivante et l'alerte se ferme d'elle-même.
notice-to-name = à préciser
notice-reference = Sur quoi cela s'appuie : { $reference }
notice-to-do = Que faire

## Message groupé

notice-many-intro = { $count } points en un seul message, les plus urgents d'abord. Tous y sont.
notice-line = [{ $severity }] { $what }{ $end ->
    [none] { "" }
   *[date] { " " }; fin le { $end } ({ $left })
}{ $product ->
    [none] { "" }
   *[product] { " " }; { $product }
}{ $impacts ->
    [none] { "" }
   *[impacts] { " " }; arrête : { $impacts }
}{ $who ->
    [none] { "" }
   *[who] { " " }; agit : { $who }
}
notice-more = … et { $count } de plus : le courriel et « vigie alert list » les donnent tous.

## Bilan mensuel

notice-digest-alive = La surveillance fonctionne : ce message part une fois par mois. S'il n'arrive plus, c'est elle qui est en panne.
notice-digest-counts = { $declared ->
    [one] 1 certificat déclaré
   *[other] { $declared } certificats déclarés
}, { $found ->
    [one] 1 trouvé
   *[other] { $found } trouvés
}, { $open ->
    [0] aucune alerte ouverte
    [one] 1 alerte ouverte
   *[other] { $open } alertes ouvertes
}.
notice-digest-sent = Depuis le bilan précédent : { $delivered ->
    [one] 1 message remis
   *[other] { $delivered } messages remis
}, { $failed ->
    [0] aucun abandonné
    [one] 1 abandonné
   *[other] { $failed } abandonnés
}.
notice-digest-ends = Échéances des mois qui viennent :
notice-digest-no-ends = Aucune échéance dans les mois qui viennent.
notice-digest-end = { $end } ({ $left }) : { $label }

## Un canal en panne

notice-channel-text = Depuis le { $since }, aucun message ne part plus par { $channel } ({ $reason }). { $held ->
    [0] Aucun message n'attend.
    [one] 1 message attend ou a été abandonné.
   *[other] { $held } messages attendent ou ont été abandonnés.
}
notice-channel-cure = Ce message est passé par un autre canal. « vigie doctor » et « vigie alert test » aident à trouver la cause ; « vigie alert list » dit ce qui n'a pas été remis.

## Essai

notice-test-text = Ceci est un essai : ce canal fonctionne. Rien n'est à faire.

## Bas de message

notice-footer-node = Vigie sur { $node }, le { $at }. Message automatique : les réponses ne sont lues par personne.
notice-footer-audit = Tête du journal d'audit : { $head }. À conserver : une copie hors de cette machine révèle un journal réécrit.
notice-footer-id = Message { $id }
severity-word-info = Information
severity-word-warning = Attention
severity-word-critical = Critique

## Calendrier

calendar-name = Vigie : échéances
calendar-certificate = Fin du certificat { $label } le { $end }
calendar-foreign = Le renouveler auprès de son autorité avant le { $end }.
calendar-certificate-text = { $cliff }{ $impacts ->
    [none] { "" }
   *[impacts] { " " }{ $stops }
}
calendar-card = Fin de la carte { $label } le { $end }
calendar-card-text = La nouvelle carte est envoyée automatiquement un mois avant (CGU 4.4). Sans carte valide, son porteur ne peut plus renouveler de certificat sur { portal }.
calendar-mandate = Fin du mandat { $label } le { $end }
calendar-mandate-text = Passé cette date, ce mandat ne permet plus de commander ni de renouveler : le faire reconduire auprès de l'ANS avant (formulaire F413 ou mesHabilitations).
calendar-crl = Fin de validité de la CRL { $label } le { $end }
calendar-crl-text = Passé cette date sans nouvelle liste, l'état de révocation des certificats de cette autorité est inconnu.
calendar-contract = Reconduction tacite du contrat d'adhésion ANS : { $label }
calendar-contract-text = Le contrat est reconduit tacitement pour un an (article 2.5). Pour y mettre fin (article 2.3) : lettre recommandée avec accusé de réception ; la résiliation prend effet le dernier jour du mois qui suit sa réception.
calendar-other = Échéance : { $label }, le { $end }

## vigie doctor

doctor-smtp-cure = Vérifier l'adresse, le port et le mode TLS du relais, les autorités (ca_file), le compte et son mot de passe dans [notify.smtp].
doctor-webhook-cure = Vérifier l'adresse, le certificat de la cible et ses autorités (ca_file), le mandataire (proxy) dans [[notify.webhook]]. Rien n'a été envoyé : « vigie alert test » envoie un vrai message.
doctor-hooks = { $count ->
    [0] aucun exécutable
    [one] 1 exécutable
   *[other] { $count } exécutables
}
doctor-hooks-cure = Ce fichier n'est pas lancé : il doit appartenir à root ou à vigie, et nul autre ne doit pouvoir l'écrire (chmod go-w), ni lui ni son dossier.
