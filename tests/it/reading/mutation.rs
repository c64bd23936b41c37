//! Real structures, damaged in thousands of ways, always the same ones: no panic, nothing without a word, one line each.

use vigie::domain::reading::{Item, Reading};
use vigie::pki::certificate;
use vigie::pki::read::{Limits, read};
use vigie::pki::signature::is_signed_by;

use super::openssl::Bench;
use super::{authority, der};

const CASES_PER_SEED: u64 = 400;

/// SplitMix64: a dozen lines that give the same damage on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound.max(1) as u64) as usize
    }
}

fn damage(seeds: &[Vec<u8>], which: usize, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[which].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            2 if at < bytes.len() => bytes[at] = [0, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0xa0][dice.below(8)],
            3 => bytes.insert(at, dice.roll() as u8),
            4 => drop(bytes.drain(at..(at + dice.below(40)).min(bytes.len()))),
            5 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len());
                let part = &other[from..(from + dice.below(200)).min(other.len())];
                bytes.splice(at..at, part.iter().copied());
            }
            _ => {
                let part = bytes[at..(at + dice.below(64)).min(bytes.len())].to_vec();
                bytes.extend(part);
            }
        }
    }
    bytes
}

fn is_sound(reading: &Reading) {
    assert!(!reading.items.is_empty() || !reading.problems.is_empty());
    let one_line = |text: &str| assert!(!text.chars().any(char::is_control), "{text:?}");
    reading.problems.iter().for_each(|problem| one_line(&problem.message));
    for item in &reading.items {
        match &item.item {
            Item::Certificate { facts, .. } => {
                facts.san.iter().chain([&facts.subject, &facts.issuer]).for_each(|text| one_line(text));
            }
            Item::Csr(facts) => one_line(&facts.subject),
            Item::Crl(facts) => one_line(&facts.issuer),
            Item::PrivateKey(_) | Item::PublicKey(_) => {}
        }
    }
    let mut places: Vec<usize> = reading
        .items
        .iter()
        .map(|item| item.index)
        .chain(reading.problems.iter().map(|problem| problem.index))
        .collect();
    places.sort_unstable();
    assert!(places.into_iter().eq(0..reading.items.len() + reading.problems.len()), "every place once");
}

#[test]
fn damaged_structures_are_reported_and_never_panic() {
    let bench = Bench::new();
    authority(&bench);
    bench.key("k.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
    bench.self_signed("c.pem", "k.pem", "/C=FR/O=É/GN=A+CN=x+SN=B", super::EXTENSIONS);
    bench.run("req -new -key k.pem -subj /CN=x -addext subjectAltName=DNS:x.fr -out x.csr");
    bench.run("ca -config ca.cnf -gencrl -out list.pem");
    bench.run("crl2pkcs7 -in list.pem -certfile c.pem -out b.p7b");
    bench.write("text", "x");
    let legacy = "-provider legacy -provider default -passout pass:secret -iter 16";
    let seeds: Vec<Vec<u8>> = vec![
        der(&bench, "c.pem"),
        bench.read("c.pem"),
        bench.run("req -in x.csr -outform DER"),
        bench.run("crl -in list.pem -outform DER"),
        bench.run("pkcs7 -in b.p7b -outform DER"),
        bench.run("cms -sign -binary -nodetach -stream -in text -signer c.pem -inkey k.pem -outform DER"),
        bench.run("pkey -in k.pem -outform DER"),
        bench.run("pkey -in ca.key -traditional -outform DER"),
        bench.run("pkcs8 -topk8 -in ca.key -v2 aes256 -iter 16 -passout pass:secret -outform DER"),
        bench.run("ec -in ca.key -aes128 -passout pass:secret"),
        bench.run(&format!("pkcs12 -export -inkey k.pem -in c.pem {legacy}")),
        bench.run(&format!("pkcs12 -export -inkey k.pem -in c.pem {legacy} -nomac -certpbe NONE")),
        bench.run(&format!(
            "pkcs12 -export -inkey k.pem -in c.pem {legacy} -nomac -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES"
        )),
    ];
    let limits = Limits { max_kdf_iterations: 1_000, max_items: 50 };
    let mut dice = Dice(0x5eed);
    let certificate_der = seeds[0].clone();
    for which in 0..seeds.len() {
        is_sound(&read(&seeds[which], None, &limits));
        for case in 0..CASES_PER_SEED {
            let bytes = damage(&seeds, which, &mut dice);
            let password = (case % 2 == 0).then(|| "secret".into());
            is_sound(&read(&bytes, password.as_ref(), &limits));
            if which == 0 {
                let parsed = certificate::parse(&bytes);
                let signed = is_signed_by(&bytes, &certificate_der);
                assert!(parsed.is_ok() || !signed, "what has no outline is signed by nobody");
            }
        }
    }
}
