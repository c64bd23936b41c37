//! Certification paths (RFC 5280 section 6.1): what a chain must be, and graphs made to keep a reader busy.

use std::sync::Arc;

use vigie::domain::time::Timestamp;
use vigie::pki::path::{Invalid, PathCertificate, Pool, Settings};
use vigie::pki::signature::Accepted;

use super::{Case, EE, World};
use crate::support::made_pki::{
    Authority, CERT_SIGN, CRITICAL, CRL_SIGN, Key, ListSpec, PLAIN, Spec, alt_names, basic_constraints, directory, dns,
    explicit_policy, extension, integer, key_usage, name, name_constraints, other_extension, policies, policy, rdn, seq, tlv,
};

/// The certificate under the authority, with fresh lists of everybody: only the path can be wrong.
fn path(world: &World, authority: &Authority, spec: &Spec) -> Case {
    Case {
        trust: vec![world.root.der.clone()],
        untrusted: vec![authority.der.clone()],
        lists: vec![world.root.list(&ListSpec::new(1)), authority.list(&ListSpec::new(1))],
        target: authority.issue(spec),
        diverges: None,
    }
}

fn end_entity() -> Spec {
    Spec::end_entity("x", EE)
}

#[test]
fn signatures_dates_and_names() {
    let world = World::new();
    path(&world, &world.ca, &end_entity()).good();
    let mut case = path(&world, &world.ca, &end_entity());
    *case.target.last_mut().expect("a signature") ^= 1;
    case.invalid("bad_signature");
    let mut case = path(&world, &world.ca, &end_entity());
    *case.untrusted[0].last_mut().expect("a signature") ^= 1;
    case.invalid("bad_signature");
    path(&world, &world.ca, &end_entity().valid("2020-01-01", "2026-05-31")).invalid("expired");
    path(&world, &world.ca, &end_entity().valid("2026-06-02", "2027-01-01")).invalid("not_yet_valid");
    let old = world.root.below(&Spec::authority("TEST AC ANCIENNE", 20).valid("2020-01-01", "2026-05-31"));
    path(&world, &old, &end_entity()).invalid("expired");
    let mut case = path(&world, &world.ca, &end_entity());
    case.untrusted.clear();
    case.invalid("no_path");
    // A trust anchor that is past its end leads nowhere.
    let root = Authority::root(&Spec::authority("TEST AC RACINE", 1).valid("2020-01-01", "2026-05-31"));
    let ca = root.below(&Spec::authority("TEST AC", 2));
    let world = World { root, ca };
    path(&world, &world.ca, &end_entity()).invalid("expired");
    // Names that differ in case and blanks chain.
    let world = World::new();
    let spelled = seq(&[&rdn(b"\x55\x04\x06", 0x13, b"fr"), &rdn(b"\x55\x04\x0a", 0x13, b"IGC-Sante Test"), &rdn(b"\x55\x04\x03", 0x13, b"test ac  ORGANISATIONS")]);
    let same = Authority { name: spelled, ..world.ca.clone() };
    path(&world, &same, &end_entity()).good();
    let other = Authority { name: name("TEST AC ORGANISATION"), ..world.ca.clone() };
    path(&world, &other, &end_entity()).invalid("no_path");
}

#[test]
fn authorities_only() {
    let world = World::new();
    let usage = || key_usage(&[CERT_SIGN, CRL_SIGN]);
    for (extensions, reason) in [
        (vec![usage()], "not_a_ca"),
        (vec![basic_constraints(false, None), usage()], "not_a_ca"),
        (vec![basic_constraints(true, None), key_usage(&[CRL_SIGN])], "key_usage"),
        (vec![basic_constraints(true, None), usage(), other_extension(b"\x2a\x03\x04", CRITICAL, &[5, 0])], "unknown_critical_extension"),
        (vec![basic_constraints(true, None), usage(), basic_constraints(true, None)], "malformed"),
    ] {
        let authority = world.root.below(&Spec::authority("TEST AC DOUTEUSE", 21).only(extensions));
        path(&world, &authority, &end_entity()).invalid(reason);
    }
    let unknown = |critical| end_entity().with(other_extension(b"\x2a\x03\x04", critical, &[5, 0]));
    path(&world, &world.ca, &unknown(CRITICAL)).invalid("unknown_critical_extension");
    path(&world, &world.ca, &unknown(PLAIN)).good();
}

