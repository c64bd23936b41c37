//! When each job is due: cron expressions in the configured time zone, plus a delay drawn once per job and kept.

use std::time::Duration;

use chrono_tz::Tz;

use crate::config::ScheduleConfig;
use crate::domain::time::Timestamp;

/// The jobs that run by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Read the sources, then judge.
    Scan,
    /// Judge without reading: time alone makes findings.
    Evaluate,
    /// Ask for the revocation lists.
    Crls,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 3] = [Self::Scan, Self::Evaluate, Self::Crls];

    /// The name used in settings, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Evaluate => "evaluate",
            Self::Crls => "crls",
        }
    }
}

/// The delays drawn at first start, one per job. They spread a fleet's work, and stay the same for the life of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Jitter {
    /// Of [`Job::Scan`].
    pub scan: Duration,
    /// Of [`Job::Evaluate`].
    pub evaluate: Duration,
}

impl Jitter {
    /// The delay of one job.
    pub const fn of(&self, job: Job) -> Duration {
        match job {
            Job::Scan => self.scan,
            Job::Evaluate => self.evaluate,
            // Each list has a delay of its own.
            Job::Crls => Duration::ZERO,
        }
    }
}

/// Next run of each job.
#[derive(Debug, Clone)]
pub struct Agenda {
    due: [(Job, Option<Timestamp>); 3],
}

impl Agenda {
    /// The first runs strictly after `now`.
    pub fn starting(config: &ScheduleConfig, timezone: Tz, jitter: &Jitter, now: Timestamp) -> Self {
        Self { due: Job::ALL.map(|job| (job, next(config, timezone, jitter, job, now))) }
    }

    /// The instant the next job is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.iter().filter_map(|(_, at)| *at).min()
    }

    /// When one job is due next.
    pub fn due(&self, job: Job) -> Option<Timestamp> {
        self.due.iter().find(|(known, _)| *known == job).and_then(|(_, at)| *at)
    }

    /// The jobs due at `now`, each once however many turns were missed; their next run is set after `now`.
    pub fn take_due(&mut self, config: &ScheduleConfig, timezone: Tz, jitter: &Jitter, now: Timestamp) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (job, at) in &mut self.due {
            if at.is_some_and(|at| at <= now) {
                jobs.push(*job);
                *at = next(config, timezone, jitter, *job, now);
            }
        }
        jobs
    }
}

/// The next run of a job strictly after `now`. The delay is part of the time table, not of the moment: the turn whose delayed
/// time is the first after `now`, even if its undelayed time has passed.
fn next(config: &ScheduleConfig, timezone: Tz, jitter: &Jitter, job: Job, now: Timestamp) -> Option<Timestamp> {
    let schedule = match job {
        Job::Scan => &config.scan,
        Job::Evaluate => &config.evaluate,
        Job::Crls => &config.crls,
    };
    let delay = i64::try_from(jitter.of(job).as_secs()).unwrap_or(0);
    let from = now.plus_seconds(-delay).to_chrono()?.with_timezone(&timezone);
    schedule
        .after(&from)
        .map(|turn| Timestamp::from_unix(turn.timestamp()).plus_seconds(delay))
        .find(|turn| *turn > now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config(scan: &str) -> ScheduleConfig {
        let parse = |text: &str| text.parse().expect("a cron expression");
        ScheduleConfig {
            scan: parse(scan),
            evaluate: parse("0 5 * * * *"),
            crls: parse("0 30 7 * * *"),
            digest: parse("0 0 8 1 * *"),
            jitter: Duration::from_secs(60),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid instant")
    }

    #[test]
    fn paris_time_across_the_change_of_hour() {
        let config = config("0 30 7 * * *");
        let paris = chrono_tz::Europe::Paris;
        let due = |now| Agenda::starting(&config, paris, &Jitter::default(), at(now)).due(Job::Scan);
        assert_eq!(due("2026-10-24T12:00:00Z"), Some(at("2026-10-25T06:30:00Z")));
        assert_eq!(due("2026-10-23T12:00:00Z"), Some(at("2026-10-24T05:30:00Z")));
    }

    #[test]
    fn missed_turns_run_once() {
        let config = config("0 */15 * * * *");
        let jitter = Jitter::default();
        let mut agenda = Agenda::starting(&config, chrono_tz::UTC, &jitter, at("2026-11-21T08:01:00Z"));
        let jobs = agenda.take_due(&config, chrono_tz::UTC, &jitter, at("2026-11-21T20:01:00Z"));
        assert_eq!(jobs, [Job::Scan, Job::Evaluate]);
        assert_eq!(agenda.due(Job::Crls), Some(at("2026-11-22T07:30:00Z")));
        assert_eq!(agenda.due(Job::Scan), Some(at("2026-11-21T20:15:00Z")));
        assert!(agenda.take_due(&config, chrono_tz::UTC, &jitter, at("2026-11-21T20:02:00Z")).is_empty());
    }

    proptest! {
        #[test]
        fn the_next_run_is_always_later_and_within_a_day(now in 1_700_000_000i64..2_000_000_000, delay in 0u64..900) {
            let config = config("0 30 2 * * *");
            let jitter = Jitter { scan: Duration::from_secs(delay), evaluate: Duration::ZERO };
            let now = Timestamp::from_unix(now);
            let due = Agenda::starting(&config, chrono_tz::Europe::Paris, &jitter, now).due(Job::Scan).expect("daily");
            // Once a year 02:30 does not exist in Paris and the turn of that day is skipped.
            prop_assert!(due > now && due <= now.plus_seconds(2 * 86_400 + 3_600), "{now} -> {due}");
        }
    }
}
