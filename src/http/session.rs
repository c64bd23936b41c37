//! Page sessions: a browser cannot send a bearer token, so the sign-in form trades it for a cookie that only ever reads.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(12 * 3600);
/// Sessions kept at once; the oldest gives way.
const MOST: usize = 64;
/// The cookie.
const COOKIE: &str = "vigie_session";

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Duration>>);

impl Sessions {
    /// Opens a session and gives the `Set-Cookie` value. `secret` is 32 random bytes in hex.
    pub(super) fn open(&self, secret: String, monotonic: Duration) -> String {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, opened| monotonic.saturating_sub(*opened) < LIFE);
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, opened)| **opened).map(|(secret, _)| secret.clone());
            oldest.map(|secret| open.remove(&secret));
        }
        let cookie = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", LIFE.as_secs());
        open.insert(secret, monotonic);
        cookie
    }

    /// The request carries the cookie of a session that is still open.
    pub(super) fn holds(&self, headers: &HeaderMap, monotonic: Duration) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .any(|secret| open.get(secret).is_some_and(|opened| monotonic.saturating_sub(*opened) < LIFE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end() {
        let sessions = Sessions::default();
        let cookie = sessions.open("aa".repeat(32), Duration::ZERO);
        let pair = cookie.split(';').next().expect("a pair");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("x=y; {pair}").parse().expect("a header"));
        assert!(sessions.holds(&headers, Duration::from_secs(60)));
        assert!(!sessions.holds(&headers, LIFE));
        assert!(!sessions.holds(&HeaderMap::new(), Duration::ZERO));
    }

    #[test]
    fn the_oldest_gives_way() {
        let sessions = Sessions::default();
        for number in 0..(MOST as u64 + 5) {
            sessions.open(format!("{number:064}"), Duration::from_secs(number));
        }
        assert_eq!(sessions.0.lock().expect("the lock").len(), MOST);
    }
}
