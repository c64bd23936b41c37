//! Revocation status (RFC 5280 section 6.3): every kind of list a conformance suite asks about.

use super::{CA, EE, World};
use crate::support::made_pki::{
    Authority, CERT_SIGN, CRITICAL, CRL_SIGN, Key, ListSpec, PLAIN, Spec, basic_constraints, certificate_issuer,
    crl_issuer, crl_points, directory, extension, full, key_usage, name, other_extension, point, reason_code,
    reason_flags, relative, uri,
};

const UNKNOWN: &[u8] = b"\x2a\x03\x04";
/// ReasonFlags: keyCompromise and cACompromise; the others.
const SOME: &[u8] = &[1, 2];
const OTHERS: &[u8] = &[3, 4, 5, 6, 7, 8];

#[test]
fn complete_lists() {
    let world = World::new();
    let ask = |list: ListSpec| world.end_entity().list(world.ca.list(&list));
    ask(ListSpec::new(5)).good();
    ask(ListSpec::new(5).revoke(EE + 1, Some(1))).good();
    let said = ask(ListSpec::new(5).revoke(EE, Some(1))).revoked(Some("key_compromise"));
    assert_eq!(said["revocation"]["crl_number"], "5");
    ask(ListSpec::new(5).revoke(EE - 1, None).revoke(EE, None)).revoked(None);
    ask(ListSpec::new(5).revoke(EE, Some(6))).revoked(Some("certificate_hold"));
    world.end_entity().unknown("no_list");
    // The authority is revoked: so is what it signed, as far as this path goes.
    let mut case = world.end_entity().list(world.ca.list(&ListSpec::new(5)));
    case.lists[0] = world.root.list(&ListSpec::new(1).revoke(CA, Some(2)));
    case.revoked(Some("ca_compromise"));
    // Version 1 lists have no extensions and no reasons.
    let v1 = |list: ListSpec| ListSpec { v2: false, extensions: Vec::new(), ..list };
    ask(v1(ListSpec::new(5))).good();
    ask(v1(ListSpec::new(5)).revoke(EE, None)).revoked(None);
}

#[test]
fn freshness() {
    let world = World::new();
    let ask = |list: ListSpec| world.end_entity().list(world.ca.list(&list));
    let stale = || ListSpec::new(5).dated("2026-04-01", Some("2026-05-31"));
    ask(stale()).unknown("stale");
    ask(ListSpec::new(5).dated("2026-06-02", Some("2026-07-01"))).unknown("not_yet_valid");
    ask(ListSpec::new(5).dated("2026-05-01", None))
        .diverges("openssl takes a list without nextUpdate for one that holds for ever")
        .unknown("no_next_update");
    // Revoked is revoked, however old the list.
    let said = ask(stale().revoke(EE, Some(4))).revoked(Some("superseded"));
    assert_eq!(said["revocation"]["why"], "listed_in_stale_list");
    // The newer of two lists counts, whichever comes first.
    let old = world.ca.list(&stale().revoke(EE, Some(6)));
    let new = world.ca.list(&ListSpec::new(6));
    world.end_entity().list(old.clone()).list(new.clone()).good();
    world.end_entity().list(new).list(old).good();
    // Generalized time, and dates beyond 2049.
    ask(ListSpec::new(5).dated("2026-05-01", Some("2050-01-01"))).good();
}

#[test]
fn signatures_and_signers() {
    let world = World::new();
    let case = || world.end_entity();
    // Another key under the same name.
    let other = Authority { key: Key::new(), ..world.ca.clone() };
    case().list(other.list(&ListSpec::new(5))).unknown("bad_signature");
    case().list(other.list(&ListSpec::new(5).revoke(EE, Some(1)))).unknown("bad_signature");
    // The signature of another list.
    let mut damaged = world.ca.list(&ListSpec::new(5));
    *damaged.last_mut().expect("a signature") ^= 1;
    case().list(damaged).unknown("bad_signature");
    // A list of the root says nothing of certificates of the authority.
    case().list(world.root.list(&ListSpec::new(6).revoke(EE, Some(1)))).unknown("no_list");
    // An authority that may not sign lists.
    let mute = world.root.below(
        &Spec::authority("TEST AC MUETTE", 7).only(vec![basic_constraints(true, None), key_usage(&[CERT_SIGN])]),
    );
    let mut case = world.end_entity().untrusted(&mute.der).list(mute.list(&ListSpec::new(5)));
    case.target = mute.issue(&Spec::end_entity("x", EE));
    case.unknown("signer_without_crl_sign");
}

