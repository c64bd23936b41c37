//! Reads typed values out of the tree and says everything that is wrong on the way; a key nobody asked for is unknown.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostic, Diagnostics, Level, Place};
use super::document::{Early, SourceFile, Span, Table, Value};
use super::near::nearest;
use super::problem::{Problem, Shape};

/// Most diagnostics of one level kept: nobody reads further.
const MAX_DIAGNOSTICS: usize = 1000;

/// Keys people write a secret under.
const SECRET_KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "mot_de_passe",
    "secret",
    "token",
    "pin",
    "revocation_code",
    "code_de_revocation",
];

/// Collects what is wrong.
#[derive(Debug)]
pub(super) struct Report {
    files: Vec<SourceFile>,
    said: RefCell<Vec<(Span, Diagnostic)>>,
    warnings: Cell<usize>,
    errors: Cell<usize>,
    /// Every key asked for, without the names of tables: `certificate[].usage`.
    #[cfg(test)]
    pub(super) vocabulary: RefCell<BTreeSet<String>>,
}

impl Report {
    pub(super) fn new(files: Vec<SourceFile>, early: Vec<Early>) -> Self {
        let report = Self {
            files,
            said: RefCell::default(),
            warnings: Cell::new(0),
            errors: Cell::new(0),
            #[cfg(test)]
            vocabulary: RefCell::default(),
        };
        for (span, key, problem) in early {
            report.say(Level::Error, span, key, problem);
        }
        report
    }

    pub(super) fn error(&self, span: Span, key: impl Into<String>, problem: Problem) {
        self.say(Level::Error, span, key.into(), problem);
    }

    pub(super) fn warning(&self, span: Span, key: impl Into<String>, problem: Problem) {
        self.say(Level::Warning, span, key.into(), problem);
    }

    fn say(&self, level: Level, span: Span, key: String, problem: Problem) {
        // Counted by level: warnings must never crowd out the error that refuses the configuration.
        if !self.is_full(level) {
            let diagnostic = Diagnostic { level, place: self.place(span), key, problem };
            self.said.borrow_mut().push((span, diagnostic));
            let count = self.count(level);
            count.set(count.get() + 1);
        }
    }

    /// No more diagnostics of this level are kept.
    pub(super) fn is_full(&self, level: Level) -> bool {
        self.count(level).get() >= MAX_DIAGNOSTICS
    }

    const fn count(&self, level: Level) -> &Cell<usize> {
        match level {
            Level::Warning => &self.warnings,
            Level::Error => &self.errors,
        }
    }

    pub(super) fn place(&self, span: Span) -> Place {
        match self.files.get(span.file) {
            Some(file) => file.place(span.at),
            None => Place { file: PathBuf::new(), line: 0, column: 0 },
        }
    }

    /// The folder relative paths of this file start from.
    fn folder(&self, span: Span) -> &Path {
        self.files.get(span.file).and_then(|file| file.path.parent()).unwrap_or(Path::new(""))
    }

    /// In file order, after `files` that could not be read at all. What a syntax error made of the rest of its file is left
    /// out, and so is what is only missing because of a part nobody could read.
    pub(super) fn finish(self, unread: Vec<Diagnostic>) -> Diagnostics {
        let incomplete = !unread.is_empty() || self.files.iter().any(|file| file.broken_from.is_some());
        let mut said = self.said.into_inner();
        said.retain(|(span, diagnostic)| {
            let syntax = matches!(diagnostic.problem, Problem::Syntax(_) | Problem::KeyTwice | Problem::TooDeep);
            let broken = self.files.get(span.file).and_then(|file| Some(file.place(file.broken_from?).line));
            let doubtful = broken.is_some_and(|from| diagnostic.place.line >= from);
            syntax || !(doubtful || (incomplete && diagnostic.problem.is_an_absence()))
        });
        said.sort_by_key(|(span, _)| *span);
        Diagnostics(unread.into_iter().chain(said.into_iter().map(|(_, diagnostic)| diagnostic)).collect())
    }
}

