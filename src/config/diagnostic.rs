//! One mistake of the configuration, where it is and what cures it; and all of them together.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;
use serde_json::json;

use super::problem::Problem;
use super::text;
use crate::domain::lang::Lang;
use crate::domain::offer::{UnknownWord, spelled};

spelled! {
    /// What a diagnostic does to the configuration. Ordered.
    Level, "level" {
        /// Accepted, and worth a look.
        Warning = "warning",
        /// Refused.
        Error = "error",
    }
}

/// A place in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// From 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// In characters, from 1; 0 when the file as a whole is meant.
    pub column: u32,
}

impl fmt::Display for Place {
    /// `file:line:column`, which editors and terminals make clickable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 { write!(f, ":{}:{}", self.line, self.column) } else { Ok(()) }
    }
}

/// One mistake, or one oddity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Refused or only odd.
    pub level: Level,
    /// Where.
    pub place: Place,
    /// The key, such as `certificate[dmp].usage` or `http.listen`; tables without an id count from 1. Empty for a file.
    pub key: String,
    /// What is wrong.
    pub problem: Problem,
}

impl Diagnostic {
    /// Stable code.
    pub fn reason(&self) -> &'static str {
        self.problem.reason()
    }

    /// What is wrong, one line.
    pub fn message(&self, lang: Lang) -> String {
        text::of(&self.problem, lang).message
    }

    /// What to do about it, one line.
    pub fn cure(&self, lang: Lang) -> String {
        text::of(&self.problem, lang).cure
    }

    /// Two lines: `file:line:column: error: key: message`, and the cure indented.
    pub fn render(&self, lang: Lang) -> String {
        let text::Text { message, cure } = text::of(&self.problem, lang);
        let (level, colon, word) = match (lang, self.level) {
            (Lang::Fr, Level::Error) => ("erreur", " :", "remède"),
            (Lang::Fr, Level::Warning) => ("attention", " :", "remède"),
            (Lang::En, Level::Error) => ("error", ":", "cure"),
            (Lang::En, Level::Warning) => ("warning", ":", "cure"),
        };
        let key = if self.key.is_empty() { String::new() } else { format!("{}{colon} ", self.key) };
        format!("{}: {level}{colon} {key}{message}\n  {word}{colon} {cure}\n", self.place)
    }

    /// One object: file, line, column, level, key, reason, message, cure.
    pub fn to_json(&self, lang: Lang) -> serde_json::Value {
        let text::Text { message, cure } = text::of(&self.problem, lang);
        json!({
            "file": self.place.file.to_string_lossy(),
            "line": self.place.line,
            "column": self.place.column,
            "level": self.level,
            "key": self.key,
            "reason": self.reason(),
            "message": message,
            "cure": cure,
        })
    }
}

/// Everything wrong with a configuration, in file order. As an error it holds at least one [`Level::Error`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Those of one level.
    pub fn of(&self, level: Level) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(move |diagnostic| diagnostic.level == level)
    }

    /// The configuration is refused.
    pub fn refused(&self) -> bool {
        self.of(Level::Error).next().is_some()
    }

    /// [`Diagnostic::render`] of each.
    pub fn render(&self, lang: Lang) -> String {
        self.0.iter().map(|diagnostic| diagnostic.render(lang)).collect()
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    /// One line: the first error and how many more there are. For logs; people get [`Diagnostics::render`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut errors = self.of(Level::Error);
        let Some(first) = errors.next() else { return f.write_str("no error in the configuration") };
        write!(f, "{}: ", first.place)?;
        if !first.key.is_empty() {
            write!(f, "{}: ", first.key)?;
        }
        write!(f, "{}", first.message(Lang::En))?;
        match errors.count() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}
