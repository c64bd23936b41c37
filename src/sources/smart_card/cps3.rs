//! A CPS3, by contact or over the air: absolute paths on the basic channel. Of a CPx card of an unknown generation the same is tried.

use super::SmartCardError;
use super::files::{Extent, Volume};
use super::pkcs15::{self, Path};
use super::reading::{Content, Counter, EF_SN, MF_FILES};
use super::transport::{Answer, CLASS_NOT_SUPPORTED, FILE_NOT_FOUND, Transport, WRONG_PARAMETERS};

/// The root of the IAS volume.
const ROOT_AID: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xff, 0x01, 0x00];
/// Last octet of the AID of the application by contact.
const CONTACT: u8 = 0x10;
/// Last octet of the AID of the application over the air.
const CONTACTLESS: u8 = 0x20;
/// GET DATA of the counters of code 1: the code of the holder.
const COUNTER: [u8; 10] = [0x4d, 0x08, 0x70, 0x06, 0xbf, 0x81, 0x01, 0x02, 0xa0, 0x80];

/// A CPS3 under a transaction.
pub(super) struct Cps3<'a> {
    transport: Transport<'a>,
    contactless: bool,
    counted: bool,
    /// The IAS volume was selected: once is enough.
    recovered: bool,
}

impl<'a> Cps3<'a> {
    /// With `counted`, the tries left are asked for. Over the air the card does not say them.
    pub(super) const fn new(transport: Transport<'a>, contactless: bool, counted: bool) -> Self {
        Self { transport, contactless, counted, recovered: false }
    }

    /// The folder of the PKCS#15 application.
    fn application(&mut self) -> Result<Path, SmartCardError> {
        let dir = self.file("EF.DIR", &vec![0x2f00], 0, &Extent::Whole)?;
        let wanted = if self.contactless { CONTACTLESS } else { CONTACT };
        let usual = if self.contactless { 0x0002 } else { 0x0001 };
        let applications = pkcs15::applications(&dir);
        let ours = applications.into_iter().find(|found| found.aid.last() == Some(&wanted));
        Ok(ours.and_then(|found| found.path).unwrap_or_else(|| vec![usual]))
    }
}

impl<'a> Content<'a> for Cps3<'a> {
    fn serial(&mut self) -> Result<Vec<u8>, SmartCardError> {
        self.file("EF.SN.ICC", &vec![EF_SN], 0, &Extent::Exactly(12))
    }

    fn tries_at_root(&mut self) -> Result<Counter, SmartCardError> {
        match (self.counted, self.contactless) {
            (false, _) => return Ok(Counter::NotAsked),
            (true, true) => return Ok(Counter::Unread),
            (true, false) => {}
        }
        let answer = self.transport.ask([0xcb, 0x3f, 0xff], &COUNTER)?.done("the counter of the code")?;
        pkcs15::tries(&answer).map(Counter::Left).ok_or(SmartCardError::Malformed { what: "the counter of the code" })
    }

    fn folder(&mut self) -> Result<Path, SmartCardError> {
        self.application()
    }
}

impl<'a> Volume<'a> for Cps3<'a> {
    fn transport(&mut self) -> &mut Transport<'a> {
        &mut self.transport
    }

    fn select(&mut self, path: &Path, control: bool) -> Result<Answer, SmartCardError> {
        // P1=09 is "from the current folder" and takes the whole path all the same: without 3F00 the card says 6A82.
        let full: Vec<u8> = MF_FILES.iter().chain(path).flat_map(|file| file.to_be_bytes()).collect();
        let once = |transport: &mut Transport<'_>| match control {
            true => transport.ask([0xa4, 0x09, 0x04], &full),
            false => transport.tell([0xa4, 0x09, 0x0c], &full),
        };
        let answer = once(&mut self.transport)?;
        let lost = matches!(answer.sw, CLASS_NOT_SUPPORTED | WRONG_PARAMETERS);
        if !lost || self.recovered {
            return Ok(answer);
        }
        // Another program left the card in its CPS2ter volume.
        self.recovered = true;
        let root = self.transport.tell([0xa4, 0x04, 0x04], &ROOT_AID)?;
        if root.sw == FILE_NOT_FOUND {
            return Ok(answer);
        }
        once(&mut self.transport)
    }
}
