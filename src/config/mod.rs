//! The configuration, checked as a whole: `load()` gives a [`Config`] that needs no further check, or every mistake at once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::declaration::Declaration;
use crate::domain::endpoint::Endpoint;
use crate::domain::lang::Lang;
use crate::policy::Settings;

/// Everything `vigie.toml` and `conf.d/*.toml` say.
#[derive(Debug, Clone)]
pub struct Config {
    /// The main file.
    pub file: PathBuf,
    /// Language of what users read.
    pub lang: Lang,
    /// Time zone of schedules and of dates shown.
    pub timezone: chrono_tz::Tz,
    /// Where state lives.
    pub state_dir: PathBuf,
    /// Name of this machine in the audit trail and the API; the host name unless given.
    pub node: String,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[http]`.
    pub http: HttpConfig,
    /// `[schedule]`.
    pub schedule: ScheduleConfig,
    /// `[trust]`.
    pub trust: TrustConfig,
    /// `[scan]`.
    pub scan: ScanConfig,
    /// `[[source]]`.
    pub sources: Vec<SourceConfig>,
    /// `[policy]`.
    pub policy: Settings,
    /// The declaration.
    pub declaration: Declaration,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `sqlite:///path` or `postgres://…`.
    pub url: String,
    /// The password of a PostgreSQL URL, kept out of it.
    pub password_file: Option<PathBuf>,
}

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Unix socket.
    pub socket: PathBuf,
    /// TCP listener; `None` when `listen = ""`.
    pub listen: Option<SocketAddr>,
    /// Bearer token of the TCP listener, made 0600 at first start.
    pub token_file: PathBuf,
    /// Host names accepted in `Host` besides 127.0.0.1, [::1] and localhost.
    pub hosts: Vec<String>,
    /// Login or numeric ids allowed to change things over the socket, besides root and the daemon's own user.
    pub admins: Vec<String>,
}

/// `[schedule]`: expressions of the cron crate, already parsed, in [`Config::timezone`].
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// Reading the sources.
    pub scan: cron::Schedule,
    /// Judging without reading: time alone makes findings.
    pub evaluate: cron::Schedule,
    /// Fetching CRLs.
    pub crls: cron::Schedule,
    /// The monthly digest.
    pub digest: cron::Schedule,
    /// Upper bound of the delay drawn once per job and kept.
    pub jitter: Duration,
}

/// `[trust]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustConfig {
    /// Files or folders of CA certificates.
    pub anchors: Vec<PathBuf>,
}

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

/// `[[source]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceConfig {
    /// `kind = "file"`.
    File {
        /// Unique name.
        name: String,
        /// Files, folders or glob patterns (`*`, `?`, `**`).
        paths: Vec<PathBuf>,
    },
    /// `kind = "tls"`.
    Tls {
        /// Unique name.
        name: String,
        /// What to connect to.
        endpoints: Vec<Endpoint>,
    },
    /// `kind = "smart_card"`.
    SmartCard {
        /// Unique name.
        name: String,
    },
}
