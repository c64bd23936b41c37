//! What can be wrong with a configuration. Texts are in `text`; values of secrets never get here.

use std::path::PathBuf;

use super::diagnostic::Place;
use super::notify::WebhookKind;
use super::template::TemplateFault;
use crate::domain::card::CardKind;
use crate::domain::identifier::{IdentifierWarning, InvalidIdentifier};
use crate::domain::offer::{Offer, Usage};

/// What is wrong, with the facts a text needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    // The files
    /// The file or folder cannot be read; the system's message.
    Unreadable(String),
    /// A device, a FIFO, a folder where a file is wanted.
    NotAFile,
    /// Bytes.
    FileTooLarge {
        /// Most bytes a file may have.
        limit: u64,
    },
    /// The bytes are no UTF-8 text.
    NotUtf8,
    /// Too many files in `conf.d`.
    TooManyFiles {
        /// Most files read.
        limit: usize,
    },
    /// Not TOML; the parser's message, in English.
    Syntax(String),
    /// The same key or table twice in one file.
    KeyTwice,
    /// Tables in tables deeper than any key goes.
    TooDeep,

    // The shape
    /// A key nothing asks for.
    UnknownKey {
        /// The nearest known key.
        near: Option<String>,
        /// Every known key of this table.
        known: Vec<&'static str>,
    },
    /// A secret written where everybody reads it.
    InlineSecret {
        /// The key that names a file instead, where there is one.
        instead: Option<&'static str>,
    },
    /// One value in two files.
    SetTwice {
        /// Where it was set before.
        first: Place,
    },
    /// Another type than the key has.
    WrongType {
        /// What it should be.
        wanted: Shape,
        /// What it is.
        found: Shape,
    },
    /// A key without which its table says nothing.
    Missing(&'static str),
    /// An empty text or list where one says nothing.
    Empty,
    /// A text longer than any sensible one.
    TooLong {
        /// Most characters.
        limit: usize,
    },
    /// A number, duration or size outside its bounds, all as they are written.
    OutOfRange {
        /// The value.
        found: String,
        /// Least.
        least: String,
        /// Most.
        most: String,
    },

    // The values
    /// A text that is not written as it should be.
    Malformed {
        /// What it should be.
        form: Form,
        /// The text; empty where it could hold a secret.
        found: String,
        /// The nearest value that would do, or a word on what is wrong.
        hint: Option<String>,
    },
    /// A word outside a closed list.
    NotOneOf {
        /// The word.
        found: String,
        /// The list.
        allowed: Vec<String>,
        /// The nearest of the list.
        near: Option<String>,
    },
    /// A national identifier that is none.
    Identifier(InvalidIdentifier),
    /// A schedule without any instant, such as 30 February.
    NeverFires,
    /// A password inside `store.url`.
    PasswordInUrl,

    // How things hang together
    /// Two things of one kind with one name.
    DuplicateId {
        /// The kind.
        thing: Thing,
        /// The name.
        id: String,
        /// Where it was first.
        first: Place,
    },
    /// A name nothing has.
    Dangling {
        /// The kind wanted.
        thing: Thing,
        /// The name.
        id: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// A name kept for the program's own use.
    ReservedName,
    /// Two sources that would sweep the same files.
    OverlappingPaths {
        /// The path of this source.
        path: PathBuf,
        /// Where the paths of the other one are.
        first: Place,
    },
    /// A second source of cards: the first watches every reader already.
    SecondCardSource {
        /// Where the first is.
        first: Place,
    },
    /// An offer that has no such usage.
    NoSuchUsage {
        /// The offer.
        offer: Offer,
        /// The usage.
        usage: Usage,
    },
    /// A card offer where a software certificate is declared.
    CardOffer(Offer),
    /// At most one of these keys.
    Exclusive(&'static [&'static str]),
    /// At least one of these keys.
    OneOf(&'static [&'static str]),
    /// Means nothing without this other key.
    Without(&'static str),
    /// Two certificates declared in one file.
    SameCertificateFile {
        /// The key of the other table.
        other: String,
    },
    /// A mandate that ends before it begins.
    FromAfterUntil,
    /// A card *de service* of another kind than CPE.
    ServiceCard(CardKind),
    /// The card of a person is declared as somebody else's.
    CardOfAnother {
        /// The card number.
        number: String,
    },
    /// A password file where there is no password.
    PasswordForNothing,
    /// Mail in clear to another machine.
    PlainSmtp,
    /// A template file where the payload is not one of a template.
    TemplateForNothing(WebhookKind),
    /// A template that cannot be used.
    Template {
        /// The template.
        file: String,
        /// What is wrong with it, and where.
        fault: TemplateFault,
    },

    // Oddities
    /// The file a secret should be in does not exist.
    SecretFileMissing(String),
    /// An identifier without a check digit.
    IdentifierOddity(IdentifierWarning),
    /// A structure no certificate can be compared with.
    NoIdentifier,
    /// A SIRET of another legal person than the SIREN.
    ForeignSiret(String),
    /// A listener other machines can reach, without TLS.
    OpenListener,
    /// An administrator nobody can write to.
    NoMail(String),
    /// A certificate of the production hierarchy for a structure of the TEST one.
    TestStructure,
    /// A directory, which no HTTP proxy leads to.
    DirectoryBesideProxy,
    /// Something is watched, and there is no way to tell anybody.
    NoChannel,
    /// Nothing of the hooks folder is run.
    HooksFolder(FolderFault),
}

