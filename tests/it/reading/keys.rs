//! Private keys in every wrapping give the public key `openssl pkey -pubout` gives.

use super::openssl::Bench;
use super::{keys, open, reasons};
use vigie::domain::key::KeyAlgorithm;
use vigie::domain::reading::{Item, ReadReason};

#[test]
fn every_algorithm_and_wrapping() {
    let bench = Bench::new();
    for (algorithm, name) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa-2048"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "rsa-pss-2048"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "ec-p256"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ec-p384"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "ec-p521"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "ec-1.3.132.0.10"),
        ("-algorithm ED25519", "ed25519"),
        ("-algorithm X25519", "1.3.101.110"),
    ] {
        bench.key("k.pem", algorithm);
        let wanted = bench.spki("k.pem");
        let mut forms = vec![bench.read("k.pem"), bench.run("pkey -in k.pem -outform DER")];
        if name.starts_with("rsa-2") || name.starts_with("ec-") {
            forms.push(bench.run("pkey -in k.pem -traditional"));
            forms.push(bench.run("pkey -in k.pem -traditional -outform DER"));
        }
        if name.starts_with("ec-p") {
            forms.push(bench.run("ec -in k.pem -no_public"));
            forms.push(bench.run("ec -in k.pem -conv_form compressed"));
        }
        for form in forms {
            let reading = open(&form, None);
            assert_eq!(reading.problems, [], "{name}");
            let [key] = keys(&reading).try_into().expect("one key");
            assert_eq!((key.spki, key.key.unwrap().to_string(), key.encrypted), (Some(wanted), name.to_owned(), false));
        }
        for public in [bench.run("pkey -in k.pem -pubout"), bench.run("pkey -in k.pem -pubout -outform DER")] {
            let reading = open(&public, None);
            let [Item::PublicKey(key)] = [&reading.items[0].item] else { panic!("a public key") };
            assert_eq!(key.spki, Some(wanted));
        }
    }
}

#[test]
fn pkcs1_public_keys() {
    let bench = Bench::new();
    bench.key("k.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    for form in ["rsa -in k.pem -RSAPublicKey_out", "rsa -in k.pem -RSAPublicKey_out -outform DER"] {
        let reading = open(&bench.run(form), None);
        let [Item::PublicKey(key)] = [&reading.items[0].item] else { panic!("a public key") };
        assert_eq!((key.spki, &key.key), (Some(bench.spki("k.pem")), &Some(KeyAlgorithm::Rsa(2048))));
    }
}

#[test]
fn encrypted_keys_are_items_and_open_with_their_password() {
    let bench = Bench::new();
    bench.key("k.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    bench.key("r.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let legacy = "-provider legacy -provider default";
    let mut made = Vec::new();
    for cipher in ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3"] {
        for function in ["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"] {
            made.push(format!("pkcs8 -topk8 -in k.pem -v2 {cipher} -v2prf {function} -passout pass:secret"));
        }
        made.push(format!("ec -in k.pem -{cipher} -passout pass:secret"));
    }
    for scheme in ["PBE-SHA1-3DES", "PBE-SHA1-2DES", "PBE-SHA1-RC2-128", "PBE-SHA1-RC2-40"] {
        made.push(format!("pkcs8 -topk8 -in k.pem -v1 {scheme} -passout pass:secret {legacy}"));
    }
    made.push("pkcs8 -topk8 -in k.pem -v2 aes256 -passout pass:secret -outform DER".to_owned());
    for arguments in made {
        let bytes = bench.run(&arguments);
        let closed = open(&bytes, None);
        assert_eq!(closed.problems, [], "a key on disk is expected to be encrypted: {arguments}");
        let [key] = keys(&closed).try_into().expect("one key");
        assert_eq!((key.spki, key.key, key.encrypted), (None, None, true));
        let [key] = keys(&open(&bytes, Some("secret"))).try_into().expect("one key");
        assert_eq!((key.spki, key.encrypted), (Some(bench.spki("k.pem")), true), "{arguments}");
        let wrong = open(&bytes, Some("Secret"));
        assert_eq!((keys(&wrong).len(), reasons(&wrong)), (1, vec![ReadReason::WrongPassword]), "{arguments}");
    }
    let traditional = bench.run("rsa -in r.pem -traditional -aes256 -passout pass:secret");
    assert!(traditional.windows(9).any(|window| window == b"Proc-Type"));
    assert_eq!(keys(&open(&traditional, Some("secret")))[0].spki, Some(bench.spki("r.pem")));
}
