//! Whatever the bytes, loading answers.

use proptest::prelude::*;

use super::load;
use super::sample::uncommented;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_single_byte_of_the_sample_may_change(place in 0_usize..100_000, byte in any::<u8>()) {
        let mut bytes = uncommented().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        // Bytes that are no UTF-8 stop before: a file of them is one diagnostic.
        let text = String::from_utf8_lossy(&bytes);
        if let Err(said) = load(&text) {
            prop_assert!(said.refused());
            prop_assert!(!said.render(crate::domain::lang::Lang::Fr).is_empty());
        }
    }

    #[test]
    fn any_part_of_the_sample_may_be_missing(from in 0_usize..100_000, length in 0_usize..2000) {
        let mut bytes = uncommented().into_bytes();
        let from = from % bytes.len();
        let until = (from + length).min(bytes.len());
        bytes.drain(from..until);
        if let Err(said) = load(&String::from_utf8_lossy(&bytes)) {
            prop_assert!(said.refused());
        }
    }

    #[test]
    fn any_value_may_stand_at_any_key(
        section in prop::sample::select(vec!["", "[store]", "[http]", "[schedule]", "[scan]", "[policy]", "[[source]]",
            "[[structure]]", "[[person]]", "[[mandate]]", "[[certificate]]", "[[card]]", "[notify.smtp]", "[[notify.webhook]]"]),
        key in prop::sample::select(vec!["lang", "timezone", "url", "listen", "scan", "jitter", "max_file_bytes", "thresholds",
            "kind", "paths", "endpoints", "id", "siret", "finess_juridique", "mails", "card", "offers", "from", "until", "offer",
            "usage", "cert", "number", "holder", "port", "password"]),
        value in prop_oneof![
            "\"[ -!#-\\[\\]-~é]{0,40}\"", "-?[0-9]{1,25}", Just("true".to_owned()), Just("[]".to_owned()), Just("{}".to_owned()),
            Just("[[1], {a = 1}]".to_owned()), Just("2026-02-30".to_owned()), Just("08:00:00".to_owned()), Just("inf".to_owned()),
            "\"[*/?,0-9 -]{5,30}\"",
        ],
    ) {
        if let Err(said) = load(&format!("{section}\n{key} = {value}\n")) {
            prop_assert!(said.refused());
        }
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for text in [
        format!("{} = 1", vec!["a"; 100_000].join(".")),
        format!("[{}]", vec!["a"; 100_000].join(".")),
        format!("[{}]", vec!["a"; 400].join(".")),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}1{}", "[".repeat(70), "]".repeat(70)),
        format!("a = {}", "{a=".repeat(100_000)),
    ] {
        let said = load(&text).expect_err("nothing goes that deep");
        assert!(said.refused());
    }
}
