//! Judge a snapshot. One rule per file, each a plain function of (inventory, settings, now).

mod administrators;
pub mod alert;
mod cards;
mod chain;
mod compare;
mod crowd;
#[cfg(test)]
mod fixture;
mod lineage;
mod lists;
mod mandates;
mod rules;
mod settings;
pub mod synthetic;
pub mod trouble;
mod view;

pub use cards::CardSeen;
pub use compare::compare;
pub use rules::RULES;
pub use settings::Settings;
pub use view::{Bearer, Seen, Served, Slot, Standing, View};

use crate::domain::finding::{Finding, Severity};
use crate::domain::inventory::Inventory;
use crate::domain::time::Timestamp;

/// One rule: what it is called, what it stands on, and the function that applies it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable snake-case code; the texts of the rule are found by it.
    pub code: &'static str,
    /// The severity of an ordinary case. A rule may say more or less where its file says why.
    pub severity: Severity,
    /// What the rule stands on: an article of the CGU, a section of an RFC, a document of ANS.
    pub reference: &'static str,
    /// Facts every finding of this rule carries. Others (`id`, `structure`, `impacts`, `administrators`) come where they are known.
    pub facts: &'static [&'static str],
    /// Applies the rule to a whole snapshot.
    pub check: fn(&View<'_>) -> Vec<Finding>,
}

/// Every finding of every rule, sorted by key, one per key. The same inventory, settings and time give the same answer,
/// whatever the order the inventory was filled in.
pub fn evaluate(inventory: &Inventory, settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let view = View::new(inventory, settings, now);
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.check)(&view)).collect();
    // Worst first among equals, so that what is dropped never said more than what is kept.
    findings.sort_by(|a, b| {
        a.key.cmp(&b.key).then_with(|| b.severity.cmp(&a.severity)).then_with(|| a.facts.cmp(&b.facts))
    });
    findings.dedup_by(|later, kept| later.key == kept.key);
    findings
}

#[cfg(test)]
mod tests;
