//! `[trust]`: the CA certificates certification paths end at.

use std::path::PathBuf;

use super::reader::{Found, Section};

/// `[trust]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustConfig {
    /// Files or folders of CA certificates.
    pub anchors: Vec<PathBuf>,
}

impl Default for TrustConfig {
    fn default() -> Self {
        Self { anchors: vec!["/etc/vigie/anchors".into()] }
    }
}

pub(super) fn read(section: Section<'_>) -> TrustConfig {
    let anchors = section.get("anchors", |found| found.list(Found::path));
    section.finish();
    anchors.map_or_else(TrustConfig::default, |anchors| TrustConfig { anchors })
}