#[test]
fn separate_keys_for_lists() {
    let world = World::new();
    // The authority signs certificates with one key and lists with another; the root certified both.
    let certs = world.root.below(
        &Spec::authority("TEST AC DEUX CLES", 8).only(vec![basic_constraints(true, None), key_usage(&[CERT_SIGN])]),
    );
    let lists = world.root.below(&Spec::authority("TEST AC DEUX CLES", 9).only(vec![key_usage(&[CRL_SIGN])]));
    let case = |root_list: ListSpec, list: ListSpec| {
        let mut case = world.end_entity().untrusted(&certs.der).untrusted(&lists.der).list(lists.list(&list));
        case.target = certs.issue(&Spec::end_entity("x", EE));
        case.lists[0] = world.root.list(&root_list);
        case
    };
    case(ListSpec::new(1), ListSpec::new(5)).good();
    case(ListSpec::new(1), ListSpec::new(5).revoke(EE, Some(1))).revoked(Some("key_compromise"));
    case(ListSpec::new(1).revoke(9, Some(1)), ListSpec::new(5)).unknown("signer_revoked");
    // That the other key may sign certificates too changes nothing where this one may sign no lists.
    let both = world.root.below(&Spec::authority("TEST AC DEUX CLES", 18));
    let mut case = world.end_entity().untrusted(&certs.der).untrusted(&both.der).list(both.list(&ListSpec::new(5)));
    case.target = certs.issue(&Spec::end_entity("x", EE));
    case.good();
    // The same name under another root is somebody else.
    let foreign = Authority::root(&Spec::authority("TEST AUTRE RACINE", 1));
    let stranger = foreign.below(&Spec::authority("TEST AC ORGANISATIONS", 9));
    let mut case = world.end_entity().untrusted(&stranger.der).list(stranger.list(&ListSpec::new(5)));
    case.trust.push(foreign.der.clone());
    case.lists.push(foreign.list(&ListSpec::new(1)));
    case.unknown("signer_untrusted");
    // A signer whose own status hangs on the list it signs.
    let signer = world.ca.below(&Spec::authority("TEST AC ORGANISATIONS", 10).only(vec![key_usage(&[CRL_SIGN])]));
    let case = |list: ListSpec| world.end_entity().untrusted(&signer.der).list(signer.list(&list));
    case(ListSpec::new(5)).diverges("openssl goes round in the circle and gives up").good();
    case(ListSpec::new(5).revoke(10, Some(1))).unknown("signer_revoked");
}

