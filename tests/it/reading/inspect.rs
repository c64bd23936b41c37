//! `vigie inspect` as scripts see it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::openssl::Bench;

fn inspect(paths: Vec<PathBuf>, password_file: Option<PathBuf>) -> (u8, Value) {
    let password = password_file.into_iter().flat_map(|file| ["--password-file".into(), file.into_os_string()]);
    let mut args: Vec<OsString> = vec!["--json".into()];
    args.extend(password.chain(paths.into_iter().map(PathBuf::into_os_string)));
    let (code, out) = vigie(args);
    (code, serde_json::from_slice(&out).unwrap())
}

fn vigie(args: Vec<OsString>) -> (u8, Vec<u8>) {
    let mut out = Vec::new();
    let args = ["vigie".into(), "inspect".into()].into_iter().chain(args);
    let code = vigie::cli::main(args, &mut out, &mut Vec::new());
    (code, out)
}

fn folder() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.path("tree")).unwrap();
    bench.key("tree/k.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    fs::set_permissions(bench.path("tree/k.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    bench.self_signed("tree/c.pem", "tree/k.pem", "/C=FR/CN=x", "keyUsage=critical,digitalSignature");
    bench.run("pkcs12 -export -inkey tree/k.pem -in tree/c.pem -passout pass:secret -out tree/p.p12");
    bench.write("tree/readme.txt", "hello");
    bench.write("tree/cut.der", &super::der(&bench, "tree/c.pem")[..100]);
    bench.write("pass", "secret\r\n");
    symlink(bench.path("pass"), bench.path("tree/link")).unwrap();
    bench
}

#[test]
fn every_file_is_accounted_for() {
    let bench = folder();
    let (code, report) = inspect(vec![bench.path("tree")], None);
    assert_eq!(code, 1);
    assert_eq!(
        report["counts"],
        json!({"files": 6, "parsed": 2, "not_pki": 1, "unreadable": 1, "needs_password": 1, "malformed": 1})
    );
    let errors: Vec<&str> =
        report["errors"].as_array().unwrap().iter().map(|error| error["reason"].as_str().unwrap()).collect();
    assert_eq!(errors, ["malformed", "link_out_of_root", "needs_password"]);

    let (_, report) = inspect(vec![bench.path("tree")], Some(bench.path("pass")));
    assert_eq!((&report["counts"]["parsed"], &report["counts"]["needs_password"]), (&json!(3), &json!(0)));
}

#[test]
fn a_file_that_is_named_was_meant() {
    let bench = folder();
    let (code, report) = inspect(vec![bench.path("tree/readme.txt"), bench.path("absent")], None);
    assert_eq!(
        (code, &report["errors"][0]["reason"], &report["errors"][1]["reason"]),
        (1, &json!("not_found"), &json!("not_pki"))
    );
    let (code, report) = inspect(vec![bench.path("tree/c.pem"), bench.path("tree/k.pem")], None);
    assert_eq!((code, report["errors"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn the_shape_is_the_contract() {
    let bench = folder();
    let path = bench.path("tree/c.pem");
    let (_, mut report) = inspect(vec![path.clone()], None);
    let facts = super::only_certificate(&bench.read("tree/c.pem"));
    let item = report["items"][0].take();
    assert_eq!(
        item,
        json!({
            "path": path, "index": 0, "kind": "certificate", "format": "pem",
            "subject": "CN=x,C=FR", "issuer": "CN=x,C=FR", "serial_number": facts.serial_hex(),
            "not_before": facts.not_before, "not_after": facts.not_after, "private_key_usage_not_after": null,
            "sha256": facts.fingerprint, "spki_sha256": bench.spki("tree/k.pem"), "key": "ec-p256",
            "signature_algorithm": "ecdsa-with-SHA256", "key_usage": ["digital_signature"], "extended_key_usage": [], "san": [],
            "profile": {"environment": null, "gamme": null, "domain": null, "support": null, "offer": null, "usage": null,
                        "structure": null, "person": null, "card_number": null, "service_card": false,
                        "contradictory_environment": false}
        })
    );
    let (_, report) = inspect(vec![bench.path("tree/k.pem")], None);
    let item = &report["items"][0];
    assert_eq!((&item["kind"], &item["spki_sha256"]), (&json!("private_key"), &json!(bench.spki("tree/k.pem"))));
    assert_eq!((&item["mode"], &item["encrypted"]), (&json!("0640"), &json!(false)));
    assert!(item["owner"].is_string());
}

#[test]
fn the_table_speaks_french_first() {
    let bench = folder();
    let table = |lang: &str| {
        let (_, out) = vigie(vec!["--lang".into(), lang.into(), bench.path("tree").into_os_string()]);
        String::from_utf8(out).unwrap()
    };
    let french = table("fr");
    assert!(french.contains("clé privée ec-p256") && french.contains("fichiers 6, lus 2"), "{french}");
    assert!(table("en").contains("files 6, read 2"));
}
