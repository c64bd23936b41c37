//! Commands and answers over T=0 and T=1: what ISO 7816-4 leaves to the caller. The pcsc layer does neither GET RESPONSE nor the second
//! asking with the right length; both are done here, bounded, and every APDU goes through the gate.

use super::SmartCardError;
use super::gate::{Gate, Passed};

/// Most a card may say to one command: control parameters and counters have a few dozen octets, a piece of a file 231.
const MAX_ANSWER: usize = 4 << 10;
/// Most APDUs one reading may take. Two certificates take forty, eight large ones two hundred: a card that wants more never ends, and
/// as long as it is listened to nobody else can use it.
const MAX_APDUS: usize = 300;

/// What carries an APDU to a card and its answer back.
pub trait Wire {
    /// The answer to one APDU, status word included.
    ///
    /// # Errors
    /// The card or the way to it is gone.
    fn exchange(&mut self, apdu: Passed<'_>) -> Result<Vec<u8>, SmartCardError>;
}

/// The transmission protocol in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Characters: no Le after data, answers are fetched.
    T0,
    /// Blocks.
    T1,
}

/// Status word and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) sw: u16,
    pub(super) data: Vec<u8>,
}

/// The status words this module names.
pub(super) const DONE: u16 = 0x9000;
pub(super) const END_OF_FILE: u16 = 0x6282;
pub(super) const CHANNEL_NOT_OPEN: u16 = 0x6881;
pub(super) const WRONG_PARAMETERS: u16 = 0x6a86;
pub(super) const FILE_NOT_FOUND: u16 = 0x6a82;
pub(super) const OUTSIDE_FILE: u16 = 0x6b00;
pub(super) const CLASS_NOT_SUPPORTED: u16 = 0x6e00;

/// A card that takes commands.
pub(super) struct Transport<'a> {
    wire: &'a mut dyn Wire,
    gate: Gate,
    protocol: Protocol,
    class: u8,
    sent: usize,
}

impl<'a> Transport<'a> {
    pub(super) fn new(wire: &'a mut dyn Wire, gate: Gate, protocol: Protocol, class: u8) -> Self {
        Self { wire, gate, protocol, class, sent: 0 }
    }

    /// A command with data that gives an answer (case 4).
    pub(super) fn ask(&mut self, header: [u8; 3], data: &[u8]) -> Result<Answer, SmartCardError> {
        let mut apdu = self.with_data(header, data)?;
        if self.protocol == Protocol::T1 {
            apdu.push(0);
        }
        self.exchange(apdu)
    }

    /// A command with data that gives none (case 3).
    pub(super) fn tell(&mut self, header: [u8; 3], data: &[u8]) -> Result<Answer, SmartCardError> {
        let apdu = self.with_data(header, data)?;
        self.exchange(apdu)
    }

    /// A command without data that gives at most `length` octets (case 2).
    pub(super) fn get(&mut self, header: [u8; 3], length: u8) -> Result<Answer, SmartCardError> {
        let [instruction, first, second] = header;
        self.exchange(vec![self.class, instruction, first, second, length])
    }

    /// A bare header (case 1).
    pub(super) fn bare(&mut self, header: [u8; 3]) -> Result<Answer, SmartCardError> {
        let [instruction, first, second] = header;
        self.exchange(vec![self.class, instruction, first, second])
    }

    fn with_data(&self, header: [u8; 3], data: &[u8]) -> Result<Vec<u8>, SmartCardError> {
        let [instruction, first, second] = header;
        let length = u8::try_from(data.len()).map_err(|_| SmartCardError::TooLong { what: "a command" })?;
        Ok([&[self.class, instruction, first, second, length], data].concat())
    }

    fn exchange(&mut self, mut apdu: Vec<u8>) -> Result<Answer, SmartCardError> {
        let mut answer = self.once(&apdu)?;
        // 6Cxx: the right length is xx. Asked once more, and only where the last octet is Le.
        if answer.sw >> 8 == 0x6c && apdu.len() == 5 {
            if let Some(length) = apdu.last_mut() {
                *length = answer.sw as u8;
            }
            answer = self.once(&apdu)?;
        }
        // 61xx: xx more octets are there to be fetched.
        while answer.sw >> 8 == 0x61 {
            let more = self.once(&[self.class, 0xc0, 0x00, 0x00, answer.sw as u8])?;
            // "There is more" with nothing in it, again and again, is a card that has no end.
            if more.data.is_empty() && more.sw >> 8 == 0x61 {
                return Err(SmartCardError::TooLong { what: "an answer" });
            }
            answer.data.extend_from_slice(&more.data);
            answer.sw = more.sw;
            if answer.data.len() > MAX_ANSWER {
                return Err(SmartCardError::TooLong { what: "an answer" });
            }
        }
        Ok(answer)
    }

    fn once(&mut self, apdu: &[u8]) -> Result<Answer, SmartCardError> {
        self.sent += 1;
        if self.sent > MAX_APDUS {
            return Err(SmartCardError::TooLong { what: "the reading of one card" });
        }
        let mut data = self.wire.exchange(self.gate.pass(apdu)?)?;
        // A card torn out while it answers gives an answer without a status word, not an error.
        let (Some(second), Some(first)) = (data.pop(), data.pop()) else { return Err(SmartCardError::Removed) };
        Ok(Answer { sw: u16::from_be_bytes([first, second]), data })
    }
}

