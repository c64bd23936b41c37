//! A CPS4: the ChipDoc applet on logical channel 1, so that whatever another program does on the basic channel goes on undisturbed.
//! Files are selected without the MF, one level at a time.

use super::SmartCardError;
use super::files::{Extent, Volume};
use super::pkcs15::{self, Path};
use super::reading::{Content, Counter, EF_SN};
use super::transport::{Answer, CHANNEL_NOT_OPEN, DONE, FILE_NOT_FOUND, Transport};
use crate::domain::found_card::CodeTries;

/// The ChipDoc applet.
const APPLET: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xff, 0x01, 0x00];
/// The class octet of logical channel 1.
pub(super) const CLASS: u8 = 0x01;
/// The folder of the PKCS#15 application.
const FOLDER: u16 = 0x0001;

/// A CPS4 under a transaction.
pub(super) struct Cps4<'a> {
    transport: Transport<'a>,
    counter: bool,
}

impl<'a> Cps4<'a> {
    /// With `counter`, the tries left are asked for by a VERIFY without data.
    pub(super) const fn new(transport: Transport<'a>, counter: bool) -> Self {
        Self { transport, counter }
    }

    fn open(&mut self) -> Result<(), SmartCardError> {
        self.transport.tell([0xa4, 0x04, 0x0c], &APPLET)?.done("the application").map(drop)
    }

    fn one(&mut self, path: &Path, control: bool) -> Result<Answer, SmartCardError> {
        let (folders, file) = match path.split_last() {
            Some((file, folders)) => (folders, file.to_be_bytes()),
            None => return Err(SmartCardError::Malformed { what: "a path" }),
        };
        let first = if folders.is_empty() { 0x00 } else { 0x09 };
        let leaf = |transport: &mut Transport<'a>| match control {
            true => transport.ask([0xa4, first, 0x04], &file),
            false => transport.tell([0xa4, first, 0x0c], &file),
        };
        let answer = leaf(&mut self.transport)?;
        if answer.sw != FILE_NOT_FOUND || folders.is_empty() {
            return Ok(answer);
        }
        for folder in folders {
            let entered = self.transport.tell([0xa4, 0x00, 0x0c], &folder.to_be_bytes())?;
            if entered.sw != DONE {
                return Ok(entered);
            }
        }
        leaf(&mut self.transport)
    }
}

impl<'a> Content<'a> for Cps4<'a> {
    fn serial(&mut self) -> Result<Vec<u8>, SmartCardError> {
        self.open()?;
        self.file("EF.SN.ICC", &vec![EF_SN], 0, &Extent::Exactly(12))
    }

    fn tries_by_directory(&mut self, codes: Option<Path>) -> Result<Counter, SmartCardError> {
        if !self.counter {
            return Ok(Counter::NotAsked);
        }
        const WHAT: &str = "the counter of the code";
        let codes = codes.ok_or(SmartCardError::Malformed { what: WHAT })?;
        let aodf = self.file(WHAT, &codes, 0, &Extent::Whole)?;
        let reference = pkcs15::code_reference(&aodf).ok_or(SmartCardError::Malformed { what: WHAT })?;
        match self.transport.bare([0x20, 0x00, reference])?.sw {
            // Whoever holds the card has given the right code in this session: nothing is blocked, the count is not said.
            DONE => Ok(Counter::Proven),
            0x6983 => Ok(Counter::Left(CodeTries { left: 0, most: None })),
            sw if sw & 0xfff0 == 0x63c0 => Ok(Counter::Left(CodeTries { left: (sw & 0x000f) as u8, most: None })),
            sw => Err(SmartCardError::Status { what: WHAT, sw }),
        }
    }

    fn folder(&mut self) -> Result<Path, SmartCardError> {
        Ok(vec![FOLDER])
    }
}

impl<'a> Volume<'a> for Cps4<'a> {
    fn transport(&mut self) -> &mut Transport<'a> {
        &mut self.transport
    }

    fn select(&mut self, path: &Path, control: bool) -> Result<Answer, SmartCardError> {
        let answer = self.one(path, control)?;
        if answer.sw != CHANNEL_NOT_OPEN {
            return Ok(answer);
        }
        // Another program closed the channel or reset the card.
        self.open()?;
        self.one(path, control)
    }
}
