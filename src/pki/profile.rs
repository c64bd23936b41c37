//! The IGC-Santé reading of a certificate: which authority, offer, usage, structure, person and card its bytes speak of.
//!
//! ANS publishes no rule that covers every profile. What follows is read off real certificates and the ANS nomenclatures
//! TRE_G01, G02, G07, G08; where the bytes do not decide (ORG against SERV on a SIGN certificate), the declaration does.

use super::name;
use super::oid;
use crate::domain::certificate::KeyUsage;
use crate::domain::identifier::check_digit;
use crate::domain::offer::{Offer, Usage};
use crate::domain::profile::{
    Environment, Gamme, IgcDomain, PersonRef, PersonScheme, Profile, StructureRef, StructureScheme, Support,
};

/// What a certificate says that bears on its profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// Content of the issuer Name, DER.
    pub issuer: &'a [u8],
    /// Content of the subject Name, DER.
    pub subject: &'a [u8],
    /// basicConstraints cA.
    pub is_ca: bool,
    /// Key usage, empty when absent.
    pub key_usage: KeyUsage,
    /// Extended key usage serverAuth.
    pub server_auth: bool,
    /// Extended key usage clientAuth.
    pub client_auth: bool,
    /// Extended key usage emailProtection.
    pub email_protection: bool,
    /// A subject alternative name is a mail address.
    pub mail_address: bool,
    /// Extension 1.2.250.1.71.1.2.5, product category (TRE_G01).
    pub category: Option<u8>,
    /// Extension 1.2.250.1.71.1.2.2, card type (TRE_G02).
    pub card_type: Option<u64>,
    /// Extension 1.2.250.1.71.1.2.3, the ten digits.
    pub card_number: Option<&'a str>,
    /// Content octets of the first policy below 1.2.250.1.213.1.7, without that arc.
    pub policy: Option<&'a [u8]>,
}

/// The profile the evidence shows. Under a foreign authority only the private extensions are believed.
pub fn classify(evidence: &Evidence<'_>) -> Profile {
    let authority = Authority::of(evidence);
    let by_category = evidence.category.map(|category| environment(category >= 0x80));
    let by_issuer = authority.map(|authority| environment(authority.test));
    let support = support(evidence);
    let mut profile = Profile {
        environment: by_issuer.or(by_category),
        gamme: authority.map(|authority| authority.gamme),
        domain: authority.and_then(|authority| authority.domain),
        support,
        offer: if support == Some(Support::Card) { card_offer(evidence.card_type) } else { None },
        card_number: evidence.card_number.map(Into::into),
        contradictory_environment: matches!((by_issuer, by_category), (Some(a), Some(b)) if a != b),
        ..Profile::default()
    };
    let (Some(domain), false) = (profile.domain, evidence.is_ca) else { return profile };
    let card = support == Some(Support::Card);
    profile.usage = usage(evidence, domain, card);
    let relaxed = profile.environment == Some(Environment::Test) || profile.contradictory_environment;
    profile.structure = structure(evidence.subject, relaxed);
    if domain == IgcDomain::Personnes {
        profile.person = name::first(evidence.subject, oid::COMMON_NAME).and_then(|name| person(&name));
    }
    profile.service_card = card && is_service(evidence.subject);
    if !card {
        profile.offer = software_offer(evidence, domain, &profile);
    }
    profile
}

/// One of the nine authorities, or their TEST twins, by the CN of the issuer.
#[derive(Debug, Clone, Copy)]
struct Authority {
    test: bool,
    gamme: Gamme,
    domain: Option<IgcDomain>,
}

impl Authority {
    fn of(evidence: &Evidence<'_>) -> Option<Self> {
        let issuer = Self::named(&name::first(evidence.issuer, oid::COMMON_NAME)?)?;
        if issuer.domain.is_some() || !evidence.is_ca {
            return Some(issuer);
        }
        // Issued by a root: the domain of an intermediate is in its own name.
        let own = name::first(evidence.subject, oid::COMMON_NAME).and_then(|name| Self::named(&name));
        Some(Self { domain: own.and_then(|own| own.domain), ..issuer })
    }

