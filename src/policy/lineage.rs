//! Which certificates are one another's renewal.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::view::Seen;
use crate::domain::certificate::Certificate;
use crate::domain::distinguished_name::attribute;
use crate::domain::offer::{Offer, Usage};
use crate::domain::profile::{Environment, Gamme, IgcDomain, PersonRef, StructureRef, Support};

/// What makes two certificates the same one, renewed. The subject of an IGC-Santé certificate is taken apart: the portal rewrites
/// `O` and `ST` from the registers, while the structure number and the CN name the service.
#[derive(PartialEq, Eq, Hash)]
enum Lineage<'a> {
    IgcSante {
        environment: Option<Environment>,
        issuer: (Option<Gamme>, Option<IgcDomain>),
        support: Option<Support>,
        product: (Option<Offer>, Option<Usage>),
        structure: Option<&'a StructureRef>,
        person: Option<&'a PersonRef>,
        common_name: Option<Cow<'a, str>>,
    },
    Other {
        subject: &'a str,
        names: Vec<&'a str>,
        usages: Vec<&'a str>,
    },
}

impl<'a> Lineage<'a> {
    fn of(facts: &'a Certificate) -> Self {
        let profile = &facts.profile;
        if profile.is_igc_sante() {
            return Self::IgcSante {
                environment: profile.environment,
                issuer: (profile.gamme, profile.domain),
                support: profile.support,
                product: (profile.offer, profile.usage),
                structure: profile.structure.as_ref(),
                person: profile.person.as_ref(),
                common_name: attribute(&facts.subject, "CN").map(lower_case),
            };
        }
        let mut names: Vec<&str> = facts.san.iter().map(|name| &**name).collect();
        names.sort_unstable();
        let usages = facts.extended_key_usage.iter().map(|usage| &**usage).collect();
        Self::Other { subject: &facts.subject, names, usages }
    }
}

/// Most names have no capital and are borrowed as they are.
fn lower_case(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.chars().any(char::is_uppercase) { Cow::Owned(name.to_lowercase()) } else { name }
}

/// Groups of end entities that share a lineage, each with the one that lasts longest first, noted on each member. A certificate
/// without relatives, as most are, is in no group.
pub(super) fn lineages(seen: &mut [Seen<'_>]) -> Vec<Vec<usize>> {
    let mut hashed: Vec<(u64, usize)> = seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| !seen.facts.is_ca || seen.is_ours())
        .map(|(index, seen)| {
            let mut hasher = DefaultHasher::new();
            Lineage::of(seen.facts).hash(&mut hasher);
            (hasher.finish(), index)
        })
        .collect();
    hashed.sort_unstable();
    let mut lineages: Vec<Vec<usize>> = Vec::new();
    for run in hashed.chunk_by(|one, next| one.0 == next.0).filter(|run| run.len() > 1) {
        // Two lineages may share a hash.
        let mut groups: HashMap<Lineage<'_>, Vec<usize>> = HashMap::new();
        for (_, index) in run {
            if let Some(member) = seen.get(*index) {
                groups.entry(Lineage::of(member.facts)).or_default().push(*index);
            }
        }
        lineages.extend(groups.into_values().filter(|members| members.len() > 1));
    }
    for (group, members) in lineages.iter_mut().enumerate() {
        // Stable: certificates that end together stay in the order of their places.
        members.sort_by_key(|index| std::cmp::Reverse(seen.get(*index).map(|seen| seen.end())));
        for index in members.iter() {
            if let Some(member) = seen.get_mut(*index) {
                member.lineage = Some(group);
            }
        }
    }
    lineages
}
