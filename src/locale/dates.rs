//! Dates as people of a language write them, in the configured time zone, and days left, worked out when the text is made.

use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;

use super::Texts;
use crate::domain::lang::Lang;
use crate::domain::time::Timestamp;

impl Texts {
    /// The day an instant falls on in `tz`: `21/11/2026` in French, `2026-11-21` in English. An instant no calendar has prints as
    /// [`Timestamp`] does.
    pub fn date(&self, at: Timestamp, tz: Tz) -> String {
        self.written(at, tz, self.day_format())
    }

    /// Day and time to the minute, with the name of the zone: `21/11/2026 09:00 CET`.
    pub fn date_time(&self, at: Timestamp, tz: Tz) -> String {
        self.written(at, tz, &format!("{} %H:%M %Z", self.day_format()))
    }

    /// A day that has no time zone, such as the end of a mandate.
    pub fn day(&self, day: NaiveDate) -> String {
        day.format(self.day_format()).to_string()
    }

    /// How far `at` is: `dans 12 jours`, `depuis 3 jours`. Whole days of 86 400 s.
    pub fn distance(&self, at: Timestamp, now: Timestamp) -> String {
        let (key, days) = if at >= now { ("in-days", at.days_after(now)) } else { ("days-ago", now.days_after(at)) };
        self.say(key, &[("days", days.into())])
    }

    /// Day and distance: `21/11/2026 (dans 12 jours)`.
    pub fn end(&self, at: Timestamp, now: Timestamp, tz: Tz) -> String {
        format!("{} ({})", self.date(at, tz), self.distance(at, now))
    }

    fn written(&self, at: Timestamp, tz: Tz, format: &str) -> String {
        match at.to_chrono() {
            Some(utc) => tz.from_utc_datetime(&utc.naive_utc()).format(format).to_string(),
            None => at.to_string(),
        }
    }

    fn day_format(&self) -> &'static str {
        match self.lang() {
            Lang::Fr => "%d/%m/%Y",
            Lang::En => "%Y-%m-%d",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_time_zone() {
        let at: Timestamp = "2026-11-21T23:30:00Z".parse().expect("an instant");
        let texts = Texts::new(Lang::Fr);
        assert_eq!(texts.date(at, Tz::Europe__Paris), "22/11/2026");
        assert_eq!(texts.date(at, Tz::America__Cayenne), "21/11/2026");
        assert_eq!(texts.date_time(at, Tz::Europe__Paris), "22/11/2026 00:30 CET");
        assert_eq!(Texts::new(Lang::En).date(at, Tz::Europe__Paris), "2026-11-22");
        assert_eq!(texts.end(at, at.plus_days(-12), Tz::Europe__Paris), "22/11/2026 (dans 12 jours)");
        assert_eq!(texts.distance(at, at.plus_days(3)), "depuis 3 jours");
        assert_eq!(texts.date(Timestamp::from_unix(i64::MAX), Tz::UTC), format!("@{}", i64::MAX));
    }
}
