//! An alert: what is said of one finding, to whom, from its opening to the one closing message. Its state is what is stored.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKey, Severity};
use super::notice::{EventId, Moment, NoticeItem};
use super::offer::{UnknownWord, spelled};
use super::threshold::Threshold;
use super::time::Timestamp;

/// Alerts that are not resolved, by the key of their finding: at most one for each.
pub type OpenAlerts = BTreeMap<FindingKey, Alert>;

spelled! {
    /// Who must know. Each includes those before it.
    Audience, "audience" {
        /// Who administers it.
        Administrators = "administrators",
        /// Who answers for the structure as well: its mandataires and its représentant légal.
        Principals = "principals",
        /// Who is called when something is about to stop.
        OnCall = "on_call",
    }
}

/// Ends an alert remembers besides its own.
pub const EARLIER: usize = 4;

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Number of its row, for people: `vigie alert ack 12`.
    pub id: i64,
    /// The finding as last judged.
    pub finding: Finding,
    /// When it opened.
    pub opened_at: Timestamp,
    /// The instant it counts to, where the finding has one.
    pub end: Option<Timestamp>,
    /// Where it is in its life.
    pub state: AlertState,
    /// What was said of it, in order. Only what somebody was told stands here.
    pub said: Vec<Said>,
    /// The ends it counted to before, oldest first, at most [`EARLIER`]: a place that shows now the one and now the other of two
    /// certificates says of each what it has to say once.
    pub earlier: Vec<Earlier>,
    /// The widest audience that was told.
    pub reached: Option<Audience>,
    /// Words it has said in its life, those of a clock that was wrong too: no number is used twice.
    pub words: u32,
}

/// Where an alert is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertState {
    /// The finding is true.
    Open,
    /// The finding is true, and somebody took it on until a date. Past that date it speaks again.
    Acknowledged(Acknowledgement),
    /// The finding fell silent a short while ago and may come back: nothing is said until it is sure.
    Fading {
        /// Since when.
        since: Timestamp,
        /// What it was acknowledged with, for when it comes back.
        acknowledgement: Option<Acknowledgement>,
    },
    /// Over.
    Resolved {
        /// When.
        at: Timestamp,
    },
}

impl AlertState {
    /// The word kept in the column of the state.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged(_) => "acknowledged",
            Self::Fading { .. } => "fading",
            Self::Resolved { .. } => "resolved",
        }
    }
}

/// Somebody took an alert on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who: the id of a person of the register, or the actor as the audit trail names it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when, excluded: it speaks again from here on.
    pub until: Timestamp,
    /// Why, one line.
    pub reason: String,
}

/// Names what is said once: a step, a day, a repetition. Text, such as `step 30d`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark(String);

impl Mark {
    /// The opening, where no step has begun.
    pub fn opened() -> Self {
        Self("opened".to_owned())
    }

    /// A step before the end.
    pub fn step(step: Threshold) -> Self {
        Self(format!("step {step}"))
    }

    /// A day of the last days.
    pub fn day(day: NaiveDate) -> Self {
        Self(format!("day {day}"))
    }

    /// The `turn`th period after the end, from 0.
    pub fn after_end(turn: i64) -> Self {
        Self(format!("after {turn}"))
    }

    /// It reached a severity.
    pub fn severity(severity: Severity) -> Self {
        Self(format!("severity {severity}"))
    }

    /// The `turn`th period it has lasted, from 1.
    pub fn repeat(turn: i64) -> Self {
        Self(format!("repeat {turn}"))
    }

    /// An acknowledgement ended.
    pub fn acknowledgement_ended(until: Timestamp) -> Self {
        Self(format!("acknowledged until {until}"))
    }

    /// It is over.
    pub fn resolved() -> Self {
        Self("resolved".to_owned())
    }

    /// It is one of many of its kind: a day, a period.
    pub fn comes_round(&self) -> bool {
        ["day ", "after ", "repeat "].iter().any(|kind| self.0.starts_with(kind))
    }

    /// As kept in the database.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mark that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What.
    pub mark: Mark,
    /// When, by the clock of then.
    pub at: Timestamp,
}

/// What an alert was about while it counted to another end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// That end.
    pub end: Option<Timestamp>,
    /// What was said of it.
    pub said: Vec<Said>,
    /// What it was taken on with.
    pub acknowledgement: Option<Acknowledgement>,
}

impl Alert {
    /// From now on it counts to `end`, with what was said of that end before and whoever took it on; it is true.
    pub fn counts_to(&mut self, end: Option<Timestamp>) {
        let acknowledgement = self.acknowledgement().cloned();
        let known = self.earlier.iter().position(|earlier| earlier.end == end).map(|place| self.earlier.remove(place));
        let (said, taken) = known.map_or_else(Default::default, |known| (known.said, known.acknowledgement));
        let said = std::mem::replace(&mut self.said, said);
        self.earlier.push(Earlier { end: self.end, said, acknowledgement });
        if self.earlier.len() > EARLIER {
            self.earlier.remove(0);
        }
        self.end = end;
        self.state = taken.map_or(AlertState::Open, AlertState::Acknowledged);
    }

    /// The key of its finding.
    pub fn key(&self) -> &FindingKey {
        &self.finding.key
    }

    /// The acknowledgement it has, in force or not.
    pub fn acknowledgement(&self) -> Option<&Acknowledgement> {
        match &self.state {
            AlertState::Acknowledged(acknowledgement) => Some(acknowledgement),
            AlertState::Fading { acknowledgement, .. } => acknowledgement.as_ref(),
            AlertState::Open | AlertState::Resolved { .. } => None,
        }
    }

    /// Somebody took it on and the date they gave has not come.
    pub fn is_acknowledged(&self, now: Timestamp) -> bool {
        matches!(&self.state, AlertState::Acknowledged(acknowledgement) if now < acknowledgement.until)
    }

    /// Whether `mark` was said.
    pub fn has_said(&self, mark: &Mark) -> bool {
        self.said.iter().any(|said| said.mark == *mark)
    }
}

/// One word of one alert: why it speaks now, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEvent {
    /// Its name for ever.
    pub id: EventId,
    /// The alert.
    pub alert: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// What is not said twice.
    pub mark: Mark,
    /// Who must know.
    pub audience: Audience,
    /// What it says.
    pub item: NoticeItem,
}

impl AlertEvent {
    /// The text its name is drawn from. The number of the row and the instant of the opening tell two lives of one finding apart,
    /// the number of the word what was said under a clock that was wrong from the same word said in its time.
    pub fn name(alert: &Alert, mark: &Mark, moment: Moment) -> String {
        let (id, opened, words, key) = (alert.id, alert.opened_at, alert.words, alert.key());
        let end = alert.end.map(|end| end.to_string()).unwrap_or_default();
        format!("{id}\n{}\n{}\n{opened}\n{end}\n{moment}\n{mark}\n{words}", key.code, key.subject)
    }
}

/// What to write about alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertChanges {
    /// Every alert that is new or differs, as it is now; resolved ones too.
    pub alerts: Vec<Alert>,
    /// What they say.
    pub events: Vec<AlertEvent>,
}

impl AlertChanges {
    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.events.is_empty()
    }

    /// The open alerts after these changes.
    pub fn apply(&self, open: &mut OpenAlerts) {
        for alert in &self.alerts {
            if matches!(alert.state, AlertState::Resolved { .. }) {
                open.remove(alert.key());
            } else {
                open.insert(alert.key().clone(), alert.clone());
            }
        }
    }
}
