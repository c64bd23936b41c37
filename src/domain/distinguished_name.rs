//! Attributes out of a distinguished name in its RFC 4514 spelling, the only one that leaves `pki`.

use std::borrow::Cow;

/// The value of the first attribute called `kind` (`CN`, `OU`…), its escapes undone (RFC 4514 section 3). Multi-valued RDNs are
/// looked into: the CN of a person or card certificate is one of several values.
pub fn attribute<'a>(name: &'a str, kind: &str) -> Option<Cow<'a, str>> {
    pieces(name).find_map(|piece| {
        let (found, value) = piece.split_once('=')?;
        found.trim().eq_ignore_ascii_case(kind).then(|| unescape(value))
    })
}

/// Equal but for case and surrounding white space.
pub fn same_name(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim().chars(), other.trim().chars());
    one.flat_map(char::to_lowercase).eq(other.flat_map(char::to_lowercase))
}

/// The `kind=value` pieces of a name, still escaped.
fn pieces(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let cut = text.char_indices().find(|(_, c)| {
            let separates = !escaped && matches!(c, ',' | '+');
            escaped = !escaped && *c == '\\';
            separates
        });
        match cut {
            Some((at, separator)) => {
                rest = text.get(at + separator.len_utf8()..);
                text.get(..at)
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
}

/// `\,` and the like are the character itself, `\C3\A9` the bytes of one.
fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut source = value.bytes().peekable();
    while let Some(byte) = source.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let Some(first) = source.next() else { break };
        match (digit(first), source.peek().copied().and_then(digit)) {
            (Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                source.next();
            }
            _ => bytes.push(first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::attribute;

    #[test]
    fn finds_attributes_through_escapes_and_multi_valued_rdns() {
        let card = r"SN=X-CH1+CN=30B0057881/CPET0002+GN=C,title=Personnel sant\C3\A9 ou social,OU=10B0057881,C=FR";
        assert_eq!(attribute(card, "CN").as_deref(), Some("30B0057881/CPET0002"));
        assert_eq!(attribute(card, "title").as_deref(), Some("Personnel santé ou social"));
        assert_eq!(attribute(card, "O"), None);
        assert_eq!(attribute(r"CN=a\,CN\=b\+c,O=x", "cn").as_deref(), Some("a,CN=b+c"));
        assert_eq!(attribute(r"O=x\\,CN=y", "CN").as_deref(), Some("y"));
        assert_eq!(attribute("", "CN"), None);
        assert_eq!(attribute(r"CN=\", "CN").as_deref(), Some(""));
    }
}
