//! One HTTP request to one target. Only 2xx is a success; what was asked for is never sent anywhere else.
//!
//! A target that is away, overloaded, in the middle of a change or asks for another login is tried again; one that says the request
//! itself is wrong, or that it is gone for ever, is not. Redirects are not followed: the payload and its signature are for the host
//! of the configuration.

mod body;
mod reach;
mod signature;

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Proxy, Response, StatusCode};

use super::outcome::{chain, delivered, later, later_after, refused};
use super::payload::Payload;
use super::render::Renderer;
use super::{Target, aside, secret, tls};
use crate::clock::SharedClock;
use crate::config::{Template, WebhookConfig, WebhookKind};
use crate::domain::notice::{Notice, SendOutcome};
use crate::domain::time::Timestamp;

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 4096;
/// The longest an answer is waited for once its status is there: the status says what became of the message, the rest is for the log.
const REST: Duration = Duration::from_secs(2);
/// The longest a target may ask to be left alone: a day is a step of an alert.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);

/// One target.
#[derive(Debug)]
pub struct Webhook {
    name: String,
    config: WebhookConfig,
    template: Option<Template>,
    renderer: Arc<Renderer>,
    clock: SharedClock,
    client: OnceLock<Client>,
}

impl Webhook {
    /// A channel to the target of `config`.
    pub fn new(config: WebhookConfig, renderer: Arc<Renderer>, clock: SharedClock) -> Self {
        let template = match config.kind {
            WebhookKind::Template => config.template.clone(),
            kind => body::shipped(kind),
        };
        Self { name: format!("webhook:{}", config.name), config, template, renderer, clock, client: OnceLock::new() }
    }

    /// Connects and checks who answers, without a request.
    pub async fn try_out(&self) -> SendOutcome {
        let config = &self.config;
        let tried = reach::reach(&config.url, config.proxy.as_deref(), config.ca_file.as_deref());
        match tokio::time::timeout(config.timeout, tried).await {
            Ok(outcome) => outcome,
            Err(_) => later("timeout", &format!("no answer within {:?}", config.timeout)),
        }
    }

    /// Made at the first message. A store that cannot be read is tried again at the next.
    fn client(&self) -> Result<&Client, String> {
        if let Some(made) = self.client.get() {
            return Ok(made);
        }
        let roots = tls::client(self.config.ca_file.as_deref())?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(Arc::unwrap_or_clone(roots))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("vigie/", env!("CARGO_PKG_VERSION")))
            // A connection that waited in a pool may be dead: with a message a week, each has its own.
            .pool_max_idle_per_host(0)
            // Proxies come from the configuration, never from the environment.
            .no_proxy();
        if let Some(proxy) = &self.config.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(|error| chain(&error.without_url()))?);
        }
        let client = builder.build().map_err(|error| chain(&error.without_url()))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl Target for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    async fn attempt(&self, notice: &Notice) -> SendOutcome {
        let (kind, template, renderer) = (self.config.kind, self.template.clone(), Arc::clone(&self.renderer));
        let said = notice.clone();
        let made = aside(move || body::of(kind, template.as_ref(), &Payload::of(&said, &renderer), &said)).await;
        let (content_type, body) = match made {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return refused("template", &error),
            Err(outcome) => return outcome,
        };
        let now = self.clock.now();
        let signature = match self.config.secret_file.as_deref().map(secret::read).transpose() {
            Ok(secret) => secret.map(|secret| signature::header(&secret, now, &body)),
            Err(error) => return later("secret_unreadable", &error),
        };
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return later("ca_file", &error),
        };
        let mut request = client
            .post(&self.config.url)
            .header(CONTENT_TYPE, content_type)
            .header("Idempotency-Key", notice.id.to_string());
        if let Some(signature) = signature {
            request = request.header(signature::NAME, signature);
        }
        match tokio::time::timeout(self.config.timeout, request.body(body).send()).await {
            Ok(Ok(response)) => answer(response, now).await,
            Ok(Err(error)) => failed(error),
            Err(_) => later("timeout", &format!("no answer within {:?}", self.config.timeout)),
        }
    }
}

