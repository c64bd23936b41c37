//! When each job is due: cron expressions in the configured time zone, plus a delay drawn once per job and kept.

use std::str::FromStr;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::config::ScheduleConfig;
use crate::domain::time::Timestamp;
use crate::policy::alert::forecast::Turns;

/// The jobs that run by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Read the sources, then judge.
    Scan,
    /// Judge without reading: time alone makes findings.
    Evaluate,
    /// Judge at the hour the words of the day are said: whatever the schedule of the others is, they leave.
    Alerts,
    /// The monthly word.
    Digest,
    /// Ask for the revocation lists.
    Crls,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 5] = [Self::Scan, Self::Evaluate, Self::Alerts, Self::Digest, Self::Crls];

    /// The name used in settings, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Evaluate => "evaluate",
            Self::Alerts => "alerts",
            Self::Digest => "digest",
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
            // What people read comes at the hour they were told.
            Job::Alerts | Job::Digest => Duration::ZERO,
            // Each list has a delay of its own.
            Job::Crls => Duration::ZERO,
        }
    }
}

/// When jobs run.
#[derive(Debug, Clone, Copy)]
pub struct Timetable<'a> {
    /// `[schedule]`.
    pub schedule: &'a ScheduleConfig,
    /// Its time zone.
    pub timezone: Tz,
    /// The delays drawn.
    pub jitter: &'a Jitter,
    /// Hour of [`Job::Alerts`].
    pub hour: u32,
}

/// Next run of each job.
#[derive(Debug, Clone)]
pub struct Agenda {
    due: [(Job, Option<Timestamp>); 5],
}

impl Agenda {
    /// The first runs strictly after `now`.
    pub fn starting(timetable: &Timetable<'_>, now: Timestamp) -> Self {
        Self { due: Job::ALL.map(|job| (job, timetable.next(job, now))) }
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
    pub fn take_due(&mut self, timetable: &Timetable<'_>, now: Timestamp) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (job, at) in &mut self.due {
            if at.is_some_and(|at| at <= now) {
                jobs.push(*job);
                *at = timetable.next(*job, now);
            }
        }
        jobs
    }
}

impl Timetable<'_> {
    /// The next run of a job strictly after `now`. The delay is part of the time table, not of the moment: the turn whose
    /// delayed time is the first after `now`, even if its undelayed time has passed.
    pub fn next(&self, job: Job, now: Timestamp) -> Option<Timestamp> {
        let daily = self.daily()?;
        let schedule = self.of(job, &daily);
        let delay = i64::try_from(self.jitter.of(job).as_secs()).unwrap_or(0);
        let from = now.plus_seconds(-delay).to_chrono()?.with_timezone(&self.timezone);
        schedule
            .after(&from)
            .map(|turn| Timestamp::from_unix(turn.timestamp()).plus_seconds(delay))
            .find(|turn| *turn > now)
    }

    /// The last turn of a job up to `now`, without its delay. `None` when there was none, or when it fell into the hour a change of clocks leaves out.
    pub fn last(&self, job: Job, now: Timestamp) -> Option<Timestamp> {
        let daily = self.daily()?;
        let from = now.plus_seconds(1).to_chrono()?.with_timezone(&self.timezone);
        let mut turns = self.of(job, &daily).after(&from).rev();
        turns.next().map(|turn| Timestamp::from_unix(turn.timestamp()))
    }

    fn daily(&self) -> Option<cron::Schedule> {
        cron::Schedule::from_str(&format!("0 0 {} * * *", self.hour)).ok()
    }

    const fn of<'b>(&'b self, job: Job, daily: &'b cron::Schedule) -> &'b cron::Schedule {
        match job {
            Job::Scan => &self.schedule.scan,
            Job::Evaluate => &self.schedule.evaluate,
            Job::Digest => &self.schedule.digest,
            Job::Crls => &self.schedule.crls,
            Job::Alerts => daily,
        }
    }
}

impl Turns for Timetable<'_> {
    fn from(&self, at: Timestamp) -> Option<Timestamp> {
        let before = at.plus_seconds(-1);
        [Job::Evaluate, Job::Alerts].into_iter().filter_map(|job| self.next(job, before)).min()
    }

    fn next_morning(&self, after: Timestamp) -> Option<Timestamp> {
        self.next(Job::Alerts, after)
    }
}

