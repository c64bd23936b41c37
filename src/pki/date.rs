//! UTCTime and GeneralizedTime, read as generously as deployed certificates need.

use super::der::{Element, GENERALIZED_TIME, UTC_TIME};
use crate::domain::time::Timestamp;

/// What an unreadable date is taken for: 0000-01-01T00:00:00Z. As an end of validity it is long past, so that a certificate
/// whose end cannot be read raises an alarm rather than none.
pub const UNREADABLE: Timestamp = Timestamp::from_unix(-62_167_219_200);

/// A Time of RFC 5280 section 4.1.2.5. Seconds may be absent, fractions are dropped, offsets applied, a missing zone is UTC, and
/// days or months beyond the calendar run over into the next.
pub fn read(element: Element<'_>) -> Option<Timestamp> {
    let text = element.content;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (year, rest) = digits(text, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => digits(text, 4)?,
        _ => return None,
    };
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2).unwrap_or((0, rest));
    let (second, rest) = digits(rest, 2).unwrap_or((0, rest));
    let offset = offset(without_fraction(rest))?;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(Timestamp::from_unix(seconds))
}

fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(count)?;
    let mut value = 0;
    for ascii in number {
        value = value * 10 + i64::from(char::from(*ascii).to_digit(10)?);
    }
    Some((value, rest))
}

fn without_fraction(text: &[u8]) -> &[u8] {
    match text {
        [b'.' | b',', rest @ ..] => {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(end..).unwrap_or_default()
        }
        _ => text,
    }
}

/// Seconds east of Greenwich.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        [] | b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, rest) = digits(rest, 2)?;
            let (minutes, rest) = digits(rest, 2).unwrap_or((0, rest));
            let seconds = hours * 3600 + minutes * 60;
            rest.is_empty().then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar; months and days beyond their range run over.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // March-based years put the leap day last: H. Hinnant, "chrono-compatible low-level date algorithms".
    let months = year * 12 + (month - 1) - 2;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(tag: u8, text: &str) -> Option<String> {
        read(Element { tag, content: text.as_bytes(), raw: &[] }).map(|at| at.to_string())
    }

    #[test]
    fn every_form_in_the_wild() {
        let utc = |text| at(UTC_TIME, text);
        assert_eq!(utc("491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(utc("500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(utc("2601011200Z").as_deref(), Some("2026-01-01T12:00:00Z"));
        assert_eq!(utc("260101120000+0200").as_deref(), Some("2026-01-01T10:00:00Z"));
        let generalized = |text| at(GENERALIZED_TIME, text);
        assert_eq!(generalized("99991231235959Z").as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(generalized("00000101000000Z").as_deref(), Some("0000-01-01T00:00:00Z"));
        assert_eq!(generalized("20260101120000.123Z").as_deref(), Some("2026-01-01T12:00:00Z"));
        assert_eq!(generalized("2026010112").as_deref(), Some("2026-01-01T12:00:00Z"));
        assert_eq!(generalized("20261301000000Z").as_deref(), Some("2027-01-01T00:00:00Z"), "month 13 runs over");
        assert_eq!(generalized("20260101000060Z").as_deref(), Some("2026-01-01T00:01:00Z"), "leap second");
        for text in ["", "Z", "2026", "-2260101000000Z", "20260101120000X", "2026010112000+1"] {
            assert_eq!(generalized(text), None, "{text}");
        }
        assert_eq!(UNREADABLE.to_string(), "0000-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn agrees_with_the_calendar(seconds in -62_167_219_200_i64..253_402_300_800) {
            let at = Timestamp::from_unix(seconds);
            let text: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(read(Element { tag: GENERALIZED_TIME, content: format!("{text}Z").as_bytes(), raw: &[] }), Some(at));
        }

        #[test]
        fn never_panics(tag in 0x17_u8..0x19, content in prop::collection::vec(any::<u8>(), 0..24)) {
            let _ = read(Element { tag, content: &content, raw: &[] });
        }
    }
}
