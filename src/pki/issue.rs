//! Certificates made on the spot, in the shape of the IGC-Santé TEST hierarchy: what the demonstration and the tests watch.
//!
//! Nothing here is an IGC-Santé certificate: the authorities are made together with what they sign, and no real trust anchor
//! leads to them. For the same reason the leaves carry no CRL, OCSP or issuer address: those of ANS do not know them.

use std::time::Duration;

use rcgen::string::{Ia5String, PrintableString};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, SanType, SerialNumber,
};
use zeroize::Zeroizing;

use super::der::{self, INTEGER, OCTET_STRING, OID, PRINTABLE_STRING, SEQUENCE, context_primitive};
use super::digest::sha256;
use super::oid;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::offer::{Offer, Usage};
use crate::domain::time::Timestamp;

/// Why something could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The encoder or the crypto library refused.
    #[error("a certificate could not be made: {0}")]
    Encoding(#[from] rcgen::Error),
    /// Years a certificate cannot say.
    #[error("a certificate cannot end or begin at {0}")]
    Time(Timestamp),
}

impl IssueError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "encoding",
            Self::Time(_) => "time",
        }
    }
}

/// An RSA key pair.
pub struct KeyPair(rcgen::KeyPair);

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({})", self.spki())
    }
}

impl KeyPair {
    /// A new key of 2048 bits, as on every IGC-Santé leaf. Takes a tenth of a second and more.
    ///
    /// # Errors
    /// No randomness.
    pub fn rsa_2048() -> Result<Self, IssueError> {
        Ok(Self(rcgen::KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?))
    }

    /// The private key as PKCS#8 PEM.
    pub fn private_key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.serialize_pem())
    }

    /// SHA-256 over the SubjectPublicKeyInfo.
    pub fn spki(&self) -> Fingerprint {
        sha256(&rcgen::PublicKeyData::subject_public_key_info(&self.0))
    }
}

/// First and last instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Included.
    pub not_before: Timestamp,
    /// Included.
    pub not_after: Timestamp,
}

/// An attribute of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// `ST`: department, as in `Paris (75)`.
    Department,
    /// `O`.
    Organization,
    /// `OU`: the structure number with its type digit.
    Unit,
    /// `title`.
    Title,
    /// `GN`.
    GivenName,
    /// `SN`.
    Surname,
    /// `CN`.
    CommonName,
    /// `pseudonym`, on a card *de service* in place of a name.
    Pseudonym,
}

impl Attribute {
    fn kind(self) -> DnType {
        match self {
            Self::Department => DnType::StateOrProvinceName,
            Self::Organization => DnType::OrganizationName,
            Self::Unit => DnType::OrganizationalUnitName,
            Self::Title => DnType::CustomDnType(vec![2, 5, 4, 12]),
            Self::GivenName => DnType::CustomDnType(vec![2, 5, 4, 42]),
            Self::Surname => DnType::CustomDnType(vec![2, 5, 4, 4]),
            Self::CommonName => DnType::CommonName,
            Self::Pseudonym => DnType::CustomDnType(vec![2, 5, 4, 65]),
        }
    }
}

/// A subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AltName {
    /// dNSName.
    Dns(String),
    /// rfc822Name.
    Mail(String),
}

/// What an end entity certificate is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Chooses key usage and extended key usage.
    pub offer: Offer,
    /// Chooses key usage and extended key usage.
    pub usage: Usage,
    /// In encoding order, after `C=FR`. Each attribute is an RDN of its own: the encoder knows no multi-valued RDN, in which
    /// ANS puts GN, CN and SN of persons.
    pub subject: Vec<(Attribute, String)>,
    /// subjectAltName; none when empty.
    pub alt_names: Vec<AltName>,
    /// Validity.
    pub validity: Validity,
    /// End of a privateKeyUsagePeriod that begins with the validity.
    pub private_key_usage_not_after: Option<Timestamp>,
    /// The ten digits of the card that carries it; `None` for a software certificate. `offer` gives the type of the card.
    pub card: Option<String>,
}

/// An authority that can sign.
pub struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    certificate: Issued,
}

