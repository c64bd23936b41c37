//! The reading of one card, from its serial number to its certificates, over anything that carries APDUs. No code of the holder is
//! ever asked for, kept or sent: what is read here, every program that can reach the card can read.

use super::SmartCardError;
use super::cps3::Cps3;
use super::cps4::{self, Cps4};
use super::files::{Extent, Volume};
use super::gate::Gate;
use super::pkcs15::{self, Directory, Path};
use super::recognition::Chip;
use super::transport::{Protocol, Transport, Wire};
use crate::config::PinCounter;
use crate::domain::found_card::{ChipSerial, CodeTries};
use crate::domain::observation::Problem;

/// EF.SN.ICC, below the MF.
pub(super) const EF_SN: u16 = 0xd003;
/// The object directory of a PKCS#15 application.
pub(super) const EF_ODF: u16 = 0x5031;
/// The description of a PKCS#15 application.
const EF_TOKEN_INFO: u16 = 0x5032;
/// The MF.
pub(super) const MF_FILES: [u16; 1] = [0x3f00];
/// Certificates of one card that are read: real ones have two, or three with the one over the air.
const MAX_CERTIFICATES: usize = 8;

/// What a card says without a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardReading {
    /// Of the chip.
    pub chip: ChipSerial,
    /// Of the application.
    pub label: Option<String>,
    /// What it says of the holder's code.
    pub counter: Counter,
    /// Label and DER of each certificate, in the order of the card.
    pub certificates: Vec<(String, Vec<u8>)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What a card says of the tries left of the holder's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Not asked for.
    NotAsked,
    /// Wanted, and not to be had: the card refuses, or does not say it this way.
    Unread,
    /// So many.
    Left(CodeTries),
    /// The right code was given in this session: not how many, but no wrong one counts.
    Proven,
}

/// What each chip does in its own way.
pub(super) trait Content<'a>: Volume<'a> {
    /// EF.SN.ICC; leaves the card at the MF.
    fn serial(&mut self) -> Result<Vec<u8>, SmartCardError>;

    /// Tries left of the holder's code, where the chip counts at its MF: right after [`Content::serial`].
    fn tries_at_root(&mut self) -> Result<Counter, SmartCardError> {
        Ok(Counter::NotAsked)
    }

    /// Tries left of the holder's code, where the chip wants to be told which code: the first of the directory `codes`.
    fn tries_by_directory(&mut self, _codes: Option<Path>) -> Result<Counter, SmartCardError> {
        Ok(Counter::NotAsked)
    }

    /// The folder of the PKCS#15 application.
    fn folder(&mut self) -> Result<Path, SmartCardError>;
}

/// Reads a card. Call it under a transaction, so that nobody else moves the card between two of its files; it starts with the serial
/// number of the chip, which says whose files these are.
///
/// # Errors
/// The card went, or it cannot be told which one it is. Anything else that cannot be read is a problem beside what could.
pub fn read_card(
    wire: &mut dyn Wire,
    chip: Chip,
    protocol: Protocol,
    counter: PinCounter,
) -> Result<CardReading, SmartCardError> {
    let gate = Gate::new(chip, counter);
    let counted = counter != PinCounter::Off;
    match chip {
        Chip::Cps4 => {
            let transport = Transport::new(wire, gate, protocol, cps4::CLASS);
            read(&mut Cps4::new(transport, counter == PinCounter::Cps4))
        }
        Chip::Cps3 | Chip::Unknown => read(&mut Cps3::new(Transport::new(wire, gate, protocol, 0), false, counted)),
        Chip::Cps3Contactless => read(&mut Cps3::new(Transport::new(wire, gate, protocol, 0), true, counted)),
    }
}

fn read<'a>(card: &mut dyn Content<'a>) -> Result<CardReading, SmartCardError> {
    let serial = card.serial()?;
    let chip = pkcs15::serial(&serial).ok_or(SmartCardError::Malformed { what: "EF.SN.ICC" })?;
    let counter = Counter::NotAsked;
    let mut reading = CardReading { chip, label: None, counter, certificates: Vec::new(), problems: Vec::new() };
    let counter = card.tries_at_root();
    reading.count(counter)?;
    let folder = card.folder();
    let Some(folder) = reading.kept(folder)? else { return Ok(reading) };
    let token_info = card.file("TokenInfo", &below(&folder, &vec![EF_TOKEN_INFO]), 0, &Extent::Whole);
    reading.label = reading.kept(token_info)?.and_then(|file| pkcs15::token_label(&file));
    let odf = card.file("the object directory", &below(&folder, &vec![EF_ODF]), 0, &Extent::Whole);
    let directories = reading.kept(odf)?.map(|file| pkcs15::directories(&file)).unwrap_or_default();
    let codes = directories.iter().find(|(directory, _)| *directory == Directory::Codes);
    let counter = card.tries_by_directory(codes.map(|(_, path)| below(&folder, path)));
    reading.count(counter)?;
    let certificates = directories.into_iter().filter(|(directory, _)| *directory == Directory::Certificates);
    let mut met = 0;
    for (_, path) in certificates {
        let cdf = card.file("the certificate directory", &below(&folder, &path), 0, &Extent::Whole);
        for entry in reading.kept(cdf)?.map(|file| pkcs15::certificates(&file)).unwrap_or_default() {
            met += 1;
            if met > MAX_CERTIFICATES {
                reading.problem(&SmartCardError::TooLong { what: "the list of certificates" });
                return Ok(reading);
            }
            let file = card.file("a certificate", &below(&folder, &entry.path), entry.offset, &Extent::FirstObject);
            if let Some(der) = reading.kept(file)? {
                reading.certificates.push((entry.label.to_string(), der));
            }
        }
    }
    // Every CPx card has a certificate: one that shows none is not read, whatever its files say.
    if met == 0 && reading.problems.is_empty() {
        reading.problem(&SmartCardError::Malformed { what: "a directory of the card, which leads to no certificate," });
    }
    Ok(reading)
}

impl CardReading {
    /// Tries left, where it was asked and said.
    pub const fn tries(&self) -> Option<CodeTries> {
        match self.counter {
            Counter::Left(tries) => Some(tries),
            Counter::NotAsked | Counter::Unread | Counter::Proven => None,
        }
    }

    /// Takes in what one of the two ways to the counter gave; a chip has one.
    fn count(&mut self, counter: Result<Counter, SmartCardError>) -> Result<(), SmartCardError> {
        match self.kept(counter)?.unwrap_or(Counter::Unread) {
            Counter::NotAsked => {}
            said => self.counter = said,
        }
        Ok(())
    }

    /// The value, or a problem in its place. What ends the whole reading stays an error.
    fn kept<T>(&mut self, read: Result<T, SmartCardError>) -> Result<Option<T>, SmartCardError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error @ (SmartCardError::Status { .. } | SmartCardError::Malformed { .. })) => {
                self.problem(&error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn problem(&mut self, error: &SmartCardError) {
        self.problems.push(Problem { reason: error.reason().into(), message: error.to_string().into() });
    }
}

/// A path of a PKCS#15 file: a single file is one of the application.
fn below(folder: &Path, path: &Path) -> Path {
    if path.len() == 1 { [folder.as_slice(), path].concat() } else { path.clone() }
}
