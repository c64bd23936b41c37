//! The certificate walk held against x509-parser: built for tests and fuzzing alone.

use std::fmt::Debug;

use x509_parser::asn1_rs::{FromDer, Oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::x509::X509Name;

use super::certificate::{self, Parts};
use super::der::{
    self, BIT_STRING, BOOLEAN, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, UTC_TIME,
    context, magnitude,
};
use super::digest::sha256;
use super::{extension, name, oid, public_key};
use crate::domain::certificate::Certificate;

/// What the two say of these bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Opinion {
    /// One of them refuses the bytes.
    Incomparable,
    /// Both give the same facts.
    Same,
    /// A line for each fact that differs.
    Different(Vec<String>),
}

/// Compares every fact of a certificate that x509-parser reads too.
pub fn compare(der: &[u8]) -> Opinion {
    let (Ok(([], theirs)), Ok(ours), Some(parts)) =
        (X509Certificate::from_der(der), certificate::parse(der), Parts::read(der))
    else {
        return Opinion::Incomparable;
    };
    let mut differences = Differences::default();
    differences.outline(&ours, &parts, &theirs);
    let elements = parts.extensions.iter().flat_map(|all| all.children());
    for (element, extension) in elements.zip(theirs.extensions()) {
        // Of two of a kind x509-parser gives none (`DuplicateExtensions`), the walk the first that says something.
        let once = theirs.extensions().iter().filter(|other| other.oid == extension.oid).count() == 1;
        if once && is_tagged_right(element, extension) {
            differences.extension(&ours, extension.value, extension.parsed_extension());
        }
    }
    if differences.0.is_empty() { Opinion::Same } else { Opinion::Different(differences.0) }
}

/// x509-parser looks at no tag class, and takes any tag for an OID: what is only read for that reason is not compared.
fn is_tagged_right(element: Element<'_>, theirs: &X509Extension<'_>) -> bool {
    let mut parts = element.children();
    let named = element.tag == SEQUENCE && parts.field(OID).is_some();
    parts.field(BOOLEAN);
    let (Some(value), true) = (parts.field(OCTET_STRING), named) else { return false };
    let Some(inside) = Reader::new(value.content).next() else { return false };
    let all = |right: fn(u8) -> bool| inside.tag == SEQUENCE && inside.children().all(|child| right(child.tag));
    match theirs.parsed_extension() {
        ParsedExtension::KeyUsage(_) => inside.tag == BIT_STRING,
        ParsedExtension::SubjectKeyIdentifier(_) => inside.tag == OCTET_STRING,
        ParsedExtension::ExtendedKeyUsage(_) => all(|tag| tag == OID),
        ParsedExtension::BasicConstraints(_) => all(|tag| tag == BOOLEAN || tag == INTEGER),
        ParsedExtension::AuthorityKeyIdentifier(_) => all(|tag| matches!(tag, 0x80 | 0xa1 | 0x82)),
        ParsedExtension::SubjectAlternativeName(_) => {
            all(|tag| matches!(tag, 0x81..=0x82 | 0x86..=0x88 | 0xa0 | 0xa3..=0xa5)) && inside.children().all(is_name)
        }
        _ => true,
    }
}