#[test]
fn path_lengths() {
    let world = World::new();
    let limited = |length| Spec::authority("TEST AC LIMITEE", 22).only(vec![basic_constraints(true, Some(length)), key_usage(&[CERT_SIGN, CRL_SIGN])]);
    let deep = |length: u64, below: Spec| {
        let first = world.root.below(&limited(length));
        let second = first.below(&below);
        let mut case = path(&world, &second, &end_entity()).untrusted(&first.der);
        case.lists.push(first.list(&ListSpec::new(1)));
        case
    };
    deep(1, Spec::authority("TEST AC DEUXIEME", 23)).good();
    deep(0, Spec::authority("TEST AC DEUXIEME", 23)).invalid("path_too_long");
    // A certificate an authority gave itself does not count.
    let first = world.root.below(&limited(0));
    let renewed = first.below(&limited(0));
    let mut case = path(&world, &renewed, &end_entity()).untrusted(&first.der);
    case.lists.push(first.list(&ListSpec::new(1)));
    case.good();
    // The trust anchor's own limit holds.
    let root = Authority::root(&Spec::authority("TEST AC RACINE", 1).only(vec![basic_constraints(true, Some(0)), key_usage(&[CERT_SIGN, CRL_SIGN])]));
    let first = root.below(&Spec::authority("TEST AC PREMIERE", 24));
    let world = World { root, ca: first.below(&Spec::authority("TEST AC DEUXIEME", 25)) };
    let mut case = path(&world, &world.ca, &end_entity()).untrusted(&first.der);
    case.lists.push(first.list(&ListSpec::new(1)));
    case.invalid("path_too_long");
}

#[test]
fn constrained_names() {
    let world = World::new();
    let under = |constraints: Vec<u8>, target: Spec| {
        let authority = world.root.below(&Spec::authority("TEST AC CONTRAINTE", 26).with(constraints));
        path(&world, &authority, &target)
    };
    let host = |host: &str| end_entity().with(alt_names(&[&dns(host)]));
    let permit = |base: &[u8]| name_constraints(0xa0, &[base]);
    let exclude = |base: &[u8]| name_constraints(0xa1, &[base]);
    under(permit(&dns("ch-exemple.fr")), host("www.ch-exemple.fr")).good();
    under(permit(&dns("ch-exemple.fr")), host("www.autre.fr")).invalid("name_constraints");
    under(exclude(&dns("ch-exemple.fr")), host("www.ch-exemple.fr")).invalid("name_constraints");
    under(exclude(&dns("ch-exemple.fr")), host("www.autre.fr")).good();
    under(permit(&dns("ch-exemple.fr")), end_entity()).good();
    let mail = |mail: &str| end_entity().with(alt_names(&[&tlv(0x81, &[mail.as_bytes()])]));
    under(permit(&tlv(0x81, &[b"ch-exemple.fr"])), mail("a@ch-exemple.fr")).good();
    under(permit(&tlv(0x81, &[b"ch-exemple.fr"])), mail("a@x.ch-exemple.fr")).invalid("name_constraints");
    let base = seq(&[&rdn(b"\x55\x04\x06", 0x13, b"FR"), &rdn(b"\x55\x04\x0a", 0x0c, b"igc-sante test")]);
    under(permit(&directory(&base)), end_entity()).good();
    under(exclude(&directory(&base)), end_entity()).invalid("name_constraints");
    let foreign = seq(&[&rdn(b"\x55\x04\x06", 0x13, b"BE")]);
    under(permit(&directory(&foreign)), end_entity()).invalid("name_constraints");
    let address = |octets: &[u8]| end_entity().with(alt_names(&[&tlv(0x87, &[octets])]));
    under(permit(&tlv(0x87, &[&[10, 0, 0, 0, 255, 0, 0, 0]])), address(&[10, 1, 1, 1])).good();
    under(permit(&tlv(0x87, &[&[10, 0, 0, 0, 255, 0, 0, 0]])), address(&[11, 1, 1, 1])).invalid("name_constraints");
    // A form of name that is constrained and not understood.
    let registered = tlv(0x88, &[b"\x2a\x03"]);
    under(permit(&registered), end_entity().with(alt_names(&[&registered]))).invalid("name_constraints");
}

#[test]
fn certificate_policies() {
    let world = World::new();
    let under = |extensions: Vec<Vec<u8>>, target: Spec| {
        let spec = extensions.into_iter().fold(Spec::authority("TEST AC POLITIQUES", 27), Spec::with);
        path(&world, &world.root.below(&spec), &target)
    };
    under(vec![policies(&[1])], end_entity()).good();
    under(vec![policies(&[1]), explicit_policy(0)], end_entity().with(policies(&[1]))).good();
    under(vec![policies(&[1]), explicit_policy(0)], end_entity().with(policies(&[2]))).invalid("policy");
    under(vec![policies(&[1]), explicit_policy(0)], end_entity()).invalid("policy");
    under(vec![explicit_policy(0)], end_entity().with(policies(&[1]))).invalid("policy");
    under(vec![policies(&[1]), explicit_policy(5)], end_entity()).good();
    let mapping = |from, to| extension(33, CRITICAL, &seq(&[&seq(&[&policy(from), &policy(to)])]));
    under(vec![policies(&[1]), explicit_policy(0), mapping(1, 2)], end_entity().with(policies(&[2]))).good();
    under(vec![policies(&[1]), explicit_policy(0), mapping(1, 2)], end_entity().with(policies(&[1]))).invalid("policy");
    let any = tlv(6, &[b"\x55\x1d\x20\x00"]);
    let any_policy = extension(32, PLAIN, &seq(&[&seq(&[&any])]));
    under(vec![any_policy.clone(), explicit_policy(0)], end_entity().with(policies(&[1]))).good();
    let inhibited = extension(54, CRITICAL, &integer(0));
    under(vec![policies(&[1]), explicit_policy(0), inhibited], end_entity().with(any_policy.clone())).invalid("policy");
    let mapped = extension(33, CRITICAL, &seq(&[&seq(&[&any, &policy(1)])]));
    under(vec![any_policy, mapped], end_entity()).invalid("policy");
}