impl Timetable<'_> {
    /// The turns of the digest after `now`, up to `until`: one a day at the most, whatever its schedule says.
    pub fn digests(&self, now: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let next = move |after| self.next(Job::Digest, after).filter(|at| *at <= until);
        std::iter::successors(next(now), move |at| next(self.end_of_day(*at)))
    }

    /// The last second of the day `at` falls on.
    fn end_of_day(&self, at: Timestamp) -> Timestamp {
        let midnight = at.to_chrono().and_then(|utc| {
            let day = self.timezone.from_utc_datetime(&utc.naive_utc()).date_naive().succ_opt()?;
            let midnight = day.and_hms_opt(0, 0, 0)?;
            // Where midnight does not exist the day begins an hour later.
            let first = self.timezone.from_local_datetime(&midnight).earliest();
            first.or_else(|| self.timezone.from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest())
        });
        midnight.map_or_else(|| at.plus_days(1), |midnight| Timestamp::from_unix(midnight.timestamp()).plus_seconds(-1))
    }
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
        let jitter = Jitter::default();
        let timetable = Timetable { schedule: &config, timezone: paris, jitter: &jitter, hour: 8 };
        let due = |now| Agenda::starting(&timetable, at(now)).due(Job::Scan);
        assert_eq!(due("2026-10-24T12:00:00Z"), Some(at("2026-10-25T06:30:00Z")));
        assert_eq!(due("2026-10-23T12:00:00Z"), Some(at("2026-10-24T05:30:00Z")));
    }

    #[test]
    fn the_last_turn_is_the_one_that_came_or_comes_now() {
        let config = config("0 30 2 * * *");
        let (jitter, timezone) = (Jitter::default(), chrono_tz::Europe::Paris);
        let timetable = Timetable { schedule: &config, timezone, jitter: &jitter, hour: 8 };
        let last = |now| timetable.last(Job::Crls, at(now)).map(|turn| turn.to_string());
        assert_eq!(last("2026-11-21T08:00:00Z").as_deref(), Some("2026-11-21T06:30:00Z"));
        assert_eq!(last("2026-11-21T06:30:00Z").as_deref(), Some("2026-11-21T06:30:00Z"));
        assert_eq!(last("2026-11-21T06:29:59Z").as_deref(), Some("2026-11-20T06:30:00Z"));
        assert_eq!(last("2026-07-21T05:30:00Z").as_deref(), Some("2026-07-21T05:30:00Z"), "summer time");
    }

    #[test]
    fn missed_turns_run_once() {
        let config = config("0 */15 * * * *");
        let jitter = Jitter::default();
        let timetable = Timetable { schedule: &config, timezone: chrono_tz::UTC, jitter: &jitter, hour: 9 };
        let mut agenda = Agenda::starting(&timetable, at("2026-11-21T08:01:00Z"));
        let jobs = agenda.take_due(&timetable, at("2026-11-21T20:01:00Z"));
        assert_eq!(jobs, [Job::Scan, Job::Evaluate, Job::Alerts]);
        assert_eq!(agenda.due(Job::Crls), Some(at("2026-11-22T07:30:00Z")));
        assert_eq!(agenda.due(Job::Scan), Some(at("2026-11-21T20:15:00Z")));
        assert_eq!(agenda.due(Job::Alerts), Some(at("2026-11-22T09:00:00Z")));
        assert!(agenda.take_due(&timetable, at("2026-11-21T20:02:00Z")).is_empty());
    }

    #[test]
    fn one_digest_a_day_whatever_its_schedule() {
        let config = ScheduleConfig { digest: "* * * * * *".parse().expect("every second"), ..config("0 30 2 * * *") };
        let (jitter, timezone) = (Jitter::default(), chrono_tz::Europe::Paris);
        let timetable = Timetable { schedule: &config, timezone, jitter: &jitter, hour: 8 };
        let turns: Vec<String> = timetable
            .digests(at("2027-03-27T12:00:00Z"), at("2027-03-29T12:00:00Z"))
            .map(|turn| turn.to_string())
            .collect();
        // Paris changes to summer time on the 28th.
        assert_eq!(turns, ["2027-03-27T12:00:01Z", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"]);
    }

    proptest! {
        #[test]
        fn the_next_run_is_always_later_and_within_a_day(now in 1_700_000_000i64..2_000_000_000, delay in 0u64..900) {
            let config = config("0 30 2 * * *");
            let jitter = Jitter { scan: Duration::from_secs(delay), evaluate: Duration::ZERO };
            let now = Timestamp::from_unix(now);
            let timezone = chrono_tz::Europe::Paris;
            let timetable = Timetable { schedule: &config, timezone, jitter: &jitter, hour: 8 };
            let due = Agenda::starting(&timetable, now).due(Job::Scan).expect("daily");
            // Once a year 02:30 does not exist in Paris and the turn of that day is skipped.
            prop_assert!(due > now && due <= now.plus_seconds(2 * 86_400 + 3_600), "{now} -> {due}");
        }
    }
}