/// A certificate that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// PEM, one block.
    pub pem: String,
    /// The same, bare.
    pub der: Vec<u8>,
    /// SHA-256 over the DER.
    pub fingerprint: Fingerprint,
}

impl From<rcgen::Certificate> for Issued {
    fn from(made: rcgen::Certificate) -> Self {
        Self { pem: made.pem(), der: made.der().to_vec(), fingerprint: sha256(made.der()) }
    }
}

impl Authority {
    /// A self-signed root, named as the TEST roots are but for `common_name`.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn root(common_name: &str, validity: Validity, key: KeyPair) -> Result<Self, IssueError> {
        let params = authority(common_name, validity, BasicConstraints::Unconstrained, &key)?;
        let certificate = params.self_signed(&key.0)?.into();
        Ok(Self { issuer: rcgen::Issuer::new(params, key.0), certificate })
    }

    /// An intermediate below this root.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn intermediate(&self, common_name: &str, validity: Validity, key: KeyPair) -> Result<Self, IssueError> {
        let params = authority(common_name, validity, BasicConstraints::Constrained(0), &key)?;
        let certificate = params.signed_by(&key.0, &self.issuer)?.into();
        Ok(Self { issuer: rcgen::Issuer::new(params, key.0), certificate })
    }

    /// An end entity certificate for `key`.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(&self, leaf: &Leaf, key: &KeyPair) -> Result<Issued, IssueError> {
        let mut params = params(leaf.validity, key, &leaf.subject)?;
        params.distinguished_name = name(&leaf.subject)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        (params.key_usages, params.extended_key_usages) = purposes(leaf.offer, leaf.usage);
        for alt_name in &leaf.alt_names {
            params.subject_alt_names.push(match alt_name {
                AltName::Dns(name) => SanType::DnsName(Ia5String::try_from(name.as_str())?),
                AltName::Mail(mail) => SanType::Rfc822Name(Ia5String::try_from(mail.as_str())?),
            });
        }
        params.custom_extensions = vec![policy(), category(leaf.card.is_some())];
        if let Some(number) = &leaf.card {
            params.custom_extensions.extend(card_marks(leaf.offer, number));
        }
        if let Some(end) = leaf.private_key_usage_not_after {
            params.custom_extensions.push(usage_period(leaf.validity.not_before, end)?);
        }
        Ok(params.signed_by(&key.0, &self.issuer)?.into())
    }

    /// Its own certificate.
    pub const fn certificate(&self) -> &Issued {
        &self.certificate
    }
}

/// Key usage and extended key usage of each product, as read off real certificates. CONF, S/MIME and every PRO certificate were
/// never seen: those are inferred from the others and from what the usage needs (RFC 8550 section 4.4.2).
fn purposes(offer: Offer, usage: Usage) -> (Vec<KeyUsagePurpose>, Vec<ExtendedKeyUsagePurpose>) {
    use ExtendedKeyUsagePurpose::{ClientAuth, EmailProtection, ServerAuth};
    use KeyUsagePurpose::{ContentCommitment, DataEncipherment, DigitalSignature, KeyEncipherment};
    match usage {
        Usage::AuthCli | Usage::Auth => (vec![DigitalSignature], vec![ClientAuth]),
        Usage::SslServ => (vec![DigitalSignature, KeyEncipherment], vec![ServerAuth, ClientAuth]),
        Usage::Sign if matches!(offer, Offer::Org | Offer::Serv) => {
            (vec![DigitalSignature, ContentCommitment], vec![EmailProtection])
        }
        Usage::Sign => (vec![ContentCommitment], vec![EmailProtection]),
        Usage::Smime => (vec![DigitalSignature, KeyEncipherment], vec![EmailProtection]),
        Usage::Conf => (vec![KeyEncipherment, DataEncipherment], vec![EmailProtection]),
    }
}

