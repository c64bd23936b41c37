//! Revocation lists and certificates in files, for the commands that need no daemon.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::exit::{Exit, Stop};
use super::scan::reason_in_words;
use crate::config::{RevocationConfig, ScanConfig};
use crate::domain::certificate::Certificate;
use crate::domain::observation::FilePath;
use crate::domain::reading::Item;
use crate::locale::Texts;
use crate::pki::crl::{self, Crl, CrlError, Limits, Listed, ReadError, Watch};
use crate::pki::read::{Limits as ReadLimits, read};
use crate::sources::file::walk::read_paths;

/// Files larger than this hold one list or none that is read.
const MAX_BUNDLE: u64 = 64 << 20;

/// Something that was not read.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// A certificate of a file.
pub(super) struct FromFile {
    pub(super) facts: Arc<Certificate>,
    pub(super) der: Arc<[u8]>,
}

/// Every certificate under `paths`, in the order of names.
pub(super) fn certificates(paths: &[PathBuf], texts: &Texts) -> anyhow::Result<Vec<FromFile>> {
    let paths: Vec<FilePath> =
        paths.iter().map(|path| FilePath(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into())).collect();
    let mut found = Vec::new();
    let mut failed = None;
    read_paths(&paths, &ScanConfig::default(), &mut |path, _, bytes| match bytes {
        Err(problem) => {
            failed.get_or_insert((path, problem));
        }
        Ok(bytes) => {
            for item in read(&bytes, None, &ReadLimits::default()).items {
                if let Item::Certificate { facts, der } = item.item {
                    found.push((path.to_string(), FromFile { facts, der }));
                }
            }
        }
    });
    if let Some((path, problem)) = failed {
        let exit = if problem.is_of_a_root() { Exit::BadInput } else { Exit::Io };
        let why = reason_in_words(&problem.reason, &problem.message, texts);
        let message = format!("{path}: {}", problem.message);
        return Err(Stop::because(exit, "cannot_read", [("path", &path), ("why", &why)], message).into());
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, certificate)| certificate).collect())
}

/// The bound of the default configuration holds for files too.
pub(super) fn limits() -> Limits {
    Limits { max_bytes: RevocationConfig::default().max_bytes, ..Limits::default() }
}

/// Every list under `paths`, each read in one pass by a watch of its own for these serial numbers. What is not read is told to `problem`; in a
/// folder, files that are no list are passed over.
pub(super) fn read_lists(
    paths: &[PathBuf],
    serials: &[&[u8]],
    problem: &mut dyn FnMut(Problem),
) -> anyhow::Result<Vec<(Crl, Watch)>> {
    let mut found = Vec::new();
    for path in paths {
        let files = if path.is_dir() { files_below(path)? } else { vec![path.clone()] };
        for file in files {
            let named = file == *path;
            match lists_in(&file, &mut |reader| {
                let mut watch = Watch::new(serials.iter().copied());
                let crl = read_list(reader, &mut |listed| watch.see(listed))?;
                Ok((crl, watch))
            }) {
                Ok(lists) => found.extend(lists),
                Err(ReadError::Io(error)) => {
                    return Err(Stop::new(Exit::Io, format!("{}: {error}", file.display())).into());
                }
                Err(ReadError::Refused(CrlError::NotACrl)) if !named => {}
                Err(ReadError::Refused(refused)) => problem(refusal(&file, &refused)),
            }
        }
    }
    Ok(found)
}

/// One list from its bytes.
pub(super) fn read_list(reader: &mut dyn Read, each: &mut dyn FnMut(&Listed<'_>)) -> Result<Crl, ReadError> {
    crl::read_from(reader, limits(), &mut |_| Ok(()), each)
}

/// Reads the lists of a file: one, as is usual, in a stream; several from memory.
pub(super) fn lists_in<T>(
    path: &Path,
    read: &mut dyn FnMut(&mut dyn Read) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut file = File::open(path)?;
    let refused = match read(&mut file) {
        Ok(one) => return Ok(vec![one]),
        Err(ReadError::Refused(refused @ (CrlError::NotACrl | CrlError::TrailingBytes))) => refused,
        Err(ReadError::Refused(refused @ CrlError::Malformed { at: 0, .. })) => refused,
        Err(error) => return Err(error),
    };
    let bytes = if file.metadata()?.len() <= MAX_BUNDLE { fs::read(path)? } else { Vec::new() };
    let several = crl::extract(&bytes);
    if several.is_empty() {
        return Err(refused.into());
    }
    several.iter().map(|der| read(&mut der.as_slice())).collect()
}

pub(super) fn refusal(path: &Path, refused: &CrlError) -> Problem {
    Problem { path: path.display().to_string(), reason: refused.reason(), message: refused.to_string() }
}

/// Regular files below a folder, in the order of names; links are not followed.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
