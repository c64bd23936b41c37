//! Mail through one relay: one message, one recipient, one conversation, judged by itself.
//!
//! Who is to blame decides what comes of a refusal (RFC 5321 section 4.2.1). 5xx to `RCPT` or to the message is about this recipient
//! and ends it, unless its enhanced status says that it is about us. 5xx before that, at the greeting, the login or the sender, would
//! befall every message: it is tried again later, so that a wrong password loses nothing. Silence after the message may hide a delivery: it is sent again under the same
//! `Message-ID`.

mod compose;
mod conversation;
mod starttls;

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;

use super::outcome::{later, refused};
use super::render::Renderer;
use super::{aside, tls};
use crate::config::{SmtpConfig, SmtpTls};
use crate::domain::notice::{Channel, Notice, Reach, SendOutcome, Sending};
use compose::ComposeError;
use conversation::Progress;

/// The relay.
#[derive(Debug)]
pub struct Smtp {
    config: SmtpConfig,
    node: String,
    renderer: Arc<Renderer>,
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Smtp {
    /// A channel to the relay of `config`.
    pub fn new(config: SmtpConfig, node: &str, renderer: Arc<Renderer>) -> Self {
        Self { config, node: node.to_owned(), renderer, tls: OnceLock::new() }
    }

    /// Connects, checks who answers and logs in, without a message.
    pub async fn try_out(&self) -> SendOutcome {
        let tls = match self.tls() {
            Ok(tls) => tls,
            Err(error) => return later("ca_file", &error),
        };
        let talk = conversation::try_out(&self.config, &self.node, tls);
        match tokio::time::timeout(self.config.timeout, talk).await {
            Ok(outcome) => outcome,
            Err(_) => later("timeout", &format!("no answer within {:?}", self.config.timeout)),
        }
    }

    async fn attempt(&self, address: &str, notice: &Notice) -> SendOutcome {
        let (from, to, notice) = (self.config.from.clone(), address.to_owned(), notice.clone());
        let renderer = Arc::clone(&self.renderer);
        let message = match aside(move || compose::compose(&from, &to, &notice, &renderer)).await {
            Ok(Ok(message)) => message,
            Ok(Err(error @ ComposeError::To(_))) => return refused("address_invalid", &error.to_string()),
            // Not the recipient's fault.
            Ok(Err(error)) => return later("sender_refused", &error.to_string()),
            Err(outcome) => return outcome,
        };
        let tls = match self.tls() {
            Ok(tls) => tls,
            Err(error) => return later("ca_file", &error),
        };
        let mut progress = Progress::Connecting;
        let talk = conversation::deliver(&self.config, &self.node, tls, &message, &mut progress);
        match tokio::time::timeout(self.config.timeout, talk).await {
            Ok((outcome, connection)) => {
                if let Some(connection) = connection {
                    conversation::goodbye(connection).await;
                }
                outcome
            }
            Err(_) => later(progress.timed_out(), &format!("no answer within {:?}", self.config.timeout)),
        }
    }

    /// `None` for a relay in clear. A store that cannot be read is tried again at the next message.
    fn tls(&self) -> Result<Option<Arc<ClientConfig>>, String> {
        if self.config.tls == SmtpTls::None {
            return Ok(None);
        }
        if let Some(made) = self.tls.get() {
            return Ok(Some(Arc::clone(made)));
        }
        let made = tls::client(self.config.ca_file.as_deref())?;
        Ok(Some(Arc::clone(self.tls.get_or_init(|| made))))
    }
}

impl Channel for Smtp {
    fn name(&self) -> &str {
        "smtp"
    }

    fn reach(&self) -> Reach {
        Reach::Mail
    }

    fn send<'a>(&'a self, address: &'a str, notice: &'a Notice) -> Sending<'a> {
        Box::pin(self.attempt(address, notice))
    }
}
