//! The configuration files as one tree whose every key and value knows where it stands.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Level, Place};
use super::problem::{Problem, Shape};

/// Most bytes of one file: a thousand times a big hospital's declaration.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Most files of `conf.d`.
const MAX_FILES: usize = 1000;
/// Most tables in one another; the deepest key there is has three.
const MAX_DEPTH: usize = 16;
/// Most dots on one line outside comments. Each may open one more table, and a tree is dropped one stack frame a level.
const MAX_DOTS: usize = 500;

/// A byte of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) file: usize,
    pub(super) at: usize,
}

/// One file that could be read.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    /// The first byte from which the tree may lack what the text says.
    pub(super) broken_from: Option<usize>,
}

impl SourceFile {
    pub(super) fn new(path: PathBuf, text: String) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        Self { path, text, lines, broken_from: None }
    }

    pub(super) fn place(&self, at: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count()) + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { file: self.path.clone(), line: small(line), column: small(column) }
    }
}

/// A table with the place of each key.
#[derive(Debug, Default)]
pub(super) struct Table(pub(super) BTreeMap<String, Entry>);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Span,
    pub(super) node: Node,
}

/// A value with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    /// `None` outside 64 bits.
    Integer(Option<i64>),
    Float,
    Boolean(bool),
    /// The day, unless a time comes with it or it does not exist; and how it is written.
    Date(Option<NaiveDate>, String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Text(_) => Shape::Text,
            Self::Integer(_) => Shape::Integer,
            Self::Float => Shape::Float,
            Self::Boolean(_) => Shape::Boolean,
            Self::Date(..) => Shape::Date,
            Self::List(_) if self.is_tables() => Shape::Tables,
            Self::List(_) => Shape::List,
            Self::Table(_) => Shape::Table,
        }
    }

    fn is_tables(&self) -> bool {
        let Self::List(items) = self else { return false };
        !items.is_empty() && items.iter().all(|item| matches!(item.value, Self::Table(_)))
    }
}

/// What could be read of `main` and the `conf.d/*.toml` beside it in name order, and what could not.
pub(super) fn gather(main: &Path) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    let folder = main.parent().unwrap_or(Path::new("")).join("conf.d");
    let (mut parts, refused) = parts(&folder);
    problems.extend(refused.map(|problem| whole_file(&folder, problem)));
    if parts.len() > MAX_FILES {
        problems.push(whole_file(&folder, Problem::TooManyFiles { limit: MAX_FILES }));
        parts.truncate(MAX_FILES);
    }
    for path in std::iter::once(main.to_owned()).chain(parts) {
        match read(&path) {
            Ok(text) => files.push(SourceFile::new(path, text)),
            Err(problem) => problems.push(whole_file(&path, problem)),
        }
    }
    (files, problems)
}

/// The files of `conf.d`, hidden ones left out. No folder is no file.
fn parts(folder: &Path) -> (Vec<PathBuf>, Option<Problem>) {
    let mut paths = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (paths, None),
        Err(error) => return (paths, Some(Problem::Unreadable(error.to_string()))),
    };
    let mut refused = None;
    for entry in entries {
        match entry.map(|entry| entry.path()) {
            Ok(path) => {
                let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
                    paths.push(path);
                }
            }
            Err(error) => refused = Some(Problem::Unreadable(error.to_string())),
        }
    }
    paths.sort();
    (paths, refused)
}

fn read(path: &Path) -> Result<String, Problem> {
    let unreadable = |error: std::io::Error| Problem::Unreadable(error.to_string());
    // Asked before opening: opening a FIFO waits for a writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Problem::NotAFile);
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Problem::FileTooLarge { limit: MAX_FILE_BYTES });
    }
    String::from_utf8(bytes).map_err(|_| Problem::NotUtf8)
}

fn whole_file(path: &Path, problem: Problem) -> Diagnostic {
    let place = Place { file: path.to_owned(), line: 0, column: 0 };
    Diagnostic { level: Level::Error, place, key: String::new(), problem }
}

