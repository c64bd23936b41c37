//! `[scan]`: bounds on what a source may cost.

use std::time::Duration;

use super::reader::Section;

/// `[scan]`: bounds on what a source may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanConfig {
    /// Folder depth below a root.
    pub max_depth: u32,
    /// Bytes of one file.
    pub max_file_bytes: u64,
    /// Files of one source.
    pub max_files: u64,
    /// Time for one source as a whole.
    pub source_timeout: Duration,
    /// Time to connect to one endpoint, and again for its handshake.
    pub endpoint_timeout: Duration,
    /// Key derivation iterations one PKCS#12 file may ask for.
    pub max_kdf_iterations: u64,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            max_depth: 32,
            max_file_bytes: 4 << 20,
            max_files: 1_000_000,
            source_timeout: Duration::from_secs(600),
            endpoint_timeout: Duration::from_secs(10),
            max_kdf_iterations: 5_000_000,
        }
    }
}

pub(super) fn read(section: Section<'_>) -> ScanConfig {
    let seconds = Duration::from_secs;
    let default = ScanConfig::default();
    let depth = section.get("max_depth", |found| found.integer(0, 1024));
    let config = ScanConfig {
        max_depth: depth.and_then(|depth| u32::try_from(depth).ok()).unwrap_or(default.max_depth),
        max_file_bytes: section
            .get("max_file_bytes", |found| found.size(1 << 10, 1 << 30))
            .unwrap_or(default.max_file_bytes),
        max_files: section.get("max_files", |found| found.integer(1, 100_000_000)).unwrap_or(default.max_files),
        source_timeout: section
            .get("source_timeout", |found| found.duration(seconds(1), seconds(86_400)))
            .unwrap_or(default.source_timeout),
        endpoint_timeout: section
            .get("endpoint_timeout", |found| found.duration(seconds(1), seconds(300)))
            .unwrap_or(default.endpoint_timeout),
        max_kdf_iterations: section
            .get("max_kdf_iterations", |found| found.integer(1, 1_000_000_000))
            .unwrap_or(default.max_kdf_iterations),
    };
    section.finish();
    config
}
