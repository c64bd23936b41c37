//! How values are written: texts, words, numbers, durations, sizes, dates, paths, identifiers, lists.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use chrono::NaiveDate;

use super::document::Value;
use super::near::nearest;
use super::problem::{Form, Problem, Shape};
use super::reader::Found;
use crate::domain::identifier::{Checked, InvalidIdentifier};
use crate::domain::observation::FilePath;
use crate::domain::offer::UnknownWord;
use crate::domain::profile::Environment;

/// Most characters of a text.
const MAX_TEXT: usize = 4096;
/// Most items of a list.
const MAX_ITEMS: usize = 10_000;

impl<'a> Found<'a> {
    /// A text, empty or not.
    pub(super) fn any_text(&self) -> Option<&'a str> {
        let Value::Text(text) = self.value else {
            self.wrong_type(Shape::Text);
            return None;
        };
        if text.chars().count() > MAX_TEXT {
            self.error(Problem::TooLong { limit: MAX_TEXT });
            return None;
        }
        if text.contains('\0') {
            return self.malformed(Form::Line, text);
        }
        Some(text)
    }

    /// One line that says something.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.any_text()?;
        if text.trim().is_empty() {
            self.error(Problem::Empty);
            return None;
        }
        if text.chars().any(char::is_control) {
            return self.malformed(Form::Line, text);
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        let Value::Boolean(value) = self.value else {
            self.wrong_type(Shape::Boolean);
            return None;
        };
        Some(*value)
    }

    pub(super) fn owned(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    pub(super) fn malformed<T>(&self, form: Form, text: &str) -> Option<T> {
        self.malformed_because(form, text, None)
    }

    pub(super) fn malformed_because<T>(&self, form: Form, text: &str, hint: Option<String>) -> Option<T> {
        let found = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(80).collect();
        self.error(Problem::Malformed { form, found, hint });
        None
    }

    /// A text with a notation of its own.
    pub(super) fn parsed<T: FromStr>(&self, form: Form) -> Option<T> {
        let text = self.text()?;
        text.parse().map_or_else(|_| self.malformed(form, text), Some)
    }

    /// A text that `accepts` takes.
    pub(super) fn matching(&self, form: Form, accepts: fn(&str) -> bool) -> Option<String> {
        let text = self.text()?;
        if accepts(text) { Some(text.to_owned()) } else { self.malformed(form, text) }
    }

    /// A word of a closed list.
    pub(super) fn word<T: FromStr<Err = UnknownWord>>(&self) -> Option<T> {
        let unknown = match self.text()?.parse() {
            Ok(word) => return Some(word),
            Err(unknown) => unknown,
        };
        let UnknownWord { found, allowed, .. } = unknown;
        let near = nearest(&found, allowed.split(", ")).map(str::to_owned);
        let allowed = allowed.split(", ").map(str::to_owned).collect();
        self.error(Problem::NotOneOf { found: found.chars().take(80).collect(), allowed, near });
        None
    }

    pub(super) fn integer(&self, least: u64, most: u64) -> Option<u64> {
        let Value::Integer(number) = self.value else {
            self.wrong_type(Shape::Integer);
            return None;
        };
        let shown = number.map_or_else(|| "…".to_owned(), |number| number.to_string());
        let number = number.and_then(|number| u64::try_from(number).ok());
        self.within(number, shown, least, most, |number| number.to_string())
    }

    /// `10s`, `5m`, `2h`, `60d`.
    pub(super) fn duration(&self, least: Duration, most: Duration) -> Option<Duration> {
        let text = self.text()?;
        let Some((number, unit)) = number_and_unit(text) else { return self.malformed(Form::Duration, text) };
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return self.malformed(Form::Duration, text),
        };
        let duration = number.and_then(|number| number.checked_mul(seconds)).map(Duration::from_secs);
        self.within(duration, text.to_owned(), least, most, written_duration)
    }

    /// `64 KiB`, `512 MiB`, `1 GiB`.
    pub(super) fn size(&self, least: u64, most: u64) -> Option<u64> {
        let text = self.text()?;
        let Some((number, unit)) = number_and_unit(text) else { return self.malformed(Form::Size, text) };
        let bytes = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return self.malformed(Form::Size, text),
        };
        let size = number.and_then(|number| number.checked_mul(bytes));
        self.within(size, text.to_owned(), least, most, written_size)
    }

    fn within<T: PartialOrd + Copy>(
        &self,
        value: Option<T>,
        found: String,
        least: T,
        most: T,
        written: fn(T) -> String,
    ) -> Option<T> {
        let good = value.filter(|value| (least..=most).contains(value));
        if good.is_none() {
            self.error(Problem::OutOfRange { found, least: written(least), most: written(most) });
        }
        good
    }

    /// `2026-01-31`, between quotes or not.
    pub(super) fn date(&self) -> Option<NaiveDate> {
        let (day, text) = match self.value {
            Value::Date(day, text) => (*day, text.as_str()),
            _ => {
                let text = self.text()?;
                (NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(), text)
            }
        };
        day.or_else(|| self.malformed(Form::Date, text))
    }

    /// A path; a relative one starts from the folder of the file that names it.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        // Fails only where the working folder is gone; then the path stays relative.
        let joined = self.folder().join(text);
        Some(without_parents(&std::path::absolute(&joined).unwrap_or(joined)))
    }

    pub(super) fn file_path(&self) -> Option<FilePath> {
        self.path().map(|path| bytes_of(&path))
    }

    /// The path of a file that holds a secret: a path, or `credential:NAME` for a credential the service manager hands over
    /// (`LoadCredential=`). It is not read here; a missing one is a warning.
    pub(super) fn secret_file(&self) -> Option<PathBuf> {
        let path = match self.text()?.strip_prefix("credential:") {
            Some(name) if is_credential(name) => credentials_folder().join(name),
            Some(name) => return self.malformed(Form::Credential, name),
            None => self.path()?,
        };
        if path.metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            self.warning(Problem::SecretFileMissing(path.display().to_string()));
        }
        Some(path)
    }

    /// A national identifier.
    pub(super) fn identifier<T>(
        &self,
        parse: fn(&str, Environment) -> Result<Checked<T>, InvalidIdentifier>,
        environment: Environment,
    ) -> Option<T> {
        match parse(self.any_text()?, environment) {
            Ok(Checked { value, warning }) => {
                if let Some(oddity) = warning {
                    self.warning(Problem::IdentifierOddity(oddity));
                }
                Some(value)
            }
            Err(error) => {
                self.error(Problem::Identifier(error));
                None
            }
        }
    }

    /// A list; items that are wrong are said and left out.
    pub(super) fn list<T>(&self, mut read: impl FnMut(&Found<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.items()?;
        if items.len() > MAX_ITEMS {
            let (least, most) = ("0".to_owned(), MAX_ITEMS.to_string());
            self.error(Problem::OutOfRange { found: items.len().to_string(), least, most });
            return None;
        }
        Some(items.iter().filter_map(&mut read).collect())
    }

    /// A list with at least one item.
    pub(super) fn some<T>(&self, read: impl FnMut(&Found<'a>) -> Option<T>) -> Option<Vec<T>> {
        if matches!(self.value, Value::List(items) if items.is_empty()) {
            self.error(Problem::Empty);
            return None;
        }
        self.list(read)
    }

    /// A list, or one item without brackets.
    pub(super) fn one_or_more<T>(&self, mut read: impl FnMut(&Found<'a>) -> Option<T>) -> Option<Vec<T>> {
        match self.value {
            Value::List(_) => self.list(read),
            _ => read(self).map(|item| vec![item]),
        }
    }
}

/// Where systemd puts the credentials of the service; asked from a shell, where it would put them.
#[expect(clippy::disallowed_methods, reason = "systemd hands this folder over in no other way (systemd.exec(5))")]
fn credentials_folder() -> PathBuf {
    std::env::var_os("CREDENTIALS_DIRECTORY").map_or_else(|| "/run/credentials/vigie.service".into(), PathBuf::from)
}

/// A file name, as systemd wants it.
fn is_credential(name: &str) -> bool {
    (1..=200).contains(&name.len()) && !name.contains('/') && name != "." && name != ".."
}

/// A path as the kernel takes it.
pub(super) fn bytes_of(path: &Path) -> FilePath {
    FilePath(path.as_os_str().as_bytes().into())
}

/// `None` for the number when it has more than 64 bits.
fn number_and_unit(text: &str) -> Option<(Option<u64>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    (!digits.is_empty()).then(|| (digits.parse().ok(), unit.trim_start_matches(' ')))
}

fn written_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size));
    unit.map_or_else(|| format!("{seconds}s"), |(size, name)| format!("{}{name}", seconds / size))
}

