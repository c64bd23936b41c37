//! Check digits of the national identifiers. Each function takes the bare number, without type digit or spaces, and says
//! whether length, alphabet and key are all right. TEST identifiers often are not: who knows the environment relaxes.

/// The Luhn key (ISO/IEC 7812-1) over a non-empty run of ASCII digits.
pub fn luhn(digits: &str) -> bool {
    !digits.is_empty() && luhn_sum(digits.bytes()).is_some_and(|sum| sum % 10 == 0)
}

/// A FINESS number: 9 characters, Luhn after reading the Corsican departments `2A` and `2B` as 21 and 22.
pub fn finess(number: &str) -> bool {
    let [first, second, rest @ ..] = number.as_bytes() else { return false };
    let second = match (first, second) {
        (b'2', b'A') => b'1',
        (b'2', b'B') => b'2',
        (_, other) => *other,
    };
    number.len() == 9
        && luhn_sum([*first, second].into_iter().chain(rest.iter().copied())).is_some_and(|sum| sum % 10 == 0)
}

/// A SIREN number: 9 digits, Luhn.
pub fn siren(number: &str) -> bool {
    number.len() == 9 && luhn(number)
}

/// A SIRET number: 14 digits, Luhn. The establishments of La Poste (SIREN 356000000) have a digit sum that is a multiple of
/// 5 instead, except the head office, which is Luhn-valid.
pub fn siret(number: &str) -> bool {
    if number.len() != 14 {
        return false;
    }
    luhn(number) || (number.starts_with("356000000") && digit_sum(number).is_some_and(|sum| sum % 5 == 0))
}

/// An RPPS number: 11 digits, the last one being the Luhn key of the others.
pub fn rpps(number: &str) -> bool {
    number.len() == 11 && luhn(number)
}

/// A practice number ("RPPS rang"): an RPPS number, two digits of rank, and a digit that makes the whole Luhn-valid. The
/// key is inferred from published numbers, not from an official text.
pub fn rpps_rang(number: &str) -> bool {
    number.len() == 14 && number.get(..11).is_some_and(rpps) && luhn(number)
}

/// `None` when a character is not a digit.
fn luhn_sum(digits: impl DoubleEndedIterator<Item = u8>) -> Option<u32> {
    let mut sum = 0_u32;
    for (place, ascii) in digits.rev().enumerate() {
        let digit = char::from(ascii).to_digit(10)?;
        let weighted = if place % 2 == 1 { digit * 2 } else { digit };
        sum = sum.checked_add(if weighted > 9 { weighted - 9 } else { weighted })?;
    }
    Some(sum)
}

fn digit_sum(digits: &str) -> Option<u32> {
    digits.chars().map(|c| c.to_digit(10)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_published_numbers() {
        assert!(siren("187512751"));
        assert!(siret("18751275100020"));
        assert!(siret("35600000000048"), "head office of La Poste is Luhn-valid");
        assert!(siret("35600000049837"), "other establishments sum to a multiple of five");
        assert!(!luhn("35600000049837"));
        for number in ["750712184", "2A0000014", "590780193", "2B0000020"] {
            assert!(finess(number), "{number}");
        }
        for number in ["99700234190004", "99700343942006", "99700367909006"] {
            assert!(rpps_rang(number), "{number}");
            assert!(rpps(&number[..11]), "{number}");
        }
    }

    #[test]
    fn refuses_wrong_length_key_or_alphabet() {
        for text in ["", "2", "2A", "18751275", "187512752", "18751275é", "1875127510"] {
            assert!(!siren(text), "{text}");
            assert!(!finess(text), "{text}");
            assert!(!siret(text) && !rpps(text) && !rpps_rang(text), "{text}");
        }
        assert!(!luhn(""));
        assert!(!finess("0B0057881"), "TEST numbers have a letter where no department has one");
        assert!(!finess("A20000014"));
        assert!(!siret("MONACOCONFO001"));
        assert!(!siret("35600000049838"));
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,20}") {
            let _ = (luhn(&text), finess(&text), siren(&text), siret(&text), rpps(&text), rpps_rang(&text));
        }

        #[test]
        fn one_wrong_digit_is_seen(digits in "[0-9]{8}", place in 0_usize..9, other in 1_u8..10) {
            let key = (0..10).find(|key| luhn(&format!("{digits}{key}"))).expect("one key fits");
            let good = format!("{digits}{key}");
            prop_assert!(siren(&good));
            let mut bad = good.into_bytes();
            bad[place] = b'0' + (bad[place] - b'0' + other) % 10;
            prop_assert!(!siren(std::str::from_utf8(&bad).expect("ascii")));
        }
    }
}
