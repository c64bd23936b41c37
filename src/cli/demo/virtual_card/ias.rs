//! The IAS-ECC side of a CPS3: absolute paths, a counter that is data, an old volume another program may have left open.

use super::{Command, Model, Reply, VirtualCard, identifiers, sw};

const ROOT: &[u8] = b"\x80\x25\x00\x00\x01\xff\x01\x00";
const APPLICATION: &[u8] = b"\xe8\x28\xbd\x08\x0f\x80\x25\x00\x00\x01\xff\x00";

impl VirtualCard {
    pub(super) fn ias(&mut self, command: &Command<'_>) -> Reply {
        let nothing = |sw| (Vec::new(), sw);
        let select_root = command.instruction == 0xa4 && command.first == 0x04 && command.data == ROOT;
        if command.class != 0 || (self.in_old_volume && !select_root) {
            return nothing(sw::CLASS);
        }
        match (command.instruction, command.first) {
            (0xa4, 0x04) => self.application(command),
            // From the current folder, says ISO 7816-4; this card wants the whole path all the same.
            (0xa4, 0x09) => match identifiers(command.data)[..] {
                [0x3f00, ref path @ ..] => self.select(path.to_vec(), command.second),
                _ => nothing(sw::NOT_FOUND),
            },
            (0xa4, 0x08) => self.select(identifiers(command.data), command.second),
            (0xa4, 0x00) => match identifiers(command.data)[..] {
                [0x3f00] => self.select(Vec::new(), command.second),
                [file] => {
                    let path = [&self.folder[..], &[file]].concat();
                    self.select(path, command.second)
                }
                _ => nothing(sw::WRONG_P1_P2),
            },
            (0xb0, first) => {
                if first & 0x80 == 0 {
                    return self.read(command.offset(), command.expected.unwrap_or(0));
                }
                let Some(path) = self.tree.short(&self.folder, first & 0x1f) else { return nothing(sw::NOT_FOUND) };
                self.file = Some(path);
                self.read(command.second.into(), command.expected.unwrap_or(0))
            }
            (0xcb, 0x3f) => self.counter(command.data),
            (0x20, _) => self.verify(command.data),
            _ => nothing(sw::INSTRUCTION),
        }
    }

    fn application(&mut self, command: &Command<'_>) -> Reply {
        if command.data == ROOT {
            self.in_old_volume = false;
            return self.select(Vec::new(), 0x0c);
        }
        if command.second == 0 {
            return (Vec::new(), sw::WRONG_P1_P2);
        }
        match command.data.strip_prefix(APPLICATION) {
            Some([0x10]) if self.model == Model::Cps3 => self.select(vec![0x0001], 0x0c),
            Some([0x20]) => self.select(vec![0x0002], 0x0c),
            _ => (Vec::new(), sw::NOT_FOUND),
        }
    }

    /// GET DATA of the counters of a code: only from the MF.
    fn counter(&self, data: &[u8]) -> Reply {
        let reference = match data {
            [0x4d, 0x08, 0x70, 0x06, 0xbf, 0x81, reference @ 1..=2, 0x02, 0xa0, 0x80] => *reference,
            _ => return (Vec::new(), sw::NO_DATA),
        };
        if !self.folder.is_empty() || self.model != Model::Cps3 {
            return (Vec::new(), sw::NO_DATA);
        }
        let (left, most) = if reference == 1 { (self.code.left, self.code.most) } else { (10, 10) };
        let access = b"\xa1\x08\x8c\x06\xf3\x00\x00\x13\xff\x00";
        let counters = [&[0x9a, 0x01, most, 0x9b, 0x01, left], &access[..]].concat();
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(0);
        let inner = [&[0xa0, length(&counters)], &counters[..]].concat();
        let object = [&[0xbf, 0x81, reference, length(&inner)], &inner[..]].concat();
        ([&[0x70, length(&object)], &object[..]].concat(), sw::DONE)
    }
}
