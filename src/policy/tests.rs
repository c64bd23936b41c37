//! What holds for all rules together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::fixture::{NOW, World, keys_of};
use super::{RULES, Settings, Standing, View, compare, evaluate, synthetic};
use crate::domain::declaration::Keystore;
use crate::domain::finding::{Finding, FindingKey, FindingRecord, Severity};
use crate::domain::inventory::{Inventory, IssuerLink};

fn records(findings: &[Finding]) -> BTreeMap<FindingKey, FindingRecord> {
    let record = |finding: &Finding| FindingRecord { finding: finding.clone(), since: NOW, until: None };
    findings.iter().map(|finding| (finding.key.clone(), record(finding))).collect()
}

fn judged(world: &World) -> Vec<String> {
    let said = evaluate(&world.inventory(), &world.settings, NOW);
    said.iter().map(|finding| format!("{} {}", finding.key.code, finding.key.subject)).collect()
}

#[test]
fn codes_are_unique_and_sorted_and_stand_on_something() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    for rule in RULES {
        assert!(rule.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", rule.code);
        assert!(!rule.reference.is_empty() && !rule.facts.is_empty(), "{}", rule.code);
    }
}

#[test]
fn a_sound_structure_is_silent() {
    let world = World::new().with_installed("dmp", 1).with_authorities(1, 50, 51).anchor(51);
    assert_eq!(judged(&world), Vec::<String>::new());
}

#[test]
fn the_authorities_of_a_distribution_are_nobodys_trouble() {
    let world = (1..=140).fold(World::new().without_mandates(), |world, seed| {
        world
            .certificate(seed, move |c| {
                c.authority(&format!("CN=Public Root {seed}"));
                c.days(-9000, i64::from(seed) - 20);
                c.facts.signature_algorithm = "sha1WithRSAEncryption".into();
            })
            .issuer(seed, IssuerLink::SelfSigned)
            .place(&format!("/etc/ssl/certs/{seed}.pem"), move |at| at.certificate(seed).mode(0o644, 0o755))
            .place("/etc/ssl/certs/ca-certificates.crt", |at| at.certificate(1).certificate(2).certificate(3))
    });
    assert_eq!(judged(&world), Vec::<String>::new());
}

#[test]
fn files_alone_are_judged_for_what_they_are() {
    let world = World::new()
        .without_mandates()
        .never_read()
        .certificate(1, |c| c.days(-1000, 10))
        .place("/srv/a.pem", |at| at.certificate(1).key(1).mode(0o644, 0o755));
    let name = super::fixture::sha(1);
    assert_eq!(judged(&world), [format!("expiring {name}"), "key_readable /srv/a.pem".to_owned()]);
}