/// Why nothing of a folder of executables is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderFault {
    /// The system's message.
    Unreadable(String),
    /// It belongs to somebody who is neither root nor us: the uid.
    Foreign(u32),
    /// Others may write it: its mode.
    Open(u32),
}

impl Problem {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NotAFile => "not_a_file",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::NotUtf8 => "not_utf8",
            Self::TooManyFiles { .. } => "too_many_files",
            Self::Syntax(_) => "syntax",
            Self::KeyTwice => "key_twice",
            Self::TooDeep => "too_deep",
            Self::UnknownKey { .. } => "unknown_key",
            Self::InlineSecret { .. } => "inline_secret",
            Self::SetTwice { .. } => "set_twice",
            Self::WrongType { .. } => "wrong_type",
            Self::Missing(_) => "missing_key",
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Malformed { .. } => "malformed",
            Self::NotOneOf { .. } => "not_one_of",
            Self::Identifier(_) => "invalid_identifier",
            Self::NeverFires => "never_fires",
            Self::PasswordInUrl => "password_in_url",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::Dangling { .. } => "dangling_reference",
            Self::ReservedName => "reserved_name",
            Self::OverlappingPaths { .. } => "overlapping_paths",
            Self::SecondCardSource { .. } => "second_card_source",
            Self::NoSuchUsage { .. } => "no_such_usage",
            Self::CardOffer(_) => "card_offer",
            Self::Exclusive(_) => "exclusive_keys",
            Self::OneOf(_) => "one_of_keys",
            Self::Without(_) => "key_without_its_other",
            Self::SameCertificateFile { .. } => "same_certificate_file",
            Self::FromAfterUntil => "from_after_until",
            Self::ServiceCard(_) => "service_card_kind",
            Self::CardOfAnother { .. } => "card_of_another",
            Self::PasswordForNothing => "password_for_nothing",
            Self::PlainSmtp => "plain_smtp",
            Self::TemplateForNothing(_) => "template_for_nothing",
            Self::Template { .. } => "template",
            Self::SecretFileMissing(_) => "secret_file_missing",
            Self::IdentifierOddity(_) => "identifier_oddity",
            Self::NoIdentifier => "no_identifier",
            Self::ForeignSiret(_) => "foreign_siret",
            Self::OpenListener => "open_listener",
            Self::NoMail(_) => "no_mail",
            Self::TestStructure => "test_structure",
            Self::DirectoryBesideProxy => "directory_beside_proxy",
            Self::NoChannel => "no_channel",
            Self::HooksFolder(_) => "hooks_folder",
        }
    }

    /// Says that something is not there. After a syntax error it may well be, in the part that could not be read.
    pub(super) const fn is_an_absence(&self) -> bool {
        matches!(
            self,
            Self::Missing(_)
                | Self::Empty
                | Self::Dangling { .. }
                | Self::OneOf(_)
                | Self::Without(_)
                | Self::NoIdentifier
                | Self::NoMail(_)
                | Self::NoChannel
        )
    }
}

/// TOML types, as a person calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `"…"`.
    Text,
    /// `42`.
    Integer,
    /// `4.2`.
    Float,
    /// `true`.
    Boolean,
    /// `2026-01-31`, `08:00:00` and both together.
    Date,
    /// `[…]`.
    List,
    /// `[name]`.
    Table,
    /// `[[name]]`.
    Tables,
}

/// The notations of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An id.
    Id,
    /// `10s`, `5m`, `2h`, `60d`.
    Duration,
    /// `512 MiB`.
    Size,
    /// `45d`, `2m`, `33%`.
    Threshold,
    /// `0 */15 * * * *`.
    Cron,
    /// `Europe/Paris`.
    Timezone,
    /// `2026-01-31`.
    Date,
    /// `127.0.0.1:8440`.
    Listen,
    /// A host name.
    Host,
    /// A mail address.
    Mail,
    /// A domain, without `@`.
    MailDomain,
    /// `tls://host:443`.
    Endpoint,
    /// `ORG/AUTH_CLI`.
    OfferUsage,
    /// `sqlite:///path` or `postgres://…`.
    StoreUrl,
    /// `https://…`.
    WebhookUrl,
    /// `http://proxy:3128`.
    Proxy,
    /// `http://host/list.crl`.
    CrlUrl,
    /// `http://proxy:3128`.
    ProxyUrl,
    /// `10.0.0.0/8`.
    Network,
    /// A file path.
    Path,
    /// `credential:NAME`.
    Credential,
    /// One line of text.
    Line,
    /// A login name or a numeric id.
    Login,
}

/// What has a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// `[[source]]`.
    Source,
    /// `[[structure]]`.
    Structure,
    /// `[[person]]`.
    Person,
    /// `[[certificate]]`.
    Certificate,
    /// `[[card]]`.
    Card,
    /// `[[notify.webhook]]`.
    Webhook,
    /// `login` of a person.
    Login,
    /// `[[policy.profile]]`.
    Profile,
}
