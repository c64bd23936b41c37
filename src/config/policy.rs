//! `[policy]`: what the rules are told.

use std::collections::BTreeMap;
use std::time::Duration;

use super::declaration::offer_usage;
use super::problem::{Form, Problem, Thing};
use super::reader::{Found, Section};
use crate::domain::person::OfferUsage;
use crate::domain::threshold::Threshold;
use crate::policy::Settings;

pub(super) fn read(section: Section<'_>) -> Settings {
    let default = Settings::default();
    let bits = section.get("min_rsa_bits", |found| found.integer(1024, 16_384));
    let settings = Settings {
        thresholds: section
            .get("thresholds", |found| found.some(|item| item.parsed(Form::Threshold)))
            .unwrap_or(default.thresholds),
        profiles: profiles(section.tables("profile", "of")),
        critical_below: section
            .get("critical_below", |found| found.parsed(Form::Threshold))
            .unwrap_or(default.critical_below),
        successor_by: section
            .get("successor_by", |found| found.parsed(Form::Threshold))
            .unwrap_or(default.successor_by),
        min_rsa_bits: bits.and_then(|bits| u32::try_from(bits).ok()).unwrap_or(default.min_rsa_bits),
        insi_names: section.get("insi_names", |found| found.some(Found::owned)).unwrap_or(default.insi_names),
        insi_impact: section.get("insi_impact", Found::owned).unwrap_or(default.insi_impact),
        finess_impacts: section
            .get("finess_impacts", |found| found.list(Found::owned))
            .unwrap_or(default.finess_impacts),
        crl_near_stale: section
            .get("crl_near_stale", |found| found.duration(Duration::ZERO, Duration::from_secs(90 * 86_400)))
            .unwrap_or(default.crl_near_stale),
        revocation_grace: section
            .get("revocation_grace", |found| found.duration(Duration::ZERO, Duration::from_secs(90 * 86_400)))
            .unwrap_or(default.revocation_grace),
        clock_skew: section
            .get("clock_skew", |found| found.duration(Duration::ZERO, Duration::from_secs(86_400)))
            .unwrap_or(default.clock_skew),
    };
    section.finish();
    settings
}

/// `[[policy.profile]]`: the steps of one offer and usage.
fn profiles(sections: Vec<Section<'_>>) -> BTreeMap<OfferUsage, Vec<Threshold>> {
    let mut profiles = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for section in sections {
        let of = section.need("of", |found| {
            let of = offer_usage(found)?;
            if let Some(first) = seen.insert(of, found.span) {
                let first = found.report.place(first);
                found.error(Problem::DuplicateId { thing: Thing::Profile, id: of.to_string(), first });
            }
            Some(of)
        });
        let steps = section.need("thresholds", |found| found.some(|item| item.parsed(Form::Threshold)));
        section.finish();
        profiles.extend(of.zip(steps));
    }
    profiles
}
