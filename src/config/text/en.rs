//! English.

use super::super::problem::{FolderFault, Form, Problem, Shape, Thing};
use super::super::template::TemplateFault;
use super::{Text, said};
use crate::domain::identifier::{Fault, IdentifierWarning, InvalidIdentifier};

pub(super) fn words(problem: &Problem) -> Text {
    use Problem as P;
    match problem {
        P::Unreadable(error) => said(format!("cannot be read: {error}"), "check its path and its permissions"),
        P::NotAFile => said("is not a regular file", "put a regular file there, or remove it"),
        P::FileTooLarge { limit } => {
            said(format!("larger than {limit} bytes"), "split it into several files of conf.d")
        }
        P::NotUtf8 => said("is not UTF-8 text", "save it as UTF-8 (iconv -f latin1 -t utf8 file)"),
        P::TooManyFiles { limit } => said(format!("more than {limit} files"), "join some of them"),
        P::Syntax(message) => said(format!("not TOML: {message}"), "correct this line or the one before it"),
        P::KeyTwice => said("the same key or table twice in this file", "keep one of them"),
        P::TooDeep => said("tables nested too deep", "no key of Vigie goes that deep: remove it"),
        P::UnknownKey { near: Some(near), .. } => said("unknown key", format!("did you mean \"{near}\"?")),
        P::UnknownKey { near: None, known } => {
            said("unknown key", format!("remove it; known here: {}", known.join(", ")))
        }
        P::InlineSecret { instead: Some(key) } => said(
            "secrets are not written in the configuration",
            format!("put it alone in a file of mode 0600 and name that file in {key}"),
        ),
        P::InlineSecret { instead: None } => said("secrets are not written in the configuration", "remove it"),
        P::SetTwice { first } => said(format!("already set at {first}"), "keep it in one file"),
        P::WrongType { wanted, found } => {
            said(format!("{} where {} is wanted", shape(*found), shape(*wanted)), format!("write {}", example(*wanted)))
        }
        P::Missing(key) => said(format!("key {key} is missing"), format!("add {key} = …")),
        P::Empty => said("empty", "give a value, or remove the key"),
        P::TooLong { limit } => said(format!("more than {limit} characters"), "shorten it"),
        P::OutOfRange { found, least, most } => {
            said(format!("{found} is out of bounds"), format!("give {least} to {most}"))
        }
        P::Malformed { form: Form::StoreUrl, .. } => {
            said("not a database address", "write sqlite:///path/vigie.db or postgres://user@host/database")
        }
        P::Malformed { form: Form::WebhookUrl, .. } => {
            said("not an address a webhook can have", "write https://host/path (http:// on this machine only)")
        }
        P::Malformed { form: form @ (Form::CrlUrl | Form::ProxyUrl), .. } => {
            let (what, cure) = notation(*form);
            said(format!("not {what}"), cure)
        }
        P::Malformed { form, found, hint } => {
            let (what, cure) = notation(*form);
            let near = hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
            said(format!("\"{found}\" is not {what}{near}"), cure)
        }
        P::NotOneOf { found, allowed, near } => said(
            format!("\"{found}\" is not known here"),
            match near {
                Some(near) => format!("did you mean \"{near}\"? Possible: {}", allowed.join(", ")),
                None => format!("choose one of: {}", allowed.join(", ")),
            },
        ),
        P::Identifier(error) => identifier(error),
        P::NeverFires => said("no date ever matches this schedule", "check day and month"),
        P::PasswordInUrl => said(
            "a password stands in the address",
            "remove it, put it alone in a file of mode 0600 and name that file in store.password_file",
        ),
        P::DuplicateId { thing: what, id, first } => {
            said(format!("{} \"{id}\" is already at {first}", thing(*what)), "give each its own")
        }
        P::Dangling { thing: what, id, near } => said(
            format!("no {} is called \"{id}\"", thing(*what)),
            match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("declare it in [[{}]], or correct the name", table(*what)),
            },
        ),
        P::OverlappingPaths { path, first } => said(
            format!("{} is already swept by the source of {first}", path.display()),
            "leave it to one of the two: a file belongs to one source",
        ),
        P::SecondCardSource { first } => said(
            format!("there is a smart_card source already ({first})"),
            "keep one: it watches every reader of the machine",
        ),
        P::ReservedName => said("this name is kept for Vigie's own source", "choose another"),
        P::NoSuchUsage { offer, usage } => said(
            format!("offer {offer} has no usage {usage}"),
            format!("choose one of: {}", offer.usages().iter().map(|u| u.as_str()).collect::<Vec<_>>().join(", ")),
        ),
        P::CardOffer(offer) => {
            said(format!("{offer} is an offer of cards, not of software certificates"), "declare the card in [[card]]")
        }
        P::Exclusive(keys) => said(format!("{} exclude each other", keys.join(", ")), "keep one of them"),
        P::OneOf(keys) => said(format!("one of {} is missing", keys.join(", ")), "add the one that applies"),
        P::Without(other) => said(format!("means nothing without {other}"), format!("add {other}, or remove this key")),
        P::SameCertificateFile { other } => {
            said(format!("{other} is declared in the same file"), "give each certificate its own file")
        }
        P::FromAfterUntil => said("the end is before the beginning", "correct from or until"),
        P::ServiceCard(kind) => {
            said(format!("a {kind} belongs to a person, never to a service"), "name a holder, or correct kind (CPE)")
        }
        P::CardOfAnother { number } => {
            said(format!("card {number} is declared as somebody else's"), "correct this card or the holder in [[card]]")
        }
        P::PasswordForNothing => said("an SQLite database has no password", "remove this key"),
        P::PlainSmtp => {
            said("mail in clear is accepted on this machine only", "write tls = \"starttls\" or \"implicit\"")
        }
        P::TemplateForNothing(kind) => {
            said(format!("kind {kind} makes its payload itself"), "remove this key, or write kind = \"template\"")
        }
        P::Template { file, fault } => said(
            format!("{}: {}", fault.place(file), template(fault)),
            "correct the template; docs/manual.md lists what it can use",
        ),
        P::SecretFileMissing(path) => said(format!("{path} does not exist"), "create it, mode 0600, before the start"),
        P::IdentifierOddity(IdentifierWarning::MonacoSiret) => {
            said("a SIRET of Monaco has no check digit", "compare it with the register")
        }
        P::NoIdentifier => said(
            "without FINESS, SIREN, SIRET or RPPS-rang no certificate can be compared with it",
            "add the identifier its certificates bear",
        ),
        P::ForeignSiret(siren) => {
            said(format!("not an establishment of SIREN {siren}"), "correct the SIREN or the SIRET")
        }
        P::OpenListener => said(
            "other machines can reach this address, and the token travels in clear",
            "listen on 127.0.0.1 and put a TLS proxy in front",
        ),
        P::NoMail(person) => said(format!("{person} has no mail address: nobody will be warned"), "add mails to it"),
        P::DirectoryBesideProxy => said(
            "a proxy leads to no directory: the ldap:// addresses of revocation.urls are asked directly",
            "let this machine reach them, or name http:// addresses",
        ),
        P::TestStructure => {
            said("a production certificate for a TEST structure", "add environment = \"test\" to the certificate")
        }
        P::NoChannel => said(
            "no channel is configured: nobody will be told",
            "add [notify.smtp], [[notify.webhook]] or [notify.hooks], then prove it: vigie alert test",
        ),
        P::HooksFolder(FolderFault::Unreadable(error)) => {
            said(format!("no executable is run: {error}"), "make this folder, or take [notify.hooks] out")
        }
        P::HooksFolder(FolderFault::Foreign(uid)) => said(
            format!("no executable is run: this folder belongs to uid {uid}"),
            "give it to root or to the account of vigie (chown)",
        ),
        P::HooksFolder(FolderFault::Open(mode)) => said(
            format!("no executable is run: others may write this folder (mode {mode:o})"),
            "chmod go-w on this folder",
        ),
    }
}

