//! `[policy]`: what the rules may be told. `Default` is what the documentation promises.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::declaration::DeclaredCertificate;
use crate::domain::person::OfferUsage;
use crate::domain::threshold::Threshold;

/// What the rules may be told. Every default is the one documented on its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Alert steps before the end of a certificate, unless the declared certificate has its own. Order does not matter.
    /// Default `2m`, `45d`, `30d`, `15d`, `7d`: the first is the notice ANS gives (CGU 5.4).
    pub thresholds: Vec<Threshold>,
    /// Alert steps of the declared certificates of one offer and usage, in place of `thresholds`. Default none.
    pub profiles: BTreeMap<OfferUsage, Vec<Threshold>>,
    /// An approaching end is critical from this step on: a renewal takes days of a person and a portal. Default `15d`.
    pub critical_below: Threshold,
    /// From this step on a certificate that ends should have its successor in the inventory: ordering one takes a person, a card
    /// and a portal. Default `30d`.
    pub successor_by: Threshold,
    /// Smallest RSA modulus that is not weak, in bits. Default 2048 (ANSSI, RGS annexe B1; every IGC-Santé leaf has 2048).
    pub min_rsa_bits: u32,
    /// Common names INSi accepts. Default `INSI-AUTO` and `INSI-MANU`.
    pub insi_names: Vec<String>,
    /// The impact that makes a certificate an INSi one (compared without regard to case). Default `INSi`.
    pub insi_impact: String,
    /// Impacts the FINESS notice of the ANS forms speaks of (compared without regard to case). Default `DMP` and `INSi`.
    pub finess_impacts: Vec<String>,
    /// A revocation list is *near stale* so long before its nextUpdate, or in the last third of its life where that is shorter. A list of
    /// IGC-Santé lives six days and is published every day. Default 2 days.
    pub crl_near_stale: Duration,
    /// A revocation status may be unknown, and a list unreachable, for so long before that is a finding. Default 1 day.
    pub revocation_grace: Duration,
    /// Clocks differ: a certificate is *not yet valid* only when it begins more than this after `now`. Default 5 minutes.
    pub clock_skew: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            thresholds: vec![
                Threshold::Months(2),
                Threshold::Days(45),
                Threshold::Days(30),
                Threshold::Days(15),
                Threshold::Days(7),
            ],
            profiles: BTreeMap::new(),
            critical_below: Threshold::Days(15),
            successor_by: Threshold::Days(30),
            min_rsa_bits: 2048,
            insi_names: vec!["INSI-AUTO".to_owned(), "INSI-MANU".to_owned()],
            insi_impact: "INSi".to_owned(),
            finess_impacts: vec!["DMP".to_owned(), "INSi".to_owned()],
            crl_near_stale: Duration::from_secs(2 * 86_400),
            revocation_grace: Duration::from_secs(86_400),
            clock_skew: Duration::from_secs(300),
        }
    }
}

impl Settings {
    /// Seconds before its nextUpdate from which a list is near stale.
    pub fn crl_margin(&self) -> i64 {
        i64::try_from(self.crl_near_stale.as_secs()).unwrap_or(i64::MAX)
    }

    /// The alert steps of a certificate: its own, those of its offer and usage, or those of every one.
    pub fn steps<'a>(&'a self, declared: Option<&'a DeclaredCertificate>) -> &'a [Threshold] {
        let of_profile = |declared: &'a DeclaredCertificate| {
            self.profiles.get(&OfferUsage { offer: declared.offer, usage: declared.usage }).map(Vec::as_slice)
        };
        declared
            .and_then(|declared| declared.thresholds.as_deref().or_else(|| of_profile(declared)))
            .unwrap_or(&self.thresholds)
    }
}
