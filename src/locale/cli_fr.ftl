
## La ligne de commande

stop = { $reason ->
    [another_daemon] un service vigie répond déjà sur { $path } : arrêtez-le, ou nommez une autre socket dans http.socket
    [cannot_listen] impossible d'écouter sur { $address } : l'adresse est peut-être prise, ou n'est pas de cette machine ({ $why })
    [cannot_make] impossible de créer { $path } ({ $why })
    [cannot_read] impossible de lire { $path } ({ $why })
    [demo_there] { $path } contient déjà une configuration : donnez un autre dossier
    [lists_folder] impossible de garder les listes de révocation dans { $path } ({ $why })
    [no_certificate] { $path } ne contient pas de certificat
    [no_certificate_named] il manque le certificat à vérifier : CERTIFICATE
    [no_trust] aucun certificat dans ce que nomme --trust
    [not_a_demo] { $path } contient une configuration que « vigie demo » n'a pas faite ({ $why })
    [not_a_socket] { $path } n'est pas une socket : donnez un autre chemin à http.socket, ou retirez ce fichier
    [store_altered] la base de données { $place } a été faite avec un autre texte de migration : lancez la version qui l'a faite ({ $message })
    [store_damaged] la base de données { $place } est abîmée ; rien n'y a été touché : arrêtez le service, gardez une copie du fichier, restaurez une sauvegarde ({ $message })
    [store_foreign] { $place } n'est pas une base de Vigie ; rien n'y a été touché : nommez une autre base dans store.url ({ $message })
    [store_full] plus de place pour la base de données { $place } : rien n'a été écrit
    [store_in_use] un autre service vigie utilise la base de données { $place } : arrêtez-le, ou nommez un autre fichier dans store.url ({ $message })
    [store_io] { $place } n'a pu être lu ou écrit ({ $message })
    [store_locked] un autre programme tient la base de données { $place } : rien n'a été écrit, réessayez
    [store_missing] la base de données { $place } a disparu : restaurez-la d'une sauvegarde ({ $message })
    [store_newer] la base de données { $place } vient d'une version plus récente de Vigie : lancez celle-là ({ $message })
    [store_not_a_database] { $place } n'est pas une base de données ; rien n'y a été touché : restaurez une sauvegarde, ou nommez un autre fichier dans store.url
    [store_read_only] la base de données { $place } ne peut être écrite : donnez au compte du service le droit d'écrire le fichier et son dossier
    [store_replaced] la base de données { $place } n'est pas celle d'avant : remettez la bonne ({ $message })
    [store_unreachable] la base de données { $place } ne peut être jointe ({ $message })
    [store_url] store.url ne convient pas ({ $message })
    [token_open] { $path } est ouvert à d'autres que son propriétaire (mode { $mode }) : chmod 600 { $path }
    [token_short] { $path } ne contient pas de jeton d'au moins 32 caractères : effacez-le, un nouveau sera fait
   *[other] { $message }
}
api-refusal = { $reason ->
    [bad_request] le service ne comprend pas la demande : { $detail }
    [body_too_large] ce qui est envoyé est trop gros
    [foreign_host] ce nom n'est pas celui du service : voir http.hosts
    [internal] le service n'a pu répondre ; son journal dit pourquoi
    [not_an_administrator] ce compte peut regarder, pas changer : ajoutez-le à http.admins
    [timeout] la réponse tarde trop ; ce qui était demandé continue peut-être
   *[other] { $detail }
}
cli-no-such-certificate = aucun certificat ne porte le nom « { $id } » : vigie list les montre tous
cli-no-such-rule = aucune règle ne s'appelle « { $code } » ; il y a : { $known }
cli-no-such-structure = aucune structure déclarée ne s'appelle « { $id } » ; il y a : { $known }
cli-not-readable = ce compte ne peut pas lire ce fichier ; --socket dit où est le service
findings-none-such = Aucun constat de cette sorte.

usage-unknown-argument = option inconnue : { $argument }
usage-unknown-command = commande inconnue : { $argument }
usage-no-value = il manque une valeur à { $argument }
usage-value = valeur refusée pour { $argument } : « { $value } »
usage-missing = il manque : { $argument }
usage-no-command = il manque une commande
usage-conflict = { $argument } ne va pas avec { $other }
usage-near = , peut-être « { $near } »
usage-help = Voir : { $command } --help

check-inverted = --critical ({ $critical }) dépasse --warning ({ $warning })
check-reason = { $title } : { $subject }{ $more ->
    [0] { "" }
    [one] {" "}et un autre constat
   *[other] {" "}et { $more } autres constats
}
check-because = { $reason } ; { $counts }
check-store-failure = la base de données ne prend plus de changement, ce qui est montré n'est pas sûr

status-source-failed = Source { $source } : { $why } ({ $reason })
status-errors = { $count ->
    [one] Une chose n'a pu être lue :
   *[other] { $count } choses n'ont pu être lues :
}
status-errors-more = … et { $count } de plus : vigie status --errors
status-errors-untold = … et { $count } de plus, dont le service ne garde que le nombre

reload-added = { $what } : ajouté{ $keys }
reload-removed = { $what } : retiré{ $keys }
reload-changed = { $what } : modifié{ $keys }
reload-anchors = autorités de confiance : { $added ->
        [0] aucune ajoutée
        [one] 1 ajoutée
       *[other] { $added } ajoutées
    }, { $removed ->
        [0] aucune retirée
        [one] 1 retirée
       *[other] { $removed } retirées
    }
reload-next-start = { $key } : pris en compte au prochain démarrage

doctor-file-not-known = le service ne connaît pas encore ce certificat
doctor-file-not-known-cure = vigie reload : la configuration a changé depuis qu'il l'a lue
doctor-file-refused = le service (compte { $user }) ne lit pas { $path } : { $why } ({ $reason } ; { $owner })
doctor-file-refused-cure = corrigez ce fichier ou le chemin déclaré
doctor-file-denied-cure = donnez la lecture au compte { $user } : setfacl -m u:{ $user }:r { $path }, et setfacl -m u:{ $user }:x { $folder } s'il n'y entre pas ; ou installez le complément d'unité read-all.conf
doctor-file-absent = le service (compte { $user }) ne trouve pas { $path }
doctor-files-service = { $count ->
    [one] un fichier lu par le service (compte { $user })
   *[other] { $count } fichiers lus par le service (compte { $user })
}
scan-policy-ignored = { $file } ne peut être pris en compte : les règles jugent avec leurs valeurs par défaut
