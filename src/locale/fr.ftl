# Les textes que lisent les utilisateurs. Français d'abord : c'est la langue de référence.
#
# Une règle : rule-CODE = titre, .text = ce qui se passe, .cure = que faire, .reference = sur quoi la règle s'appuie.
# Variables : les faits du constat (les dates sont déjà mises en forme), $label (de quoi on parle) et $days (jours entiers
# d'ici l'échéance, ou depuis).

## Durées et phrases communes

in-days = { $days ->
    [0] dans moins d'un jour
    [one] dans { $days } jour
   *[other] dans { $days } jours
}
days-ago = { $days ->
    [0] depuis moins d'un jour
    [one] depuis { $days } jour
   *[other] depuis { $days } jours
}
cliff = Le renouvellement n'est possible que tant que le certificat est valide : après le { $end }, il faudra refaire une commande complète.
portal = https://pfc.eservices.esante.gouv.fr/
stops = Ce qui s'arrête sans lui : { $impacts }.
administered-by = Administré par : { $administrators }.
key-usage-end = La période d'usage de la clé privée s'achève avant le certificat lui-même : c'est elle qui compte.

## Règles

rule-administrator_card_ends = Carte ou mandat qui s'achève avant le renouvellement
    .text = { $kind ->
        [mandate] Le renouvellement de { $label } ({ $offer }, structure { $structure }) est à faire pour le { $renewal }, et le mandat de { $person } s'achève le { $lasts_until } : aucun autre administrateur ne tient plus longtemps.
       *[card] Le renouvellement de { $label } ({ $offer }, structure { $structure }) est à faire pour le { $renewal }, et la carte de { $person } s'achève le { $lasts_until } : aucun autre administrateur ne tient plus longtemps.
    }
    .cure = { $kind ->
        [mandate] Faites renouveler le mandat (formulaire F413 ou portail mesHabilitations) avant cette date, ou nommez un autre administrateur technique.
       *[card] La carte de remplacement arrive d'elle-même un mois avant l'échéance : vérifiez l'adresse du porteur et mettez la nouvelle carte en service dès réception, ou nommez un autre administrateur technique.
    }
    .reference = Formulaire F413 ; CGU articles 4.4, 5.2 et 5.4

rule-administrator_card_missing = Aucune carte en état pour renouveler
    .text = { $kind ->
        [dead] Aucun administrateur de { $label } ({ $offer }, structure { $structure }) n'a de carte en état : celles qui sont connues sont échues, en opposition ou bloquées.
       *[none] Aucune carte n'est déclarée pour les administrateurs de { $label } ({ $offer }, structure { $structure }).
    }
    .cure = { $kind ->
        [dead] Faites débloquer ou remplacer une de ces cartes, ou nommez un administrateur technique dont la carte est active ; l'e-CPS ouvre aussi { portal }.
       *[none] Déclarez la carte de l'administrateur (person.card ou [[card]]), ou nommez un administrateur technique dont la carte est active ; l'e-CPS ouvre aussi { portal }.
    }
    .reference = Formulaire F413 ; CGU articles 4.5.2 et 5.2

rule-anchor_missing = Autorité de confiance manquante
    .text = { $kind ->
        [none] Aucune autorité de confiance n'est lue{ $reason ->
            [none] {""}
           *[other] { " " }({ $path } : { reason-text })
        } : Vigie ne peut ni dire si vos certificats viennent bien de l'autorité attendue, ni suivre leurs listes de révocation.
       *[left_out] { $reason ->
            [read_in_part] Une partie de { $path } n'a pas pu être lue ; les autres autorités de ce fichier sont prises.
           *[other] { $path } n'est pas pris comme autorité de confiance : { reason-text }. Ce qui ne mènerait qu'à elle sera dit d'émetteur inconnu.
        }
    }
    .cure = { $reason ->
        [not_a_ca] Retirez ce fichier de trust.anchors, ou remplacez-le par le certificat de l'autorité elle-même, puis : vigie reload
        [read_in_part] Remplacez ce fichier par un qui soit entier, puis : vigie reload
       *[other] Déposez les certificats des autorités de l'IGC-Santé dans un dossier que le compte vigie peut lire, nommez-le dans trust.anchors, puis : vigie reload
    }
    .reference = RFC 5280, section 6.1

