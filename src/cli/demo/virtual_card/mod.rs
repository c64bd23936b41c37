//! A CPx card made of nothing but memory, for a virtual reader (vpcd): what the demonstration shows and what the tests read.
//!
//! It is shaped after what is published of the real ones (the file tree, status words and quirks OpenSC's users and the sources of
//! Cryptolib CPS describe), not after the reader of this program; a test has OpenSC read it too. It holds no private key: it can be
//! looked at, never used.

mod chipdoc;
mod files;
mod ias;
mod plug;

pub use files::{Contents, Held, Tree};
pub use plug::{Heard, Said, plug};

/// Which card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// CPS3 by contact.
    Cps3,
    /// CPS3 over the air.
    Cps3Contactless,
    /// CPS4, T=0 and T=1.
    Cps4,
    /// CPS4, T=0 only.
    Cps4T0,
    /// Of before 2021.
    Cps2ter,
    /// The card of a patient.
    Vitale,
}

impl Model {
    /// What it answers to a reset.
    pub const fn atr(self) -> &'static [u8] {
        match self {
            Self::Cps3 => b"\x3b\xac\x00\x40\x2a\x00\x12\x25\x00\x64\x80\x00\x03\x10\x00\x90\x00",
            Self::Cps3Contactless => {
                b"\x3b\x8f\x80\x01\x00\x31\xb8\x64\x04\xb0\xec\xc1\x73\x94\x01\x80\x82\x90\x00\x0e"
            }
            Self::Cps4 => b"\x3b\x9b\x18\x80\x01\x00\x12\x25\x00\x64\x80\x04\x01\x00\x00\x90\x44",
            Self::Cps4T0 => b"\x3b\xdc\x18\xff\x00\x00\x12\x25\x00\x64\x80\x00\x04\x01\x00\x90\x00",
            Self::Cps2ter => b"\x3b\xac\x00\x40\x2a\x00\x12\x25\x00\x64\x80\x82\x02\x12\x00\x90\x00",
            Self::Vitale => b"\x3b\x75\x13\x00\x00\x44\x09\xea\x90\x00",
        }
    }

    const fn blocks(self) -> bool {
        matches!(self, Self::Cps3Contactless)
    }
}

/// The holder's code, as the chip counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Tries left.
    pub left: u8,
    /// Of so many.
    pub most: u8,
    /// The right one was given since the last reset.
    pub given: bool,
}

/// A card.
#[derive(Debug, Clone)]
pub struct VirtualCard {
    model: Model,
    tree: Tree,
    /// The holder's code: real counting, so that a try that was burnt shows.
    pub code: Code,
    /// Another program left it in its CPS2ter volume.
    pub in_old_volume: bool,
    /// The folder it stands in, below the MF.
    folder: Vec<u16>,
    /// The file it stands on.
    file: Option<Vec<u16>>,
    /// What GET RESPONSE is going to fetch.
    pending: Vec<u8>,
    /// CPS4: the applet of channel 1 is selected.
    open: bool,
}

/// The status words of these cards.
mod sw {
    pub(super) const DONE: u16 = 0x9000;
    pub(super) const END_OF_FILE: u16 = 0x6282;
    pub(super) const WRONG_LENGTH: u16 = 0x6700;
    pub(super) const CHANNEL: u16 = 0x6881;
    pub(super) const SECURITY: u16 = 0x6982;
    pub(super) const BLOCKED: u16 = 0x6983;
    pub(super) const NO_FILE_SELECTED: u16 = 0x6986;
    pub(super) const NOT_FOUND: u16 = 0x6a82;
    pub(super) const WRONG_P1_P2: u16 = 0x6a86;
    pub(super) const NO_DATA: u16 = 0x6a88;
    pub(super) const OUTSIDE: u16 = 0x6b00;
    pub(super) const INSTRUCTION: u16 = 0x6d00;
    pub(super) const CLASS: u16 = 0x6e00;
}

/// A command taken apart.
struct Command<'a> {
    class: u8,
    instruction: u8,
    first: u8,
    second: u8,
    data: &'a [u8],
    /// Le, where there is one.
    expected: Option<u8>,
}

/// Data and status word.
type Reply = (Vec<u8>, u16);

impl VirtualCard {
    /// A card of this model with these contents.
    pub fn new(model: Model, contents: &Contents) -> Self {
        Self {
            model,
            tree: files::tree(model, contents),
            code: Code { left: 3, most: 3, given: false },
            in_old_volume: false,
            folder: Vec::new(),
            file: None,
            pending: Vec::new(),
            open: false,
        }
    }

    /// Which card it is.
    pub const fn model(&self) -> Model {
        self.model
    }

    /// Its files, to be changed.
    pub const fn tree(&mut self) -> &mut Tree {
        &mut self.tree
    }

    /// Power comes on, or the reader resets it.
    pub fn reset(&mut self) {
        self.folder.clear();
        self.file = None;
        self.pending.clear();
        self.open = false;
        self.code.given = false;
    }

    /// The answer to one APDU, status word included.
    pub fn answer(&mut self, apdu: &[u8]) -> Vec<u8> {
        let (data, sw) = match Command::of(apdu) {
            None => (Vec::new(), sw::WRONG_LENGTH),
            Some(command) => self.reply(&command),
        };
        [&data[..], &sw.to_be_bytes()].concat()
    }

