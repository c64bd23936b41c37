//! Tells people: one message through one channel to one address, and what became of it.
//!
//! Nothing is kept here and nothing is tried twice: what waits, what is tried again and when is decided from rows. A channel
//! that is slow or dead is bounded in time by its own setting.

pub mod calendar;
pub mod email;
pub mod hook;
mod outcome;
mod payload;
pub mod render;
mod secret;
mod tls;
pub mod webhook;

use std::fmt;
use std::sync::Arc;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::notice::{Channel, Notice, Reach, SendOutcome, Sending};
use render::Renderer;

/// A way out to one target that gets everything.
trait Target: fmt::Debug + Send + Sync {
    /// As [`Channel::name`].
    fn name(&self) -> &str;

    /// As [`Channel::send`].
    fn attempt(&self, notice: &Notice) -> impl Future<Output = SendOutcome> + Send;
}

impl<T: Target> Channel for T {
    fn name(&self) -> &str {
        Target::name(self)
    }

    fn reach(&self) -> Reach {
        Reach::Target
    }

    fn send<'a>(&'a self, _: &'a str, notice: &'a Notice) -> Sending<'a> {
        Box::pin(self.attempt(notice))
    }
}

/// Every channel of `config`: the relay, each webhook, each executable that is in the hooks folder now. Made anew when the
/// configuration changes; cheap, and connects to nothing until something is sent.
pub fn channels(config: &Config, clock: &SharedClock) -> Vec<Arc<dyn Channel>> {
    let renderer = Arc::new(Renderer::new(config.lang, config.timezone));
    let mut all: Vec<Arc<dyn Channel>> = Vec::new();
    if let Some(smtp) = &config.notify.smtp {
        all.push(Arc::new(email::Smtp::new(smtp.clone(), &config.node, Arc::clone(&renderer))));
    }
    for webhook in &config.notify.webhooks {
        all.push(Arc::new(webhook::Webhook::new(webhook.clone(), Arc::clone(&renderer), Arc::clone(clock))));
    }
    if let Some(hooks) = &config.notify.hooks {
        let (executables, unfit) = hook::executables(&hooks.folder);
        for file in unfit {
            tracing::warn!(path = %file.path.display(), "not run as a hook: {}", file.why);
        }
        let scratch = config.state_dir.join("hooks");
        for path in executables {
            all.push(Arc::new(hook::Hook::new(path, hooks.timeout, scratch.clone(), Arc::clone(&renderer))));
        }
    }
    all
}

/// Runs `work` where blocking is allowed: ten thousand items take a while to put into words, and the loop of the daemon must not
/// wait for them.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SendOutcome> {
    tokio::task::spawn_blocking(work).await.map_err(|error| outcome::later("internal", &error.to_string()))
}