fn template(fault: &TemplateFault) -> String {
    match fault {
        TemplateFault::Unreadable(error) => format!("cannot be read: {error}"),
        TemplateFault::Syntax { detail, .. } => detail.clone(),
        TemplateFault::UnknownVariable { name, .. } => format!("no variable is called \"{name}\""),
        TemplateFault::Render { event, detail, .. } => format!("fails on the event {event}: {detail}"),
        TemplateFault::NotJson { event, detail } => format!("does not make JSON of the event {event}: {detail}"),
    }
}

fn identifier(error: &InvalidIdentifier) -> Text {
    let message = error.to_string();
    match error.fault {
        Fault::Empty | Fault::Zeros => said(message, "give the number, or remove the key"),
        Fault::Length { wanted, .. } => said(message, format!("give the {wanted} characters; spaces are allowed")),
        Fault::Character { .. } => said(message, "digits only; O is not 0, I is not 1"),
        Fault::CheckDigit { wanted, .. } => said(
            message,
            format!("one digit is mistyped; if it is the last, it should be {wanted}: compare with the register"),
        ),
        Fault::LaPosteSum => said(message, "one digit is mistyped: compare with the register"),
    }
}

const fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a text",
        Shape::Integer => "a whole number",
        Shape::Float => "a decimal number",
        Shape::Boolean => "true or false",
        Shape::Date => "a date",
        Shape::List => "a list",
        Shape::Table => "a table",
        Shape::Tables => "a list of tables",
    }
}

