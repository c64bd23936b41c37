//! IGC-Santé profiles on certificates made to their pattern.

use std::sync::Arc;

use serde_json::{Value, json};
use vigie::domain::certificate::Certificate;
use vigie::domain::inventory::IssuerLink;
use vigie::pki::issuer_links::{Authorities, Known, issuer_links};

use super::openssl::Bench;
use super::{der, only_certificate};

const AUTH: &str = "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n";
const SIGN: &str = "keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=emailProtection\n";
const SERVER: &str = "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n";
const SOFTWARE: &str = "1.2.250.1.71.1.2.5=DER:04:01:03\n";
const TEST_SOFTWARE: &str = "1.2.250.1.71.1.2.5=DER:04:01:83\n";
const CARD: &str = "1.2.250.1.71.1.2.5=DER:04:01:00\n1.2.250.1.71.1.2.3=ASN1:PRINTABLESTRING:8025000001/2800636234\n";

struct Igc {
    bench: Bench,
}

impl Igc {
    fn under(authority: &str) -> Self {
        let bench = Bench::new();
        bench.key("ca.key", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        bench.key("k.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        let subject = format!("/C=FR/O=ASIP-SANTE/OU=0002 187512751/OU=IGC-SANTE/CN={authority}");
        bench.self_signed("ca.pem", "ca.key", &subject, "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash");
        Self { bench }
    }

    fn leaf(&self, subject: &str, extensions: &str) -> Arc<Certificate> {
        self.bench.issued("leaf.pem", "ca", "k.pem", subject, &format!("basicConstraints=CA:FALSE\n{extensions}"));
        only_certificate(&self.bench.read("leaf.pem"))
    }

    /// The profile without what says nothing.
    fn profile(&self, subject: &str, extensions: &str) -> Value {
        let mut profile = serde_json::to_value(&self.leaf(subject, extensions).profile).unwrap();
        profile.as_object_mut().unwrap().retain(|_, value| !value.is_null() && *value != json!(false));
        profile
    }
}

#[test]
fn organisations_and_servers() {
    let igc = Igc::under("AC IGC-SANTE ELEMENTAIRE ORGANISATIONS");
    let base =
        json!({"environment": "production", "gamme": "elementaire", "domain": "organisations", "support": "software"});
    let with = |more: Value| {
        let mut whole = base.clone();
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        whole
    };
    let subject = |unit: &str| format!("/C=FR/ST=Paris (75)/O=CH D'EXEMPLE/OU={unit}/CN=DRIMbox");
    for (unit, scheme, id, valid) in [
        ("318751275100020", Some("siret"), "18751275100020", true),
        ("318751275100021", Some("siret"), "18751275100021", false),
        ("1750712184", Some("finess"), "750712184", true),
        ("12A0000014", Some("finess"), "2A0000014", true),
        ("10B0057881", Some("finess"), "0B0057881", false),
        ("2187512751", Some("siren"), "187512751", true),
        ("499700367909006", Some("rpps_rang"), "99700367909006", true),
        ("0750001234", Some("adeli"), "750001234", true),
        ("7123", None, "123", false),
    ] {
        assert_eq!(
            igc.profile(&subject(unit), &format!("{AUTH}{SOFTWARE}")),
            with(
                json!({"offer": "ORG", "usage": "AUTH_CLI", "structure": {"scheme": scheme, "id": id, "valid": valid}})
            )
        );
    }
    let structure = json!({"scheme": "siret", "id": "18751275100020", "valid": true});
    let conf = "keyUsage=critical,keyEncipherment,dataEncipherment\nextendedKeyUsage=emailProtection\n";
    let smime = "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection\n";
    for (extensions, offer, usage) in
        [(SERVER, "SERV", "SSL_SERV"), (SIGN, "ORG", "SIGN"), (conf, "ORG", "CONF"), (smime, "SERV", "SMIME")]
    {
        assert_eq!(
            igc.profile(&subject("318751275100020"), &format!("{SOFTWARE}{extensions}")),
            with(json!({"offer": offer, "usage": usage, "structure": structure}))
        );
    }
}

#[test]
fn test_products_are_told_from_production() {
    let igc = Igc::under("TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS");
    let subject = "/C=FR/OU=10B0057881/CN=EMA";
    let profile = igc.profile(subject, &format!("{AUTH}{TEST_SOFTWARE}"));
    assert_eq!(profile["environment"], "test");
    assert_eq!(
        profile["structure"],
        json!({"scheme": "finess", "id": "0B0057881", "valid": true}),
        "held to the length"
    );
    assert_eq!(profile.get("contradictory_environment"), None);
    let profile = igc.profile(subject, &format!("{AUTH}{SOFTWARE}"));
    assert_eq!((&profile["environment"], &profile["contradictory_environment"]), (&json!("test"), &json!(true)));
}

#[test]
fn persons_and_cards() {
    let igc = Igc::under("AC IGC-SANTE ELEMENTAIRE PERSONNES");
    let software = |name: &str| {
        let profile = igc.profile(&format!("/C=FR/title=Médecin/GN=Zoé+CN={name}+SN=X"), &format!("{SIGN}{SOFTWARE}"));
        (profile["offer"].clone(), profile["person"].clone())
    };
    assert_eq!(software("899700345091"), (json!("PS"), json!({"scheme": "rpps", "id": "99700345091"})));
    assert_eq!(software("0750001234"), (json!("PS"), json!({"scheme": "adeli", "id": "750001234"})));
    assert_eq!(software("secretariat"), (json!("PRO"), Value::Null));

    let igc = Igc::under("AC IGC-SANTE FORT PERSONNES");
    assert_eq!(
        igc.profile(
            "/C=FR/title=Médecin/GN=Zoé+CN=899700345091+SN=X",
            &format!("{SIGN}{CARD}1.2.250.1.71.1.2.2=DER:02:01:00")
        ),
        json!({"environment": "production", "gamme": "fort", "domain": "personnes", "support": "card", "offer": "CPS", "usage": "SIGN",
               "person": {"scheme": "rpps", "id": "99700345091"}, "card_number": "2800636234"})
    );

    let igc = Igc::under("AC IGC-SANTE STANDARD PERSONNES");
    let card =
        |subject: &str, kind: u8| igc.profile(subject, &format!("{AUTH}{CARD}1.2.250.1.71.1.2.2=DER:02:01:0{kind}"));
    let service = card(
        "/C=FR/O=CH/OU=1750712184/title=Carte de service santé ou social/2.5.4.65=EMPLOYE000000001/CN=3750712184\\/000000001",
        2,
    );
    assert_eq!(
        (&service["offer"], &service["usage"], &service["service_card"]),
        (&json!("CDE_CPE"), &json!("AUTH"), &json!(true))
    );
    assert_eq!(service["person"], json!({"scheme": "finess_register", "id": "750712184/000000001"}));
    assert_eq!(service["structure"]["id"], "750712184");
    let staff = card("/C=FR/OU=318751275100020/GN=A+CN=518751275100020\\/CPAT0001+SN=B", 3);
    assert_eq!((&staff["offer"], &staff["person"]["scheme"]), (&json!("CDA_CPA"), &json!("siret_register")));
    assert_eq!(staff.get("service_card"), None);
    assert_eq!(card("/C=FR/CN=x", 1)["offer"], "CPF");
}

#[test]
fn foreign_authorities_prove_nothing() {
    for authority in
        ["AC IGC-SANTE ELEMENTAIRE", "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS 2", "Autre", "ac igc-sante fort personnes"]
    {
        let igc = Igc::under(authority);
        assert_eq!(igc.profile("/OU=318751275100020/CN=x", AUTH), json!({}));
    }
    let profile = Igc::under("Autre").profile("/OU=318751275100020/CN=x", &format!("{AUTH}{TEST_SOFTWARE}"));
    assert_eq!(
        profile,
        json!({"environment": "test", "support": "software"}),
        "the private extensions speak for themselves"
    );
}

#[test]
fn issuers_are_found_by_name_and_proved_by_signature() {
    let (real, twin) = (Igc::under("AC"), Igc::under("AC"));
    let known =
        |bench: &Bench, name: &str| Known { facts: only_certificate(&bench.read(name)), der: der(bench, name).into() };
    real.leaf("/CN=x", "authorityKeyIdentifier=keyid");
    let (leaf, root, other) =
        (known(&real.bench, "leaf.pem"), known(&real.bench, "ca.pem"), known(&twin.bench, "ca.pem"));
    let new = [leaf.clone(), root.clone()];
    assert_eq!(leaf.facts.key_ids.authority, root.facts.key_ids.subject);
    let links = issuer_links(&new, &Authorities::new([other.clone(), root.clone()]), 2);
    assert_eq!(links[&leaf.facts.fingerprint], IssuerLink::Issued(root.facts.fingerprint));
    assert_eq!(links[&root.facts.fingerprint], IssuerLink::SelfSigned);
    let links = issuer_links(&new, &Authorities::new([other]), 2);
    assert_eq!(links[&leaf.facts.fingerprint], IssuerLink::Unknown, "the same name is not the same key");
}
