//! The lists that are named: by certificates, up to a bound for each, and by complete lists that say where their deltas are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::accept::Expected;
use super::fetch::MAX_ADDRESSES;
use super::gate::Gate;
use super::kept::{Kept, ListName};
use super::trust::{Trust, point_name, settings};
use crate::domain::time::Timestamp;
use crate::pki::revocation::Judge;

/// Lists of one authority that are not followed, as far as they are told apart.
const MAX_BEYOND: usize = 1000;

/// A list certificates name.
#[derive(Debug, Clone)]
pub struct Point {
    /// Its addresses, most wanted first. Only the first of them where none may be asked.
    pub addresses: Vec<Arc<str>>,
    /// What is known of it.
    pub expected: Expected,
    /// Who should issue it, RFC 4514.
    pub issuer: Arc<str>,
    /// Its place among the lists of a certificate, from 0; of several certificates the best.
    pub rank: usize,
    /// How often certificates name it.
    pub named: u64,
}

/// Lists that are named.
#[derive(Debug, Default)]
pub struct Points {
    /// By the name they are kept under.
    pub lists: HashMap<ListName, Point>,
    /// By their issuer (RFC 4514) those no certificate has room for, each with an address.
    pub beyond: BTreeMap<Arc<str>, BTreeMap<ListName, Arc<str>>>,
}

impl Points {
    /// A list there is no room for.
    pub fn pass_over(&mut self, issuer: &Arc<str>, name: ListName, address: &Arc<str>) {
        let known = self.beyond.entry(Arc::clone(issuer)).or_default();
        if known.len() < MAX_BEYOND || known.contains_key(&name) {
            known.insert(name, Arc::clone(address));
        }
    }
}

/// The deltas that complete lists name themselves (RFC 5280 section 5.2.6), as far as they may be asked for: without them the complete list holds
/// all the same. `lists` are those at hand, and `followed` says which of them count. Of a list nobody vouches for any more nothing is asked.
pub fn name_deltas(
    lists: &[(ListName, Arc<Kept>)],
    followed: &dyn Fn(&ListName) -> bool,
    trust: &Trust,
    gate: &Gate,
    now: Timestamp,
    points: &mut Points,
) {
    let names_deltas = |(name, kept): &&(ListName, Arc<Kept>)| {
        !kept.crl.is_delta() && !kept.crl.freshest.is_empty() && (points.lists.contains_key(name) || followed(name))
    };
    let bases: Vec<&(ListName, Arc<Kept>)> = lists.iter().filter(names_deltas).collect();
    if bases.is_empty() {
        return;
    }
    let pool = trust.pool();
    let judge = Judge::new(&pool, settings(now), lists.iter().map(|(_, kept)| kept.list()));
    for (name, kept) in bases {
        let crl = &kept.crl;
        let uris = crl.freshest.iter().flat_map(|point| point.uris());
        let allowed = uris.filter_map(|uri| gate.address(uri).ok()).map(|address| Arc::<str>::from(address.as_str()));
        let addresses: Vec<Arc<str>> = allowed.take(MAX_ADDRESSES).collect();
        let delta = addresses.first().and_then(|first| point_name(first, true));
        let Some(delta) = delta.filter(|_| judge.authority(crl).is_ok()) else { continue };
        let rank = points.lists.get(name).map_or(0, |base| base.rank) + 1;
        // Certificates that name it too know more of it.
        points.lists.entry(delta).or_insert_with(|| Point {
            addresses,
            expected: Expected {
                issuers: vec![Arc::clone(&crl.issuer.canonical)],
                delta: Some(true),
                ..Expected::default()
            },
            issuer: crl.issuer.text(),
            rank,
            named: 0,
        });
    }
}