fn authority(
    common_name: &str,
    validity: Validity,
    depth: BasicConstraints,
    key: &KeyPair,
) -> Result<CertificateParams, IssueError> {
    let mut params = params(validity, key, &[(Attribute::CommonName, common_name.to_owned())])?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, DnValue::PrintableString(PrintableString::try_from("FR")?));
    name.push(DnType::OrganizationName, "ASIP-SANTE");
    name.push(DnType::OrganizationalUnitName, "0002 187512751");
    // The encoder keeps one value per kind: the second OU is spelled by its OID.
    name.push(DnType::CustomDnType(vec![2, 5, 4, 11]), "IGC-SANTE TEST");
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(depth);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Dates and serial number. The serial follows from what the certificate is for: 16 octets, as on real leaves, never the same
/// for two certificates of one key.
fn params(validity: Validity, key: &KeyPair, subject: &[(Attribute, String)]) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    let at = |instant: Timestamp| {
        let seconds = u64::try_from(instant.unix()).ok().filter(|seconds| *seconds < 250_000_000_000);
        let seconds = seconds.ok_or(IssueError::Time(instant))?;
        Ok::<_, IssueError>(rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds))
    };
    params.not_before = at(validity.not_before)?;
    params.not_after = at(validity.not_after)?;
    let known = format!("{} {} {} {subject:?}", key.spki(), validity.not_before, validity.not_after);
    let mut serial: Vec<u8> = sha256(known.as_bytes()).0.iter().copied().take(16).collect();
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3f | 0x40; // positive, and always 16 octets (RFC 5280 section 4.1.2.2)
    }
    params.serial_number = Some(SerialNumber::from(serial));
    Ok(params)
}

fn name(subject: &[(Attribute, String)]) -> Result<DistinguishedName, IssueError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, DnValue::PrintableString(PrintableString::try_from("FR")?));
    for (attribute, value) in subject {
        name.push(attribute.kind(), value.as_str());
    }
    Ok(name)
}

/// Extensions 1.2.250.1.71.1.2.2 (TRE_G02, card type) and .3 (card number).
fn card_marks(offer: Offer, number: &str) -> [CustomExtension; 2] {
    let kind = match offer {
        Offer::Cpf => 1,
        Offer::CdeCpe => 2,
        Offer::CdaCpa => 3,
        _ => 0,
    };
    let mark = |arc: u64, tag: u8, value: &[u8]| {
        let mut content = Vec::new();
        der::write(&mut content, tag, value);
        CustomExtension::from_oid_content(&[1, 2, 250, 1, 71, 1, 2, arc], content)
    };
    [mark(2, INTEGER, &[kind]), mark(3, PRINTABLE_STRING, format!("8025000001/{number}").as_bytes())]
}

/// Extension 1.2.250.1.71.1.2.5 (TRE_G01): TEST software certificate, or TEST card.
fn category(card: bool) -> CustomExtension {
    let mut content = Vec::new();
    der::write(&mut content, OCTET_STRING, &[if card { 0x80 } else { 0x83 }]);
    CustomExtension::from_oid_content(&[1, 2, 250, 1, 71, 1, 2, 5], content)
}

/// The one policy of every TEST leaf, with the address of the TEST policies.
fn policy() -> CustomExtension {
    let element = |tag: u8, content: &[u8]| {
        let mut out = Vec::new();
        der::write(&mut out, tag, content);
        out
    };
    let cps = element(OID, b"\x2b\x06\x01\x05\x05\x07\x02\x01"); // id-qt-cps, RFC 5280 section 4.2.1.4
    let address = element(0x16, b"http://igc-sante.esante.gouv.fr/PC%20TEST");
    let qualifiers = element(SEQUENCE, &element(SEQUENCE, &[cps, address].concat()));
    let test = element(OID, &[oid::IGC_POLICIES, &[2, 1, 1, 1, 1]].concat());
    let policies = element(SEQUENCE, &element(SEQUENCE, &[test, qualifiers].concat()));
    CustomExtension::from_oid_content(&[2, 5, 29, 32], policies)
}