impl Answer {
    /// The data, when the command was done.
    pub(super) fn done(self, what: &'static str) -> Result<Vec<u8>, SmartCardError> {
        match self.sw {
            DONE | END_OF_FILE => Ok(self.data),
            sw => Err(SmartCardError::Status { what, sw }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recognition::Chip;
    use super::*;
    use crate::config::PinCounter;

    /// Gives its answers one after the other and keeps what it heard.
    struct Script {
        answers: Vec<Vec<u8>>,
        heard: Vec<Vec<u8>>,
    }

    impl Wire for Script {
        fn exchange(&mut self, apdu: Passed<'_>) -> Result<Vec<u8>, SmartCardError> {
            self.heard.push(apdu.bytes().to_vec());
            if self.answers.is_empty() { Err(SmartCardError::Removed) } else { Ok(self.answers.remove(0)) }
        }
    }

    fn ask(protocol: Protocol, answers: &[&[u8]]) -> (Result<Answer, SmartCardError>, Vec<Vec<u8>>) {
        let mut script = Script { answers: answers.iter().map(|answer| answer.to_vec()).collect(), heard: Vec::new() };
        let gate = Gate::new(Chip::Cps3, PinCounter::Cps3);
        let answer = Transport::new(&mut script, gate, protocol, 0).ask([0xa4, 0x09, 0x04], &[0x3f, 0x00]);
        (answer, script.heard)
    }

    #[test]
    fn answers_are_fetched_in_t0_and_come_at_once_in_t1() {
        let (answer, heard) = ask(Protocol::T0, &[b"\x61\x02", b"\xaa\x61\x01", b"\xbb\x90\x00"]);
        assert_eq!(answer.expect("an answer"), Answer { sw: DONE, data: vec![0xaa, 0xbb] });
        let wanted: [&[u8]; 3] = [b"\x00\xa4\x09\x04\x02\x3f\x00", b"\x00\xc0\x00\x00\x02", b"\x00\xc0\x00\x00\x01"];
        assert_eq!(heard, wanted);
        let (answer, heard) = ask(Protocol::T1, &[b"\xaa\xbb\x90\x00"]);
        assert_eq!(answer.expect("an answer").data, [0xaa, 0xbb]);
        assert_eq!(heard, [b"\x00\xa4\x09\x04\x02\x3f\x00\x00"]);
    }

    #[test]
    fn the_right_length_is_asked_for_once() {
        let mut script = Script { answers: vec![vec![0x6c, 0x03], vec![0x6c, 0x02], vec![]], heard: Vec::new() };
        let gate = Gate::new(Chip::Cps3, PinCounter::Cps3);
        let mut transport = Transport::new(&mut script, gate, Protocol::T0, 0);
        assert_eq!(transport.get([0xb0, 0, 0], 0xe7).expect("an answer").sw, 0x6c02);
        assert_eq!(script.heard, [b"\x00\xb0\x00\x00\xe7", b"\x00\xb0\x00\x00\x03"]);
    }

    #[test]
    fn a_cut_answer_is_a_card_that_is_gone_and_an_endless_one_is_given_up() {
        for cut in [&b""[..], b"\x90"] {
            assert!(matches!(ask(Protocol::T0, &[cut]).0, Err(SmartCardError::Removed)));
        }
        for (endless, most) in [([vec![0xaa; 255], vec![0x61, 0xff]].concat(), 20), (vec![0x61, 0x00], 2)] {
            let endless = vec![endless; 600];
            let refs: Vec<&[u8]> = endless.iter().map(Vec::as_slice).collect();
            let (answer, heard) = ask(Protocol::T0, &refs);
            assert!(matches!(answer, Err(SmartCardError::TooLong { .. })));
            assert!(heard.len() <= most, "{} APDUs", heard.len());
        }
    }

    /// However little each command takes, all of them together have an end.
    #[test]
    fn a_reading_has_an_end() {
        let mut script = Script { answers: vec![vec![0x90, 0x00]; 2 * MAX_APDUS], heard: Vec::new() };
        let gate = Gate::new(Chip::Cps3, PinCounter::Cps3);
        let mut transport = Transport::new(&mut script, gate, Protocol::T0, 0);
        let ended = (0..2 * MAX_APDUS).find_map(|_| transport.get([0xb0, 0, 0], 1).err());
        assert_eq!(ended, Some(SmartCardError::TooLong { what: "the reading of one card" }));
        assert_eq!(script.heard.len(), MAX_APDUS);
    }

    #[test]
    fn nothing_passes_the_gate_that_is_not_on_its_list() {
        let mut script = Script { answers: vec![vec![0x90, 0x00]], heard: Vec::new() };
        let gate = Gate::new(Chip::Cps3, PinCounter::Cps4);
        let mut transport = Transport::new(&mut script, gate, Protocol::T0, 0);
        assert!(matches!(transport.bare([0x20, 0, 1]), Err(SmartCardError::Forbidden(_))));
        assert!(matches!(transport.tell([0xd6, 0, 0], &[1]), Err(SmartCardError::Forbidden(_))));
        assert!(script.heard.is_empty());
    }
}