const fn example(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "the value between quotes: \"…\"",
        Shape::Integer => "the number without quotes: 42",
        Shape::Float => "the number without quotes: 4.2",
        Shape::Boolean => "true or false, without quotes",
        Shape::Date => "the date as 2026-01-31",
        Shape::List => "a list: [\"…\", \"…\"]",
        Shape::Table => "a table: [name]",
        Shape::Tables => "each table with two brackets: [[name]]",
    }
}

const fn notation(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::Id => ("an id", "1 to 64 letters without accent, digits, '.', '_' or '-', first a letter or digit"),
        Form::Duration => ("a duration", "write \"10s\", \"5m\", \"2h\" or \"60d\""),
        Form::Size => ("a size", "write \"64 KiB\", \"512 MiB\" or \"1 GiB\""),
        Form::Threshold => ("an alert step", "write days \"45d\", months \"2m\" or a share of the validity \"33%\""),
        Form::Cron => ("a schedule", "six fields: second minute hour day month weekday, such as \"0 */15 * * * *\""),
        Form::Timezone => ("a time zone", "write a name of the IANA base, such as \"Europe/Paris\""),
        Form::Date => ("a date", "write year-month-day: \"2026-01-31\""),
        Form::Listen => {
            ("an address to listen on", "write address:port, such as \"127.0.0.1:8440\"; \"\" turns it off")
        }
        Form::Host => ("a host name", "write the name alone, without scheme, port or path"),
        Form::Mail => ("a mail address", "write name@domain"),
        Form::MailDomain => ("a mail domain", "write the domain alone, without @"),
        Form::Endpoint => (
            "an endpoint",
            "write tls://host:port, or smtp+starttls://, imap+starttls://, ldap+starttls://, postgres+starttls://",
        ),
        Form::OfferUsage => ("an offer and a usage", "write \"ORG/AUTH_CLI\""),
        Form::StoreUrl => ("a database address", "write sqlite:///path/vigie.db or postgres://user@host/database"),
        Form::WebhookUrl => ("an address", "write https://host/path"),
        Form::Proxy => ("the address of a proxy", "write http://host:port"),
        Form::Credential => ("the name of a systemd credential", "write credential:name, the name of LoadCredential="),
        Form::CrlUrl => {
            ("the address of a revocation list", "write http://host/path or ldap://host/name, without user or password")
        }
        Form::ProxyUrl => ("the address of a proxy", "write http://host:port, without user or password"),
        Form::Network => ("a network", "write \"10.0.0.0/8\", \"fd00::/8\" or one address"),
        Form::Path => ("a path", "write a path without NUL character"),
        Form::Line => ("one line of text", "remove the control characters"),
        Form::Login => ("a login name or numeric id", "write \"astreinte\" or \"1000\""),
    }
}

const fn thing(thing: Thing) -> &'static str {
    match thing {
        Thing::Source => "source",
        Thing::Structure => "structure",
        Thing::Person => "person",
        Thing::Certificate => "certificate",
        Thing::Card => "card",
        Thing::Webhook => "webhook",
        Thing::Login => "login",
        Thing::Profile => "profile",
    }
}

const fn table(what: Thing) -> &'static str {
    match what {
        Thing::Webhook => "notify.webhook",
        Thing::Login => "person.login",
        Thing::Profile => "policy.profile",
        other => thing(other),
    }
}