/// privateKeyUsagePeriod (RFC 3280 section 4.2.1.4).
fn usage_period(begin: Timestamp, end: Timestamp) -> Result<CustomExtension, IssueError> {
    let mut bounds = Vec::new();
    for (number, instant) in [(0, begin), (1, end)] {
        let time = instant.to_chrono().ok_or(IssueError::Time(instant))?.format("%Y%m%d%H%M%SZ").to_string();
        der::write(&mut bounds, context_primitive(number), time.as_bytes());
    }
    let mut content = Vec::new();
    der::write(&mut content, SEQUENCE, &bounds);
    Ok(CustomExtension::from_oid_content(&[2, 5, 29, 16], content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::{Environment, PersonScheme, StructureScheme};
    use crate::domain::reading::Item;
    use crate::pki::read::{Limits, read};

    fn validity() -> Validity {
        let not_before = Timestamp::from_unix(1_700_000_000);
        Validity { not_before, not_after: not_before.plus_days(1096) }
    }

    fn facts(pem: &str) -> std::sync::Arc<crate::domain::certificate::Certificate> {
        let reading = read(pem.as_bytes(), None, &Limits::default());
        match reading.items.into_iter().next().expect("one item").item {
            Item::Certificate { facts, .. } => facts,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_product_is_read_as_what_it_was_made_for() {
        let root =
            Authority::root("TEST AC RACINE IGC-SANTE ELEMENTAIRE", validity(), KeyPair::rsa_2048().expect("a key"))
                .expect("a root");
        let key = KeyPair::rsa_2048().expect("a key");
        for (name, offers) in [("ORGANISATIONS", &[Offer::Org, Offer::Serv][..]), ("PERSONNES", &[Offer::Pro])] {
            let common_name = format!("TEST AC IGC-SANTE ELEMENTAIRE {name}");
            let authority = root
                .intermediate(&common_name, validity(), KeyPair::rsa_2048().expect("a key"))
                .expect("an intermediate");
            for offer in offers {
                for usage in offer.usages() {
                    let person = *offer == Offer::Pro;
                    let common_name = if person { "3990000010/000000001" } else { "x.ch-exemple.test" };
                    let leaf = Leaf {
                        offer: *offer,
                        usage: *usage,
                        subject: vec![
                            (Attribute::Unit, "1990000010".to_owned()),
                            (Attribute::CommonName, common_name.to_owned()),
                        ],
                        // An organisation's certificate carries no name but its own; that is what tells its CONF from a server's.
                        alt_names: match offer {
                            Offer::Org => Vec::new(),
                            _ => vec![AltName::Mail("x@ch-exemple.test".to_owned())],
                        },
                        validity: validity(),
                        private_key_usage_not_after: Some(validity().not_before.plus_days(30)),
                        card: None,
                    };
                    let found = facts(&authority.issue(&leaf, &key).expect("a leaf").pem);
                    let profile = &found.profile;
                    assert_eq!(profile.environment, Some(Environment::Test));
                    assert!(!profile.contradictory_environment);
                    assert_eq!(profile.usage, Some(*usage));
                    // ORG and SERV signatures look alike: the declaration tells them apart.
                    let legal_sign = *usage == Usage::Sign && !person;
                    assert_eq!(profile.offer, Some(if legal_sign { Offer::Org } else { *offer }), "{usage}");
                    let structure = profile.structure.as_ref().expect("a structure");
                    assert_eq!((structure.scheme, structure.valid), (Some(StructureScheme::Finess), true));
                    assert_eq!(
                        profile.person.as_ref().and_then(|person| person.scheme),
                        person.then_some(PersonScheme::FinessRegister)
                    );
                    assert_eq!(found.serial_number.len(), 16);
                    assert_eq!((found.not_before, found.not_after), (validity().not_before, validity().not_after));
                    assert_eq!(found.end(), validity().not_before.plus_days(30));
                    assert_eq!(found.spki, key.spki());
                }
            }
        }
        let root = facts(&root.certificate().pem);
        let name = "CN=TEST AC RACINE IGC-SANTE ELEMENTAIRE,OU=IGC-SANTE TEST,OU=0002 187512751,O=ASIP-SANTE,C=FR";
        assert_eq!((&*root.subject, root.is_ca), (name, true));
    }
}