#[test]
fn an_authority_that_changed_its_key() {
    let world = World::new();
    // Lists of both keys, each with numbers of its own: either may name the certificate.
    let renewed = world.root.below(&Spec::authority("TEST AC ORGANISATIONS", 11));
    let case = |old: ListSpec, new: ListSpec| {
        let mut case = world.end_entity().untrusted(&renewed.der).list(world.ca.list(&old)).list(renewed.list(&new));
        case.target = renewed.issue(&Spec::end_entity("x", EE));
        case
    };
    case(ListSpec::new(1287), ListSpec::new(3)).good();
    case(ListSpec::new(1287), ListSpec::new(3).revoke(EE, Some(1))).revoked(Some("key_compromise"));
    case(ListSpec::new(3), ListSpec::new(1287).revoke(EE, Some(1))).revoked(Some("key_compromise"));
    // Lists of one key alone replace each other.
    case(ListSpec::new(1287), ListSpec::new(3)).list(renewed.list(&ListSpec::new(2).revoke(EE, Some(6)))).good();

    // The list of one key alone names what it names, and says nothing of what the other key signed: that may have a list of its own.
    let why =
        "with extended CRLs openssl goes by the name and the trust anchor; without, it wants the list of this very key";
    let under = |authority: &Authority, list: Vec<u8>| {
        let mut case = world.end_entity().untrusted(&renewed.der).list(list);
        case.target = authority.issue(&Spec::end_entity("x", EE));
        case
    };
    for (authority, other) in [(&world.ca, &renewed), (&renewed, &world.ca)] {
        under(authority, other.list(&ListSpec::new(4))).diverges(why).unknown("other_key");
        under(authority, other.list(&ListSpec::new(4).revoke(EE, Some(4)))).revoked(Some("superseded"));
        under(authority, authority.list(&ListSpec::new(4).dated("2026-04-01", Some("2026-05-31"))))
            .list(other.list(&ListSpec::new(5)))
            .diverges(why)
            .unknown("stale");
        // A certificate the authority gave itself, in whichever direction (RFC 4210 section 4.4): the two keys are one authority.
        let link = other.below(&Spec::authority("TEST AC ORGANISATIONS", 12).key(&authority.key)).der;
        under(authority, other.list(&ListSpec::new(4))).untrusted(&link).good();
        let back = authority.below(&Spec::authority("TEST AC ORGANISATIONS", 13).key(&other.key)).der;
        under(authority, other.list(&ListSpec::new(4))).untrusted(&back).good();
        // One that somebody else wrote, and one under another name, are none.
        let mut forged = back.clone();
        *forged.last_mut().expect("a signature") ^= 1;
        under(authority, other.list(&ListSpec::new(4))).untrusted(&forged).diverges(why).unknown("other_key");
        let below = authority.below(&Spec::authority("TEST AC AUTRE", 14).key(&other.key)).der;
        under(authority, other.list(&ListSpec::new(4))).untrusted(&below).diverges(why).unknown("other_key");
    }
    // Twice: from key to key.
    let third = world.root.below(&Spec::authority("TEST AC ORGANISATIONS", 15));
    let first = world.ca.below(&Spec::authority("TEST AC ORGANISATIONS", 16).key(&renewed.key)).der;
    let second = renewed.below(&Spec::authority("TEST AC ORGANISATIONS", 17).key(&third.key)).der;
    let case = || under(&world.ca, third.list(&ListSpec::new(9))).untrusted(&third.der).untrusted(&first);
    case().unknown("other_key");
    case()
        .untrusted(&second)
        .diverges("openssl tries the key of another one of the four certificates of this name")
        .good();
}

#[test]
fn lists_that_are_equally_new() {
    let world = World::new();
    let (clean, names) = (ListSpec::new(5), ListSpec::new(5).revoke(EE, Some(1)));
    let ask =
        |lists: [&ListSpec; 2]| lists.iter().fold(world.end_entity(), |case, list| case.list(world.ca.list(list)));
    // An authority gives a number once; where two lists have it, nobody knows which is right, and revoked is the answer in whichever order.
    let why = "openssl takes the first";
    ask([&names, &clean]).revoked(Some("key_compromise"));
    ask([&clean, &names]).diverges(why).revoked(Some("key_compromise"));
    // A later thisUpdate decides where the number does not; without numbers it is all there is.
    let newer = |list: &ListSpec| list.clone().dated("2026-05-31", Some("2026-07-01"));
    ask([&names, &newer(&clean)]).good();
    ask([&newer(&clean), &names]).good();
    ask([&clean, &newer(&names)]).revoked(Some("key_compromise"));
    let v1 = |list: &ListSpec| ListSpec { v2: false, extensions: Vec::new(), ..list.clone() };
    ask([&v1(&names), &v1(&newer(&clean))]).good();
    ask([&v1(&clean), &v1(&names)]).diverges(why).revoked(Some("key_compromise"));
    ask([&v1(&names), &v1(&clean)]).revoked(Some("key_compromise"));
    // A list without a number is no older for that.
    ask([&clean, &v1(&newer(&names))]).revoked(Some("key_compromise"));
    // Deltas likewise: that one lifts a hold does not help against one that does not.
    let held = || world.end_entity().list(world.ca.list(&ListSpec::new(5).revoke(EE, Some(6))));
    let lifts = world.ca.list(&ListSpec::delta(7, 5).revoke(EE, Some(8)));
    let revokes = world.ca.list(&ListSpec::delta(7, 5).revoke(EE, Some(1)));
    let empty = world.ca.list(&ListSpec::delta(7, 5));
    for (one, other) in [(&lifts, &revokes), (&revokes, &lifts)] {
        held().list(one.clone()).list(other.clone()).revoked(Some("key_compromise"));
    }
    held().list(lifts.clone()).list(empty.clone()).revoked(Some("certificate_hold"));
    held().list(empty).list(lifts).revoked(Some("certificate_hold"));
}