/// An otherName starts with its OID, a directoryName is a Name.
fn is_name(general: Element<'_>) -> bool {
    let first = general.children().next().map(|inside| inside.tag);
    match general.tag {
        0xa0 => first == Some(OID),
        0xa4 => first == Some(SEQUENCE),
        _ => true,
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn same<T: PartialEq + Debug>(&mut self, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.0.push(format!("{what}: {ours:?}, x509-parser says {theirs:?}"));
        }
    }

    fn outline(&mut self, ours: &Certificate, parts: &Parts<'_>, theirs: &X509Certificate<'_>) {
        let tbs = &theirs.tbs_certificate;
        self.same("fingerprint", ours.fingerprint, sha256(theirs.as_raw()));
        self.same("serial number", magnitude(&ours.serial_number), magnitude(tbs.raw_serial()));
        if parts.validity.children().all(|time| matches!(time.tag, UTC_TIME | GENERALIZED_TIME)) {
            self.same("not before", ours.not_before.unix(), tbs.validity.not_before.timestamp());
            self.same("not after", ours.not_after.unix(), tbs.validity.not_after.timestamp());
        }
        self.name("issuer", &ours.issuer, parts.issuer, &tbs.issuer);
        self.name("subject", &ours.subject, parts.subject, &tbs.subject);
        let key = &tbs.subject_pki;
        // x509-parser drops what follows the BIT STRING inside the structure.
        if key.raw.len() == parts.public_key_info.raw.len() {
            self.same("public key", ours.spki, sha256(key.raw));
        }
        if let Some(info) = public_key::read(parts.public_key_info) {
            self.same("key algorithm", info.algorithm, key.algorithm.algorithm.as_bytes());
            self.same("key", info.key, &*key.subject_public_key.data);
        }
        let algorithm = theirs.signature_algorithm.algorithm.as_bytes();
        self.same("signature algorithm", &*ours.signature_algorithm, &oid::signature_algorithm(algorithm));
        if theirs.signature_value.unused_bits < 8 {
            self.same("signature", parts.signature, &*theirs.signature_value.data);
        }
    }

    /// That the text is the one of these bytes, and the attributes one by one.
    fn name(&mut self, what: &str, text: &str, content: &[u8], theirs: &X509Name<'_>) {
        self.same(what, text, &name::rfc4514(content));
        let elements = Reader::new(content).flat_map(|relative| relative.children());
        let ours: Vec<_> = name::attributes(content).map(|(kind, value)| (kind, value.content)).collect();
        if ours.len() != elements.count() {
            return; // x509-parser takes other tags for a SET or an OID; the text shows such attributes in hex
        }
        let theirs: Vec<_> =
            theirs.iter_attributes().map(|one| (one.attr_type().as_bytes(), one.attr_value().data)).collect();
        // x509-parser stops without a word at the first attribute it cannot read.
        self.same(what, ours.get(..theirs.len()), Some(&*theirs));
    }

    fn extension(&mut self, ours: &Certificate, value: &[u8], theirs: &ParsedExtension<'_>) {
        match theirs {
            ParsedExtension::KeyUsage(usage) => {
                self.same("key usage", ours.key_usage.map(|usage| usage.0), Some(usage.flags & 0x1ff));
            }
            ParsedExtension::ExtendedKeyUsage(_) => {
                // Its own struct loses the order.
                let Ok((_, purposes)) = <Vec<Oid<'_>>>::from_der(value) else { return };
                let theirs: Vec<_> =
                    purposes.iter().map(|kind| oid::extended_key_usage(kind.as_bytes()).into_owned()).collect();
                let ours: Vec<_> = ours.extended_key_usage.iter().map(|purpose| purpose.to_string()).collect();
                self.same("extended key usage", ours, theirs);
            }
            ParsedExtension::BasicConstraints(constraints) => self.same("CA", ours.is_ca, constraints.ca),
            ParsedExtension::SubjectKeyIdentifier(id) => {
                self.same("subject key identifier", ours.key_ids.subject.as_deref(), Some(id.0));
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                let theirs = id.key_identifier.as_ref().map(|id| id.0);
                self.same("authority key identifier", ours.key_ids.authority.as_deref(), theirs);
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                let theirs: Option<Vec<String>> = names.general_names.iter().map(general_name).collect();
                if let Some(theirs) = theirs {
                    let ours: Vec<_> = ours.san.iter().map(|name| name.to_string()).collect();
                    self.same("alternative names", ours, theirs);
                }
            }
            _ => {}
        }
    }
}

/// As the walk writes it; `None` for what x509-parser could not read.
fn general_name(theirs: &GeneralName<'_>) -> Option<String> {
    Some(match theirs {
        GeneralName::RFC822Name(mail) => format!("email:{}", name::single_line(mail)),
        GeneralName::DNSName(host) => format!("dns:{}", name::single_line(host)),
        GeneralName::URI(uri) => format!("uri:{}", name::single_line(uri)),
        GeneralName::IPAddress(octets) => extension::ip_address(octets),
        GeneralName::RegisteredID(id) => format!("rid:{}", oid::dotted(id.as_bytes())),
        GeneralName::DirectoryName(directory) => {
            let whole = der::single(directory.as_raw(), SEQUENCE)?; // shorter where it stopped reading
            format!("dirname:{}", name::rfc4514(whole.content))
        }
        GeneralName::OtherName(kind, value) if kind.as_bytes() == oid::UPN => {
            let text = Reader::new(value)
                .field(context(0))
                .and_then(|wrapped| wrapped.children().next())
                .and_then(name::string);
            text.map_or_else(
                || format!("other:{}", oid::dotted(oid::UPN)),
                |text| format!("upn:{}", name::single_line(&text)),
            )
        }
        GeneralName::OtherName(kind, _) => format!("other:{}", oid::dotted(kind.as_bytes())),
        GeneralName::X400Address(_) => "other:x400".to_owned(),
        GeneralName::EDIPartyName(_) => "other:ediparty".to_owned(),
        GeneralName::Invalid(..) => return None,
    })
}

#[cfg(test)]
mod tests {
    use rcgen::string::{BmpString, Ia5String, PrintableString, TeletexString, UniversalString};
    use rcgen::{
        BasicConstraints, CertificateParams, CustomExtension, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, KeyPair,
        KeyUsagePurpose, OtherNameValue, SanType, SerialNumber,
    };

    use super::super::read;
    use super::super::signature::is_signed_by;
    use super::*;
    use crate::domain::reading::{Item, ReadItem};

