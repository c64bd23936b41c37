//! `[revocation]`: where CRLs may be fetched from.

use super::problem::Form;
use super::reader::Section;
use super::value::is_host;

/// `[revocation]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationConfig {
    /// The only hosts CRLs are fetched from, whatever a certificate says.
    pub hosts: Vec<String>,
    /// Bytes of one CRL.
    pub max_bytes: u64,
}

impl Default for RevocationConfig {
    fn default() -> Self {
        let hosts = ["igc-sante.esante.gouv.fr", "annuaire-igc.esante.gouv.fr"].map(str::to_owned).to_vec();
        Self { hosts, max_bytes: 512 << 20 }
    }
}

pub(super) fn read(section: Section<'_>) -> RevocationConfig {
    let default = RevocationConfig::default();
    let config = RevocationConfig {
        hosts: section
            .get("hosts", |found| found.list(|item| item.matching(Form::Host, is_host)))
            .unwrap_or(default.hosts),
        max_bytes: section.get("max_bytes", |found| found.size(64 << 10, 4 << 30)).unwrap_or(default.max_bytes),
    };
    section.finish();
    config
}
