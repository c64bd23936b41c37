//! Somebody takes an alert on until a date: who may, and for how long.

use super::ground::{About, Ground};
use super::recipients;
use crate::domain::alert::{Acknowledgement, Alert, AlertState};
use crate::domain::line;
use crate::domain::person::DeclaredId;
use crate::domain::time::Timestamp;

/// The longest anything can be put off.
const LONGEST_DAYS: i64 = 366;
/// The longest what has no end can be put off without an administrator of the register.
const ENDLESS_DAYS: i64 = 31;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckRequest {
    /// Who asks, as the audit trail names them.
    pub actor: String,
    /// The person of the register that is.
    pub person: Option<DeclaredId>,
    /// From when on it speaks again.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// Why an alert cannot be put off like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckRefusal {
    /// There is no such alert, or it is over.
    #[error("no open alert has this number")]
    NotOpen,
    /// A reason is one line of at most 500 characters, all of them to be seen.
    #[error("give a reason: one line of 1 to {} visible characters", line::REASON)]
    Reason,
    /// The date has passed.
    #[error("the date must be ahead")]
    Past,
    /// Later than anybody may.
    #[error("the date must not be later than {latest}")]
    TooLate {
        /// The latest allowed.
        latest: Timestamp,
    },
    /// Later than whoever asks may; an administrator of the certificate may go further.
    #[error("only a technical administrator of the register may go beyond {latest}: set `login` of their [[person]]")]
    NotAdministrator {
        /// The latest allowed to others.
        latest: Timestamp,
    },
    /// So near the end nobody else may at all.
    #[error("so near the end only a technical administrator of the register may: set `login` of their [[person]]")]
    TooNear,
}

impl AckRefusal {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOpen => "not_found",
            Self::Reason => "reason_wanted",
            Self::Past => "date_past",
            Self::TooLate { .. } => "date_too_late",
            Self::NotAdministrator { .. } | Self::TooNear => "administrator_wanted",
        }
    }
}

/// The latest date anybody may put the alert off to; an administrator of the register may go beyond, up to the end.
fn limit(ground: &Ground<'_>, alert: &Alert, about: &About<'_>, now: Timestamp) -> Timestamp {
    let before = |end| ground.alerts.acknowledge_until.begins(about.start.unwrap_or(end), end);
    alert.end.map_or(now.plus_days(ENDLESS_DAYS), before)
}

/// The alert, taken on.
///
/// # Errors
/// Why not.
pub fn acknowledge(
    alert: &Alert,
    request: AckRequest,
    ground: &Ground<'_>,
    now: Timestamp,
) -> Result<Alert, AckRefusal> {
    let about = ground.about(&alert.finding);
    if !matches!(alert.state, AlertState::Open | AlertState::Acknowledged(_)) {
        return Err(AckRefusal::NotOpen);
    }
    let reason = line::reason(&request.reason).ok_or(AckRefusal::Reason)?;
    if request.until <= now {
        return Err(AckRefusal::Past);
    }
    let longest = now.plus_days(LONGEST_DAYS);
    // Before the end nothing reaches beyond it; after it, the trouble is there and somebody works on it.
    let latest = alert.end.filter(|end| now <= *end).map_or(longest, |end| end.min(longest));
    if request.until > latest {
        return Err(AckRefusal::TooLate { latest });
    }
    let administers =
        request.person.as_ref().is_some_and(|person| recipients::administers(ground, &about, person, now));
    let limit = limit(ground, alert, &about, now);
    if request.until > limit && !administers {
        if limit <= now {
            return Err(AckRefusal::TooNear);
        }
        return Err(AckRefusal::NotAdministrator { latest: limit });
    }
    let by = request.person.map_or(request.actor, |person| person.to_string());
    let acknowledgement = Acknowledgement { by, at: now, until: request.until, reason: reason.to_owned() };
    Ok(Alert { state: AlertState::Acknowledged(acknowledgement), ..alert.clone() })
}
