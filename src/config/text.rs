//! Diagnostics in words: one file per language, each total over `Problem`, so that neither can forget one.

mod en;
mod fr;

use super::problem::Problem;
use crate::domain::lang::Lang;

/// What is wrong and what cures it, one line each.
pub(super) struct Text {
    pub(super) message: String,
    pub(super) cure: String,
}

pub(super) fn of(problem: &Problem, lang: Lang) -> Text {
    match lang {
        Lang::Fr => fr::words(problem),
        Lang::En => en::words(problem),
    }
}

fn said(message: impl Into<String>, cure: impl Into<String>) -> Text {
    Text { message: message.into(), cure: cure.into() }
}
