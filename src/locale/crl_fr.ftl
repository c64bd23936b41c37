## Chemins de certification et révocation

revocation-good = valable
revocation-revoked = révoqué
revocation-unknown = inconnu
verify-anchor = autorité
verify-path-valid = Chemin de certification valide au { $at }
verify-path-invalid = Chemin de certification invalide au { $at } : { $why }
verify-good = Non révoqué selon la liste n° { $number }, qui vaut jusqu'au { $until }
verify-revoked = Révoqué le { $at } ({ $reason }) selon la liste n° { $number }{ $stale ->
    [yes] {" "}(périmée)
   *[other] {""}
}
verify-unknown = État de révocation inconnu : { $why }
path-invalid = { $reason ->
    [no_path] aucune chaîne ne mène à une autorité de confiance
    [bad_signature] une signature ne correspond pas à la clé de l'émetteur
    [unsupported_algorithm] une signature d'un type qui n'est pas accepté
    [limit_exceeded] trop de chaînes possibles, recherche abandonnée
    [malformed] un certificat de la chaîne ne respecte pas la norme
    [unknown_critical_extension] une extension critique inconnue
    [not_a_ca] un émetteur qui n'est pas une autorité
    [key_usage] un émetteur qui n'a pas le droit de signer des certificats
    [path_too_long] plus d'autorités que l'une d'elles ne permet
    [name_constraints] un nom hors de ce qu'une autorité permet
    [policy] aucune politique valide alors qu'une est exigée
    [not_yet_valid] un certificat de la chaîne n'est pas encore valide
    [expired] un certificat de la chaîne est expiré
   *[other] { $reason }
}
revocation-why = { $why ->
    [no_path] aucun chemin vers une autorité de confiance
    [no_list] aucune liste de l'émetteur
    [out_of_scope] les listes présentes concernent d'autres certificats
    [delta_without_base] une liste delta sans la liste complète dont elle part
    [other_key] les listes présentes sont signées d'une autre clé de l'autorité
    [not_yet_valid] la liste est datée du futur
    [limit_exceeded] trop de travail, recherche abandonnée
    [index_damaged] l'index de la liste est endommagé
    [unsupported_algorithm] la liste a une signature d'un type qui n'est pas accepté
    [bad_signature] la signature de la liste ne correspond à aucune clé de l'émetteur
    [signer_untrusted] le signataire de la liste n'est pas reconnu par la même autorité
    [signer_without_crl_sign] le signataire de la liste n'a pas le droit de signer des listes
    [signer_revoked] le certificat du signataire de la liste est révoqué
    [signer_unknown] l'état du certificat du signataire de la liste est inconnu
    [unknown_critical_extension] la liste a une extension critique inconnue
    [reasons_not_covered] les listes présentes ne couvrent pas tous les motifs
    [no_next_update] la liste ne dit pas jusqu'à quand elle vaut
    [stale] la liste est périmée depuis le { $until }
   *[other] { $why }
}
revocation-reason = { $reason ->
    [none] sans motif
    [unspecified] motif non précisé
    [key_compromise] clé compromise
    [ca_compromise] autorité compromise
    [affiliation_changed] rattachement modifié
    [superseded] remplacé
    [cessation_of_operation] fin d'activité
    [certificate_hold] suspendu
    [remove_from_crl] suspension levée
    [privilege_withdrawn] droit retiré
    [aa_compromise] autorité d'attributs compromise
   *[other] { $reason }
}
crl-signature-valid = Signature valide
crl-freshness = { $freshness ->
    [fresh] à jour
    [stale] périmée
    [not_yet_valid] datée du futur
    [no_next_update] sans échéance
   *[other] { $freshness }
}
crl-summary = Liste n° { $number }, { $freshness }, prochaine mise à jour { $next }, { $entries ->
    [one] { $entries } entrée
   *[other] { $entries } entrées
}
crl-column-issuer = ÉMETTEUR
crl-column-number = NUMÉRO
crl-column-entries = ENTRÉES
crl-column-this-update = ÉMISE
crl-column-next-update = PROCHAINE
crl-column-freshness = ÉTAT
crl-column-place = FICHIER

crl-column-trouble = ENNUI
crl-is-missing = absente
crl-is-stale = périmée
crl-is-near-stale = bientôt périmée
crl-is-fresh = à jour
crl-fetched = { $taken } { $taken ->
    [one] liste nouvelle
   *[other] listes nouvelles
}, { $unchanged } { $unchanged ->
    [one] inchangée
   *[other] inchangées
}, { $failed } { $failed ->
    [one] non obtenue
   *[other] non obtenues
}
crl-forgotten = { $list } : la liste n° { $number } est oubliée. Ce qu'elle a dit révoqué le reste.{ $again ->
    [yes] {" "}Elle est redemandée.
   *[other] {""}
}
oppose-awaited = { $subject } : déclaré le { $declared }, attendu dans une liste de révocation. Le constat « opposition attendue » reste ouvert jusque-là.
oppose-seen = { $subject } : déclaré le { $declared }, vu le { $seen } dans la liste n° { $number }, { $delay } plus tard.
oppose-withdrawn = { $subject } : déclaré le { $declared } par erreur, n'est plus attendu.

