//! Signals and the service manager: ready, watchdog, reloading, stopping.

use std::cell::Cell;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Caller, Handle};
use crate::clock::SharedClock;
use crate::domain::audit_event::{Actor, Origin};

/// What the service manager is told. Without one every call is quiet.
#[derive(Debug)]
pub struct Supervisor {
    clock: SharedClock,
    /// Half of `WatchdogSec`.
    beat: Option<Duration>,
    last_beat: Cell<Duration>,
}

impl Supervisor {
    /// Reads what the service manager asked for when it started this process.
    pub fn of_this_process(clock: SharedClock) -> Self {
        let last_beat = Cell::new(clock.monotonic());
        Self { clock, beat: sd_notify::watchdog_enabled().map(|watchdog| watchdog / 2), last_beat }
    }

    /// The doors are open and the state is loaded.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// A new configuration is being loaded; [`Supervisor::ready`] ends it.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(error = %error, "the service manager cannot be told of the reload"),
        }
    }

    /// The daemon is on its way out.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// How long the loop may sleep before the next sign of life is due.
    pub(super) fn until_next_beat(&self) -> Duration {
        self.beat.map_or(Duration::MAX, |beat| {
            beat.saturating_sub(self.clock.monotonic().saturating_sub(self.last_beat.get()))
        })
    }

    /// Gives a sign of life when one is due. Only the engine's loop calls this: a loop that hangs is a daemon that hangs.
    pub(super) fn beat(&self) {
        if self.beat.is_some() && self.until_next_beat().is_zero() {
            self.last_beat.set(self.clock.monotonic());
            tell(&[NotifyState::Watchdog]);
        }
    }
}

/// Turns signals into requests until `stop` is set: TERM and INT stop, HUP reloads.
pub async fn obey_signals(handle: Handle, stop: watch::Sender<bool>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                // Beside this loop: a reload that takes its time must not delay a stop.
                let handle = handle.clone();
                tokio::spawn(async move {
                    match handle.reload(Caller { actor: Actor::Daemon, origin: Origin::Signal }).await {
                        Ok(report) => tracing::info!(changes = report.changes.len(), "configuration replaced"),
                        Err(refusal) => tracing::error!(error = %refusal, "configuration kept as it was"),
                    }
                });
            }
        }
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    Ok(())
}

/// Ends when the daemon is to stop: the word was given, or nobody is left to give it.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stopping| *stopping).await.is_err() {
        tracing::debug!("nobody is left to say stop");
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(error = %error, "the service manager could not be told");
    }
}