#[test]
fn critical_extensions_nobody_knows() {
    let world = World::new();
    let ask = |list: ListSpec| world.end_entity().list(world.ca.list(&list));
    ask(ListSpec::new(5).with(other_extension(UNKNOWN, PLAIN, &[5, 0]))).good();
    ask(ListSpec::new(5).with(other_extension(UNKNOWN, CRITICAL, &[5, 0]))).unknown("unknown_critical_extension");
    let entry = |critical| [reason_code(1), other_extension(UNKNOWN, critical, &[5, 0])];
    ask(ListSpec::new(5).entry(EE + 1, &entry(PLAIN))).good();
    ask(ListSpec::new(5).entry(EE + 1, &entry(CRITICAL))).unknown("unknown_critical_extension");
    ask(ListSpec::new(5).entry(EE, &entry(CRITICAL))).unknown("unknown_critical_extension");
}

#[test]
fn issuing_distribution_points() {
    let world = World::new();
    let here: &[u8] = &uri("http://igc.test/CRL/1.crl");
    let there: &[u8] = &uri("http://igc.test/CRL/2.crl");
    let pointed = |points: &[&[u8]]| world.case(Spec::end_entity("x", EE).with(crl_points(points)));
    let list = |fields: &[&[u8]]| world.ca.list(&ListSpec::new(5).scope(fields));
    let to_here = || pointed(&[&point(&[&full(&[here])])]);
    to_here().list(list(&[&full(&[there, here])])).good();
    to_here().list(list(&[&full(&[there])])).unknown("out_of_scope");
    to_here().list(list(&[])).good();
    to_here().list(world.ca.list(&ListSpec::new(5))).good();
    // Without distribution points in the certificate, one named by its issuer is meant.
    world.end_entity().list(list(&[&full(&[here])])).unknown("out_of_scope");
    let by_name = list(&[&full(&[&directory(&world.ca.name)])]);
    world.end_entity().list(by_name).diverges("openssl wants a distribution point in the certificate").good();
    // Relative names on one or both sides.
    let mut below = world.ca.name[2..].to_vec();
    below.extend(crate::support::made_pki::rdn(b"\x55\x04\x03", 0x0c, b"CRL1"));
    let below = crate::support::made_pki::seq(&[&below]);
    let whole: &[u8] = &directory(&below);
    pointed(&[&point(&[&relative("CRL1")])]).list(list(&[&full(&[whole])])).good();
    pointed(&[&point(&[&full(&[whole])])]).list(list(&[&relative("CRL1")])).good();
    pointed(&[&point(&[&relative("CRL1")])]).list(list(&[&relative("crl1")])).good();
    pointed(&[&point(&[&relative("CRL1")])]).list(list(&[&relative("CRL2")])).unknown("out_of_scope");
    // Which certificates.
    let (user, ca, attribute): (&[u8], &[u8], &[u8]) = (&[0x81, 1, 0xff], &[0x82, 1, 0xff], &[0x85, 1, 0xff]);
    world.end_entity().list(list(&[user])).good();
    world.end_entity().list(list(&[ca])).unknown("out_of_scope");
    world.end_entity().list(list(&[attribute])).unknown("out_of_scope");
    world.end_entity().list(list(&[user])).list(list(&[ca])).good();
    let mut case = world.end_entity().list(list(&[user]));
    case.lists[0] = world.root.list(&ListSpec::new(1).scope(&[ca]));
    case.good();
    let mut case = world.end_entity().list(list(&[user]));
    case.lists[0] = world.root.list(&ListSpec::new(1).scope(&[user]));
    case.unknown("out_of_scope");
}

