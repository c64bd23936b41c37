//! What a webhook carries: a CloudEvent, or what a template makes of the same data.

use std::path::Path;

use serde::Serialize;

use super::super::payload::Payload;
use crate::config::{Template, WebhookKind};
use crate::domain::finding::Severity;
use crate::domain::notice::Notice;
use crate::domain::time::Timestamp;

/// The templates that come with the program: also the examples users start from.
pub(super) const SHIPPED: [(WebhookKind, &str, &str); 3] = [
    (WebhookKind::Mattermost, "mattermost.json", include_str!("../../../config/webhooks/mattermost.json")),
    (WebhookKind::Teams, "teams.json", include_str!("../../../config/webhooks/teams.json")),
    (WebhookKind::Slack, "slack.json", include_str!("../../../config/webhooks/slack.json")),
];

/// CloudEvents 1.0, structured mode (HTTP protocol binding 3.2). `severity` is an extension attribute of ours.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    r#type: String,
    time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    severity: Severity,
    datacontenttype: &'static str,
    data: &'a Payload<'a>,
}

/// The template of a chat that is known.
pub(super) fn shipped(kind: WebhookKind) -> Option<Template> {
    let (_, name, source) = SHIPPED.iter().find(|(known, ..)| *known == kind)?;
    Template::from_source(Path::new(name), source).ok()
}

/// Content type and body.
///
/// # Errors
/// One line: what the template could not do with this message.
pub(super) fn of(
    kind: WebhookKind,
    template: Option<&Template>,
    payload: &Payload<'_>,
    notice: &Notice,
) -> Result<(&'static str, String), String> {
    if kind == WebhookKind::Cloudevents {
        return cloud_event(payload, notice).map(|body| ("application/cloudevents+json; charset=utf-8", body));
    }
    let template = template.ok_or("there is no template for this kind")?;
    let body = template.render(payload).map_err(|error| error.to_string())?;
    Ok(("application/json; charset=utf-8", body))
}

fn cloud_event(payload: &Payload<'_>, notice: &Notice) -> Result<String, String> {
    let subject = match notice.items.as_slice() {
        [item] => Some(&*item.finding.key.subject),
        _ => None,
    };
    let event = CloudEvent {
        specversion: "1.0",
        id: &payload.id,
        source: format!("urn:vigie:{}", percent(&notice.node)),
        r#type: format!("fr.vigie.{}", payload.event),
        time: notice.at,
        subject,
        severity: payload.severity,
        datacontenttype: "application/json",
        data: payload,
    };
    serde_json::to_string(&event).map_err(|error| error.to_string())
}

/// A name inside a URI reference (RFC 3986 section 2.3).
fn percent(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