    /// SplitMix64: the same damage on every run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
        }
    }

    /// A certificate with a bit of everything that `shape` asks for.
    fn made(shape: u64, key: &KeyPair) -> Vec<u8> {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CountryName, DnValue::PrintableString(PrintableString::try_from("FR").expect("ascii")));
        name.push(DnType::OrganizationName, DnValue::BmpString(BmpString::try_from("Hôpital, \"8\"").expect("bmp")));
        name.push(DnType::LocalityName, DnValue::TeletexString(TeletexString::try_from("Lyon").expect("t61")));
        name.push(DnType::StateOrProvinceName, DnValue::UniversalString(UniversalString::try_from("é").expect("ucs")));
        name.push(DnType::CustomDnType(vec![1, 2, 3, 4]), "x");
        name.push(DnType::CommonName, "#8 997");
        params.serial_number = Some(SerialNumber::from(vec![0x80 >> (shape % 8), 2, 3]));
        params.not_before = rcgen::date_time_ymd(1970 + (shape as i32 * 37) % 200, 2, 28);
        params.not_after = rcgen::date_time_ymd(2049 + (shape as i32 % 3), 12, 31);
        let ia5 = |text| Ia5String::try_from(text).expect("ascii");
        let names = [
            SanType::DnsName(ia5("a.fr")),
            SanType::Rfc822Name(ia5("x@a.fr")),
            SanType::URI(ia5("https://a.fr/\\x")),
            SanType::IpAddress([192, 0, 2, 1].into()),
            SanType::IpAddress([1; 16].into()),
            SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], OtherNameValue::Utf8String("x@cps".to_owned()))),
            SanType::OtherName((vec![1, 2, 3], OtherNameValue::Utf8String("x".to_owned()))),
        ];
        params.subject_alt_names = names.into_iter().skip(shape as usize % 8).collect();
        let usages = [
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::ContentCommitment,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DecipherOnly,
        ];
        params.key_usages = usages.into_iter().skip(shape as usize % 6).collect();
        let purposes = [
            ExtendedKeyUsagePurpose::EmailProtection,
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::Any,
            ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 2]),
        ];
        params.extended_key_usages = purposes.into_iter().skip(shape as usize % 5).collect();
        params.is_ca = match shape % 4 {
            0 => IsCa::NoCa,
            1 => IsCa::ExplicitNoCa,
            2 => IsCa::Ca(BasicConstraints::Unconstrained),
            _ => IsCa::Ca(BasicConstraints::Constrained(2)),
        };
        params.use_authority_key_identifier_extension = shape.is_multiple_of(2);
        params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 16], vec![0x30, 0]));
        params.self_signed(key).expect("a certificate").der().to_vec()
    }

    /// The same certificates on every run: this key is always the same, and so are its signatures (RFC 8032).
    fn seeds() -> Vec<Vec<u8>> {
        let key = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20vigie-vigie-vigie-vigie-vigie-32";
        let key = KeyPair::try_from(key.as_slice()).expect("a key");
        (0..60).map(|shape| made(shape, &key)).collect()
    }

    #[test]
    fn agrees_with_x509_parser_on_whatever_is_made() {
        let algorithms = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384];
        let keys: Vec<_> = algorithms.into_iter().map(|which| KeyPair::generate_for(which).expect("a key")).collect();
        for mut der in seeds().into_iter().chain(keys.iter().enumerate().map(|(shape, key)| made(shape as u64, key))) {
            assert_eq!(compare(&der), Opinion::Same);
            for signed in [true, false] {
                let (_, theirs) = X509Certificate::from_der(&der).expect("a certificate");
                assert_eq!((theirs.verify_signature(None).is_ok(), is_signed_by(&der, &der)), (signed, signed));
                *der.last_mut().expect("a signature") ^= 1;
            }
        }
    }

    #[test]
    fn agrees_with_x509_parser_on_damage_it_accepts() {
        let seeds = seeds();
        let mut dice = Dice(0x5eed);
        let mut compared = 0;
        for case in 0..20_000 {
            let mut der = seeds[case % seeds.len()].clone();
            for _ in 0..=dice.below(2) {
                let at = dice.below(der.len());
                match dice.below(3) {
                    0 => der[at] ^= 1 << dice.below(8),
                    1 => der[at] = [0, 1, 0x0c, 0x13, 0x7f, 0x80, 0x82, 0xff, 0x30, 0xa0][dice.below(10)],
                    _ => der.swap(at, (at + 1).min(seeds[case % seeds.len()].len() - 1)),
                }
            }
            match compare(&der) {
                Opinion::Same => compared += 1,
                Opinion::Incomparable => {}
                Opinion::Different(how) => panic!("case {case}: {how:#?}\n{der:02x?}"),
            }
        }
        assert!(compared > 5_000, "only {compared} were accepted by both");
    }

    #[test]
    fn what_follows_a_certificate_is_no_part_of_it() {
        let mut der = made(0, &KeyPair::generate().expect("a key"));
        let fingerprint = certificate::parse(&der).expect("a certificate").fingerprint;
        der.push(0);
        assert!(certificate::parse(&der).is_err(), "one certificate would have two fingerprints");
        let items = read::read(&der, None, &read::Limits::default()).items;
        assert!(matches!(&*items, [ReadItem { item: Item::Certificate { facts, der }, .. }]
            if facts.fingerprint == fingerprint && sha256(der) == fingerprint));
    }

    #[test]
    fn a_difference_is_told() {
        let mut differences = Differences::default();
        differences.same("x", 1, 1);
        differences.same("y", 1, 2);
        assert_eq!(differences.0, ["y: 1, x509-parser says 2"]);
    }
}
