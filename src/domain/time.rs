//! Instants as whole seconds since 1970 UTC, and the calendar arithmetic alerts need. Nothing here asks what time it is.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Months, NaiveDate, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// Seconds in one day.
pub const DAY: i64 = 86_400;

/// An instant, in whole seconds since 1970-01-01T00:00:00Z (negative before). X.509 dates have no finer grain.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From seconds since 1970; any value is accepted, but only years -262143 to 262142 print.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Midnight UTC at the start of `date`.
    pub fn from_date(date: NaiveDate) -> Self {
        Self(date.and_hms_opt(0, 0, 0).map_or(0, |at| at.and_utc().timestamp()))
    }

    /// This instant moved by `seconds`, saturating.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// This instant moved by `days` of 86 400 s, saturating.
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_seconds(days.saturating_mul(DAY))
    }

    /// The same UTC day and time `months` calendar months earlier; the last day of the month where that day does not exist.
    pub fn minus_months(self, months: u32) -> Self {
        match self.to_chrono().and_then(|at| at.checked_sub_months(Months::new(months))) {
            Some(at) => Self(at.timestamp()),
            None => self.plus_days(-31 * i64::from(months)),
        }
    }

    /// Whole days of 86 400 s from `now` to this instant, rounded towards zero: 0 in the last day before it and in the first day
    /// after it, -1 once a full day has gone by. "12 days ago" and -12 are the same rounding; that 0 may be past is for the state
    /// beside it to say.
    pub const fn days_after(self, now: Self) -> i64 {
        self.0.saturating_sub(now.0) / DAY
    }

    /// The UTC calendar day.
    pub fn date(self) -> Option<NaiveDate> {
        self.to_chrono().map(|at| at.date_naive())
    }

    /// The chrono value, `None` outside its range.
    pub fn to_chrono(self) -> Option<DateTime<Utc>> {
        Utc.timestamp_opt(self.0, 0).single()
    }
}

/// A length of time in hours and minutes, such as `26 h 05 min`.
pub fn hours_and_minutes(seconds: i64) -> String {
    let minutes = seconds.max(0) / 60;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with `Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_chrono() {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not an RFC 3339 date and time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date and time: {0:?}")]
pub struct InvalidTimestamp(String);

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|at| Self(at.timestamp())).map_err(|_| InvalidTimestamp(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid instant")
    }

    #[test]
    fn prints_what_it_parses() {
        for text in ["2026-11-21T08:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("2026-11-21T09:00:00+01:00"), at("2026-11-21T08:00:00Z"));
        assert!("2026-11-21".parse::<Timestamp>().is_err());
    }

    #[test]
    fn calendar_months_end_on_the_last_day() {
        assert_eq!(at("2027-04-30T10:00:00Z").minus_months(2), at("2027-02-28T10:00:00Z"));
        assert_eq!(at("2028-04-30T10:00:00Z").minus_months(2), at("2028-02-29T10:00:00Z"));
    }

    #[test]
    fn days_are_whole_ones_before_and_after() {
        let now = at("2026-11-21T08:00:00Z");
        assert_eq!(now.plus_days(60).days_after(now), 60);
        assert_eq!(now.plus_seconds(DAY - 1).days_after(now), 0);
        assert_eq!(now.plus_seconds(-1).days_after(now), 0);
        assert_eq!(now.plus_seconds(1 - DAY).days_after(now), 0);
        assert_eq!(now.plus_days(-1).days_after(now), -1);
        assert_eq!(now.plus_seconds(-12 * DAY - 5).days_after(now), -12);
    }
}