#[test]
fn no_fact_names_a_person() {
    use crate::domain::offer::Offer;
    use crate::domain::profile::{IgcDomain, PersonRef, PersonScheme};
    let world = World::new()
        .with_installed("pro", 1)
        .certificate(1, |c| {
            c.days(-1000, -3);
            c.facts.subject = "CN=899700218896+SN=DUPONT+GN=JEAN,title=Pharmacien,C=FR".into();
            c.facts.san = ["email:jean.dupont@ch.fr".into()].into();
            c.facts.profile.domain = Some(IgcDomain::Personnes);
            c.facts.profile.offer = Some(Offer::Pro);
            c.facts.profile.person = Some(PersonRef { scheme: Some(PersonScheme::Rpps), id: "99700218896".into() });
            c.facts.profile.contradictory_environment = true;
        })
        .issuer(1, IssuerLink::SelfSigned)
        .anchor(51)
        .redeclare("pro", |d| {
            d.identity = crate::domain::declaration::Identity::Service("x".into());
            d.impacts = vec!["INSi".to_owned()];
        });
    let said = evaluate(&world.inventory(), &world.settings, NOW);
    assert!(said.len() >= 5, "{said:?}");
    for finding in &said {
        let text = format!("{finding:?}").to_lowercase();
        for secret in ["dupont", "jean", "99700218896"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn two_findings_of_one_key_leave_the_worse_one() {
    let world = World::new().with_installed("dmp", 1);
    let said = evaluate(&world.inventory(), &world.settings, NOW);
    let keys: BTreeSet<_> = said.iter().map(|finding| &finding.key).collect();
    assert_eq!(keys.len(), said.len());
}

#[test]
fn the_made_up_fleet_shows_every_kind_of_trouble_it_promises() {
    let fleet = synthetic::inventory(2_000, NOW);
    assert_eq!(fleet.certificates.len(), 2_002);
    let said = evaluate(&fleet, &Settings::default(), NOW);
    let codes: BTreeSet<&str> = said.iter().map(|finding| &*finding.key.code).collect();
    for code in ["expired", "expiring", "key_readable", "key_reused", "superseded_in_use", "undeclared", "weak_key"] {
        assert!(codes.contains(code), "{code} is not among {codes:?}");
    }
}

#[test]
fn comparing_opens_changes_and_closes() {
    let world = World::new().anchor(9).declare("dmp", |_| {});
    let first = evaluate(&world.inventory(), &world.settings, NOW);
    let opened = compare(&BTreeMap::new(), first.clone());
    assert_eq!((opened.opened.len(), opened.changed.len(), opened.closed.len()), (2, 0, 0));
    let mut open = records(&first);
    let repaired = compare(&open, Vec::new());
    assert_eq!(repaired.closed.len(), 2);
    let mut worse = first.clone();
    worse[0].severity = Severity::Info;
    assert_eq!(keys_of(&compare(&open, worse).changed), keys_of(&first[..1]));
    // A finding that had closed opens again.
    for record in open.values_mut() {
        record.until = Some(NOW);
    }
    let again = compare(&open, first);
    assert_eq!((again.opened.len(), again.closed.len()), (2, 0));
}

/// One certificate of a random world: kind, first and last day, key it shares, places, and which of them are declared.
type Piece = (u8, i64, i64, u8, u8, bool);

fn world(pieces: &[Piece]) -> World {
    let mut world = World::new();
    for (at, &(kind, from, length, key, copies, declared)) in pieces.iter().enumerate() {
        let seed = at as u8 + 1;
        world = world.certificate(seed, move |c| {
            match kind % 4 {
                0 => c.foreign("CN=intranet"),
                1 => c.authority("CN=Root X"),
                2 => c.common_name("OTHER"),
                _ => {}
            }
            c.days(from, from + length);
            c.same_key_as(key);
        });
        for copy in 0..=copies {
            let path = format!("/srv/{at}-{copy}.pem");
            world = world.place(&path, |place| place.certificate(seed).key(key).mode(0o600 | u32::from(kind), 0o755));
        }
        if declared {
            let name = format!("c{at}");
            let path = format!("/srv/{at}-0.pem");
            world = world.declare(&name, |d| {
                d.files(&path, &path);
                d.endpoint("tls://x.fr:443");
            });
            world = world.serve("tls://x.fr:443", &[seed]);
        }
    }
    world
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = (any::<u8>(), -1500..40_i64, 0..1200_i64, 1..8_u8, 0..3_u8, any::<bool>());
    prop::collection::vec(piece, 0..10)
}

/// The same snapshot, filled in another order: hash maps of another history iterate differently.
fn refilled(inventory: &Inventory) -> Inventory {
    let mut other = Inventory { certificates: Default::default(), ..inventory.clone() };
    let mut certificates: Vec<_> = inventory.certificates.values().collect();
    certificates.sort_by_key(|record| std::cmp::Reverse(record.facts.fingerprint));
    Arc::make_mut(&mut other.certificates).extend(certificates.into_iter().cloned());
    other
}

proptest! {
    #[test]
    fn the_same_snapshot_gives_the_same_findings(pieces in pieces()) {
        let world = world(&pieces);
        let inventory = world.inventory();
        let said = evaluate(&inventory, &world.settings, NOW);
        prop_assert_eq!(&said, &evaluate(&refilled(&inventory), &world.settings, NOW));
        prop_assert!(said.windows(2).all(|pair| pair[0].key < pair[1].key), "sorted, one per key");
    }

    #[test]
    fn the_same_judgement_twice_changes_nothing(pieces in pieces()) {
        let world = world(&pieces);
        let said = evaluate(&world.inventory(), &world.settings, NOW);
        prop_assert!(compare(&records(&said), said).is_empty());
    }

    #[test]
    fn a_day_passing_changes_no_fact_but_the_step(pieces in pieces()) {
        let world = world(&pieces);
        let inventory = world.inventory();
        let today = records(&evaluate(&inventory, &world.settings, NOW));
        for finding in evaluate(&inventory, &world.settings, NOW.plus_days(1)) {
            let Some(before) = today.get(&finding.key) else { continue };
            let facts = |finding: &Finding| {
                let lasting = |name: &str| name != "step" && !name.starts_with("successor_");
                finding.facts.iter().filter(|(name, _)| lasting(name)).cloned().collect::<Vec<_>>()
            };
            prop_assert_eq!(facts(&before.finding), facts(&finding));
        }
    }

    #[test]
    fn every_rule_keeps_its_promise_of_facts(pieces in pieces()) {
        let world = world(&pieces);
        for rule in RULES {
            world.judge(rule);
        }
    }
}

#[test]
fn a_place_that_cannot_be_read_does_not_stand_on_what_was_last_read_there() {
    let standing = |reason: &str| {
        let world = World::new().with_installed("dmp", 1).place("/srv/dmp.pem", |at| at.certificate(1).problem(reason));
        let inventory = world.inventory();
        let view = View::new(&inventory, &world.settings, NOW);
        assert!(view.slots[0].current.is_some(), "the last contents are kept");
        view.standing(&view.slots[0])
    };
    for reason in ["not_pki", "malformed", "wrong_password", "permission_denied"] {
        assert_eq!(standing(reason), Standing::Unreadable, "{reason}");
    }
    assert_eq!(standing("folder_missing"), Standing::Absent);
    // The key of a joined file is closed; its certificate is in the clear.
    assert_eq!(standing("needs_password"), Standing::Sound);

    let served = |problem: bool| {
        let world = World::new().certificate(1, |_| {}).declare("web", |d| {
            d.keystore = Keystore::EndpointOnly;
            d.endpoint("tls://web.ch.fr:443");
        });
        let world = world.serve("tls://web.ch.fr:443", &[1]);
        let world = if problem { world.endpoint_problem("tls://web.ch.fr:443", "timeout") } else { world };
        let inventory = world.inventory();
        let view = View::new(&inventory, &world.settings, NOW);
        view.standing(&view.slots[0])
    };
    assert_eq!((served(false), served(true)), (Standing::Sound, Standing::Unreadable));
}