## Listes de révocation

# Toute raison pour laquelle une liste n'est pas obtenue ou pas prise ; le détail, en anglais, reste dans le fait « message ».
list-reason = { $reason ->
    [address_unreadable] l'adresse ne se lit pas
    [algorithm_mismatch] l'algorithme de signature écrit dans la liste n'est pas celui de sa signature
    [bad_signature] la signature de la liste ne correspond à aucune clé de l'émetteur
    [compressed] le serveur envoie un contenu compressé que personne n'a demandé
    [cut_short] la liste est coupée avant sa fin
    [delta_without_base] une liste delta sans la liste complète dont elle part
    [directory] l'annuaire ne donne pas de liste
    [disk_low] il reste trop peu de place sur le disque qui porte state_dir
    [dns] le nom d'hôte n'a pas d'adresse
    [host_not_allowed] l'hôte n'est pas dans revocation.hosts
    [http_status] le serveur répond par une erreur HTTP
    [index_damaged] l'index de la liste est endommagé
    [index_other_format] l'index de la liste est d'une autre version
    [index_other_list] l'index est celui d'une autre liste
    [io] la liste n'a pas pu être écrite ou relue sur le disque
    [key_changed] elle est signée d'une autre clé que celle qui est gardée, et aucun certificat ne lie les deux clés
    [limit_exceeded] trop de travail, recherche abandonnée
    [malformed] la liste ne respecte pas la norme
    [missing] le fichier n'est pas là
    [network_not_allowed] l'adresse est d'un réseau privé qui n'est pas dans revocation.networks
    [no_file] aucun fichier n'est à cet emplacement
    [no_list] aucune liste de l'émetteur
    [no_next_update] la liste ne dit pas jusqu'à quand elle vaut
    [no_path] aucun chemin vers une autorité de confiance
    [not_a_crl] ce n'est pas une liste de révocation
    [not_modified] le serveur répond « inchangé » à qui ne lui a rien dit de connu
    [not_yet_valid] la liste est datée du futur
    [number_backwards] son numéro recule
    [number_stuck] une autre liste porte déjà son numéro
    [older] elle est plus ancienne que celle qui est gardée
    [other_key] elle est signée d'une autre clé que celle des certificats en question
    [out_of_scope] elle concerne d'autres certificats
    [reasons_not_covered] elle ne couvre pas tous les motifs
    [redirect_refused] le serveur renvoie ailleurs, ou trop souvent
    [scheme_not_allowed] l'adresse n'est ni http, ni https, ni ldap
    [scope_changed] elle ne couvre plus les mêmes certificats que celle qui est gardée
    [signer_revoked] le certificat de son signataire est révoqué
    [signer_unknown] l'état du certificat de son signataire est inconnu
    [signer_untrusted] son signataire n'est pas reconnu par la même autorité
    [signer_without_crl_sign] son signataire n'a pas le droit de signer des listes
    [stale] elle est périmée
    [timeout] pas de réponse entière dans le délai
    [tls] la connexion TLS échoue
    [too_large] la liste est trop grande
    [too_many_files] le dossier a plus de fichiers qu'il n'en est lu
    [too_many_entries] la liste a trop d'entrées
    [trailing_bytes] il y a des octets après la fin de la liste
    [unknown_critical_extension] elle a une extension critique inconnue
    [unreachable] le serveur est hors d'atteinte
    [unreadable] le fichier n'a pas pu être lu
    [unsupported_algorithm] sa signature est d'un type qui n'est pas accepté
    [wrong_issuer] elle est d'une autre autorité
    [wrong_kind] une liste delta à la place d'une liste complète, ou l'inverse
   *[other] { $message }
}

# Une liste a une adresse, ou vient d'un fichier ; de certaines adresses personne ne sait encore qui y publie.
list-named = { $kind ->
    [place] La liste du fichier { $file }
    [imported] La liste importée de { $issuer }
    [delta] La liste delta { $list } ({ $issuer })
    [unnamed] La liste { $list }
   *[address] La liste { $list } ({ $issuer })
}

