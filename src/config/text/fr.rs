//! French.

use super::super::problem::{FolderFault, Form, Problem, Shape, Thing};
use super::super::template::TemplateFault;
use super::{Text, said};
use crate::domain::identifier::{Fault, IdentifierKind, IdentifierWarning, InvalidIdentifier};

pub(super) fn words(problem: &Problem) -> Text {
    use Problem as P;
    match problem {
        P::Unreadable(error) => said(format!("lecture impossible : {error}"), "vérifier le chemin et les droits"),
        P::NotAFile => said("n'est pas un fichier ordinaire", "y mettre un fichier ordinaire, ou l'enlever"),
        P::FileTooLarge { limit } => {
            said(format!("plus de {limit} octets"), "le répartir en plusieurs fichiers de conf.d")
        }
        P::NotUtf8 => said("n'est pas un texte UTF-8", "l'enregistrer en UTF-8 (iconv -f latin1 -t utf8 fichier)"),
        P::TooManyFiles { limit } => said(format!("plus de {limit} fichiers"), "en réunir quelques-uns"),
        P::Syntax(message) => {
            said(format!("ce n'est pas du TOML : {message}"), "corriger cette ligne ou la précédente")
        }
        P::KeyTwice => said("la même clé ou table deux fois dans ce fichier", "n'en garder qu'une"),
        P::TooDeep => said("tables trop imbriquées", "aucune clé de Vigie n'est si profonde : l'enlever"),
        P::UnknownKey { near: Some(near), .. } => said("clé inconnue", format!("vouliez-vous dire « {near} » ?")),
        P::UnknownKey { near: None, known } => {
            said("clé inconnue", format!("l'enlever ; clés connues ici : {}", known.join(", ")))
        }
        P::InlineSecret { instead: Some(key) } => said(
            "un secret ne s'écrit pas dans la configuration",
            format!("le mettre seul dans un fichier de mode 0600 et nommer ce fichier dans {key}"),
        ),
        P::InlineSecret { instead: None } => said("un secret ne s'écrit pas dans la configuration", "l'enlever"),
        P::SetTwice { first } => said(format!("déjà donné dans {first}"), "ne le garder que dans un fichier"),
        P::WrongType { wanted, found } => {
            said(format!("{} là où il faut {}", shape(*found), shape(*wanted)), format!("écrire {}", example(*wanted)))
        }
        P::Missing(key) => said(format!("il manque la clé {key}"), format!("ajouter {key} = …")),
        P::Empty => said("vide", "donner une valeur, ou enlever la clé"),
        P::TooLong { limit } => said(format!("plus de {limit} caractères"), "raccourcir"),
        P::OutOfRange { found, least, most } => {
            said(format!("{found} est hors limites"), format!("donner de {least} à {most}"))
        }
        P::Malformed { form: Form::StoreUrl, .. } => said(
            "n'est pas une adresse de base de données",
            "écrire sqlite:///chemin/vigie.db ou postgres://utilisateur@hote/base",
        ),
        P::Malformed { form: Form::WebhookUrl, .. } => {
            said("n'est pas une adresse de webhook", "écrire https://hote/chemin (http:// seulement sur cette machine)")
        }
        P::Malformed { form: form @ (Form::CrlUrl | Form::ProxyUrl), .. } => {
            let (what, cure) = notation(*form);
            said(format!("n'est pas {what}"), cure)
        }
        P::Malformed { form, found, hint } => {
            let (what, cure) = notation(*form);
            let hint = hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
            said(format!("« {found} » n'est pas {what}{hint}"), cure)
        }
        P::NotOneOf { found, allowed, near } => said(
            format!("« {found} » n'est pas connu ici"),
            match near {
                Some(near) => format!("vouliez-vous dire « {near} » ? Valeurs possibles : {}", allowed.join(", ")),
                None => format!("choisir parmi : {}", allowed.join(", ")),
            },
        ),
        P::Identifier(error) => identifier(error),
        P::NeverFires => said("aucune date ne correspond à cet horaire", "vérifier le jour et le mois"),
        P::PasswordInUrl => said(
            "l'adresse contient un mot de passe",
            "l'enlever, le mettre seul dans un fichier de mode 0600 et nommer ce fichier dans store.password_file",
        ),
        P::DuplicateId { thing: what, id, first } => {
            said(format!("{} « {id} » déjà dans {first}", thing(*what)), "donner à chacun le sien")
        }
        P::Dangling { thing: what, id, near } => said(
            format!("aucune table [[{}]] ne déclare « {id} »", table(*what)),
            match near {
                Some(near) => format!("vouliez-vous dire « {near} » ?"),
                None => format!("ajouter cette table [[{}]], ou corriger le nom", table(*what)),
            },
        ),
        P::OverlappingPaths { path, first } => said(
            format!("{} est déjà parcouru par la source de {first}", path.display()),
            "le laisser à l'une des deux : un fichier appartient à une seule source",
        ),
        P::SecondCardSource { first } => said(
            format!("une source smart_card est déjà donnée ({first})"),
            "n'en garder qu'une : elle surveille tous les lecteurs de la machine",
        ),
        P::ReservedName => said("ce nom est réservé à une source de Vigie", "en choisir un autre"),
        P::NoSuchUsage { offer, usage } => said(
            format!("l'offre {offer} n'a pas d'usage {usage}"),
            format!("choisir parmi : {}", offer.usages().iter().map(|u| u.as_str()).collect::<Vec<_>>().join(", ")),
        ),
        P::CardOffer(offer) => said(
            format!("{offer} est une offre de cartes, pas de certificats logiciels"),
            "déclarer la carte dans [[card]]",
        ),
        P::Exclusive(keys) => said(format!("{} s'excluent", keys.join(", ")), "n'en garder qu'une"),
        P::OneOf(keys) => said(format!("il manque l'une des clés {}", keys.join(", ")), "ajouter celle qui convient"),
        P::Without(other) => {
            said(format!("ne veut rien dire sans {other}"), format!("ajouter {other}, ou enlever cette clé"))
        }
        P::SameCertificateFile { other } => {
            said(format!("{other} est déclaré dans le même fichier"), "donner à chaque certificat son fichier")
        }
        P::FromAfterUntil => said("la fin précède le début", "corriger from ou until"),
        P::ServiceCard(kind) => said(
            format!("une {kind} appartient à une personne, jamais à un service"),
            "nommer un porteur (holder), ou corriger kind (CPE)",
        ),
        P::CardOfAnother { number } => said(
            format!("la carte {number} est déclarée comme celle d'un autre"),
            "corriger cette carte ou le porteur (holder) dans [[card]]",
        ),
        P::PasswordForNothing => said("une base SQLite n'a pas de mot de passe", "enlever cette clé"),
        P::PlainSmtp => said(
            "le courriel en clair n'est accepté que sur cette machine",
            "écrire tls = \"starttls\" ou \"implicit\"",
        ),
        P::TemplateForNothing(kind) => {
            said(format!("{kind} fait lui-même son contenu"), "ôter cette clé, ou écrire kind = \"template\"")
        }
        P::Template { file, fault } => said(
            format!("{} : {}", fault.place(file), template(fault)),
            "corriger le modèle ; docs/manual.md dit de quoi il dispose",
        ),
        P::SecretFileMissing(path) => {
            said(format!("{path} n'existe pas"), "le créer, en mode 0600, avant le démarrage")
        }
        P::IdentifierOddity(IdentifierWarning::MonacoSiret) => {
            said("un SIRET de Monaco n'a pas de clé de contrôle", "le comparer au registre")
        }
        P::NoIdentifier => said(
            "sans FINESS, SIREN, SIRET ni RPPS-rang, aucun certificat ne peut lui être comparé",
            "ajouter l'identifiant que portent ses certificats",
        ),
        P::ForeignSiret(siren) => {
            said(format!("n'est pas un établissement du SIREN {siren}"), "corriger le SIREN ou le SIRET")
        }
        P::OpenListener => said(
            "d'autres machines peuvent atteindre cette adresse, et le jeton y passe en clair",
            "écouter sur 127.0.0.1 et mettre un mandataire TLS devant",
        ),
        P::NoMail(person) => {
            said(format!("{person} n'a pas d'adresse de courriel : personne ne sera prévenu"), "lui ajouter mails")
        }
        P::DirectoryBesideProxy => said(
            "un mandataire ne mène à aucun annuaire : les adresses ldap:// de revocation.urls sont interrogées directement",
            "laisser cette machine les joindre, ou donner des adresses http://",
        ),
        P::TestStructure => {
            said("certificat de production pour une structure de TEST", "ajouter environment = \"test\" au certificat")
        }
        P::NoChannel => said(
            "aucune voie n'est configurée : personne ne sera averti",
            "ajouter [notify.smtp], [[notify.webhook]] ou [notify.hooks], puis l'éprouver : vigie alert test",
        ),
        P::HooksFolder(FolderFault::Unreadable(error)) => {
            said(format!("aucun exécutable n'est lancé : {error}"), "créer ce dossier, ou enlever [notify.hooks]")
        }
        P::HooksFolder(FolderFault::Foreign(uid)) => said(
            format!("aucun exécutable n'est lancé : ce dossier appartient à l'uid {uid}"),
            "le donner à root ou au compte de vigie (chown)",
        ),
        P::HooksFolder(FolderFault::Open(mode)) => said(
            format!("aucun exécutable n'est lancé : d'autres peuvent écrire dans ce dossier (mode {mode:o})"),
            "chmod go-w sur ce dossier",
        ),
    }
}

