//! Tracing to the journal when the service manager started us, to standard error otherwise.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTo {
    /// The systemd journal, with fields.
    Journal,
    /// Standard error, one line an event, control characters escaped.
    Stderr,
}

/// Installs the one subscriber of the process. `filter` is a directive list such as `info,vigie=debug`.
///
/// # Errors
/// When the journal cannot be reached or a subscriber is already there.
pub fn install(to: LogTo, filter: &str) -> anyhow::Result<()> {
    let filter: Targets = filter.parse()?;
    let registry = tracing_subscriber::registry().with(filter);
    match to {
        LogTo::Journal => registry.with(tracing_journald::layer()?).try_init()?,
        LogTo::Stderr => {
            let lines =
                tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
            registry.with(lines).try_init()?;
        }
    }
    Ok(())
}
