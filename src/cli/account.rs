//! Names of local accounts and groups. Those of a directory service go by number.

use std::fs;

/// The login of a user of `/etc/passwd`, or the number.
pub(super) fn login(uid: u32) -> String {
    named(&fs::read_to_string("/etc/passwd").unwrap_or_default(), uid)
}

/// The name of a group of `/etc/group`, or the number.
pub(super) fn group(gid: u32) -> String {
    named(&fs::read_to_string("/etc/group").unwrap_or_default(), gid)
}

/// The name before the number in a file of colon-separated fields (passwd(5), group(5)).
pub(super) fn named(file: &str, id: u32) -> String {
    let number = id.to_string();
    let name = file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then_some(name)
    });
    name.map_or(number, str::to_owned)
}
