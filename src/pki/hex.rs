//! Hexadecimal digits, in the two cases the formats around us want.

/// Appends `prefix` and two lower-case digits for each octet.
pub fn lower(text: &mut String, prefix: &str, octets: &[u8]) {
    push(text, prefix, octets, b"0123456789abcdef");
}

/// Appends `prefix` and two upper-case digits for each octet.
pub fn upper(text: &mut String, prefix: &str, octets: &[u8]) {
    push(text, prefix, octets, b"0123456789ABCDEF");
}

fn push(text: &mut String, prefix: &str, octets: &[u8], digits: &[u8; 16]) {
    let digit = |value: u8| char::from(digits.get(usize::from(value & 0xf)).copied().unwrap_or(b'0'));
    for octet in octets {
        text.push_str(prefix);
        text.push(digit(octet >> 4));
        text.push(digit(*octet));
    }
}
