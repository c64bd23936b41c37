//! Key reused: one private key serves several certificates, or lies in several files.
//!
//! CGU 5.3.2: keys are neither duplicated nor installed in several machines; CGU 5.4: a renewal rests on a *new* public key of the
//! owner. A certificate and its own renewal may share a key without being accused; two names of one file (same device and inode)
//! are one place.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::observation::Observation;
use crate::policy::{Rule, Seen, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "key_reused",
    severity: Severity::Warning,
    reference: "CGU 5.3.2; CGU 5.4",
    facts: &["kind", "spki", "certificates", "certificate_count", "path", "place_count"],
    check,
};

/// More names than this do not fit a sentence.
const LISTED: usize = 8;

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut end_entities: Vec<(Fingerprint, &Seen<'_>)> = view
        .seen
        .iter()
        .filter(|seen| !seen.facts.is_ca || seen.is_ours())
        .map(|seen| (seen.facts.spki, seen))
        .collect();
    end_entities.sort_by_key(|(spki, _)| *spki);
    let sharing: BTreeMap<Fingerprint, Vec<&Seen<'_>>> = several(&end_entities)
        .filter(|(_, certificates)| concerns_us(certificates) && are_strangers(view, certificates))
        .collect();
    let copied: BTreeMap<Fingerprint, Vec<&Observation>> = several(&view.keys)
        .map(|(spki, places)| (spki, distinct_files(&places)))
        .filter(|(_, places)| places.len() > 1)
        .collect();
    let keys: BTreeSet<Fingerprint> = sharing.keys().chain(copied.keys()).copied().collect();
    keys.into_iter().map(|spki| finding(view, spki, sharing.get(&spki), copied.get(&spki))).collect()
}

/// The groups of more than one, by key, of pairs sorted by key.
fn several<'v, T>(pairs: &'v [(Fingerprint, &'v T)]) -> impl Iterator<Item = (Fingerprint, Vec<&'v T>)> {
    pairs.chunk_by(|one, next| one.0 == next.0).filter(|group| group.len() > 1).filter_map(|group| {
        let (spki, _) = group.first()?;
        Some((*spki, group.iter().map(|(_, item)| *item).collect()))
    })
}

fn finding(
    view: &View<'_>,
    spki: Fingerprint,
    certificates: Option<&Vec<&Seen<'_>>>,
    copies: Option<&Vec<&Observation>>,
) -> Finding {
    let kind = match (certificates, copies) {
        (Some(_), Some(_)) => "both",
        (Some(_), None) => "certificates",
        (None, _) => "copies",
    };
    let names: Vec<String> = certificates.into_iter().flatten().map(|seen| name(view, seen)).collect();
    let files: Vec<String> = match copies {
        Some(copies) => copies.iter().map(|place| place.location.to_string()).collect(),
        None => certificates
            .into_iter()
            .flatten()
            .filter_map(|seen| seen.places.first())
            .map(|place| place.location.to_string())
            .collect(),
    };
    Finding::new(RULE.code, RULE.severity, &Subject::Key(spki))
        .fact("kind", kind)
        .fact("spki", spki)
        .fact("certificates", listed(&names))
        .fact("certificate_count", names.len())
        .fact("path", listed(&files))
        .fact("place_count", files.len())
}

/// The id where declared, else the subject.
fn name(view: &View<'_>, seen: &Seen<'_>) -> String {
    let slot = seen.slots.first().and_then(|index| view.slots.get(*index));
    slot.map_or_else(|| seen.name(), |slot| slot.declared.id.to_string())
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED { format!("{shown}, …") } else { shown }
}

/// Certificates of others that share a key are not ours to judge.
fn concerns_us(certificates: &[&Seen<'_>]) -> bool {
    certificates.iter().any(|seen| seen.is_ours() || !seen.slots.is_empty())
}

/// At least two of them are not one another's renewal, or stand for different declared certificates.
fn are_strangers(view: &View<'_>, certificates: &[&Seen<'_>]) -> bool {
    let Some((first, others)) = certificates.split_first() else { return false };
    let slots: BTreeSet<usize> = certificates.iter().flat_map(|seen| seen.slots.iter().copied()).collect();
    slots.len() > 1 && certificates.len() > 1 || others.iter().any(|other| !view.same_lineage(first, other))
}

/// One place per (device, inode), the first in order.
fn distinct_files<'a>(places: &[&'a Observation]) -> Vec<&'a Observation> {
    let mut met = HashSet::new();
    places
        .iter()
        .copied()
        .filter(|place| place.stamp.is_none_or(|stamp| met.insert((stamp.device, stamp.inode))))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::World;

    fn kind(world: &World) -> Option<String> {
        world.judge(&super::RULE).first().and_then(|finding| finding.get("kind").map(str::to_owned))
    }

    #[test]
    fn one_key_under_two_names() {
        let world = World::new().with_installed("dmp", 1).certificate(2, |c| {
            c.common_name("OTHER");
            c.same_key_as(1);
        });
        assert_eq!(kind(&world), None, "a certificate that is nowhere is history");
        let world = world.place("/srv/other.pem", |at| at.certificate(2));
        assert_eq!(kind(&world).as_deref(), Some("certificates"));
    }

    #[test]
    fn a_renewal_on_the_same_key_is_not_accused() {
        let world = World::new()
            .with_installed("dmp", 1)
            .certificate(2, |c| {
                c.days(-1500, -400);
                c.same_key_as(1);
            })
            .place("/old/dmp.pem", |at| at.certificate(2));
        assert_eq!(kind(&world), None);
    }

    #[test]
    fn one_key_in_two_files_but_not_in_two_names_of_one_file() {
        let world = World::new().with_installed("dmp", 1);
        let copied = world.clone().place("/backup/dmp.key", |at| at.key(1));
        assert_eq!(kind(&copied).as_deref(), Some("copies"));
        assert_eq!(copied.judge(&super::RULE)[0].get("path"), Some("/backup/dmp.key, /srv/dmp.key"));
        let linked =
            world.place("/srv/a.key", |at| at.key(1).inode(77)).place("/srv/dmp.key", |at| at.key(1).inode(77));
        assert_eq!(kind(&linked), None);
    }

    #[test]
    fn authorities_and_strangers_are_not_ours() {
        let world = World::new()
            .certificate(1, |c| c.authority("CN=Root A"))
            .certificate(2, |c| {
                c.authority("CN=Root B");
                c.same_key_as(1);
            })
            .certificate(3, |c| c.foreign("CN=x"))
            .certificate(4, |c| {
                c.foreign("CN=y");
                c.same_key_as(3);
            })
            .place("/etc/ssl/all.pem", |at| at.certificate(1).certificate(2).certificate(3).certificate(4));
        assert_eq!(kind(&world), None);
    }
}
