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
oppose-awaited = { $subject } : déclaré le { $declared }, attendu dans une liste de révocation. Le constat « opposition attendue » reste ouvert jusque-là.
oppose-seen = { $subject } : déclaré le { $declared }, vu le { $seen } dans la liste n° { $number }.