#[test]
fn some_reasons_only() {
    let world = World::new();
    let some = ListSpec::new(5).scope(&[&reason_flags(0x83, SOME)]);
    let others = ListSpec::new(6).scope(&[&reason_flags(0x83, OTHERS)]);
    let ask = |lists: &[&ListSpec]| lists.iter().fold(world.end_entity(), |case, list| case.list(world.ca.list(list)));
    ask(&[&some]).unknown("reasons_not_covered");
    ask(&[&some, &others]).good();
    ask(&[&others, &some]).good();
    ask(&[&some, &others.clone().revoke(EE, Some(4))]).revoked(Some("superseded"));
    ask(&[&some.clone().revoke(EE, Some(1))]).revoked(Some("key_compromise"));
    ask(&[&some, &others.clone().dated("2026-04-01", Some("2026-05-01"))]).unknown("stale");
    // The reasons of the distribution point count too.
    let here: &[u8] = &uri("http://igc.test/CRL/1.crl");
    let there: &[u8] = &uri("http://igc.test/CRL/2.crl");
    let points = crl_points(&[
        &point(&[&full(&[here]), &reason_flags(0x81, SOME)]),
        &point(&[&full(&[there]), &reason_flags(0x81, OTHERS)]),
    ]);
    let case = || world.case(Spec::end_entity("x", EE).with(points.clone()));
    let first = world.ca.list(&ListSpec::new(5).scope(&[&full(&[here]), &reason_flags(0x83, SOME)]));
    let second = world.ca.list(&ListSpec::new(5).scope(&[&full(&[there]), &reason_flags(0x83, OTHERS)]));
    case().list(first.clone()).unknown("reasons_not_covered");
    case().list(first).list(second).good();
}

#[test]
fn indirect_lists() {
    let world = World::new();
    let indirect: &[u8] = &[0x84, 1, 0xff];
    // An authority of its own issues the list for others.
    let listing = world.root.below(&Spec::authority("TEST LISTES", 12).only(vec![key_usage(&[CRL_SIGN])]));
    let pointed = |issuer: &Authority| {
        let spec = Spec::end_entity("x", EE).with(crl_points(&[&point(&[&crl_issuer(&issuer.name)])]));
        world.case(spec).untrusted(&listing.der)
    };
    let list = |list: ListSpec| listing.list(&list.scope(&[indirect]));
    let of = |authority: &Authority| [certificate_issuer(&authority.name)];
    pointed(&listing).list(list(ListSpec::new(5))).good();
    pointed(&listing).list(list(ListSpec::new(5).entry(EE, &of(&world.ca)))).revoked(None);
    // The same serial number of another issuer, and without one: that of the issuer of the list.
    pointed(&listing).list(list(ListSpec::new(5).entry(EE, &of(&world.root)))).good();
    pointed(&listing).list(list(ListSpec::new(5).revoke(EE, Some(1)))).good();
    // An issuer holds for the entries behind it.
    let both = ListSpec::new(5).entry(1, &of(&world.root)).entry(2, &of(&world.ca)).revoke(3, None).revoke(EE, Some(1));
    pointed(&listing).list(list(both)).revoked(Some("key_compromise"));
    let back = ListSpec::new(5).entry(2, &of(&world.ca)).entry(1, &of(&world.root)).revoke(EE, Some(1));
    pointed(&listing).list(list(back)).good();
    // Without the flag it is no indirect list; without the issuer in the certificate it is nobody's list.
    pointed(&listing).list(listing.list(&ListSpec::new(5))).unknown("out_of_scope");
    world.end_entity().untrusted(&listing.der).list(list(ListSpec::new(5))).unknown("no_list");
    // An entry of another issuer in a list that is not indirect: the list is refused.
    let refused = world.ca.list(&ListSpec::new(5).entry(EE, &of(&world.root)));
    let said = world.end_entity().list(refused).diverges("openssl leaves such an entry aside").unknown("no_list");
    assert_eq!(said["problems"][0]["reason"], "malformed");
    // The authority itself may issue an indirect list for what it signs.
    world
        .end_entity()
        .list(world.ca.list(&ListSpec::new(5).scope(&[indirect]).revoke(EE, Some(1))))
        .revoked(Some("key_compromise"));
}