rule-card_blocked = Carte bloquée
    .text = La carte { $card } ({ $reader }) est bloquée : plus aucun essai du code confidentiel n'est possible.
    .cure = Suivez la procédure de déblocage de l'ANS (https://esante.gouv.fr/laissez-vous-guider) avec le porteur.
    .reference = CGU article 4.5.2

rule-card_ended = Carte échue
    .text = La carte { $card } ({ $reader }) est échue depuis le { $end } (« { $end_from } »), { days-ago }.
    .cure = La carte de remplacement aurait dû arriver un mois avant : vérifiez auprès de l'ANS l'adresse et l'enregistrement du porteur, puis détruisez l'ancienne carte.
    .reference = CGU article 4.4

rule-card_ending = Carte bientôt échue
    .text = La carte { $card } ({ $reader }) s'achève le { $end } (« { $end_from } »), { in-days }. Son remplacement est automatique et doit arriver vers le { $replacement_by }.
    .cure = Si la nouvelle carte n'est pas arrivée un mois avant l'échéance, vérifiez auprès de l'ANS l'adresse et l'enregistrement du porteur ; mettez-la en service dès réception.
    .reference = CGU article 4.4

rule-card_environment = Carte de TEST en production
    .text = La carte { $card } ({ $reader }) est une carte de TEST, et la structure { $structure } est en production : aucun service de production ne l'accepte.
    .cure = Utilisez la carte de production du porteur, ou déclarez la structure en test (environment).
    .reference = Nomenclature TRE_G01 de l'ANS ; formulaire F414

rule-card_not_seen = Carte déclarée jamais vue
    .text = La carte { $card } ({ $family }) est déclarée, et aucun lecteur surveillé ne l'a encore vue : son échéance n'est pas connue.
    .cure = Présentez-la une fois à un lecteur surveillé, ou vérifiez son numéro (troisième ligne de la carte).
    .reference = Formulaire F413, rubrique 4 ; formulaire F420

rule-card_opposed = Carte en opposition
    .text = La carte { $card } ({ $reader }) est en opposition : { $revoked } de ses certificats sur { $certificates } dans les listes de révocation, depuis le { $revoked_at }.
    .cure = Retirez-la du service et détruisez-la ; si l'opposition n'est pas voulue, contactez le service clients de l'ANS.
    .reference = CGU article 4.5.2

rule-card_replaced = Carte remplacée encore en service
    .text = La carte { $card } ({ $reader }) est encore utilisée alors que son porteur a une carte plus récente, { $successor } : elle est mise en opposition un mois après la fabrication de la nouvelle, vers le { $opposed_on }.
    .cure = Passez à la nouvelle carte, vérifiez qu'elle fonctionne, puis détruisez l'ancienne.
    .reference = CGU article 4.4

rule-card_twice = Même numéro de carte à deux endroits
    .text = { $kind ->
        [readers] La carte { $card } (puce { $chips }) est au même moment dans plusieurs lecteurs : { $readers }.
       *[chips] Le numéro de carte { $card } est porté par plusieurs puces : { $chips } (lecteurs : { $readers }).
    }
    .cure = Une des cartes est une copie ou une erreur de fabrication : retirez-les du service et contactez l'ANS ({ $reader }).
    .reference = CGU article 4.3

rule-card_unassigned = Carte de service sans porteur désigné
    .text = { $kind ->
        [found] La carte de service { $card } est dans un lecteur (structure { $service }), et personne n'est déclaré comme son porteur.
       *[declared] La carte de service { $card } (« { $service } ») n'est confiée à personne.
    }
    .cure = Indiquez à qui elle est confiée (assigned_to) : le représentant légal ou le mandataire doit pouvoir le dire.
    .reference = CGU articles 4.1 et 4.3