/// A problem found before the keys are read: where, under which key, what.
pub(super) type Early = (Span, String, Problem);

/// The files parsed and joined: lists of tables accumulate, tables join, anything else set twice is a problem.
pub(super) fn parse(files: &mut [SourceFile]) -> (Table, Vec<Early>) {
    let mut root = Table::default();
    let mut problems = Vec::new();
    let mut broken = Vec::with_capacity(files.len());
    for (file, source) in files.iter().enumerate() {
        if let Some(at) = too_deep(&source.text) {
            problems.push((Span { file, at }, String::new(), Problem::TooDeep));
            broken.push(Some(0));
            continue;
        }
        let (tree, errors) = DeTable::parse_recoverable(&source.text);
        broken.push(errors.iter().map(|error| error.span().map_or(0, |span| span.start)).min());
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let problem = match error.message() {
                "duplicate key" => Problem::KeyTwice,
                message => Problem::Syntax(message.to_owned()),
            };
            problems.push((Span { file, at }, String::new(), problem));
        }
        let tree = Convert { file, problems: &mut problems }.table(tree.into_inner(), Span { file, at: 0 }, 0);
        join(&mut root, tree, "", files, &mut problems);
    }
    for (source, broken_from) in files.iter_mut().zip(broken) {
        source.broken_from = broken_from;
    }
    (root, problems)
}

fn join(into: &mut Table, from: Table, path: &str, files: &[SourceFile], problems: &mut Vec<Early>) {
    for (name, entry) in from.0 {
        let Some(before) = into.0.get_mut(&name) else {
            into.0.insert(name, entry);
            continue;
        };
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        let both_tables = before.node.value.is_tables() && entry.node.value.is_tables();
        match (&mut before.node.value, entry.node.value) {
            (Value::Table(before), Value::Table(more)) => join(before, more, &path, files, problems),
            (Value::List(before), Value::List(more)) if both_tables => before.extend(more),
            _ => {
                let first = files.get(before.key.file).map(|file| file.place(before.key.at));
                problems.extend(first.map(|first| (entry.key, path, Problem::SetTwice { first })));
            }
        }
    }
}

/// The place of the first line that may nest tables too deep for the stack.
fn too_deep(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with('#') && line.bytes().filter(|byte| *byte == b'.').count() > MAX_DOTS {
            return Some(at);
        }
        at += line.len();
    }
    None
}

struct Convert<'p> {
    file: usize,
    problems: &'p mut Vec<(Span, String, Problem)>,
}

impl Convert<'_> {
    fn table(&mut self, table: DeTable<'_>, span: Span, depth: usize) -> Table {
        if depth > MAX_DEPTH {
            self.problems.push((span, String::new(), Problem::TooDeep));
            return Table::default();
        }
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            let place = Span { file: self.file, at: key.span().start };
            let node = self.node(value, place, depth + 1);
            entries.insert(key.into_inner().into_owned(), Entry { key: place, node });
        }
        Table(entries)
    }

    fn node(&mut self, value: toml::Spanned<DeValue<'_>>, key: Span, depth: usize) -> Node {
        let range = value.span();
        // Tables opened only by a header below them have no place of their own: their key's will do.
        let span = if range.is_empty() { key } else { Span { file: self.file, at: range.start } };
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
            DeValue::Float(_) => Value::Float,
            DeValue::Boolean(value) => Value::Boolean(value),
            DeValue::Datetime(moment) => {
                let day = moment.date.filter(|_| moment.time.is_none());
                let day =
                    day.and_then(|day| NaiveDate::from_ymd_opt(day.year.into(), day.month.into(), day.day.into()));
                Value::Date(day, moment.to_string())
            }
            DeValue::Array(_) | DeValue::Table(_) if depth > MAX_DEPTH => {
                self.problems.push((span, String::new(), Problem::TooDeep));
                Value::Boolean(false)
            }
            DeValue::Array(items) => {
                Value::List(items.into_iter().map(|item| self.node(item, span, depth + 1)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, span, depth)),
        };
        Node { span, value }
    }
}
