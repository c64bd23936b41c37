//! Payload templates of webhooks: read, compiled and tried when the configuration is loaded, so that a mistake is told by file and
//! line then and not on the day an alert should leave.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

/// Most bytes of a template, and of what one makes.
const MAX_TEMPLATE_BYTES: u64 = 64 << 10;
/// Most steps of one rendering: a loop in a loop over a storm ends.
const FUEL: u64 = 20_000_000;
/// One message of each kind, in the shape `notify` gives: what a template is tried on.
const SAMPLES: &str = include_str!("template_samples.json");

/// A template that compiles, uses what there is, and makes JSON of every kind of message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    name: Arc<str>,
    source: Arc<str>,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateFault {
    /// The file cannot be read, or is too large.
    Unreadable(String),
    /// It does not compile.
    Syntax {
        /// From 1.
        line: usize,
        /// The parser's words.
        detail: String,
    },
    /// It asks for something no message has.
    UnknownVariable {
        /// From 1.
        line: usize,
        /// What it asks for.
        name: String,
    },
    /// It fails when it is used.
    Render {
        /// From 1.
        line: usize,
        /// On which message.
        event: String,
        /// The renderer's words.
        detail: String,
    },
    /// It makes something else than JSON.
    NotJson {
        /// Of which message.
        event: String,
        /// The parser's words, with the place in what was made.
        detail: String,
    },
}

impl TemplateFault {
    /// `file:line`, or the file alone.
    pub fn place(&self, file: &str) -> String {
        match self {
            Self::Syntax { line, .. } | Self::UnknownVariable { line, .. } | Self::Render { line, .. } => {
                format!("{file}:{line}")
            }
            Self::Unreadable(_) | Self::NotJson { .. } => file.to_owned(),
        }
    }
}

/// A template failed on a message it was not tried on. One line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(String);

impl Template {
    /// Reads and tries a template.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn load(file: &Path) -> Result<Self, TemplateFault> {
        let unreadable = |error: &dyn fmt::Display| TemplateFault::Unreadable(error.to_string());
        let mut source = String::new();
        let opened = File::open(file).map_err(|error| unreadable(&error))?;
        opened.take(MAX_TEMPLATE_BYTES + 1).read_to_string(&mut source).map_err(|error| unreadable(&error))?;
        if source.len() as u64 > MAX_TEMPLATE_BYTES {
            return Err(TemplateFault::Unreadable(format!("more than {MAX_TEMPLATE_BYTES} bytes")));
        }
        Self::from_source(file, &source)
    }

    /// As [`Template::load`], for a template that comes with the program.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn from_source(file: &Path, source: &str) -> Result<Self, TemplateFault> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let template = Self { name: Arc::from(&*name), source: Arc::from(source) };
        template.tried()
    }

    /// The payload for one message, as JSON. Values are escaped as JSON wherever they are printed.
    ///
    /// # Errors
    /// The template fails on this message, or makes something else than JSON of it.
    pub fn render(&self, message: &impl Serialize) -> Result<String, RenderError> {
        let environment = environment();
        let made = environment
            .render_named_str(&self.name, &self.source, Value::from(Serde(message)))
            .map_err(|error| RenderError(one_line(&error)))?;
        serde_json::from_str::<serde::de::IgnoredAny>(&made)
            .map_err(|error| RenderError(format!("not JSON: {error}")))?;
        Ok(made)
    }

    fn tried(self) -> Result<Self, TemplateFault> {
        let environment = environment();
        let line = |error: &minijinja::Error| error.line().unwrap_or(1);
        let compiled = environment
            .template_from_named_str(&self.name, &self.source)
            .map_err(|error| TemplateFault::Syntax { line: line(&error), detail: one_line(&error) })?;
        let samples: serde_json::Map<String, serde_json::Value> = serde_json::from_str(SAMPLES).unwrap_or_default();
        let known = samples.values().find_map(serde_json::Value::as_object);
        let unknown = compiled
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| known.is_none_or(|known| !known.contains_key(name)) && !is_builtin(&environment, name))
            .min();
        if let Some(name) = unknown {
            let at = self.source.lines().position(|line| line.contains(&name)).unwrap_or(0);
            return Err(TemplateFault::UnknownVariable { line: at + 1, name });
        }
        for (event, sample) in &samples {
            let event = event.clone();
            let made = compiled.render(Value::from(Serde(sample)));
            let made = made.map_err(|error| TemplateFault::Render {
                line: line(&error),
                event: event.clone(),
                detail: one_line(&error),
            })?;
            serde_json::from_str::<serde::de::IgnoredAny>(&made)
                .map_err(|error| TemplateFault::NotJson { event, detail: error.to_string() })?;
        }
        Ok(self)
    }
}

/// Strict where a name is misspelled, JSON wherever a value is printed, no file of its own, bounded in time.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Json);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment
}

fn is_builtin(environment: &Environment<'_>, name: &str) -> bool {
    environment.globals().any(|(global, _)| global == name)
}

fn one_line(error: &minijinja::Error) -> String {
    let text = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(source: &str) -> TemplateFault {
        Template::from_source(Path::new("/t/mine.json"), source).expect_err("a mistake")
    }

    #[test]
    fn mistakes_are_told_by_line() {
        assert!(matches!(fault("{\n{% if %}"), TemplateFault::Syntax { line: 2, .. }));
        assert_eq!(
            fault("{\"a\": {{ summary }},\n \"b\": {{ sumary }}}"),
            TemplateFault::UnknownVariable { line: 2, name: "sumary".to_owned() }
        );
        assert!(matches!(fault("{\"a\":\n {{ summary.no.such }}}"), TemplateFault::Render { line: 2, .. }));
        assert!(matches!(fault("{{ summary }} and more"), TemplateFault::NotJson { .. }));
        assert!(matches!(Template::load(Path::new("/no/such/template")), Err(TemplateFault::Unreadable(_))));
        assert!(matches!(
            fault("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}1"),
            TemplateFault::Render { .. }
        ));
        assert_eq!(fault("{{ x }}").place("/t/mine.json"), "/t/mine.json:1");
    }

    #[test]
    fn values_are_escaped_and_other_files_out_of_reach() {
        let template =
            Template::from_source(Path::new("a"), "{\"text\": {{ \"*\" ~ summary ~ \"*\" }} }").expect("good");
        let message = serde_json::json!({"summary": "\",\"admin\":true,\"x\":\"\u{1b}[31m"});
        let made = template.render(&message).expect("JSON");
        let read: serde_json::Value = serde_json::from_str(&made).expect("JSON");
        assert_eq!(read.as_object().map(serde_json::Map::len), Some(1));
        assert!(matches!(
            fault("{% include \"/etc/passwd\" %}"),
            TemplateFault::Syntax { .. } | TemplateFault::Render { .. }
        ));
    }
}
