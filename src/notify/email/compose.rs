//! A notice as a mail: RFC 5322 and MIME, with the dates it speaks of as a calendar.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::super::calendar;
use super::super::render::Renderer;
use crate::domain::finding::Severity;
use crate::domain::notice::Notice;

/// A mail for one recipient.
pub(super) struct Mail {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

/// An address is none, or the message cannot be put together.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    #[error("from is not a mail address: {0}")]
    From(AddressError),
    #[error("not a mail address: {0}")]
    To(AddressError),
    #[error("the message cannot be made: {0}")]
    Message(#[from] lettre::error::Error),
}

/// The mail that says `notice` to `to`. The same notice gives the same bytes: `Message-ID`, `Date` and boundaries come from it.
///
/// # Errors
/// `from` or `to` is no address.
pub(super) fn compose(from: &str, to: &str, notice: &Notice, renderer: &Renderer) -> Result<Mail, ComposeError> {
    let from: Address = from.parse().map_err(ComposeError::From)?;
    let to: Address = to.parse().map_err(ComposeError::To)?;
    let message = renderer.message(notice);
    let id = notice.id;
    let plain = SinglePart::plain(message.text);
    let mut body = MultiPart::mixed().boundary(format!("vigie-mixed-{id}")).build();
    body = match message.html {
        Some(html) => body.multipart(
            MultiPart::alternative()
                .boundary(format!("vigie-alternative-{id}"))
                .singlepart(plain)
                .singlepart(SinglePart::html(html)),
        ),
        None => body.singlepart(plain),
    };
    if let Some(dates) = calendar::of_notice(notice, renderer) {
        body = body.singlepart(Attachment::new("vigie.ics".to_owned()).body(dates, calendar_type()));
    }
    let seconds = u64::try_from(notice.at.unix()).unwrap_or(0);
    let mut mail = lettre::Message::builder()
        .from(Mailbox::new(Some("Vigie".to_owned()), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(message.subject)
        .message_id(Some(format!("<{id}@{}>", from.domain())))
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        // RFC 3834 section 5: nobody answers it automatically, and Exchange wants to be told in its own words.
        .raw_header(header(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"))
        .raw_header(header(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"))
        .raw_header(header(HeaderName::new_from_ascii_str("Content-Language"), renderer.texts().lang().as_str()));
    if notice.severity() == Severity::Critical {
        mail = mail.raw_header(header(HeaderName::new_from_ascii_str("Importance"), "high"));
    }
    let bytes = mail.multipart(body)?.formatted();
    Ok(Mail { from, to, bytes })
}

fn calendar_type() -> ContentType {
    ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH").unwrap_or(ContentType::TEXT_PLAIN)
}

/// A header whose value is a word of ours.
fn header(name: HeaderName, value: &str) -> HeaderValue {
    HeaderValue::new(name, value.to_owned())
}
