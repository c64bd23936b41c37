//! The fictional estate: which certificates it declares, how old each is, and the troubles planted in it.

use crate::domain::offer::{Offer, Usage};

/// The structure: no register knows these numbers, and their check digits are right.
pub(super) const NAME: &str = "CENTRE HOSPITALIER DE L'EXEMPLE";
pub(super) const FINESS: &str = "990000010";
pub(super) const SIREN: &str = "990000127";
pub(super) const SIRET: &str = "99000012700011";
pub(super) const DEPARTMENT: &str = "Paris (75)";
/// The card of the administrator.
pub(super) const CARD: &str = "2699999999";
/// Another structure, whose certificate was installed here by mistake.
pub(super) const OTHER_NAME: &str = "CLINIQUE DU MODELE";
pub(super) const OTHER_FINESS: &str = "990000002";
/// RFC 6761 section 6.2: a domain that never exists.
pub(super) const DOMAIN: &str = "ch-exemple.test";

/// A declared certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) id: &'static str,
    pub(super) offer: Offer,
    pub(super) usage: Usage,
    pub(super) identity: Identity,
    pub(super) impacts: &'static [&'static str],
    /// Days until the end that counts; negative when it is past.
    pub(super) days: i64,
    pub(super) planted: Planted,
}

/// What a declared certificate names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Identity {
    /// CN of an ORG certificate.
    Service(&'static str),
    /// First label of a host of [`DOMAIN`].
    Host(&'static str),
    /// Mailbox of [`DOMAIN`].
    Mailbox(&'static str),
    /// Register number, given name, surname of a fictional person.
    Person(&'static str, &'static str, &'static str),
}

/// What is wrong with a certificate, besides its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    Nothing,
    /// Nothing is on the disk.
    Missing,
    /// The private key usage period ends a month before the certificate, as on SIGN certificates of 2016 to 2019.
    ShortKeyUsage,
    /// Everybody may read the key file.
    ReadableKey,
    /// It has the key of the certificate before it in the plan.
    CopiedKey,
    /// Its OU is [`OTHER_FINESS`].
    OtherStructure,
    /// Served by the demonstration as it is on the disk.
    Served,
    /// Served by the demonstration with the certificate before the renewal.
    ServedBeforeRenewal,
}

const fn planned(id: &'static str, offer: Offer, usage: Usage, identity: Identity, days: i64) -> Planned {
    Planned { id, offer, usage, identity, impacts: &[], days, planted: Planted::Nothing }
}

impl Planned {
    const fn stopping(self, impacts: &'static [&'static str]) -> Self {
        Self { impacts, ..self }
    }

    const fn with(self, planted: Planted) -> Self {
        Self { planted, ..self }
    }
}

/// Every offer and usage of F413 section 4.3, some several times; one in each alert step.
pub(super) const PLAN: &[Planned] = &[
    planned("dmp", Offer::Org, Usage::AuthCli, Identity::Service("DRIMbox"), 700).stopping(&["DMP"]),
    planned("dmp-secours", Offer::Org, Usage::AuthCli, Identity::Service("DRIMbox-secours"), 690)
        .stopping(&["DMP"])
        .with(Planted::CopiedKey),
    planned("insi", Offer::Org, Usage::AuthCli, Identity::Service("INSI-AUTO"), -12).stopping(&["INSi"]),
    planned("ror", Offer::Org, Usage::AuthCli, Identity::Service("ROR-SYNCHRO"), 5).stopping(&["ROR"]),
    planned("pacs", Offer::Org, Usage::AuthCli, Identity::Service("PACS-REGIONAL"), 55).stopping(&["Imagerie"]),
    planned("laboratoire", Offer::Org, Usage::AuthCli, Identity::Service("LABO-RESULTATS"), 800)
        .with(Planted::OtherStructure),
    planned("mssante", Offer::Org, Usage::AuthCli, Identity::Service("MSS-OPERATEUR"), 0)
        .stopping(&["MSSanté"])
        .with(Planted::Missing),
    planned("cachet", Offer::Org, Usage::Sign, Identity::Service("CACHET-COMPTES-RENDUS"), 20)
        .stopping(&["Comptes rendus"])
        .with(Planted::ShortKeyUsage),
    planned("imagerie-conf", Offer::Org, Usage::Conf, Identity::Service("CONF-IMAGERIE"), 400),
    planned("portail", Offer::Serv, Usage::SslServ, Identity::Host("portail"), 500).with(Planted::Served),
    planned("messagerie", Offer::Serv, Usage::SslServ, Identity::Host("messagerie"), 1080)
        .stopping(&["MSSanté"])
        .with(Planted::ServedBeforeRenewal),
    planned("bal-applicative", Offer::Serv, Usage::Smime, Identity::Mailbox("bal"), 40).stopping(&["MSSanté"]),
    planned("scellement", Offer::Serv, Usage::Sign, Identity::Host("scellement"), 300).with(Planted::ReadableKey),
    planned("archives-conf", Offer::Serv, Usage::Conf, Identity::Mailbox("archives"), 200),
    planned("medecin-auth", Offer::Pro, Usage::Auth, Identity::Person("000000001", "CAMILLE", "EXEMPLE"), 600),
    planned("medecin-sign", Offer::Pro, Usage::Sign, Identity::Person("000000001", "CAMILLE", "EXEMPLE"), 10),
    planned("medecin-conf", Offer::Pro, Usage::Conf, Identity::Person("000000001", "CAMILLE", "EXEMPLE"), 365),
];

/// Days the certificate served before its renewal still has: renewed in time, before the first alert step.
pub(super) const BEFORE_RENEWAL_DAYS: i64 = 75;
/// CN and days of the certificate nobody declared.
pub(super) const UNDECLARED: (&str, i64) = ("ESSAI-EDITEUR", 250);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::identifier::check_digit;

    #[test]
    fn every_product_of_f413_is_there() {
        let planned: BTreeSet<_> = PLAN.iter().map(|planned| (planned.offer, planned.usage)).collect();
        let ordered = [Offer::Org, Offer::Serv, Offer::Pro];
        let all: BTreeSet<_> = ordered.iter().flat_map(|o| o.usages().iter().map(move |usage| (*o, *usage))).collect();
        assert_eq!(planned, all);
    }

    #[test]
    fn identifiers_hold() {
        assert!(check_digit::finess(FINESS) && check_digit::finess(OTHER_FINESS));
        assert!(check_digit::siren(SIREN) && check_digit::siret(SIRET) && SIRET.starts_with(SIREN));
    }
}
