//! The gate every APDU passes on its way out. What is not on this list cannot leave the process: [`Passed`] can only be made here, and
//! the one function that talks to a card takes nothing else.
//!
//! Reading a card takes five instructions. None of them changes anything on it, and none can cost a try of the holder's code: VERIFY
//! passes only as the four bytes that ask a CPS4 for its counter, never with data, and only when `pin_counter = "cps4"` says so.

use super::recognition::Chip;
use crate::config::PinCounter;

/// An APDU that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed<'a>(&'a [u8]);

impl<'a> Passed<'a> {
    /// Its bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// An APDU that may not: its header, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an instruction that is not on the list was held back: class {class:02x}, instruction {instruction:02x}")]
pub struct Forbidden {
    /// CLA.
    pub class: u8,
    /// INS.
    pub instruction: u8,
}

/// The list, for one chip and one configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    chip: Chip,
    counter: PinCounter,
}

const SELECT: u8 = 0xa4;
const READ_BINARY: u8 = 0xb0;
const GET_RESPONSE: u8 = 0xc0;
const GET_DATA: u8 = 0xcb;
const VERIFY: u8 = 0x20;

impl Gate {
    /// The gate for a chip.
    pub const fn new(chip: Chip, counter: PinCounter) -> Self {
        Self { chip, counter }
    }

    /// Lets an APDU through, whole or not at all.
    ///
    /// # Errors
    /// Everything that is not on the list: another class or instruction, another length than its form has.
    pub fn pass<'a>(&self, apdu: &'a [u8]) -> Result<Passed<'a>, Forbidden> {
        if self.is_listed(apdu) {
            return Ok(Passed(apdu));
        }
        let octet = |at: usize| apdu.get(at).copied().unwrap_or(0);
        Err(Forbidden { class: octet(0), instruction: octet(1) })
    }

    fn is_listed(&self, apdu: &[u8]) -> bool {
        let cps4 = self.chip == Chip::Cps4;
        match *apdu {
            // CPS4: its own applet on logical channel 1. Every other chip: the basic channel.
            [class, ..] if class != if cps4 { 0x01 } else { 0x00 } => false,
            [_, SELECT, 0x00 | 0x04 | 0x09, 0x00 | 0x04 | 0x0c, length, ref data @ ..] => {
                (2..=16).contains(&length) && holds(data, length)
            }
            [_, READ_BINARY, _, _, _] => true,
            [_, GET_RESPONSE, 0x00, 0x00, _] => true,
            [_, GET_DATA, 0x3f, 0xff, length, ref data @ ..] => {
                !cps4 && self.counter != PinCounter::Off && data.starts_with(&[0x4d]) && holds(data, length)
            }
            [_, VERIFY, 0x00, _] => cps4 && self.counter == PinCounter::Cps4,
            _ => false,
        }
    }
}

/// As many bytes as Lc says, and perhaps Le.
fn holds(data: &[u8], length: u8) -> bool {
    let length = usize::from(length);
    data.len() == length || data.len() == length + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [PinCounter; 3] = [PinCounter::Off, PinCounter::Cps3, PinCounter::Cps4];
    const CHIPS: [Chip; 4] = [Chip::Cps3, Chip::Cps3Contactless, Chip::Cps4, Chip::Unknown];

    fn passes(chip: Chip, counter: PinCounter, apdu: &[u8]) -> bool {
        Gate::new(chip, counter).pass(apdu).is_ok()
    }

    #[test]
    fn reading_passes() {
        let cps3: [&[u8]; 5] = [
            b"\x00\xa4\x09\x04\x04\x3f\x00\xd0\x03",
            b"\x00\xa4\x04\x04\x08\x80\x25\x00\x00\x01\xff\x01\x00",
            b"\x00\xb0\x00\x00\xe7",
            b"\x00\xc0\x00\x00\x27",
            b"\x00\xcb\x3f\xff\x0a\x4d\x08\x70\x06\xbf\x81\x01\x02\xa0\x80",
        ];
        for apdu in cps3 {
            assert!(passes(Chip::Cps3, PinCounter::Cps3, apdu), "{apdu:x?}");
            assert!(!passes(Chip::Cps4, PinCounter::Cps4, apdu), "a CPS4 is read on channel 1 only: {apdu:x?}");
        }
        assert!(passes(Chip::Cps4, PinCounter::Off, b"\x01\xa4\x00\x04\x02\xd0\x03"));
        assert!(!passes(Chip::Cps3, PinCounter::Off, cps3[4]), "the counter is not asked for when it is off");
    }

    #[test]
    fn verify_passes_in_one_form_on_one_chip_under_one_setting() {
        for chip in CHIPS {
            for counter in ALL {
                for class in [0x00, 0x01] {
                    let wanted = chip == Chip::Cps4 && counter == PinCounter::Cps4 && class == 0x01;
                    assert_eq!(passes(chip, counter, &[class, 0x20, 0x00, 0x01]), wanted);
                    // With Lc, with a code, with Le: never.
                    for tail in [&[0x00][..], &[0x04, 0x31, 0x32, 0x33, 0x34], &[0x08, 1, 2, 3, 4, 5, 6, 7, 8]] {
                        let apdu = [&[class, 0x20, 0x00, 0x01], tail].concat();
                        assert!(!passes(chip, counter, &apdu), "{apdu:x?}");
                    }
                }
            }
        }
    }

    proptest! {
        /// Whatever bytes come, only the five instructions leave, and nothing follows what their form has.
        #[test]
        fn nothing_else_leaves(apdu in prop::collection::vec(any::<u8>(), 0..300), chip in 0..4_usize, counter in 0..3_usize) {
            if passes(CHIPS[chip], ALL[counter], &apdu) {
                prop_assert!([SELECT, READ_BINARY, GET_RESPONSE, GET_DATA, VERIFY].contains(&apdu[1]));
                prop_assert!(apdu[1] != VERIFY || apdu.len() == 4);
            }
        }

        /// Every instruction but the five, in every class, with every length: held back.
        #[test]
        fn every_other_instruction_is_held_back(instruction: u8, class: u8, tail in prop::collection::vec(any::<u8>(), 0..20)) {
            prop_assume!(![SELECT, READ_BINARY, GET_RESPONSE, GET_DATA, VERIFY].contains(&instruction));
            let apdu = [&[class, instruction], &tail[..]].concat();
            for chip in CHIPS {
                prop_assert!(!passes(chip, PinCounter::Cps4, &apdu));
            }
        }
    }
}