/// A table being read. [`Section::finish`] it: that is when unknown keys are found.
pub(super) struct Section<'a> {
    pub(super) report: &'a Report,
    table: Option<&'a Table>,
    pub(super) span: Span,
    pub(super) path: String,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(super) fn root(report: &'a Report, table: &'a Table) -> Self {
        Self::new(report, Some(table), Span { file: 0, at: 0 }, String::new())
    }

    fn new(report: &'a Report, table: Option<&'a Table>, span: Span, path: String) -> Self {
        Self { report, table, span, path, asked: RefCell::default() }
    }

    /// The table is written, be it empty.
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn find(&self, key: &'static str) -> Option<Found<'a>> {
        self.asked.borrow_mut().insert(key);
        let entry = self.table?.0.get(key)?;
        Some(Found {
            report: self.report,
            value: &entry.node.value,
            span: entry.node.span,
            key: entry.key,
            path: self.key(key),
        })
    }

    /// `read` says itself what is wrong; `None` when the key is absent or wrong.
    pub(super) fn get<T>(&self, key: &'static str, read: impl FnOnce(&Found<'a>) -> Option<T>) -> Option<T> {
        self.find(key).and_then(|found| read(&found))
    }

    /// As [`Section::get`], and an absent key is an error.
    pub(super) fn need<T>(&self, key: &'static str, read: impl FnOnce(&Found<'a>) -> Option<T>) -> Option<T> {
        let found = self.find(key);
        if found.is_none() {
            self.error(Problem::Missing(key));
        }
        found.and_then(|found| read(&found))
    }

    /// `[key]`; an absent one reads as empty.
    pub(super) fn section(&self, key: &'static str) -> Self {
        let found = self.find(key);
        let (table, span) = match found.as_ref().map(|found| (found, found.value)) {
            Some((found, Value::Table(table))) => (Some(table), found.span),
            Some((found, _)) => {
                found.wrong_type(Shape::Table);
                (None, found.span)
            }
            None => (None, self.span),
        };
        Self::new(self.report, table, span, self.key(key))
    }

    /// `[[key]]`, in file order; each is called by the text of its key `name`, or by its place from 1.
    pub(super) fn tables(&self, key: &'static str, name: &'static str) -> Vec<Self> {
        let Some(found) = self.find(key) else { return Vec::new() };
        let Value::List(items) = found.value else {
            found.wrong_type(Shape::Tables);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Value::Table(table) = &item.value else {
                self.report.error(
                    item.span,
                    format!("{}[{}]", found.path, index + 1),
                    Problem::WrongType { wanted: Shape::Table, found: item.value.shape() },
                );
                continue;
            };
            let label = match table.0.get(name).map(|entry| &entry.node.value) {
                Some(Value::Text(text)) if plain(text) => text.clone(),
                _ => (index + 1).to_string(),
            };
            tables.push(Self::new(self.report, Some(table), item.span, format!("{}[{label}]", found.path)));
        }
        tables
    }

    /// About the table as a whole.
    pub(super) fn error(&self, problem: Problem) {
        self.report.error(self.span, self.path.clone(), problem);
    }

    /// About the table as a whole.
    pub(super) fn warning(&self, problem: Problem) {
        self.report.warning(self.span, self.path.clone(), problem);
    }

    /// Which of `keys` are written.
    pub(super) fn written(&self, keys: &[&'static str]) -> Vec<Found<'a>> {
        keys.iter().filter_map(|key| self.find(key)).collect()
    }

    /// At most one of `keys` may be written.
    pub(super) fn exclusive(&self, keys: &'static [&'static str]) {
        for more in self.written(keys).into_iter().skip(1) {
            more.error_at_key(Problem::Exclusive(keys));
        }
    }

    /// Each of `keys` means nothing without `other`.
    pub(super) fn only_with(&self, other: &'static str, keys: &[&'static str]) {
        if self.find(other).is_none() {
            for orphan in self.written(keys) {
                orphan.error_at_key(Problem::Without(other));
            }
        }
    }

    /// Every key that nobody asked for is an error.
    pub(super) fn finish(self) {
        let asked = self.asked.borrow();
        #[cfg(test)]
        self.report.vocabulary.borrow_mut().extend(asked.iter().map(|key| without_names(&self.key(key))));
        for (name, entry) in self.table.iter().flat_map(|table| &table.0) {
            if asked.contains(name.as_str()) {
                continue;
            }
            let problem = if SECRET_KEYS.contains(&name.to_lowercase().as_str()) {
                let file = format!("{}_file", name.to_lowercase());
                let exact = asked.iter().find(|key| **key == file);
                Problem::InlineSecret { instead: exact.or_else(|| asked.iter().find(|key| is_secret(key))).copied() }
            } else {
                let near = nearest(name, asked.iter().copied()).map(str::to_owned);
                Problem::UnknownKey { near, known: asked.iter().copied().collect() }
            };
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            self.report.error(entry.key, self.key(&shown), problem);
        }
    }
}

fn is_secret(key: &str) -> bool {
    matches!(key, "password_file" | "secret_file" | "token_file")
}

/// Fit to stand in the name of a key.
fn plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
fn without_names(path: &str) -> String {
    let mut depth = 0;
    path.chars()
        .filter(|c| {
            depth -= i32::from(*c == ']');
            let keep = depth == 0;
            depth += i32::from(*c == '[');
            keep
        })
        .collect()
}

/// A value that is written.
pub(super) struct Found<'a> {
    pub(super) report: &'a Report,
    pub(super) value: &'a Value,
    pub(super) span: Span,
    key: Span,
    pub(super) path: String,
}

impl<'a> Found<'a> {
    /// About the value.
    pub(super) fn error(&self, problem: Problem) {
        self.report.error(self.span, self.path.clone(), problem);
    }

    /// About the value.
    pub(super) fn warning(&self, problem: Problem) {
        self.report.warning(self.span, self.path.clone(), problem);
    }

    /// About the key being there at all.
    pub(super) fn error_at_key(&self, problem: Problem) {
        self.report.error(self.key, self.path.clone(), problem);
    }

    pub(super) fn wrong_type(&self, wanted: Shape) {
        self.error(Problem::WrongType { wanted, found: self.value.shape() });
    }

    /// The folder of the file this stands in.
    pub(super) fn folder(&self) -> &Path {
        self.report.folder(self.span)
    }

    /// The items of a list, each with its place; `None` when it is no list.
    pub(super) fn items(&self) -> Option<Vec<Found<'a>>> {
        let Value::List(items) = self.value else {
            self.wrong_type(Shape::List);
            return None;
        };
        let found = |(index, item): (usize, &'a super::document::Node)| Found {
            report: self.report,
            value: &item.value,
            span: item.span,
            key: item.span,
            path: format!("{}[{}]", self.path, index + 1),
        };
        Some(items.iter().enumerate().map(found).collect())
    }
}