    fn named(common_name: &str) -> Option<Self> {
        let (test, name) = match common_name.strip_prefix("TEST ") {
            Some(name) => (true, name),
            None => (false, common_name),
        };
        let (domain, gamme) = match name.strip_prefix("AC RACINE IGC-SANTE ") {
            Some(gamme) => (None, gamme),
            None => {
                let (gamme, domain) = name.strip_prefix("AC IGC-SANTE ")?.split_once(' ')?;
                let domain = match domain {
                    "ORGANISATIONS" => IgcDomain::Organisations,
                    "PERSONNES" => IgcDomain::Personnes,
                    _ => return None,
                };
                (Some(domain), gamme)
            }
        };
        let gamme = match gamme {
            "ELEMENTAIRE" => Gamme::Elementaire,
            "STANDARD" => Gamme::Standard,
            "FORT" => Gamme::Fort,
            _ => return None,
        };
        Some(Self { test, gamme, domain })
    }
}

const fn environment(test: bool) -> Environment {
    if test { Environment::Test } else { Environment::Production }
}

/// TRE_G01: 00 and 80 are CPx cards, 03 and 83 software certificates; security modules (02, 82) are neither.
fn support(evidence: &Evidence<'_>) -> Option<Support> {
    match evidence.category {
        Some(0x00 | 0x80) => Some(Support::Card),
        Some(0x03 | 0x83) => Some(Support::Software),
        _ => (evidence.card_number.is_some() || evidence.card_type.is_some()).then_some(Support::Card),
    }
}

/// TRE_G02; director and staff cards share a type.
const fn card_offer(card_type: Option<u64>) -> Option<Offer> {
    match card_type {
        Some(0) => Some(Offer::Cps),
        Some(1) => Some(Offer::Cpf),
        Some(2) => Some(Offer::CdeCpe),
        Some(3) => Some(Offer::CdaCpa),
        _ => None,
    }
}

fn usage(evidence: &Evidence<'_>, domain: IgcDomain, card: bool) -> Option<Usage> {
    let has = |usage| evidence.key_usage.contains(usage);
    let enciphers = has(KeyUsage::KEY_ENCIPHERMENT) || has(KeyUsage::DATA_ENCIPHERMENT);
    let of_organisation = domain == IgcDomain::Organisations && !card;
    if evidence.server_auth {
        Some(Usage::SslServ)
    } else if evidence.client_auth {
        Some(if of_organisation { Usage::AuthCli } else { Usage::Auth })
    } else if has(KeyUsage::NON_REPUDIATION) {
        Some(Usage::Sign)
    } else if enciphers && evidence.email_protection && has(KeyUsage::DIGITAL_SIGNATURE) && of_organisation {
        Some(Usage::Smime) // profile not seen, inferred from the offer
    } else if enciphers {
        Some(Usage::Conf) // profile not seen, inferred from the offer
    } else {
        by_policy(evidence.policy)
    }
}

/// The production policies known to stand for one use each, below 1.2.250.1.213.1.7 (PC-EL-PP V1.1 and a server certificate).
fn by_policy(policy: Option<&[u8]>) -> Option<Usage> {
    match policy? {
        [1, 1, 1, 4, ..] => Some(Usage::Sign),
        [1, 1, 1, 5, ..] => Some(Usage::Auth),
        [1, 1, 2, 5, ..] => Some(Usage::SslServ),
        _ => None,
    }
}

fn software_offer(evidence: &Evidence<'_>, domain: IgcDomain, profile: &Profile) -> Option<Offer> {
    let usage = profile.usage?;
    match domain {
        IgcDomain::Organisations => match usage {
            Usage::SslServ | Usage::Smime => Some(Offer::Serv),
            // Encryption is offered to both; a server's carries the mail address it is for.
            Usage::Conf if evidence.mail_address => Some(Offer::Serv),
            Usage::AuthCli | Usage::Sign | Usage::Conf => Some(Offer::Org),
            Usage::Auth => None,
        },
        IgcDomain::Personnes => {
            let professional = profile.person.as_ref().is_some_and(|person| match person.scheme {
                Some(PersonScheme::Rpps) => person.id.len() == 11,
                Some(PersonScheme::Adeli) => true,
                _ => false,
            });
            Some(if professional { Offer::Ps } else { Offer::Pro })
        }
    }
}

