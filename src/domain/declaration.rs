//! What should exist: structures, persons, mandates, certificates and cards, as the configuration declares them.

use std::collections::BTreeMap;

use super::card::DeclaredCard;
use super::endpoint::Endpoint;
use super::identifier::CardNumber;
use super::observation::FilePath;
use super::offer::{Offer, Usage};
use super::person::{DeclaredId, Mandate, Person};
use super::profile::Environment;
use super::structure::Structure;
use super::threshold::Threshold;

/// The whole declaration. References between its parts are already checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declaration {
    /// By id.
    pub structures: BTreeMap<DeclaredId, Structure>,
    /// By id.
    pub persons: BTreeMap<DeclaredId, Person>,
    /// In file order.
    pub mandates: Vec<Mandate>,
    /// By id.
    pub certificates: BTreeMap<DeclaredId, DeclaredCertificate>,
    /// In file order.
    pub cards: Vec<DeclaredCard>,
}

/// A card the declaration names: in a table of its own, as the card of a person, or both.
#[derive(Debug, Clone, Copy)]
pub struct NamedCard<'a> {
    /// What it is named by.
    pub number: &'a CardNumber,
    /// Its table, `[[card]]`.
    pub declared: Option<&'a DeclaredCard>,
    /// The person who signs in with it, by `card` of `[[person]]`.
    pub person: Option<&'a Person>,
}

impl Declaration {
    /// Every card that is named, by number, each once.
    pub fn named_cards(&self) -> Vec<NamedCard<'_>> {
        let mut named: BTreeMap<&CardNumber, NamedCard<'_>> = BTreeMap::new();
        for declared in &self.cards {
            let number = &declared.number;
            named.entry(number).or_insert(NamedCard { number, declared: Some(declared), person: None });
        }
        for (number, person) in self.persons.values().filter_map(|person| Some((person.card.as_ref()?, person))) {
            let card = named.entry(number).or_insert(NamedCard { number, declared: None, person: None });
            card.person = card.person.or(Some(person));
        }
        named.into_values().collect()
    }
}

/// A certificate that should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredCertificate {
    /// Name used in commands, alerts and the API.
    pub id: DeclaredId,
    /// Owner.
    pub structure: DeclaredId,
    /// Offer.
    pub offer: Offer,
    /// Usage, one the offer has.
    pub usage: Usage,
    /// Production unless said otherwise.
    pub environment: Environment,
    /// What its subject names.
    pub identity: Identity,
    /// Where the pair lives.
    pub keystore: Keystore,
    /// Where it is served.
    pub endpoints: Vec<Endpoint>,
    /// What stops working when it dies: DMP, INSi, MSSanté…
    pub impacts: Vec<String>,
    /// Who administers it, by person id.
    pub administrators: Vec<DeclaredId>,
    /// Alert steps of its own, in place of the global ones.
    pub thresholds: Option<Vec<Threshold>>,
}

/// What the subject of a certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// *Service applicatif*: the CN of an ORG certificate.
    Service(String),
    /// Host name: CN and dNSName of a SERV SSL_SERV certificate.
    Fqdn(String),
    /// Mail domain, without `@`: SERV S/MIME and PRO certificates.
    MailDomain(String),
    /// Not said.
    Unspecified,
}

/// Where a certificate and its key live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keystore {
    /// Separate or joined PEM or DER files.
    Files {
        /// Certificate, with or without its chain.
        cert: FilePath,
        /// Private key; `None` when it cannot be read from here, such as in a module.
        key: Option<FilePath>,
        /// The intermediates, when they are in a file of their own.
        chain: Option<FilePath>,
    },
    /// One PKCS#12 file.
    Pkcs12 {
        /// The file.
        path: FilePath,
        /// The file that holds its password.
        password_file: Option<FilePath>,
    },
    /// Only served, never on a disk of this machine.
    EndpointOnly,
}

impl DeclaredCertificate {
    /// The file the certificate is read from.
    pub fn certificate_path(&self) -> Option<&FilePath> {
        match &self.keystore {
            Keystore::Files { cert, .. } => Some(cert),
            Keystore::Pkcs12 { path, .. } => Some(path),
            Keystore::EndpointOnly => None,
        }
    }

    /// The file the private key is read from.
    pub fn key_path(&self) -> Option<&FilePath> {
        match &self.keystore {
            Keystore::Files { key, .. } => key.as_ref(),
            Keystore::Pkcs12 { path, .. } => Some(path),
            Keystore::EndpointOnly => None,
        }
    }

    /// The file of the intermediates, when they have one of their own.
    pub fn chain_path(&self) -> Option<&FilePath> {
        match &self.keystore {
            Keystore::Files { chain, .. } => chain.as_ref(),
            Keystore::Pkcs12 { .. } | Keystore::EndpointOnly => None,
        }
    }

    /// The file of the password of its store.
    pub fn password_path(&self) -> Option<&FilePath> {
        match &self.keystore {
            Keystore::Pkcs12 { password_file, .. } => password_file.as_ref(),
            Keystore::Files { .. } | Keystore::EndpointOnly => None,
        }
    }

    /// Every file this declaration names, that of a password too, each once.
    pub fn paths(&self) -> Vec<&FilePath> {
        let pair = self.certificate_path().into_iter().chain(self.key_path());
        let mut paths: Vec<&FilePath> = pair.chain(self.chain_path()).chain(self.password_path()).collect();
        paths.sort();
        paths.dedup();
        paths
    }
}
