//! How long before the end an alert step begins.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::time::Timestamp;

/// One alert step before an end date. Printed and parsed as `45d`, `2m` or `33%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// So many days of 86 400 s before the end.
    Days(u32),
    /// So many calendar months or 30 times as many days before the end, whichever is earlier. `2m` is the notice ANS gives,
    /// which the CGU (5.4) words "deux mois" and the portal sends 60 days before: up to two days apart.
    Months(u32),
    /// When this percentage of the whole validity is left.
    Percent(u32),
}

impl Threshold {
    /// The instant this step begins for a validity from `start` to `end`.
    pub fn begins(self, start: Timestamp, end: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => end.plus_days(-i64::from(days)),
            Self::Months(months) => end.minus_months(months).min(end.plus_days(-30 * i64::from(months))),
            Self::Percent(percent) => {
                let whole = i128::from(end.unix()) - i128::from(start.unix());
                let left = whole.max(0) * i128::from(percent) / 100;
                end.plus_seconds(i64::try_from(-left).unwrap_or(i64::MIN))
            }
        }
    }

    /// The step in force at `now`: the one that began last. `None` before the first step.
    pub fn reached(steps: &[Self], start: Timestamp, end: Timestamp, now: Timestamp) -> Option<Self> {
        steps
            .iter()
            .copied()
            .map(|step| (step.begins(start, end), step))
            .filter(|(begins, _)| *begins <= now)
            .max_by_key(|(begins, _)| *begins)
            .map(|(_, step)| step)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}d"),
            Self::Months(months) => write!(f, "{months}m"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// Text that is not an alert step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an alert step: {0:?} (write days as \"45d\", calendar months as \"2m\", a share of the validity as \"33%\")"
)]
pub struct InvalidThreshold(String);

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidThreshold(text.to_owned());
        let unit = text.chars().last().ok_or_else(invalid)?;
        let digits = &text[..text.len() - unit.len_utf8()];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        let number: u32 = digits.parse().map_err(|_| invalid())?;
        match unit {
            'd' if number <= 3650 => Ok(Self::Days(number)),
            'm' if number <= 120 => Ok(Self::Months(number)),
            '%' if number <= 100 => Ok(Self::Percent(number)),
            _ => Err(invalid()),
        }
    }
}

impl Serialize for Threshold {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid instant")
    }

    #[test]
    fn two_months_is_the_earlier_of_both_readings() {
        let start = at("2024-01-01T00:00:00Z");
        // February makes two calendar months 59 days: 60 days is earlier.
        assert_eq!(Threshold::Months(2).begins(start, at("2027-03-31T00:00:00Z")), at("2027-01-30T00:00:00Z"));
        // July and August make them 62 days: the calendar is earlier.
        assert_eq!(Threshold::Months(2).begins(start, at("2027-09-01T00:00:00Z")), at("2027-07-01T00:00:00Z"));
    }

    #[test]
    fn the_step_in_force_is_the_last_begun() {
        let steps = [Threshold::Months(2), Threshold::Days(30), Threshold::Days(7)];
        let (start, end) = (at("2024-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(Threshold::reached(&steps, start, end, end.plus_days(-70)), None);
        assert_eq!(Threshold::reached(&steps, start, end, end.plus_days(-30)), Some(Threshold::Days(30)));
        assert_eq!(Threshold::reached(&steps, start, end, end.plus_days(1)), Some(Threshold::Days(7)));
    }

    #[test]
    fn refuses_what_is_no_step() {
        for text in ["", "d", "7", "-7d", "7 d", "7j", "101%", "99999d", "é"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
