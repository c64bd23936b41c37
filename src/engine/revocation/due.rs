//! When a list is asked for: at the hour of the schedule, when its successor should have come, and after failures ever more rarely.

use std::time::Duration;

use crate::domain::crl::CrlState;
use crate::domain::time::{DAY, Timestamp};
use crate::pki::digest::sha256;

/// After the first failure in a row, in seconds.
const FIRST_RETRY: i64 = 300;
/// After many, in seconds.
const LAST_RETRY: i64 = 6 * 3600;
/// How often a list is asked for whose successor is late, in seconds.
const LATE: i64 = 3600;

/// What was missed waits for so much less than its delay.
const CATCH_UP: i64 = 8;

/// The delay of one list, in seconds, drawn from the names of the node and of the list: machines of a fleet differ, and each is the same every
/// day.
pub(super) fn delay(node: &str, list: &str, most: Duration) -> i64 {
    let most = i64::try_from(most.as_secs()).unwrap_or(0);
    let hash = sha256(&[node.as_bytes(), list.as_bytes()].join(&0));
    let drawn = hash.0.first_chunk::<4>().map_or(0, |first| i64::from(u32::from_be_bytes(*first)));
    drawn.checked_rem(most + 1).unwrap_or(0)
}

/// The instant after a failure, the `count`th in a row, before which nothing is asked.
pub(super) fn retry(now: Timestamp, count: u32, delay: i64) -> Timestamp {
    let wait = FIRST_RETRY.saturating_mul(1 << count.saturating_sub(1).min(10)).min(LAST_RETRY);
    now.plus_seconds(wait + delay.checked_rem(wait / 4 + 1).unwrap_or(0))
}

/// When a list is made up for that was not asked for at its last turn: the process was not there, or the clock was another. `turn` is the hour of the
/// schedule that came last. A fleet that was off together does not ask together, and a machine that is on for an hour now and then still asks.
pub(super) fn missed(state: &CrlState, turn: Timestamp, delay: i64, now: Timestamp) -> Option<Timestamp> {
    let due = turn.plus_seconds(delay);
    // What never came is due in any case, and what a clock that was ahead wrote down says nothing.
    let last = state.last_attempt.filter(|last| *last <= now)?;
    (last < due).then(|| due.max(now.plus_seconds(delay / CATCH_UP)))
}

/// When a list is to be asked for. `margin` is the time before nextUpdate in which a successor is late, `delay` that of [`delay`].
pub(super) fn due(
    state: &CrlState,
    scheduled: Option<Timestamp>,
    margin: i64,
    delay: i64,
    now: Timestamp,
) -> Option<Timestamp> {
    // What a clock that was ahead wrote down says nothing.
    let last_attempt = state.last_attempt.filter(|last| *last <= now);
    let next_attempt = state.next_attempt.filter(|next| *next <= now.plus_seconds(LAST_RETRY + LAST_RETRY / 4 + 1));
    let own = match (&state.held, next_attempt, last_attempt) {
        (_, Some(next), _) => Some(next),
        (_, None, None) => Some(now),
        (None, None, Some(last)) => Some(last.plus_seconds(LATE)),
        (Some(held), None, Some(last)) => match (held.near_stale(margin), held.next_update) {
            (Some(near), Some(next)) => {
                let window = next.unix().saturating_sub(near.unix()).max(0);
                // Within the window, a few times even where it is short.
                let again = last.plus_seconds(LATE.min(window / 4).max(5));
                Some(near.plus_seconds(delay.checked_rem(window / 2 + 1).unwrap_or(0)).max(again))
            }
            // Nobody says when the next one comes.
            _ => Some(last.plus_seconds(DAY)),
        },
    };
    own.into_iter().chain(scheduled).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::crl::Held;
    use crate::domain::fingerprint::Fingerprint;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn held(until: i64) -> CrlState {
        let held = Held {
            number: None,
            this_update: NOW,
            next_update: Some(NOW.plus_seconds(until)),
            entries: 0,
            bytes: 0,
            identity: Fingerprint([0; 32]),
            taken_at: NOW,
        };
        CrlState { held: Some(held), last_attempt: Some(NOW), last_success: Some(NOW), ..CrlState::default() }
    }

    #[test]
    fn what_never_came_is_due_at_once() {
        assert_eq!(due(&CrlState::default(), None, DAY, 7, NOW), Some(NOW));
    }

    #[test]
    fn a_list_is_due_when_its_successor_should_have_come() {
        let state = held(6 * DAY);
        assert_eq!(due(&state, None, 2 * DAY, 0, NOW), Some(NOW.plus_seconds(4 * DAY)));
        assert_eq!(due(&state, None, 2 * DAY, 600, NOW), Some(NOW.plus_seconds(4 * DAY + 600)));
        assert_eq!(due(&state, Some(NOW.plus_seconds(9)), 2 * DAY, 0, NOW), Some(NOW.plus_seconds(9)));
        let late = CrlState { last_attempt: Some(NOW.plus_seconds(5 * DAY)), ..state };
        let then = NOW.plus_seconds(5 * DAY);
        assert_eq!(due(&late, None, 2 * DAY, 600, then), Some(then.plus_seconds(LATE)));
        assert_eq!(due(&late, None, 2 * DAY, 600, NOW), Some(NOW), "the clock was ahead when that was written down");
    }

    #[test]
    fn a_turn_nobody_was_there_for_is_made_up_for_once() {
        let asked = |ago: i64| CrlState { last_attempt: Some(NOW.plus_seconds(-ago)), ..held(6 * DAY) };
        let missed = |ago, turn_ago: i64, delay| missed(&asked(ago), NOW.plus_seconds(-turn_ago), delay, NOW);
        assert_eq!(missed(DAY, 600, 3600), Some(NOW.plus_seconds(3000)), "restarted within the spread: its own moment");
        assert_eq!(
            missed(DAY, 7200, 3600),
            Some(NOW.plus_seconds(450)),
            "off at its moment: soon, and not all at once"
        );
        assert_eq!(missed(60, 7200, 3600), None, "it was asked since");
        assert_eq!(missed(-60, 7200, 3600), None, "the clock was ahead when that was written down: due at once");
        assert_eq!(super::missed(&CrlState::default(), NOW, 0, NOW), None, "it never came: due at once");
    }

    #[test]
    fn failures_are_repeated_ever_more_rarely() {
        let waits: Vec<i64> = (1..12).map(|count| retry(NOW, count, 0).unix() - NOW.unix()).collect();
        assert_eq!(waits[..4], [300, 600, 1200, 2400]);
        assert_eq!(waits.last(), Some(&LAST_RETRY));
        let failed = CrlState { next_attempt: Some(retry(NOW, 1, 40)), ..held(DAY) };
        assert_eq!(due(&failed, None, DAY, 0, NOW), Some(NOW.plus_seconds(340)));
    }

    #[test]
    fn delays_differ_and_stay() {
        let most = Duration::from_secs(7200);
        let drawn = |node| delay(node, "list", most);
        assert_eq!(drawn("a"), drawn("a"));
        assert_ne!(drawn("a"), drawn("b"));
        assert!((0..=7200).contains(&drawn("a")));
        assert_eq!(delay("a", "list", Duration::ZERO), 0);
    }
}
