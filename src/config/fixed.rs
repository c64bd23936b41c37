//! What a reload cannot change.

use super::Config;

/// The keys that differ and only take effect at the next start: open doors and an open database stay what they are.
pub fn fixed_until_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let differs = [
        ("state_dir", old.state_dir != new.state_dir),
        ("node", old.node != new.node),
        ("store", old.store != new.store),
        ("http.socket", old.http.socket != new.http.socket),
        ("http.listen", old.http.listen != new.http.listen),
        ("revocation.mirror.listen", old.revocation.mirror != new.revocation.mirror),
        ("http.token_file", old.http.token_file != new.http.token_file),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}