#[test]
fn delta_lists() {
    let world = World::new();
    let ask = |lists: &[ListSpec]| lists.iter().fold(world.end_entity(), |case, list| case.list(world.ca.list(list)));
    let stale = ("2026-04-01", Some("2026-05-31"));
    ask(&[ListSpec::new(5), ListSpec::delta(7, 5)]).good();
    ask(&[ListSpec::new(5), ListSpec::delta(7, 5).revoke(EE, Some(1))])
        .diverges("openssl uses a delta where freshestCRL names one only")
        .revoked(Some("key_compromise"));
    // A hold that is lifted, and one that became final.
    let held = || ListSpec::new(5).revoke(EE, Some(6));
    ask(&[held(), ListSpec::delta(7, 5)]).revoked(Some("certificate_hold"));
    ask(&[held(), ListSpec::delta(7, 5).revoke(EE, Some(8))])
        .diverges("openssl uses a delta where freshestCRL names one only")
        .good();
    ask(&[held(), ListSpec::delta(7, 5).revoke(EE, Some(1))]).revoked(Some("key_compromise"));
    // A delta on a later list than the one at hand lifts nothing; that it revokes still counts.
    ask(&[held(), ListSpec::delta(7, 6).revoke(EE, Some(8))]).revoked(Some("certificate_hold"));
    ask(&[ListSpec::new(5), ListSpec::delta(7, 6).revoke(EE, Some(1))])
        .diverges("openssl leaves a delta aside whose base is not at hand")
        .revoked(Some("key_compromise"));
    // A delta brings a stale list up to date, if it is fresh and builds on it.
    ask(&[ListSpec::new(5).dated(stale.0, stale.1), ListSpec::delta(7, 5)])
        .diverges("openssl wants both to be fresh")
        .good();
    ask(&[ListSpec::new(5).dated(stale.0, stale.1), ListSpec::delta(7, 6)]).unknown("stale");
    ask(&[ListSpec::new(5).dated(stale.0, stale.1), ListSpec::delta(7, 5).dated(stale.0, stale.1)]).unknown("stale");
    ask(&[ListSpec::new(5), ListSpec::delta(7, 5).dated(stale.0, stale.1)]).good();
    // A stale delta lifts nothing.
    ask(&[held(), ListSpec::delta(7, 5).dated(stale.0, stale.1).revoke(EE, Some(8))]).revoked(Some("certificate_hold"));
    // A delta alone can revoke, and cannot clear.
    ask(&[ListSpec::delta(7, 5)]).unknown("delta_without_base");
    ask(&[ListSpec::delta(7, 5).revoke(EE, Some(1))]).revoked(Some("key_compromise"));
    ask(&[ListSpec::delta(7, 5).revoke(EE, Some(8))]).unknown("delta_without_base");
    // Another scope, an older number: no delta of this list.
    let user: &[u8] = &[0x81, 1, 0xff];
    ask(&[held(), ListSpec::delta(7, 5).scope(&[user]).revoke(EE, Some(8))]).revoked(Some("certificate_hold"));
    ask(&[ListSpec::new(7).revoke(EE, Some(6)), ListSpec::delta(6, 5).revoke(EE, Some(8))])
        .revoked(Some("certificate_hold"));
    // The signature of a delta counts as much as that of a list.
    let stranger = Authority { key: Key::new(), ..world.ca.clone() };
    world
        .end_entity()
        .list(world.ca.list(&held()))
        .list(stranger.list(&ListSpec::delta(7, 5).revoke(EE, Some(8))))
        .revoked(Some("certificate_hold"));
}

#[test]
fn where_freshest_lists_are_named() {
    let world = World::new();
    let freshest =
        extension(46, PLAIN, &crate::support::made_pki::seq(&[&point(&[&full(&[&uri("ldap://igc.test/delta")])])]));
    let case = || world.case(Spec::end_entity("x", EE).with(freshest.clone()));
    let base = world.ca.list(&ListSpec::new(5).with(freshest.clone()));
    case().list(base.clone()).good();
    case()
        .list(base.clone())
        .list(world.ca.list(&ListSpec::delta(7, 5).revoke(EE, Some(1))))
        .revoked(Some("key_compromise"));
    let held = world.ca.list(&ListSpec::new(5).with(freshest.clone()).revoke(EE, Some(6)));
    case().list(held).list(world.ca.list(&ListSpec::delta(7, 5).revoke(EE, Some(8)))).good();
}

#[test]
fn names_are_compared_as_the_standard_says() {
    let world = World::new();
    // The issuer of the list in other letters, types and blanks.
    let spelled = crate::support::made_pki::seq(&[
        &crate::support::made_pki::rdn(b"\x55\x04\x06", 0x13, b"fr"),
        &crate::support::made_pki::rdn(b"\x55\x04\x0a", 0x13, b"Igc-Sante  TEST"),
        &crate::support::made_pki::rdn(b"\x55\x04\x03", 0x13, b" test ac organisations"),
    ]);
    let authority = Authority { name: spelled, ..world.ca.clone() };
    world.end_entity().list(authority.list(&ListSpec::new(5))).good();
    let other = Authority { name: name("TEST AC ORGANISATION"), ..world.ca.clone() };
    world.end_entity().list(other.list(&ListSpec::new(5))).unknown("no_list");
}
