//! `[schedule]`: when each job runs.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::problem::{Form, Problem};
use super::reader::{Found, Section};

/// `[schedule]`: expressions of the cron crate, already parsed, in [`super::Config::timezone`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleConfig {
    /// Reading the sources.
    pub scan: cron::Schedule,
    /// Judging without reading: time alone makes findings.
    pub evaluate: cron::Schedule,
    /// Fetching CRLs.
    pub crls: cron::Schedule,
    /// The monthly digest.
    pub digest: cron::Schedule,
    /// Upper bound of the delay drawn once per job and kept.
    pub jitter: Duration,
}

/// Every quarter of an hour.
const SCAN: &str = "0 */15 * * * *";
/// Every hour, five minutes past.
const EVALUATE: &str = "0 5 * * * *";
/// ANS updates its CRLs every morning from 7:00.
const CRLS: &str = "0 30 7 * * *";
/// The first of the month at 8:00.
const DIGEST: &str = "0 0 8 1 * *";
const JITTER: Duration = Duration::from_secs(60);

/// Longest expression: every minute of the hour named one by one, and as much again.
const MAX_EXPRESSION: usize = 512;

pub(super) fn read(section: Section<'_>) -> Option<ScheduleConfig> {
    let [scan, evaluate, crls, digest] = [("scan", SCAN), ("evaluate", EVALUATE), ("crls", CRLS), ("digest", DIGEST)]
        .map(|(key, default)| {
            match section.find(key) {
                Some(found) => cron(&found),
                None => cron::Schedule::from_str(default).ok(), // a test holds that each one parses
            }
        });
    let jitter = section.get("jitter", |found| found.duration(Duration::ZERO, Duration::from_secs(6 * 3600)));
    section.finish();
    Some(ScheduleConfig {
        scan: scan?,
        evaluate: evaluate?,
        crls: crls?,
        digest: digest?,
        jitter: jitter.unwrap_or(JITTER),
    })
}

fn cron(found: &Found<'_>) -> Option<cron::Schedule> {
    let text = found.text()?;
    if text.len() > MAX_EXPRESSION {
        found.error(Problem::TooLong { limit: MAX_EXPRESSION });
        return None;
    }
    let Ok(schedule) = cron::Schedule::from_str(text) else {
        let fields = text.split_whitespace().count();
        let hint = (!text.starts_with('@') && !(6..=7).contains(&fields)).then(|| format!("{fields} ≠ 6"));
        return found.malformed_because(Form::Cron, text, hint);
    };
    // Any fixed instant before this program existed will do: years before it are as good as never.
    let since = DateTime::<Utc>::from_timestamp(1_767_225_600, 0)?; // 2026-01-01
    if schedule.after(&since).next().is_none() {
        found.error(Problem::NeverFires);
        return None;
    }
    Some(schedule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_schedules() {
        for text in [SCAN, EVALUATE, CRLS, DIGEST] {
            assert!(cron::Schedule::from_str(text).is_ok(), "{text}");
        }
    }
}
