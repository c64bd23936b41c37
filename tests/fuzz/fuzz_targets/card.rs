//! A card that lies: the first half of the input are the files of a card, read alone; the second what it answers, APDU by APDU. The
//! reading ends, and sends nothing that is not on the list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie::config::PinCounter;
use vigie::sources::smart_card::SmartCardError;
use vigie::sources::smart_card::gate::Passed;
use vigie::sources::smart_card::pkcs15;
use vigie::sources::smart_card::reading::read_card;
use vigie::sources::smart_card::recognition::{Chip, recognise};
use vigie::sources::smart_card::transport::{Protocol, Wire};

struct Liar<'a> {
    answers: &'a [u8],
    heard: usize,
}

impl Wire for Liar<'_> {
    fn exchange(&mut self, apdu: Passed<'_>) -> Result<Vec<u8>, SmartCardError> {
        let apdu = apdu.bytes();
        assert!([0xa4, 0xb0, 0xc0, 0xcb].contains(&apdu[1]) || (apdu[1] == 0x20 && apdu.len() == 4));
        self.heard += 1;
        assert!(self.heard <= 2000);
        let [length, rest @ ..] = self.answers else { return Err(SmartCardError::Removed) };
        let (answer, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        self.answers = rest;
        // Mostly a card that agrees: otherwise nothing gets past the first file.
        Ok(if *length % 4 == 0 { answer.to_vec() } else { [answer, &[0x90, 0x00]].concat() })
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (file, answers) = bytes.split_at(bytes.len() / 2);
    recognise(file);
    pkcs15::applications(file);
    pkcs15::directories(file);
    for entry in pkcs15::certificates(file) {
        assert!(!entry.label.chars().any(char::is_control));
    }
    pkcs15::code_reference(file);
    if let Some(label) = pkcs15::token_label(file) {
        pkcs15::number_in_label(&label);
    }
    pkcs15::serial(file);
    pkcs15::file_size(file);
    pkcs15::tries(file);
    for (chip, protocol) in [(Chip::Cps3, Protocol::T0), (Chip::Cps4, Protocol::T1), (Chip::Cps3Contactless, Protocol::T1)] {
        read_card(&mut Liar { answers, heard: 0 }, chip, protocol, PinCounter::Cps4).ok();
    }
});
