//! What may stand in one line that somebody reads.

/// Characters of a reason.
pub const REASON: usize = 500;

/// A reason somebody gives, without space around it; `None` for one that is empty, too long, or holds what cannot be read.
pub fn reason(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && text.chars().count() <= REASON && text.chars().all(is_harmless)).then_some(text)
}

/// The same text with U+FFFD for what moves a cursor, colours a terminal or turns the reading order around. Its lines stay lines.
pub fn harmless(text: String) -> String {
    let odd = |c: char| !is_harmless(c) && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(odd) { text.replace(odd, "\u{fffd}") } else { text }
}

/// Neither a control character, nor a line or paragraph separator, nor a direction mark (UAX #9), nor invisible.
pub fn is_harmless(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_see_is_shown() {
        assert_eq!(harmless("a\tb\r\nc\u{1b}[31m\u{202e}d\u{85}".to_owned()), "a\tb\r\nc\u{fffd}[31m\u{fffd}d\u{fffd}");
        assert_eq!(harmless("Côte-d'Or « 21 »\n".to_owned()), "Côte-d'Or « 21 »\n");
    }
}