fn template(fault: &TemplateFault) -> String {
    match fault {
        TemplateFault::Unreadable(error) => format!("illisible : {error}"),
        TemplateFault::Syntax { detail, .. } => detail.clone(),
        TemplateFault::UnknownVariable { name, .. } => format!("aucune variable ne s'appelle « {name} »"),
        TemplateFault::Render { event, detail, .. } => format!("échoue sur l'événement {event} : {detail}"),
        TemplateFault::NotJson { event, detail } => format!("ne donne pas de JSON pour l'événement {event} : {detail}"),
    }
}

fn identifier(error: &InvalidIdentifier) -> Text {
    let InvalidIdentifier { kind, found, fault } = error;
    let what = match kind {
        IdentifierKind::CardNumber => "numéro de carte".to_owned(),
        other => format!("numéro {}", other.name()),
    };
    let (fault, cure) = match fault {
        Fault::Empty => ("vide".to_owned(), "donner le numéro, ou enlever la clé".to_owned()),
        Fault::Zeros => ("que des zéros".to_owned(), "donner le vrai numéro, ou enlever la clé".to_owned()),
        Fault::Length { found, wanted } => (
            format!("{found} caractères au lieu de {wanted}"),
            format!("donner les {wanted} caractères ; les espaces sont permises"),
        ),
        Fault::Character { found, place } => (
            format!("« {found} » ne peut être à la place {place}"),
            "des chiffres seulement ; O n'est pas 0, I n'est pas 1".to_owned(),
        ),
        Fault::CheckDigit { found, wanted, place } => (
            format!("clé {found} à la place {place}, alors que les chiffres qui précèdent donnent {wanted}"),
            format!("un chiffre est faux ; si c'est la clé, elle devrait être {wanted} : comparer au registre"),
        ),
        Fault::LaPosteSum => (
            "la somme des chiffres d'un établissement de La Poste est un multiple de 5".to_owned(),
            "un chiffre est faux : comparer au registre".to_owned(),
        ),
    };
    said(format!("{what} « {found} » : {fault}"), cure)
}

const fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "un texte",
        Shape::Integer => "un nombre entier",
        Shape::Float => "un nombre décimal",
        Shape::Boolean => "true ou false",
        Shape::Date => "une date",
        Shape::List => "une liste",
        Shape::Table => "une table",
        Shape::Tables => "une liste de tables",
    }
}

const fn example(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "la valeur entre guillemets : \"…\"",
        Shape::Integer => "le nombre sans guillemets : 42",
        Shape::Float => "le nombre sans guillemets : 4.2",
        Shape::Boolean => "true ou false, sans guillemets",
        Shape::Date => "la date ainsi : 2026-01-31",
        Shape::List => "une liste : [\"…\", \"…\"]",
        Shape::Table => "une table : [nom]",
        Shape::Tables => "chaque table entre doubles crochets : [[nom]]",
    }
}

const fn notation(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::Id => (
            "un identifiant",
            "1 à 64 lettres sans accent, chiffres, « . », « _ » ou « - », en commençant par une lettre ou un chiffre",
        ),
        Form::Duration => ("une durée", "écrire \"10s\", \"5m\", \"2h\" ou \"60d\""),
        Form::Size => ("une taille", "écrire \"64 KiB\", \"512 MiB\" ou \"1 GiB\""),
        Form::Threshold => (
            "une échéance d'alerte",
            "écrire des jours \"45d\", des mois \"2m\" ou une part de la durée de validité \"33%\"",
        ),
        Form::Cron => (
            "un horaire",
            "six champs : seconde minute heure jour mois jour-de-semaine, par exemple \"0 */15 * * * *\"",
        ),
        Form::Timezone => ("un fuseau horaire", "écrire un nom de la base IANA, par exemple \"Europe/Paris\""),
        Form::Date => ("une date", "écrire année-mois-jour : \"2026-01-31\""),
        Form::Listen => {
            ("une adresse d'écoute", "écrire adresse:port, par exemple \"127.0.0.1:8440\" ; \"\" ferme le port")
        }
        Form::Host => ("un nom d'hôte", "écrire le nom seul, sans protocole, port ni chemin"),
        Form::Mail => ("une adresse de courriel", "écrire nom@domaine"),
        Form::MailDomain => ("un domaine de messagerie", "écrire le domaine seul, sans @"),
        Form::Endpoint => (
            "un point d'accès",
            "écrire tls://hote:port, ou smtp+starttls://, imap+starttls://, ldap+starttls://, postgres+starttls://",
        ),
        Form::OfferUsage => ("une offre et un usage", "écrire \"ORG/AUTH_CLI\""),
        Form::StoreUrl => ("une adresse de base de données", "écrire sqlite:///chemin/vigie.db"),
        Form::WebhookUrl => ("une adresse", "écrire https://hote/chemin"),
        Form::Proxy => ("une adresse de mandataire", "écrire http://hote:port"),
        Form::Credential => ("un nom de credential systemd", "écrire credential:nom, le nom de LoadCredential="),
        Form::CrlUrl => (
            "l'adresse d'une liste de révocation",
            "écrire http://hote/chemin ou ldap://hote/nom, sans utilisateur ni mot de passe",
        ),
        Form::ProxyUrl => ("l'adresse d'un mandataire", "écrire http://hote:port, sans utilisateur ni mot de passe"),
        Form::Network => ("un réseau", "écrire \"10.0.0.0/8\", \"fd00::/8\" ou une seule adresse"),
        Form::Path => ("un chemin", "écrire un chemin sans caractère NUL"),
        Form::Line => ("un texte d'une ligne", "enlever les caractères de contrôle"),
        Form::Login => ("un nom d'utilisateur ou un numéro", "écrire \"astreinte\" ou \"1000\""),
    }
}

const fn thing(thing: Thing) -> &'static str {
    match thing {
        Thing::Source => "source",
        Thing::Structure => "structure",
        Thing::Person => "personne",
        Thing::Certificate => "certificat",
        Thing::Card => "carte",
        Thing::Webhook => "webhook",
        Thing::Login => "compte",
        Thing::Profile => "profil",
    }
}

const fn table(thing: Thing) -> &'static str {
    match thing {
        Thing::Source => "source",
        Thing::Structure => "structure",
        Thing::Person => "person",
        Thing::Certificate => "certificate",
        Thing::Card => "card",
        Thing::Webhook => "notify.webhook",
        Thing::Login => "person.login",
        Thing::Profile => "policy.profile",
    }
}