rule-crl_unreachable = Liste de révocation injoignable
    .text = { list-named } n'a pas pu être obtenue depuis le { $since } : { list-reason }.
    .cure = { $kind ->
        [place] Vérifiez que ce fichier, ou ce dossier, est là, qu'une liste y est et que le service peut la lire (revocation.files).
       *[address] Vérifiez le réseau, le mandataire et revocation.hosts (« vigie doctor »), ou importez la liste : vigie crl import.
    }
    .reference = RFC 5280, section 6.3 ; guide ANS de 2014

rule-crl_malformed = Liste de révocation illisible
    .text = { $kind ->
        [place] Ce que contient { $file }
       *[address] Ce que donne { $list }
    } n'est pas une liste de révocation entière, depuis le { $since } : { list-reason }. La dernière bonne liste est gardée.
    .cure = { $kind ->
        [place] Copiez de nouveau ce fichier, ou retirez-le de { $list }.
       *[address] Ouvrez l'adresse dans un navigateur : un portail captif ou un mandataire y répond peut-être. Sinon, signalez-le à l'ANS.
    }
    .reference = RFC 5280, section 5.1 ; X.690

rule-crl_too_large = Liste de révocation trop grande
    .text = { list-named } dépasse la taille permise depuis le { $since } : { list-reason }. La dernière bonne liste est gardée.
    .cure = Si cette taille est normale, augmentez revocation.max_bytes.
    .reference = Vigie : revocation.max_bytes

rule-crl_bad_signature = Signature fausse sur une liste de révocation
    .text = { list-named } ne porte la signature d'aucune clé de l'autorité qu'elle nomme, depuis le { $since }. Elle est refusée, la dernière bonne liste est gardée.
    .cure = { $kind ->
        [place] Vérifiez d'où vient ce fichier.
       *[address] Vérifiez qui répond à cette adresse (DNS, mandataire).
    } Si l'autorité a changé de clé, ajoutez son nouveau certificat.
    .reference = RFC 5280, section 6.3.3 (g)

rule-crl_wrong_issuer = Liste de révocation d'une autre autorité
    .text = L'adresse { $list } donne depuis le { $since } une liste qui n'est pas celle de { $issuer }. Elle est refusée.
    .cure = Vérifiez l'adresse ; si elle est juste, signalez-le à l'ANS.
    .reference = RFC 5280, section 6.3.3 (b)

rule-crl_signer_without_crl_sign = Signataire sans le droit de signer des listes
    .text = { list-named } est signée depuis le { $since } par un certificat dont l'usage n'inclut pas cRLSign. Elle est refusée.
    .cure = Signalez-le à l'autorité.
    .reference = RFC 5280, sections 4.2.1.3 et 6.3.3 (f)

rule-crl_number_stuck = Numéro de liste qui ne change pas
    .text = { $kind ->
        [place] Le fichier { $file } donne depuis le { $since } une autre liste sous un numéro déjà pris.
       *[address] { $list } donne depuis le { $since } une autre liste sous le numéro { $number }, déjà pris.
    } Elle est refusée.
    .cure = Signalez-le à l'autorité. Si elle a recommencé ses numéros, oubliez celle qui est gardée : { $kind ->
        [place] « vigie crl list --json » donne son nom, vigie crl forget l'oublie.
       *[address] vigie crl forget "{ $name }".
    }
    .reference = RFC 5280, section 5.2.3

rule-crl_number_backwards = Numéro de liste qui recule
    .text = { $kind ->
        [place] Le fichier { $file } donne depuis le { $since } une liste plus ancienne que celle qui est gardée.
       *[address] { $list } donne depuis le { $since } une liste plus ancienne que le numéro { $number } déjà connu.
    } Elle est refusée : une vieille copie ferait oublier des révocations.
    .cure = { $kind ->
        [place] Retirez ce fichier de { $list }, ou remplacez-le. Si l'autorité confirme avoir recommencé ses numéros, oubliez la liste gardée : « vigie crl list --json » donne son nom, vigie crl forget l'oublie.
       *[address] Vérifiez s'il y a un cache ou un mandataire entre Vigie et l'autorité ; sinon, signalez-le. Si l'autorité confirme avoir recommencé ses numéros, oubliez la liste gardée : vigie crl forget "{ $name }".
    }
    .reference = RFC 5280, section 5.2.3

