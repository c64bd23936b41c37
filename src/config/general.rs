//! The keys outside any table.

use std::fs;
use std::path::PathBuf;

use super::near::nearest;
use super::problem::Form;
use super::reader::{Found, Section};
use super::value::is_host;
use crate::domain::lang::Lang;

/// The default of `state_dir`.
pub(super) const STATE_DIR: &str = "/var/lib/vigie";

pub(super) struct General {
    pub(super) lang: Lang,
    pub(super) timezone: chrono_tz::Tz,
    pub(super) state_dir: PathBuf,
    pub(super) node: String,
}

pub(super) fn read(root: &Section<'_>) -> General {
    General {
        lang: root.get("lang", Found::word).unwrap_or(Lang::Fr),
        timezone: root.get("timezone", timezone).unwrap_or(chrono_tz::Europe::Paris),
        state_dir: root.get("state_dir", Found::path).unwrap_or_else(|| STATE_DIR.into()),
        node: root.get("node", |found| found.matching(Form::Host, is_host)).unwrap_or_else(host_name),
    }
}

fn timezone(found: &Found<'_>) -> Option<chrono_tz::Tz> {
    let text = found.text()?;
    text.parse().ok().or_else(|| {
        let near = nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        found.malformed_because(Form::Timezone, text, near.map(|near| format!("{near} ?")))
    })
}

/// What the kernel calls this machine (`uname -n`).
fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