    fn reply(&mut self, command: &Command<'_>) -> Reply {
        if command.instruction == 0xc0 {
            return self.fetch(command.expected.unwrap_or(0));
        }
        self.pending.clear();
        // T=0 has no Le after data: what there is to say is fetched.
        if !self.model.blocks() && !command.data.is_empty() && command.expected.is_some() && self.model != Model::Cps4 {
            return (Vec::new(), sw::WRONG_LENGTH);
        }
        let (data, sw) = match self.model {
            Model::Cps3 | Model::Cps3Contactless => self.ias(command),
            Model::Cps4 | Model::Cps4T0 => self.chipdoc(command),
            Model::Cps2ter | Model::Vitale => (Vec::new(), sw::CLASS),
        };
        let fetched = !command.data.is_empty() && !data.is_empty() && command.expected.is_none();
        if fetched && sw == sw::DONE {
            self.pending = data;
            return (Vec::new(), more(self.pending.len()));
        }
        (data, sw)
    }

    fn fetch(&mut self, expected: u8) -> Reply {
        if self.pending.is_empty() {
            return (Vec::new(), sw::NO_FILE_SELECTED);
        }
        let wanted = if expected == 0 { 256 } else { usize::from(expected) };
        let rest = self.pending.split_off(wanted.min(self.pending.len()));
        let data = std::mem::replace(&mut self.pending, rest);
        let left = self.pending.len();
        (data, if left == 0 { sw::DONE } else { more(left) })
    }

    /// READ BINARY of the current file.
    fn read(&self, offset: usize, expected: u8) -> Reply {
        const LIMIT: usize = 0xe7;
        let Some(file) = self.file.as_ref().and_then(|path| self.tree.file(path)) else {
            return (Vec::new(), sw::NO_FILE_SELECTED);
        };
        if file.needs_code && !self.code.given {
            return (Vec::new(), sw::SECURITY);
        }
        let rest = file.data.get(offset..).unwrap_or_default();
        let wanted = if expected == 0 { 256 } else { usize::from(expected) };
        if rest.is_empty() {
            (Vec::new(), sw::OUTSIDE)
        } else if wanted > LIMIT.min(rest.len()) {
            let right = u16::try_from(LIMIT.min(rest.len())).unwrap_or(0);
            match self.model {
                Model::Cps4 | Model::Cps3Contactless => (rest.get(..LIMIT).unwrap_or(rest).to_vec(), sw::END_OF_FILE),
                _ => (Vec::new(), 0x6c00 | right),
            }
        } else {
            (rest.get(..wanted).unwrap_or_default().to_vec(), sw::DONE)
        }
    }

    /// VERIFY: without data it asks, with data it tries. The right code is 1234; any other costs a try.
    fn verify(&mut self, data: &[u8]) -> Reply {
        let counted = |code: &Code| if code.left == 0 { sw::BLOCKED } else { 0x63c0 | u16::from(code.left) };
        if data.is_empty() {
            return (Vec::new(), if self.code.given { sw::DONE } else { counted(&self.code) });
        }
        if self.code.left == 0 {
            return (Vec::new(), sw::BLOCKED);
        }
        if data.starts_with(b"1234") {
            self.code = Code { left: self.code.most, given: true, ..self.code };
            return (Vec::new(), sw::DONE);
        }
        self.code.left -= 1;
        (Vec::new(), counted(&self.code))
    }

    fn select(&mut self, path: Vec<u16>, second: u8) -> Reply {
        let Some(control) = self.tree.control(&path, self.model) else { return (Vec::new(), sw::NOT_FOUND) };
        if self.tree.file(&path).is_some() {
            self.folder = path.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default();
            self.file = Some(path);
        } else {
            self.folder = path;
            self.file = None;
            return (Vec::new(), sw::DONE); // a folder says nothing of itself
        }
        (if second == 0x0c { Vec::new() } else { control }, sw::DONE)
    }
}

/// 61xx.
fn more(length: usize) -> u16 {
    0x6100 | u16::try_from(length).ok().filter(|length| *length < 256).unwrap_or(0)
}

/// File identifiers out of their octets.
fn identifiers(data: &[u8]) -> Vec<u16> {
    data.chunks(2).map(|pair| pair.iter().fold(0, |id, octet| id << 8 | u16::from(*octet))).collect()
}

impl<'a> Command<'a> {
    fn of(apdu: &'a [u8]) -> Option<Self> {
        let (header, body) = apdu.split_first_chunk::<4>()?;
        let [class, instruction, first, second] = *header;
        let (data, expected) = match body {
            [] => (&[][..], None),
            [expected] => (&[][..], Some(*expected)),
            [length, rest @ ..] if rest.len() == usize::from(*length) => (rest, None),
            [length, rest @ .., expected] if rest.len() == usize::from(*length) => (rest, Some(*expected)),
            _ => return None,
        };
        Some(Self { class, instruction, first, second, data, expected })
    }

    fn offset(&self) -> usize {
        usize::from(self.first & 0x7f) << 8 | usize::from(self.second)
    }
}