rule-card_undeclared = Carte non déclarée
    .text = La carte { $card } est dans le lecteur { $reader } et n'est pas déclarée : personne ne sera prévenu de son échéance.
    .cure = Déclarez-la avec son porteur ([[card]]), ou ne tenez pas compte de ce constat si c'est celle d'un visiteur.
    .reference = CGU article 4.3

rule-administrator_missing = Aucun administrateur technique en titre
    .text = { $kind ->
        [not_living] Le mandat d'administrateur technique qui couvrait { $label } ({ $offer }, structure { $structure }) n'est pas en cours.
        [not_mandated] Aucun administrateur déclaré pour { $label } ne tient de mandat d'administrateur technique couvrant { $offer } pour la structure { $structure }.
       *[nobody] Personne ne tient de mandat d'administrateur technique couvrant { $offer } pour la structure { $structure } : { $label } ne pourra pas être renouvelé.
    }
    .cure = Faites déclarer un administrateur technique à l'ANS par le représentant légal ou son mandataire (formulaire F413 ou portail mesHabilitations), puis ajoutez son mandat à la déclaration.
    .reference = CGU article 5.2 ; formulaire F413, rubrique 4 ; contrat d'adhésion, article 2.1

rule-chain_incomplete = Chaîne de certification incomplète
    .text = L'autorité intermédiaire « { $issuer } » manque dans { $place } pour { $label } : les correspondants qui ne la connaissent pas refuseront le certificat.
    .cure = Ajoutez le certificat de cette autorité (http://igc-sante.esante.gouv.fr/AC/) après celui du serveur, puis rechargez le service.
    .reference = RFC 8446, section 4.4.2 ; RFC 5280, section 6.1

rule-different = Certificat différent de la déclaration
    .text = { $field ->
        [service] Le certificat en place pour { $label } ({ $path }) porte le service « { $found } » au lieu de « { $expected } ».
        [fqdn] Le certificat en place pour { $label } ({ $path }) nomme « { $found } » et non le serveur « { $expected } ».
       *[mail_domain] Le certificat en place pour { $label } ({ $path }) porte le domaine de messagerie « { $found } » au lieu de « { $expected } ».
    }
    .cure = Remettez le bon certificat à cet emplacement, ou corrigez la déclaration si c'est elle qui se trompe.
    .reference = Formulaire F413, rubrique 4.3 ; RFC 6125, section 6.4.4 ; RFC 8550, section 3

rule-environment_mismatch = Production et TEST mélangés
    .text = { $kind ->
        [test_in_production] { $label } est déclaré en production, et le certificat en place ({ $path }) vient de la hiérarchie de TEST : les services de production le refusent.
        [production_in_test] { $label } est déclaré en test, et le certificat en place ({ $path }) est un certificat de production.
       *[contradictory] Le certificat { $label } ({ $path }) dit à la fois production et TEST : son autorité et sa catégorie de produit se contredisent.
    }
    .cure = { $kind ->
        [test_in_production] Installez le certificat de production.
        [production_in_test] Retirez la clé de production du banc de test et commandez un certificat de TEST (formulaire F414).
       *[contradictory] N'utilisez pas ce certificat et signalez-le à l'ANS.
    }
    .reference = Nomenclature TRE_G01 de l'ANS ; CGU article 5.3.2

rule-expired = Certificat expiré
    .text = { $igc_sante ->
        [yes] { $label } ({ $path }) a expiré le { $end }, { days-ago }. Son renouvellement n'est plus possible : il faut refaire une commande complète.
       *[no] { $label } ({ $path }) a expiré le { $end }, { days-ago }.
    }
    .cure = { $igc_sante ->
        [yes] S'il sert encore, demandez un nouveau certificat sur { portal } avec la carte CPx ou l'e-CPS d'un administrateur technique ; sinon, retirez le fichier et sa clé.
       *[no] S'il sert encore, demandez un nouveau certificat à son autorité ; sinon, retirez le fichier et sa clé.
    }
    .reference = CGU article 5.4 ; RFC 5280, section 4.1.2.5

rule-expiring = Certificat bientôt expiré
    .text = { $igc_sante ->
        [yes] { $label } ({ $path }) expire le { $end }, { in-days }. { cliff }
       *[no] { $label } ({ $path }) expire le { $end }, { in-days }.
    }
    .cure = { $igc_sante ->
        [yes] Renouvelez-le avant cette date sur { portal } (« Renouveler »), avec la carte CPx ou l'e-CPS d'un administrateur technique, puis installez le nouveau à la place de l'ancien.
       *[no] Renouvelez-le auprès de son autorité avant cette date, puis installez le nouveau à la place de l'ancien.
    }
    .reference = CGU article 5.4 ; RFC 5280, section 4.1.2.5 ; RFC 3280, section 4.2.1.4

rule-finess_geographique = Mauvais numéro FINESS pour les services du Ségur
    .text = { $wanted ->
        [juridique] Le certificat de { $label } porte le FINESS géographique { $found } ; pour ce type d'établissement, la notice de l'ANS veut le FINESS juridique de { $structure } pour accéder au DMP et à INSi.
       *[geographique] Le certificat de { $label } porte le FINESS juridique { $found } ; pour ce type d'établissement, la notice de l'ANS veut le FINESS géographique de { $structure } pour accéder au DMP et à INSi.
    }
    .cure = { $wanted ->
        [juridique] Passez au FINESS juridique, au plus tard au prochain renouvellement : contrat d'adhésion, puis commande, avec ce numéro.
       *[geographique] Passez au FINESS géographique, au plus tard au prochain renouvellement : commandez le certificat avec le numéro du site.
    }
    .reference = Notice explicative relative au FINESS (formulaire F413)

rule-identifier_invalid = Identifiant de structure invalide
    .text = L'identifiant de structure du certificat { $label } ({ $path }) n'a pas la longueur ou la clé attendue : { $found }.
    .cure = Vérifiez le numéro dans le répertoire FINESS ou SIRENE ; s'il est faux, demandez un nouveau certificat avec le bon numéro.
    .reference = Nomenclature TRE_G07 de l'ANS ; répertoires FINESS et SIRENE

rule-insi_name = Certificat refusé par INSi
    .text = { $kind ->
        [issuer] Le certificat de { $label } ({ $path }) est émis par « { $found } » ; INSi n'accepte que l'AC IGC-SANTE ELEMENTAIRE ORGANISATIONS.
       *[name] Le certificat de { $label } ({ $path }) s'appelle « { $found } » ; INSi n'accepte que { $expected }.
    }
    .cure = Commandez un certificat ORG AUTH_CLI dont le service applicatif est exactement l'un de ces noms : { $expected }.
    .reference = Guide d'intégration du téléservice INSi

rule-key_mismatch = La clé et le certificat ne vont pas ensemble
    .text = La clé privée de { $key_path } n'est pas celle du certificat { $label } ({ $path }) : le service ne pourra pas démarrer avec cette paire.
    .cure = Remettez ensemble la clé et le certificat d'une même demande ; si la clé est perdue, révoquez le certificat et faites une nouvelle demande.
    .reference = RFC 5280, section 4.1.2.7

rule-key_readable = Clé privée trop accessible
    .text = { $what ->
        [password] Le mot de passe d'une clé privée, { $path } (mode { $mode }, dossier { $folder_mode }), est ouvert à { key-open-to }.
        [opened_key] La clé privée de { $path } (mode { $mode }, dossier { $folder_mode }) est ouverte à { key-open-to }, et le mot de passe qui la protégeait l'est à tous.
       *[key] La clé privée de { $path } (mode { $mode }, dossier { $folder_mode }) est ouverte à { key-open-to }.
    }
    .cure = Limitez le fichier à son seul propriétaire (chmod 600). Si d'autres ont pu la lire, considérez la clé comme compromise : révoquez le certificat et faites une nouvelle demande.
    .reference = CGU article 5.3.2

key-open-to = { $who ->
    [others] tous les comptes de la machine
   *[group] un groupe
}

rule-key_reused = Clé privée partagée
    .text = { $kind ->
        [certificates] Une même clé privée sert { $certificate_count } certificats : { $certificates } ({ $path }).
        [copies] Une même clé privée se trouve à { $place_count } endroits : { $path }.
       *[both] Une même clé privée sert { $certificate_count } certificats ({ $certificates }) et se trouve à { $place_count } endroits : { $path }.
    }
    .cure = Gardez un seul exemplaire de la clé et une clé par certificat ; effacez les copies, et faites une nouvelle demande, avec une nouvelle clé, pour les autres usages.
    .reference = CGU articles 5.3.2 et 5.4

rule-missing = Certificat déclaré introuvable
    .text = { $part ->
        [key] La clé privée de { $label } n'est pas à l'emplacement déclaré : { $path }{ folder-hint }.
        [password] Le fichier du mot de passe de { $label } n'est pas à l'emplacement déclaré (password_file) : { $path }{ folder-hint }. Sans lui, ce certificat n'est pas surveillé.
        [chain] La chaîne de certification de { $label } n'est pas à l'emplacement déclaré : { $path }{ folder-hint }.
       *[certificate] Le certificat { $label } est déclaré et ne se trouve pas à son emplacement : { $path }{ folder-hint }.
    }
    .cure = { $folder ->
        [missing] Montez ou rétablissez ce dossier, corrigez le chemin dans la déclaration, ou retirez la déclaration si le certificat ne sert plus.
       *[there] Installez le fichier à cet emplacement, corrigez le chemin dans la déclaration, ou retirez la déclaration si le certificat ne sert plus.
    }
    .reference = Formulaire F413, rubrique 4.3

folder-hint = { $folder ->
    [missing] { " " }(dossier absent ou non monté)
   *[there] { "" }
}

rule-no_successor = Aucun remplaçant prêt
    .text = { $igc_sante ->
        [yes] { $label } ({ $path }) expire le { $end }, { in-days }, et aucun certificat de l'inventaire ne peut prendre sa suite. { cliff }
       *[no] { $label } ({ $path }) expire le { $end }, { in-days }, et aucun certificat de l'inventaire ne peut prendre sa suite.
    }
    .cure = { $igc_sante ->
        [yes] Demandez le renouvellement maintenant sur { portal } (« Renouveler »), avec la carte CPx ou l'e-CPS d'un administrateur technique.
       *[no] Demandez-en maintenant un nouveau à son autorité, ou refaites-le s'il est signé par lui-même.
    }
    .reference = CGU article 5.4

rule-not_yet_valid = Certificat pas encore valide
    .text = Le certificat { $label } ({ $path }) est en service et ne sera valide qu'à partir du { $not_before }, { in-days } : les correspondants le refusent.
    .cure = Remettez le certificat précédent jusqu'à cette date, et vérifiez l'horloge de la machine.
    .reference = RFC 5280, section 4.1.2.5

rule-served_differs = Le serveur présente un autre certificat
    .text = { $renewed ->
        [yes] { $label } a été renouvelé sur le disque ({ $path }), mais { $endpoint } présente encore l'ancien certificat, qui s'achève le { $served_end }.
       *[no] { $endpoint } présente un autre certificat (« { $served_subject } », jusqu'au { $served_end }) que celui de { $label } ({ $path }).
    }
    .cure = { $renewed ->
        [yes] Rechargez ou redémarrez le service pour qu'il prenne le nouveau certificat.
       *[no] Vérifiez quel fichier le service utilise, puis corrigez sa configuration ou la déclaration.
    }
    .reference = RFC 8446, section 4.4.2 ; CGU article 5.4

rule-source_failed = Source illisible
    .text = { $root ->
        [all] La source { $source } n'a pas pu être lue : { reason-text }. Ce qu'elle avait montré est conservé, mais n'est plus vérifié.
       *[other] { $reason ->
            [nothing_matches] La source { $source } ne trouve rien à { $root } : aucun fichier ni dossier ne correspond à ce motif.
           *[other] La source { $source } n'a pas pu lire { $root } : { reason-text }. Ce qui y avait été vu est conservé, mais n'est plus vérifié.
        }
    }
    .cure = { $reason ->
        [nothing_matches] Corrigez ce motif (paths), ou laissez-le si les fichiers doivent encore venir.
        [root_missing] Montez ou rétablissez ce dossier, corrigez son chemin (paths), ou retirez-le de la source.
        [root_denied] Donnez au compte vigie le droit de lire ce dossier et de traverser ceux qui y mènent.
        [timeout] Augmentez scan.source_timeout, ou partagez cette source en plusieurs.
        [hung] Vérifiez le disque ou le partage réseau : il ne répond plus au système.
        [internal_error] C'est un défaut de Vigie : signalez-le avec ce que dit le journal.
       *[other] Rétablissez l'accès à cette source ; « vigie doctor » aide à trouver la cause.
    }
    .reference = Vigie : une source qu'on ne lit pas n'est pas une source saine

rule-structure_mismatch = Certificat d'une autre structure
    .text = Le certificat de { $label } ({ $path }) porte l'identifiant { $found }, qui n'est pas parmi ceux déclarés pour la structure { $structure }.
    .cure = Si ce numéro est bien le vôtre, ajoutez-le à la structure dans la déclaration ; sinon, remplacez ce certificat par celui de la structure.
    .reference = Formulaire F413, rubrique 3 ; nomenclature TRE_G07 de l'ANS

rule-superseded_in_use = Ancien certificat encore en service
    .text = { $label } est renouvelé ({ $successor_path }, valable jusqu'au { $successor_not_after }), mais l'emplacement déclaré ({ $path }) contient encore l'ancien, qui expire le { $end }.
    .cure = Installez le nouveau certificat et sa clé à la place des anciens, puis rechargez le service.
    .reference = CGU article 5.4

rule-undeclared = Certificat non déclaré
    .text = Le certificat { $label } ({ $path }), valable jusqu'au { $not_after }, n'est pas dans la déclaration : personne ne sera prévenu de ses échéances.
    .cure = Déclarez-le avec sa structure, son usage et ce qui en dépend, ou retirez le fichier et sa clé (et révoquez-le) s'il ne sert plus.
    .reference = CGU article 5.3.2 ; formulaire F413, rubrique 4.3

rule-unknown_issuer = Autorité de certification inconnue
    .text = { $kind ->
        [self_signed] Le certificat { $label } ({ $path }) est signé par lui-même et non par une autorité de confiance.
        [untrusted] Le certificat { $label } ({ $path }) remonte à « { $issuer } », qui n'est pas une ancre de confiance configurée.
        [bad_signature] Le certificat { $label } ({ $path }) se dit émis par « { $issuer } », une autorité connue, mais aucune clé connue de cette autorité n'en a fait la signature, ou celle d'une autorité dont il dépend.
       *[unknown] L'autorité « { $issuer } », dont dépend le certificat { $label } ({ $path }), n'est ni dans l'inventaire ni parmi les ancres de confiance.
    }
    .cure = { $kind ->
        [bad_signature] Comparez ce fichier à celui que l'autorité a remis : il est abîmé ou contrefait. Si l'autorité a changé de clé, ajoutez son nouveau certificat aux ancres de confiance ; sinon, ne l'utilisez pas.
       *[other] Ajoutez les autorités de l'IGC-Santé (http://igc-sante.esante.gouv.fr/AC/) aux ancres de confiance ; si elles y sont, ce certificat n'en vient pas : ne l'utilisez pas.
    }
    .reference = RFC 5280, section 6.1

rule-unreadable = Fichier ou serveur illisible
    .text = { $declared ->
        [yes] { $path } est déclaré et n'a pas pu être lu : { reason-text }.
        [many] { $count } emplacements de la source { $source } n'ont pas pu être lus. Les premiers : { $places }.
       *[no] { $path } n'a pas pu être lu : { reason-text }.
    }
    .cure = { $kind ->
        [denied] Donnez au compte vigie le droit de lire ce fichier et de traverser ses dossiers.
        [no_password] Indiquez le fichier du mot de passe dans la déclaration (password_file).
        [wrong_password] Corrigez le mot de passe du fichier indiqué dans la déclaration (password_file).
        [bad_password_file] Écrivez dans ce fichier le mot de passe, seul sur la première ligne.
        [damaged] Remplacez ce qui est abîmé à cet emplacement par une copie saine, ou corrigez le chemin.
        [unsupported] Refaites ce fichier avec un procédé courant (PKCS#12 en AES-256 et SHA-256, par exemple).
        [limit] Si cette taille est normale, augmentez la limite dans [scan] ; sinon, retirez ce qui n'a rien à faire là.
        [no_file] Indiquez un fichier ordinaire, ou retirez celui-ci de ce qui est surveillé.
        [link] Corrigez ce lien, ou indiquez directement le fichier auquel il devrait mener.
        [absent] Montez ou rétablissez ce dossier, ou corrigez le chemin.
        [moving] Rien à faire si un programme était en train de l'écrire : Vigie le relira. Si cela dure, cherchez ce qui l'écrit sans cesse.
        [system] Vérifiez le disque, ou le réseau : le journal du système (journalctl -k) en dit davantage.
        [name] Vérifiez le nom d'hôte dans la déclaration et le DNS de cette machine.
        [service] Vérifiez que le service est en marche et qu'il écoute à cette adresse.
        [network] Vérifiez que le serveur est en marche, que le réseau y mène et que le pare-feu laisse passer.
        [protocol] Vérifiez le protocole écrit dans l'adresse (smtp, imap, ldap, postgres) et que ce service propose STARTTLS.
        [tls] Vérifiez que ce port parle TLS 1.2 ou 1.3 avec des suites actuelles, et le journal du service.
        [defect] C'est un défaut de Vigie : signalez-le avec ce que dit le journal.
        [card] « vigie card » et « vigie doctor » aident à trouver la cause.
        [several] « vigie findings --json » dit les raisons et leur nombre, « vigie scan » sur ces dossiers dit chaque emplacement. Écartez ces dossiers de la source s'ils n'ont rien à y faire.
       *[other] Vérifiez cet emplacement et remplacez ce qui est abîmé.
    }
    .reference = { $kind ->
        [denied] Vigie : ce qui n'est pas lu n'est pas jugé ; path_resolution(7)
        [no_password] RFC 7292 ; RFC 8018
        [wrong_password] RFC 7292 ; RFC 8018
        [bad_password_file] Vigie : password_file
        [damaged] RFC 5280 ; RFC 7292 ; RFC 7468
        [unsupported] RFC 5280 ; RFC 7292 ; RFC 8018
        [limit] Vigie : limites de [scan]
        [name] RFC 1034 ; RFC 6066, section 3
        [service] RFC 9293
        [network] RFC 9293
        [protocol] RFC 3207 ; RFC 9051 ; RFC 4511
        [tls] RFC 8446 ; RFC 5246
        [card] PC/SC ; ISO 7816-4 ; PKCS #11
       *[other] Vigie : ce qui n'est pas lu n'est pas jugé
    }

# Toute raison pour laquelle un emplacement n'est pas lu ; le détail, en anglais, reste dans le fait « message ».
reason-text = { $reason ->
    [apdu_forbidden] une instruction hors de la liste a été retenue
    [bad_name] ce nom d'hôte ne peut pas être demandé en TLS
    [card_limit] la carte en dit plus qu'aucune carte
    [card_malformed] ce que donne la carte ne se lit pas
    [card_refused] la carte refuse une lecture
    [changed_while_read] le fichier changeait pendant la lecture
    [closed] le serveur ferme la connexion
    [dangling_link] lien vers un fichier qui n'existe pas
    [device] c'est un périphérique, pas un fichier
    [dns] le nom d'hôte n'a pas d'adresse
    [fifo] c'est un tube nommé, pas un fichier
    [folder] c'est un dossier, pas un fichier
    [folder_missing] dossier absent ou non monté
    [hung] le disque ou le service ne répond plus du tout
    [internal_error] la lecture a échoué : un défaut de Vigie, à signaler
    [io_error] erreur d'entrée-sortie du système
    [limit_exceeded] une limite de lecture est dépassée
    [link_loop] les liens tournent en rond
    [link_out_of_root] lien qui sort du dossier demandé, laissé de côté
    [link_to_folder] lien vers un dossier : seuls les liens vers des fichiers sont suivis
    [malformed] le contenu est abîmé
    [not_a_ca] ce n'est pas le certificat d'une autorité
    [needs_password] un mot de passe est nécessaire
    [not_found] ce fichier ou ce dossier n'existe pas
    [not_pki] aucun objet de certification reconnu
    [not_tls] ce que dit le serveur n'est pas du TLS
    [nothing_matches] aucun fichier ni dossier ne correspond à ce motif
    [pcscd_failed] pcscd signale une erreur
    [permission_denied] l'accès est refusé
    [pkcs11_crashed] module PKCS#11 : son processus s'est arrêté brutalement
    [pkcs11_failed] module PKCS#11 : une de ses fonctions échoue
    [pkcs11_not_loaded] module PKCS#11 : il ne se charge pas
    [pkcs11_not_started] module PKCS#11 : pas de processus pour lui
    [pkcs11_unsafe] module PKCS#11 : d'autres que root et vigie pourraient le changer
    [refused] la connexion est refusée
    [reset] la connexion est coupée
    [root_denied] l'accès à ce dossier est refusé
    [root_missing] ce dossier n'existe pas ou n'est pas monté
    [secret_not_text] le fichier du mot de passe n'est pas du texte UTF-8
    [socket] c'est une socket, pas un fichier
    [starttls_refused] le serveur refuse STARTTLS
    [timeout] pas de réponse dans le délai
    [tls_alert] le serveur refuse la négociation TLS
    [tls_failed] la négociation TLS échoue
    [tls_incompatible] aucune version de TLS ni suite de chiffrement en commun
    [too_deep] dossiers trop imbriqués
    [too_large] le fichier est trop gros
    [too_many_files] trop de fichiers : la suite n'a pas été lue
    [unexpected_answer] le serveur ne parle pas le protocole attendu
    [unreachable] le serveur est hors d'atteinte
    [unsupported] l'algorithme ou la version n'est pas pris en charge
    [vanished] le fichier a disparu
    [wrong_password] le mot de passe n'est pas le bon
   *[other] { card-reason }
}

rule-usage_mismatch = Usage différent de la déclaration
    .text = { $label } est déclaré { $expected }, et le certificat en place ({ $path }) est fait pour : { $found }.
    .cure = Installez le certificat de l'offre et de l'usage voulus, ou corrigez la déclaration.
    .reference = Formulaire F413, rubrique 4.3 ; RFC 5280, sections 4.2.1.3 et 4.2.1.12

rule-weak_key = Clé trop faible
    .text = La clé du certificat { $label } ({ $path }) est { $key } : il faut au moins { $wanted }.
    .cure = Faites une nouvelle demande avec une clé d'au moins { $wanted }.
    .reference = RGS, annexe B1 (ANSSI) ; FIPS 186-5

rule-weak_signature = Signature trop faible
    .text = Le certificat { $label } ({ $path }) est signé avec { $algorithm }, un procédé que l'on sait falsifier.
    .cure = Faites une nouvelle demande : les certificats actuels de l'IGC-Santé sont signés avec SHA-256.
    .reference = RGS, annexe B1 (ANSSI) ; RFC 6194 ; RFC 6151

## Mots des tableaux et des pages

severity-info = information
severity-warning = attention
severity-critical = critique
environment-production = production
environment-test = test
worst-ok = tout va bien
worst-warning = à surveiller
worst-critical = critique
worst-unknown = état inconnu
all-good = Aucun constat.
reference = Référence
what-to-do = Que faire
