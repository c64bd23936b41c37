//! What a decision about alerts rests on, and what the declaration says of the subject of a finding.

use chrono::{NaiveDate, TimeZone as _, Timelike as _};
use chrono_tz::Tz;

use super::settings::AlertSettings;
use crate::domain::declaration::{DeclaredCertificate, Identity};
use crate::domain::finding::Finding;
use crate::domain::inventory::Inventory;
use crate::domain::notice::{EventId, NoticeCertificate, NoticeFiles, Reach};
use crate::domain::observation::{FilePath, Location};
use crate::domain::person::DeclaredId;
use crate::domain::threshold::Threshold;
use crate::domain::time::Timestamp;
use crate::policy::Settings;

/// What a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Declared and found.
    pub inventory: &'a Inventory,
    /// `[policy]`: the steps.
    pub policy: &'a Settings,
    /// `[alerts]`.
    pub alerts: &'a AlertSettings,
    /// Days are days of this zone.
    pub timezone: Tz,
    /// The ways out, by name.
    pub channels: &'a [(String, Reach)],
    /// Draws the id of a name: the same for the same text.
    pub id_of: fn(&str) -> EventId,
}

/// What is known of the subject of a finding.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// The declared certificate.
    pub(super) certificate: Option<&'a DeclaredCertificate>,
    /// The structure it belongs to.
    pub(super) structure: Option<&'a DeclaredId>,
    /// Beginning of what ends, for steps that are a share of it.
    pub(super) start: Option<Timestamp>,
}

impl<'a> Ground<'a> {
    /// The day `at` falls on, and its hour.
    pub fn day_and_hour(&self, at: Timestamp) -> (NaiveDate, u32) {
        self.local(at)
    }

    pub(super) fn local(&self, at: Timestamp) -> (NaiveDate, u32) {
        at.to_chrono().map_or((NaiveDate::MAX, 0), |utc| {
            let local = self.timezone.from_utc_datetime(&utc.naive_utc());
            (local.date_naive(), local.hour())
        })
    }

    /// The day whose words may be said at `now`: it begins at the hour of the settings.
    pub(super) fn day(&self, now: Timestamp) -> NaiveDate {
        let (today, hour) = self.local(now);
        if hour >= self.alerts.hour { today } else { today.pred_opt().unwrap_or(today) }
    }

    /// The day a step before `end` begins.
    pub(super) fn day_of(&self, step: Threshold, start: Option<Timestamp>, end: Timestamp) -> NaiveDate {
        self.local(step.begins(start.unwrap_or(end), end)).0
    }

    pub(super) fn about(&self, finding: &Finding) -> About<'a> {
        let declaration = &self.inventory.declaration;
        let certificate = finding
            .get("id")
            .or_else(|| finding.key.subject.strip_prefix("certificate:")?.split(" @ ").next())
            .and_then(|id| id.parse::<DeclaredId>().ok())
            .and_then(|id| declaration.certificates.get(&id));
        let named = || {
            let subject = || finding.key.subject.strip_prefix("structure:")?.split(" @ ").next();
            let id: DeclaredId = finding.get("structure").or_else(subject)?.parse().ok()?;
            declaration.structures.get_key_value(&id).map(|(id, _)| id)
        };
        let start = finding
            .get("sha256")
            .and_then(|text| text.parse().ok())
            .and_then(|fingerprint| self.inventory.certificate(&fingerprint))
            .map(|record| record.facts.not_before);
        let structure = certificate.map(|declared| &declared.structure).or_else(named);
        About { certificate, structure, start }
    }

    /// What a message says of the declared certificate.
    pub(super) fn described(&self, declared: &DeclaredCertificate) -> NoticeCertificate {
        let structure = self.inventory.declaration.structures.get(&declared.structure);
        let path = |path: Option<&FilePath>| path.map(ToString::to_string);
        let holds_more = |path: &&FilePath| self.inventory.at(&Location::File((*path).clone())).nth(1).is_some();
        NoticeCertificate {
            id: declared.id.to_string(),
            offer: declared.offer,
            usage: declared.usage,
            environment: declared.environment,
            structure: structure.map_or_else(|| declared.structure.to_string(), |structure| structure.name.clone()),
            identity: match &declared.identity {
                Identity::Service(name) | Identity::Fqdn(name) | Identity::MailDomain(name) => Some(name.clone()),
                Identity::Unspecified => None,
            },
            impacts: declared.impacts.clone(),
            files: NoticeFiles {
                cert: path(declared.certificate_path()),
                key: path(declared.key_path()),
                chain: path(declared.chain_path()),
                fullchain: path(declared.certificate_path().filter(holds_more)),
            },
        }
    }
}

/// The instant a finding counts to.
pub(super) fn end_of(finding: &Finding) -> Option<Timestamp> {
    finding.get("end").and_then(|text| text.parse().ok())
}

/// The subject without the place.
pub(super) fn bare_subject(finding: &Finding) -> &str {
    finding.key.subject.split(" @ ").next().unwrap_or_default()
}
