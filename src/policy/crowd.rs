//! Many swept places of one source that cannot be read are one trouble of that source, not thousands of findings, alerts and audit events.
//!
//! What was said last decides near the bound: a crowd stays one until it is down to half its size, so that a place that comes and goes
//! does not turn one finding into twenty and back.

use std::collections::BTreeMap;

use super::rules::unreadable;
use crate::domain::finding::{Finding, FindingKey, FindingRecord, Subject};

/// Places of one source that are told one by one.
pub const CROWD: usize = 20;
/// A crowd that is down to so many is none any more.
const SCATTERED: usize = CROWD / 2;
/// Places a crowd is told with.
const SHOWN: usize = 5;

/// `judged`, sorted by key, with one finding for each crowd. `open` says what was a crowd before.
pub(super) fn gathered(open: &BTreeMap<FindingKey, FindingRecord>, judged: Vec<Finding>) -> Vec<Finding> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for source in judged.iter().filter_map(swept_by) {
        *counts.entry(source.to_owned()).or_default() += 1;
    }
    counts.retain(|source, count| {
        let was_one = || open.get(&crowd(source).key).is_some_and(|record| record.until.is_none());
        *count > CROWD || (*count > SCATTERED && was_one())
    });
    if counts.is_empty() {
        return judged;
    }
    let is_of_a_crowd = |finding: &Finding| swept_by(finding).is_some_and(|source| counts.contains_key(source));
    let (members, mut told): (Vec<Finding>, Vec<Finding>) = judged.into_iter().partition(is_of_a_crowd);
    for (source, count) in &counts {
        let own: Vec<&Finding> = members.iter().filter(|one| swept_by(one) == Some(source)).take(SHOWN).collect();
        let of = |name: &str| own.iter().filter_map(|one| one.get(name)).collect::<Vec<_>>();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in members.iter().filter(|one| swept_by(one) == Some(source)).filter_map(|one| one.get("reason")) {
            *reasons.entry(reason).or_default() += 1;
        }
        let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        told.push(
            crowd(source)
                .fact("places", of("path").join(", "))
                .fact("reason", "several")
                .fact("message", reasons.join(", "))
                .fact("kind", "several")
                .fact("declared", "many")
                .fact("source", source)
                .fact("count", count),
        );
    }
    told.sort_by(|a, b| a.key.cmp(&b.key));
    told
}

/// The source of an unreadable place that nobody declared.
fn swept_by(finding: &Finding) -> Option<&str> {
    let is_swept = finding.key.code == unreadable::RULE.code && finding.get("declared") == Some("no");
    finding.get("source").filter(|_| is_swept)
}

fn crowd(source: &str) -> Finding {
    Finding::new(unreadable::RULE.code, crate::domain::finding::Severity::Info, &Subject::Source(source.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::finding::{FindingChanges, Severity};
    use crate::domain::observation::Location;
    use crate::domain::time::Timestamp;
    use crate::policy::compare;

    type Open = BTreeMap<FindingKey, FindingRecord>;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    /// One finding for each place of `source`.
    fn places(source: &str, names: impl IntoIterator<Item = usize>) -> Vec<Finding> {
        let one = |name| {
            let location = Location::File(format!("/{source}/{name:03}").as_str().into());
            Finding::new("unreadable", Severity::Info, &Subject::Location(location.clone()))
                .fact("path", location)
                .fact("reason", if name % 2 == 0 { "malformed" } else { "needs_password" })
                .fact("declared", "no")
                .fact("source", source)
        };
        names.into_iter().map(one).collect()
    }

    fn judge(open: &mut Open, mut judged: Vec<Finding>) -> FindingChanges {
        judged.sort_by(|a, b| a.key.cmp(&b.key));
        let changes = compare(open, judged);
        for key in &changes.closed {
            open.remove(key);
        }
        for finding in changes.opened.iter().chain(&changes.changed) {
            open.insert(finding.key.clone(), FindingRecord { finding: finding.clone(), since: NOW, until: None });
        }
        changes
    }

    #[test]
    fn a_crowd_is_one_finding_with_its_count_and_its_first_places() {
        let mut open = Open::new();
        let declared =
            Finding::new("unreadable", Severity::Warning, &Subject::Source("x".into())).fact("declared", "yes");
        let judged = [places("a", 0..9_700), places("b", 0..3), vec![declared.clone()]].concat();
        assert_eq!(judge(&mut open, judged).opened.len(), 5);
        let crowd = open.values().map(|record| &record.finding).find(|finding| finding.get("count").is_some());
        let crowd = crowd.expect("a crowd");
        assert_eq!((&*crowd.key.subject, crowd.get("count")), ("source:a", Some("9700")));
        assert_eq!(crowd.get("places"), Some("/a/000, /a/001, /a/002, /a/003, /a/004"));
        assert_eq!(crowd.get("message"), Some("malformed 4850, needs_password 4850"));
        assert!(open.contains_key(&declared.key));
    }

    #[test]
    fn near_the_bound_what_was_said_last_goes_on() {
        let mut open = Open::new();
        let mut said = |count: usize| {
            let changes = judge(&mut open, places("a", 0..count));
            (changes.opened.len(), changes.changed.len(), changes.closed.len())
        };
        assert_eq!(said(20), (20, 0, 0));
        assert_eq!(said(21), (1, 0, 20));
        assert_eq!(said(21), (0, 0, 0));
        assert_eq!(said(20), (0, 1, 0));
        assert_eq!(said(11), (0, 1, 0));
        assert_eq!(said(10), (10, 0, 1));
        assert_eq!(said(20), (10, 0, 0));
        assert_eq!(said(0), (0, 0, 20));
    }

    proptest! {
        #[test]
        fn the_same_twice_changes_nothing_and_a_step_stays_small(runs in prop::collection::vec(prop::collection::btree_set(0_usize..40, 0..40), 1..12)) {
            let mut open = Open::new();
            for names in runs {
                let judged = places("a", names.iter().copied());
                judge(&mut open, judged.clone());
                prop_assert!(open.len() <= CROWD);
                prop_assert!(judge(&mut open, judged).is_empty());
                // One place more or less turns a crowd into places, or places into a crowd, at most once.
                let mut turns = 0;
                for skipped in names.iter().take(1) {
                    for _ in 0..4 {
                        let fewer = places("a", names.iter().copied().filter(|name| name != skipped));
                        turns += usize::from(judge(&mut open, fewer).opened.len() > 1);
                        turns += usize::from(judge(&mut open, places("a", names.iter().copied())).closed.len() > 1);
                    }
                }
                prop_assert!(turns <= 1, "{turns} turns");
            }
        }
    }
}