fn written_size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size && bytes.is_multiple_of(*size));
    unit.map_or_else(|| format!("{bytes} B"), |(size, name)| format!("{} {name}", bytes / size))
}

/// A host name or address literal as it stands in `Host`, SNI or a mail address: RFC 1123 labels, `_` tolerated.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && (text.split('.').all(label) || text.parse::<std::net::IpAddr>().is_ok())
}

/// A domain mail can be sent to: at least two labels.
pub(super) fn is_mail_domain(text: &str) -> bool {
    is_host(text) && text.contains('.') && text.parse::<std::net::IpAddr>().is_err()
}

/// `local@domain`, without display name or quoting.
pub(super) fn is_mail(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
            && is_host(domain)
    })
}

/// This machine, and no other.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `/etc/vigie/tls` for `/etc/vigie/conf.d/../tls`: names are read by people. Only where a folder stands before `..`: behind a link, or
/// something that is not there, the system alone knows where it leads.
fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        let real = || plain.symlink_metadata().is_ok_and(|found| found.is_dir());
        match component {
            // The root is above itself.
            Component::ParentDir if plain == Path::new("/") => {}
            Component::ParentDir if plain.file_name().is_some() && real() => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        assert_eq!(number_and_unit("512 MiB"), Some((Some(512), "MiB")));
        assert_eq!(number_and_unit("5m"), Some((Some(5), "m")));
        assert_eq!(number_and_unit("99999999999999999999s"), Some((None, "s")));
        assert_eq!(number_and_unit("m"), None);
        assert_eq!(number_and_unit(""), None);
        assert_eq!(number_and_unit("5é"), Some((Some(5), "é")));
    }

    #[test]
    fn durations_and_sizes_as_written() {
        for (seconds, written) in [(600, "10m"), (90, "90s"), (7200, "2h"), (172_800, "2d"), (0, "0s")] {
            assert_eq!(written_duration(Duration::from_secs(seconds)), written);
        }
        for (bytes, written) in [(1 << 30, "1 GiB"), (1536, "1536 B"), (4 << 20, "4 MiB"), (0, "0 B")] {
            assert_eq!(written_size(bytes), written);
        }
    }

    #[test]
    fn hosts_and_mails() {
        for good in ["ch-exemple.fr", "localhost", "10.0.0.1", "::1", "a_b.fr"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "-a.fr", "a..fr", "https://a.fr", "a.fr/x", "a b", "é.fr"] {
            assert!(!is_host(bad), "{bad}");
        }
        assert!(is_mail("pki@ch-exemple.fr") && is_mail("a.b+c@x.fr"));
        for bad in ["pki", "@x.fr", "a b@x.fr", "a@", "a@b@", "Pki <pki@x.fr>"] {
            assert!(!is_mail(bad), "{bad}");
        }
        assert!(is_mail_domain("mssante.fr") && !is_mail_domain("localhost") && !is_mail_domain("10.0.0.1"));
        assert!(is_loopback("::1") && is_loopback("[::1]") && is_loopback("127.0.0.9") && !is_loopback("10.0.0.1"));
    }
}
