//! What a judgement changes in the findings that are open. Pure: the same judgement twice changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::crowd;
use crate::domain::finding::{Finding, FindingChanges, FindingKey, FindingRecord};

/// Compares the open findings with what was judged now, where many places of one source that cannot be read become one finding. Records of `open` that are already closed count as absent.
pub fn compare(open: &BTreeMap<FindingKey, FindingRecord>, judged: Vec<Finding>) -> FindingChanges {
    let mut changes = FindingChanges::default();
    let mut standing: BTreeSet<FindingKey> = BTreeSet::new();
    for finding in crowd::gathered(open, judged) {
        if !standing.insert(finding.key.clone()) {
            continue;
        }
        match open.get(&finding.key).filter(|record| record.until.is_none()) {
            None => changes.opened.push(finding),
            Some(record) if record.finding != finding => changes.changed.push(finding),
            Some(_) => {}
        }
    }
    changes.closed = open
        .iter()
        .filter(|(key, record)| record.until.is_none() && !standing.contains(*key))
        .map(|(key, _)| key.clone())
        .collect();
    changes
}
