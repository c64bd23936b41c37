//! What may stand in one line that somebody reads.

/// Neither a control character, nor a line or paragraph separator, nor a direction mark (UAX #9), nor invisible.
pub fn is_harmless(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
}
