//! Makes text from outside harmless on one line of a mail, a page or a terminal.

use crate::domain::line::is_harmless;

/// Most characters of one line that is part of a list.
pub(in crate::notify) const LINE: usize = 400;
/// Most characters of one paragraph.
pub(in crate::notify) const PARAGRAPH: usize = 2000;

/// One line of at most `most` characters. What could end a header, move a cursor, colour a terminal or turn the reading order
/// around becomes U+FFFD: names and paths are what anybody wrote into a certificate or a folder.
pub(in crate::notify) fn clean(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most * 2));
    for (count, c) in text.chars().enumerate() {
        if count >= most {
            line.push('…');
            break;
        }
        line.push(if is_harmless(c) { c } else { '\u{fffd}' });
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_moves_cursors_or_ends_lines_goes() {
        assert_eq!(clean("a\r\nBcc: x\u{1b}[31m\u{202e}b\u{85}\u{2028}", 99), "a��Bcc: x�[31m�b��");
        assert_eq!(clean("Côte-d'Or « 21 »", 99), "Côte-d'Or « 21 »");
        assert_eq!(clean("abcdef", 3), "abc…");
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_bounded_line(text in any::<String>(), most in 1usize..50) {
            let line = clean(&text, most);
            prop_assert!(line.chars().count() <= most + 1);
            prop_assert!(line.chars().all(is_harmless));
            prop_assert_eq!(clean(&line, most + 1), line);
        }
    }
}