/// Struct_IdNat: the first OU without a space that starts with a type digit (TRE_G07; 5 and 6 are FINESS until 2016).
fn structure(subject: &[u8], relaxed: bool) -> Option<StructureRef> {
    let units = name::attributes(subject).filter(|(kind, _)| *kind == oid::ORGANIZATIONAL_UNIT);
    for unit in units.filter_map(|(_, value)| name::string(value)) {
        let Some((digit, id)) = typed(&unit) else { continue };
        let scheme = match digit {
            '0' => Some(StructureScheme::Adeli),
            '1' | '5' | '6' => Some(StructureScheme::Finess),
            '2' => Some(StructureScheme::Siren),
            '3' => Some(StructureScheme::Siret),
            '4' => Some(StructureScheme::RppsRang),
            _ => None,
        };
        return Some(StructureRef { scheme, id: id.into(), valid: valid(scheme, id, relaxed) });
    }
    None
}

fn valid(scheme: Option<StructureScheme>, id: &str, relaxed: bool) -> bool {
    let length = id.len();
    match scheme {
        Some(StructureScheme::Finess) => check_digit::finess(id) || (relaxed && length == 9),
        Some(StructureScheme::Siren) => check_digit::siren(id) || (relaxed && length == 9),
        Some(StructureScheme::Siret) => {
            // Establishments of Monaco carry letters instead of a key.
            check_digit::siret(id) || (length == 14 && (relaxed || id.starts_with("MONACO")))
        }
        Some(StructureScheme::RppsRang) => check_digit::rpps_rang(id) || (relaxed && length == 14),
        // Neither the ADELI key nor the length with the rank is published.
        Some(StructureScheme::Adeli) => (9..=14).contains(&length),
        None => false,
    }
}

/// PS_IdNat (TRE_G08): a type digit, then a number, or the number of a structure, a slash and a number in its register.
fn person(common_name: &str) -> Option<PersonRef> {
    let digit = common_name.chars().next().filter(char::is_ascii_digit)?;
    let id = common_name.get(1..)?;
    let (number, register) = match id.split_once('/') {
        Some((number, register)) => (number, Some(register)),
        None => (id, None),
    };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain(number) || register.is_some_and(|register| !plain(register)) {
        return None;
    }
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let scheme = match (digit, register) {
        ('8', None) if digits => Some(PersonScheme::Rpps),
        ('0', None) if number.len() == 9 => Some(PersonScheme::Adeli),
        ('3', Some(_)) => Some(PersonScheme::FinessRegister),
        ('5', Some(_)) => Some(PersonScheme::SiretRegister),
        (_, None) if !digits => return None, // a name that happens to start with a digit
        _ => None,
    };
    Some(PersonRef { scheme, id: id.into() })
}

/// A type digit followed by nothing but letters and digits.
fn typed(text: &str) -> Option<(char, &str)> {
    let digit = text.chars().next().filter(char::is_ascii_digit)?;
    let id = text.get(1..)?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some((digit, id))
}

/// A CPE *de service* (CGU 4.3) has a pseudonym where a nominative card has a name.
fn is_service(subject: &[u8]) -> bool {
    let mut pseudonym = false;
    for (kind, value) in name::attributes(subject) {
        match kind {
            oid::PSEUDONYM => pseudonym = true,
            oid::TITLE if name::string(value).is_some_and(|title| title.starts_with("Carte de service")) => {
                return true;
            }
            oid::SURNAME | oid::GIVEN_NAME => return false,
            _ => {}
        }
    }
    pseudonym
}
