//! What a message shows, before it is text or HTML. Every string in it is one clean line.

use askama::Template;

/// A message.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Page {
    pub(super) lang: &'static str,
    pub(super) title: String,
    pub(super) severity: &'static str,
    pub(super) intro: Vec<String>,
    pub(super) sections: Vec<Section>,
    pub(super) lines: Vec<Line>,
    pub(super) footer: Vec<String>,
}

/// One item in full, or one procedure.
#[derive(Default)]
pub(super) struct Section {
    pub(super) severity: &'static str,
    /// Empty where the title of the message is its own.
    pub(super) title: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) lists: Vec<List>,
    pub(super) small: Option<String>,
}

/// A titled list.
pub(super) struct List {
    pub(super) title: String,
    pub(super) ordered: bool,
    pub(super) items: Vec<String>,
}

/// One item on one line.
pub(super) struct Line {
    pub(super) severity: &'static str,
    pub(super) text: String,
}

impl Page {
    /// Plain text, lines ended by `\n`.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut put = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        put(&self.title);
        put(&"=".repeat(self.title.chars().count().min(78)));
        put("");
        for paragraph in &self.intro {
            put(paragraph);
            put("");
        }
        if !self.lines.is_empty() {
            self.lines.iter().for_each(|line| put(&format!("- {}", line.text)));
            put("");
        }
        for section in &self.sections {
            if !section.title.is_empty() {
                put(&section.title);
                put(&"-".repeat(section.title.chars().count().min(78)));
            }
            section.paragraphs.iter().for_each(|paragraph| put(paragraph));
            for list in &section.lists {
                put("");
                put(&list.title);
                for (index, item) in list.items.iter().enumerate() {
                    let mark = if list.ordered { format!("{}.", index + 1) } else { "-".to_owned() };
                    put(&format!("  {mark} {item}"));
                }
            }
            if let Some(small) = &section.small {
                put("");
                put(small);
            }
            put("");
        }
        // The signature mark of RFC 3676 section 4.3: readers fold what follows.
        put("-- ");
        self.footer.iter().for_each(|line| put(line));
        text
    }
}
