//! Certificate policies (RFC 5280 sections 6.1.2 to 6.1.5), for a caller that accepts any policy.
//!
//! The valid policy tree is asked one thing: whether it is empty when a policy is required. For that each level of it is enough, as in
//! RFC 9618, which replaced the tree because it can be made to grow without end.

use std::collections::{BTreeMap, BTreeSet};

use super::super::oid;
use super::certificate::{Oid, PathCertificate};

/// Policies of one certificate, and mappings; more are an attack on the reader.
const MAX_POLICIES: usize = 4096;

/// The state variables of section 6.1.2 that are about policies.
#[derive(Debug)]
pub struct Policies {
    /// One level of the tree: each valid policy with its expected policy set.
    level: BTreeMap<Oid, BTreeSet<Oid>>,
    explicit: u64,
    mapping: u64,
    any: u64,
}

impl Policies {
    /// Section 6.1.2 for a path of `length` certificates: any policy is acceptable, none is required, mapping is allowed.
    pub fn new(length: u64) -> Self {
        let any: Oid = oid::ANY_POLICY.into();
        let level = BTreeMap::from([(any.clone(), BTreeSet::from([any]))]);
        Self { level, explicit: length + 1, mapping: length + 1, any: length + 1 }
    }

    /// Section 6.1.3 (d) to (f). False when no policy is valid and one is required, or there are too many.
    pub fn certificate(&mut self, certificate: &PathCertificate, last: bool) -> bool {
        let before = std::mem::take(&mut self.level);
        let expected: BTreeSet<&Oid> = before.values().flatten().collect();
        // (e) without the extension nothing is valid any more.
        if let Some(policies) = &certificate.extensions.policies {
            if policies.len() > MAX_POLICIES {
                return false;
            }
            for policy in policies.iter().filter(|policy| ***policy != *oid::ANY_POLICY) {
                // (d)(1)(i) and (ii)
                if expected.contains(policy) || before.contains_key(oid::ANY_POLICY) {
                    self.level.insert(policy.clone(), BTreeSet::from([policy.clone()]));
                }
            }
            // (d)(2)
            let says_any = policies.iter().any(|policy| **policy == *oid::ANY_POLICY);
            if says_any && (self.any > 0 || (!last && certificate.is_self_issued())) {
                for policy in expected {
                    let same = || BTreeSet::from([policy.clone()]);
                    self.level.entry(policy.clone()).or_insert_with(same);
                }
            }
        }
        // (f)
        self.explicit > 0 || !self.level.is_empty()
    }

    /// Section 6.1.4 (a), (b) and (h) to (j), between two certificates. False when anyPolicy is mapped, or too much is.
    pub fn next(&mut self, certificate: &PathCertificate) -> bool {
        let extensions = &certificate.extensions;
        let mappings = &extensions.policy_mappings;
        // (a)
        let any = |policy: &Oid| **policy == *oid::ANY_POLICY;
        if mappings.len() > MAX_POLICIES || mappings.iter().any(|(from, to)| any(from) || any(to)) {
            return false;
        }
        // (b)
        let mut mapped: BTreeMap<&Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (from, to) in mappings {
            mapped.entry(from).or_default().insert(to.clone());
        }
        for (from, to) in mapped {
            if self.mapping == 0 {
                self.level.remove(from);
            } else if self.level.contains_key(from) || self.level.contains_key(oid::ANY_POLICY) {
                self.level.insert(from.clone(), to);
            }
        }
        // (h)
        if !certificate.is_self_issued() {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        // (i) and (j)
        let lower = |counter: &mut u64, said: Option<u64>| *counter = said.map_or(*counter, |said| said.min(*counter));
        lower(&mut self.explicit, extensions.require_explicit_policy);
        lower(&mut self.mapping, extensions.inhibit_policy_mapping);
        lower(&mut self.any, extensions.inhibit_any_policy);
        true
    }

    /// Section 6.1.5 (a), (b) and (g), behind the last certificate.
    pub fn wrap_up(&mut self, certificate: &PathCertificate) -> bool {
        self.explicit = self.explicit.saturating_sub(1);
        if certificate.extensions.require_explicit_policy == Some(0) {
            self.explicit = 0;
        }
        self.explicit > 0 || !self.level.is_empty()
    }
}