rule-crl_refused = Liste de révocation refusée
    .text = { list-named } est refusée depuis le { $since } : { list-reason }.
    .cure = { $reason ->
        [host_not_allowed] Si cet hôte est le bon, ajoutez-le à revocation.hosts ; sinon, signalez l'adresse à l'autorité.
        [network_not_allowed] Si ce réseau est le bon, ajoutez-le à revocation.networks ; sinon, vérifiez le DNS de cette machine.
        [disk_low] Faites de la place sur le disque qui porte state_dir. Si c'est cette liste qui est trop grande, baissez revocation.max_bytes.
        [io] Vérifiez la place et l'état du disque qui porte state_dir.
        [too_many_files] Ne laissez dans ce dossier que des listes de révocation en cours.
        [key_changed] Si l'autorité a changé de clé, ajoutez aux certificats surveillés celui par lequel une de ses clés certifie l'autre ; sans lui, la liste est prise dès que celle qui est gardée est périmée, ou oubliée : vigie crl forget.
       *[other] { $kind ->
            [place] Vérifiez d'où vient ce fichier ; retirez-le de { $list }, ou remplacez-le.
           *[address] Vérifiez qui répond à cette adresse (DNS, cache, mandataire) ; si c'est bien l'autorité, signalez-le-lui.
        }
    }
    .reference = RFC 5280, section 6.3.3 ; Vigie : revocation.hosts

rule-crl_not_followed = Listes de révocation non suivies
    .text = Les certificats de { $issuer } nomment plus de listes de révocation qu'il n'en est suivi : { $count } ne le sont pas, dont { $list }. Trois adresses d'un certificat comptent, et 512 listes en tout. Ce que les autres sont seules à dire reste inconnu.
    .cure = Signalez-le à l'autorité : c'est bien plus qu'un certificat n'en a besoin. Une liste qui compte se suit par revocation.urls, ou s'importe : vigie crl import.
    .reference = RFC 5280, section 4.2.1.13 ; Vigie : bornes des listes de révocation

rule-crl_near_stale = Liste de révocation bientôt périmée
    .text = { list-named }, n° { $number }, vaut jusqu'au { $next_update } et la suivante n'est pas venue.
    .cure = Vérifiez l'accès à la liste (« vigie crl fetch ») ; si l'autorité ne publie plus, prévenez-la.
    .reference = RFC 5280, section 5.1.2.5

rule-crl_stale = Liste de révocation périmée
    .text = { list-named }, n° { $number }, ne vaut plus depuis le { $next_update } : l'état des certificats de cette autorité est inconnu, sauf ceux déjà révoqués.
    .cure = Rétablissez l'accès à la liste (« vigie crl fetch »), ou importez-en une à jour : vigie crl import. Si cette liste fut importée et que son autorité n'existe plus, oubliez-la : vigie crl forget "{ $name }".
    .reference = RFC 5280, sections 5.1.2.5 et 6.3.3 (a)

rule-revoked = Certificat révoqué
    .text = { $label } ({ $path }) est révoqué depuis le { $revoked_at } (motif : { $reason }), selon la liste n° { $number }. Les correspondants qui consultent les listes le refusent.
    .cure = Commandez-en un autre sur https://pfc.eservices.esante.gouv.fr/ et cherchez pourquoi : si personne n'a demandé cette révocation, prévenez l'ANS.
    .reference = RFC 5280, section 6.3 ; CGU article 5.5

rule-revocation_unknown = État de révocation inconnu
    .text = Depuis le { $since }, rien ne permet de dire si { $label } ({ $path }) est révoqué ({ $why }). Inconnu ne veut jamais dire bon.
    .cure = Voyez l'état des listes : vigie crl list. Ajoutez l'hôte à revocation.hosts, ou importez la liste : vigie crl import.
    .reference = RFC 5280, section 6.3.3

rule-revocation_awaited = Opposition ou révocation attendue
    .text = { $what } : déclaré le { $declared_at }, et aucune liste de révocation ne le dit encore. D'ici là, qui détient la clé est cru.
    .cure = Les listes paraissent chaque jour. Si celle du surlendemain ne le dit pas, rappelez le support de l'ANS (numéro d'opposition). Un numéro mal saisi se retire : vigie oppose --withdraw.
    .reference = CGU article 5.5 ; RFC 5280, section 5

count-revoked = { $count ->
    [one] révoqué
   *[other] révoqués
}
count-unknown-revocation = de révocation inconnue
lists = Listes de révocation
list-number = N°
list-entries = Entrées
fact-revocation = Révocation
revocation-is-good = non révoqué
revocation-is-revoked = révoqué
revocation-is-unknown = inconnue
doctor-crls-proxy = { $proxy }, pour http et https ; les annuaires (ldap) sont interrogés directement
doctor-crls-none = aucun hôte dans revocation.hosts : l'état de révocation restera inconnu
doctor-crls-cure = Vérifiez le DNS et le réseau, ou donnez revocation.proxy ; sans sortie, importez les listes (revocation.files).
doctor-crls-private = mène à une adresse privée qui n'est pas dans revocation.networks :
doctor-crls-network-cure = Ajoutez ce réseau à revocation.networks si c'est bien là que sont les listes.