/// Without the address, which is often the secret.
fn failed(error: reqwest::Error) -> SendOutcome {
    let reason = if is_tls(&error) {
        "tls"
    } else if error.is_connect() {
        "unreachable"
    } else if error.is_timeout() {
        "timeout"
    } else {
        "connection_lost"
    };
    later(reason, &chain(&error.without_url()))
}

/// rustls is at the bottom of it. An I/O error says what it wraps through `get_ref`, and passes over it in `source`.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(now) = cause {
        if now.is::<rustls::Error>() {
            return true;
        }
        cause = match now.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => now.source(),
        };
    }
    false
}

async fn answer(mut response: Response, now: Timestamp) -> SendOutcome {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|text| retry_after(text, now));
    let mut body = Vec::new();
    let rest = async {
        while let Ok(Some(part)) = response.chunk().await {
            body.extend_from_slice(part.get(..part.len().min(MAX_ANSWER - body.len())).unwrap_or_default());
            if body.len() >= MAX_ANSWER {
                break;
            }
        }
    };
    // A body that breaks off or does not come does not change what the status said.
    if tokio::time::timeout(REST, rest).await.is_err() {
        tracing::debug!(status = status.as_u16(), "the target answered and did not end its answer");
    }
    let said = format!("HTTP {} {}", status.as_u16(), String::from_utf8_lossy(&body));
    judge(status, &said, after)
}

fn judge(status: StatusCode, said: &str, after: Option<Duration>) -> SendOutcome {
    if status.is_success() {
        return delivered(said);
    }
    if status.is_redirection() {
        return later("redirect", said);
    }
    match status.as_u16() {
        429 => later_after("rate_limited", said, after),
        401 | 403 | 407 => later_after("unauthorized", said, after),
        // Gone missing while it is deployed, in conflict, locked, too early.
        404 | 408 | 409 | 421 | 423 | 425 => later_after("http_client_error", said, after),
        410 => refused("gone", said),
        400..=499 => refused("payload_refused", said),
        _ => later_after("http_server_error", said, after),
    }
}

/// Seconds or an HTTP date (RFC 9110 section 10.2.3), never longer than [`LONGEST_WAIT`].
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse::<u64>().ok().or_else(|| {
        let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
        u64::try_from(at.timestamp().saturating_sub(now.unix())).ok()
    })?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// The templates that come with the program, for the documentation and the tests.
pub fn shipped_templates() -> [(WebhookKind, &'static Path, &'static str); 3] {
    body::SHIPPED.map(|(kind, path, source)| (kind, Path::new(path), source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_both_forms_and_capped() {
        let now: Timestamp = "2026-11-22T07:28:00Z".parse().expect("an instant");
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 07:30:00 GMT", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 07:00:00 GMT", now), None);
        assert_eq!(retry_after("999999999", now), Some(LONGEST_WAIT));
        assert_eq!(retry_after("-1", now), None);
    }

    #[test]
    fn only_what_can_never_work_is_given_up() {
        let reason = |code: u16| match judge(StatusCode::from_u16(code).expect("a code"), "", None) {
            SendOutcome::Delivered { .. } => "delivered",
            SendOutcome::Later { reason, .. } => reason,
            SendOutcome::Refused { reason, .. } => reason,
        };
        assert_eq!([200, 202, 204].map(reason), ["delivered"; 3]);
        assert_eq!([301, 302, 307].map(reason), ["redirect"; 3]);
        assert_eq!([500, 502, 503].map(reason), ["http_server_error"; 3]);
        assert_eq!(
            [429, 401, 404, 410, 400].map(reason),
            ["rate_limited", "unauthorized", "http_client_error", "gone", "payload_refused"]
        );
    }
}