#[test]
fn several_authorities_of_one_name_and_cross_certificates() {
    let world = World::new();
    // A successor with the same name and another key, and one that is no longer valid.
    let renewed = world.root.below(&Spec::authority("TEST AC ORGANISATIONS", 30));
    let old = world.root.below(&Spec::authority("TEST AC ORGANISATIONS", 31).key(&world.ca.key).valid("2020-01-01", "2021-01-01"));
    let mut case = path(&world, &world.ca, &end_entity()).untrusted(&renewed.der).untrusted(&old.der);
    case.lists.push(renewed.list(&ListSpec::new(1)));
    case.good();
    // Two hierarchies that certified each other: the anchor is reached over the cross certificate.
    let other = Authority::root(&Spec::authority("TEST AUTRE RACINE", 1));
    let cross = other.issue(&Spec::authority("TEST AC RACINE", 32).key(&world.root.key));
    let back = world.root.issue(&Spec::authority("TEST AUTRE RACINE", 33).key(&other.key));
    let mut case = path(&world, &world.ca, &end_entity()).untrusted(&cross).untrusted(&back).untrusted(&world.root.der);
    case.trust = vec![other.der.clone()];
    case.lists.push(other.list(&ListSpec::new(1)));
    case.good();
}

fn settings() -> Settings {
    Settings { at: Timestamp::from_unix(1_780_272_000), accepted: Accepted::default() }
}

fn ask(anchors: &[&[u8]], untrusted: &[Vec<u8>], target: &[u8]) -> Result<usize, Invalid> {
    let shared = |der: &[u8]| -> Arc<[u8]> { der.into() };
    let pool = Pool::new(anchors.iter().map(|der| shared(der)), untrusted.iter().map(|der| shared(der)));
    let target = PathCertificate::read(shared(target)).expect("a certificate");
    pool.path(&Arc::new(target), &settings()).map(|chain| chain.len()).map_err(|(reason, _)| reason)
}

/// Circles and dense graphs end, without an anchor and with one.
#[test]
fn graphs_made_to_keep_a_reader_busy() {
    let keys: Vec<Key> = (0..12).map(|_| Key::new()).collect();
    let root = Authority::root(&Spec::authority("TEST AC RACINE", 1));
    // Everybody certified everybody.
    let named = |place: usize| Spec::authority(&format!("AC {place}"), place as u64 + 1).key(&keys[place]);
    let members: Vec<Authority> = (0..keys.len()).map(|place| Authority::root(&named(place))).collect();
    let mut all = Vec::new();
    for (place, issuer) in members.iter().enumerate() {
        all.extend((0..keys.len()).filter(|other| *other != place).map(|other| issuer.issue(&named(other))));
    }
    let target = members[0].issue(&end_entity());
    assert!(matches!(ask(&[&root.der], &all, &target), Err(Invalid::NoPath | Invalid::LimitExceeded)));
    assert_eq!(ask(&[&members[11].der], &all, &target), Ok(3));
    // A hundred authorities of one name, none of which is the one.
    let same = |serial| Authority::root(&Spec::authority("AC 0", serial)).der;
    let mut crowd: Vec<Vec<u8>> = (0..100).map(same).collect();
    assert_eq!(ask(&[&root.der], &crowd, &target), Err(Invalid::BadSignature));
    crowd.push(root.issue(&named(0)));
    assert_eq!(ask(&[&root.der], &crowd, &target), Ok(3));
    // A chain longer than any.
    let mut chain = vec![root.clone()];
    for place in 0..40 {
        chain.push(chain.last().expect("an authority").below(&Spec::authority(&format!("AC {place}"), 50)));
    }
    let target = chain.last().expect("an authority").issue(&end_entity());
    let all: Vec<Vec<u8>> = chain.iter().skip(1).map(|authority| authority.der.clone()).collect();
    assert_eq!(ask(&[&root.der], &all, &target), Err(Invalid::NoPath));
    // Thousands of names against thousands of constraints.
    let hosts: Vec<Vec<u8>> = (0..2_000).map(|place| dns(&format!("{place}.fr"))).collect();
    let hosts: Vec<&[u8]> = hosts.iter().map(Vec::as_slice).collect();
    let tight = root.below(&Spec::authority("AC SERREE", 60).with(name_constraints(0xa1, &hosts)));
    let names: Vec<Vec<u8>> = (0..2_000).map(|place| dns(&format!("{place}.be"))).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let target = tight.issue(&end_entity().with(alt_names(&names)));
    assert_eq!(ask(&[&root.der], &[tight.der.clone()], &target), Err(Invalid::LimitExceeded));
}
