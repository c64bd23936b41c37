//! The ChipDoc side of a CPS4: everything on logical channel 1, files one level at a time, no counter but the empty VERIFY.

use super::{Command, Reply, VirtualCard, identifiers, sw};

const APPLET: &[u8] = b"\x80\x25\x00\x00\x01\xff\x01\x00";

impl VirtualCard {
    pub(super) fn chipdoc(&mut self, command: &Command<'_>) -> Reply {
        let nothing = |sw| (Vec::new(), sw);
        if command.class != 1 {
            // The basic channel is the CPS2ter applet's.
            return nothing(if command.class == 0 { sw::NOT_FOUND } else { sw::CLASS });
        }
        if (command.instruction, command.first) == (0xa4, 0x04) {
            self.open = command.data == APPLET;
            return if self.open { self.select(Vec::new(), 0x0c) } else { nothing(sw::NOT_FOUND) };
        }
        if !self.open {
            return nothing(sw::CHANNEL);
        }
        let [id] = identifiers(command.data)[..] else {
            return match command.instruction {
                0xb0 => self.read(command.offset(), command.expected.unwrap_or(0)),
                0x20 => self.verify(command.data),
                _ => nothing(sw::INSTRUCTION),
            };
        };
        match (command.instruction, command.first) {
            (0xa4, 0x00) => self.select(if id == 0x3f00 { Vec::new() } else { vec![id] }, command.second),
            (0xa4, 0x09) => {
                let path = [&self.folder[..], &[id]].concat();
                self.select(path, command.second)
            }
            (0x20, _) => self.verify(command.data),
            _ => nothing(sw::INSTRUCTION),
        }
    }
}
