//! What became of an attempt, said in one bounded line.

use std::error::Error;
use std::time::Duration;

use super::render::clean;
use crate::domain::notice::SendOutcome;

/// Most characters of an answer that is kept.
const ANSWER: usize = 300;

pub(super) fn delivered(answer: &str) -> SendOutcome {
    SendOutcome::Delivered { answer: line(answer) }
}

pub(super) fn later(reason: &'static str, answer: &str) -> SendOutcome {
    SendOutcome::Later { reason, answer: line(answer), after: None }
}

pub(super) fn later_after(reason: &'static str, answer: &str, after: Option<Duration>) -> SendOutcome {
    SendOutcome::Later { reason, answer: line(answer), after }
}

pub(super) fn refused(reason: &'static str, answer: &str) -> SendOutcome {
    SendOutcome::Refused { reason, answer: line(answer) }
}

/// An error with what is under it, innermost last.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(cause) = under {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        under = cause.source();
    }
    text
}

/// Blanks run together: answers come in several lines.
fn line(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "), ANSWER)
}
