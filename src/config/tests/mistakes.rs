//! Every mistake at once, each with its place and its cure.

use super::super::{Level, diff};
use super::sample::uncommented;
use super::{config, load, said};
use crate::domain::lang::Lang;

const MISTAKES: &str = r#"
lang = "de"
timezone = "Europe/Pari"
state_dir = 3
colour = "blue"

[store]
url = "postgres://vigie:hunter2@db/vigie"
password = "hunter2"

[http]
listen = "8440"
hosts = ["https://vigie.fr"]
tokenfile = "x"

[schedule]
scan = "*/15 * * * *"
digest = "0 0 8 30 2 *"
jitter = "2 weeks"

[scan]
max_depth = -1
max_file_bytes = "900 GiB"
source_timeout = 10

[policy]
thresholds = ["60j", "45d"]
critical_below = ""

[[source]]
kind = "files"
name = "declared"

[[source]]
kind = "tls"
name = "portails"
endpoints = ["https://portail.fr"]
paths = ["/x"]

[[structure]]
id = "chex"
name = "CHEX"
kind = "hospital"
finess_juridique = "750712185"
siren = "123456782"
siret = ["18751275100021", "MONACOCONFO001", "18751275100020"]

[[structure]]
id = "chex"
name = "CHEX ter"
kind = "other"

[[person]]
id = "at 1"
mails = ["pki"]
card = "26003"

[[person]]
id = "at-2"
card = "2600301752"

[[mandate]]
person = "at-3"
structure = "chx"
role = "administrateur"
offers = ["ORG/SSL_SERV", "ORG"]
from = 2026-03-01
until = "2025-03-01"

[[certificate]]
id = "dmp"
structure = "chex"
offer = "ORG"
usage = "SSL_SERV"
service = "DRIMbox"
fqdn = "x.fr"
cert = "/a.pem"
pkcs12 = "/b.p12"
password_file = "/nowhere/password"
administrators = ["at-2"]

[[certificate]]
id = "mss"
structure = "chex"
offer = "CPS"
usage = "AUTH"
key = "/k.pem"
thresholds = []

[[certificate]]
structure = "chex"
offer = "SERV"
usage = "SSL_SERV"
fqdn = "portail"
cert = "/./a.pem"
passphrase = "hunter2"

[[card]]
number = "2600301752"
kind = "CPS"
service = "Urgences"
assigned_to = "at-4"

[[card]]
number = "2600301752"
kind = "CPE"

[notify.smtp]
host = "smtp.fr"
tls = "none"
user = "vigie"

[[notify.webhook]]
name = "astreinte"
url = "http://hunter2.example.fr/x"
"#;

#[test]
fn all_at_once_in_english() {
    let said = load(MISTAKES).expect_err("full of mistakes");
    insta::assert_snapshot!(said.render(Lang::En));
}

#[test]
fn all_at_once_in_french() {
    let said = load(MISTAKES).expect_err("full of mistakes");
    insta::assert_snapshot!(said.render(Lang::Fr));
}

#[test]
fn no_secret_is_repeated() {
    let said = load(MISTAKES).expect_err("full of mistakes");
    assert!(said.of(Level::Error).count() > 40);
    for text in [said.render(Lang::Fr), said.render(Lang::En), said.to_string(), format!("{said:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn each_alone() {
    const CHEX: &str = "[[structure]]\nid='chex'\nname='x'\nkind='other'\nsiren='123456782'\n";
    const WEBHOOK: &str = "[[notify.webhook]]\nname='a'\nurl='https://a.fr'\n";
    const CERTIFICATE: &str = "[[certificate]]\nid='a'\nstructure='chex'\noffer='ORG'\nusage='SIGN'\n";
    for (text, wanted) in [
        ("[store]\nurl='sqlite://relative.db'", "2:store.url malformed"),
        ("[store]\nurl='sqlite::memory:'", "2:store.url malformed"),
        ("[store]\nurl='sqlite:///a?mode=ro'", "2:store.url malformed"),
        ("[store]\nurl='postgres://db'", "2:store.url malformed"),
        ("[store]\nurl='postgres://db/x?password=y'", "2:store.url password_in_url"),
        ("[store]\nurl='postgres://u:p/w@db/x'", "2:store.url password_in_url"),
        ("[store]\npassword_file='/dev/null'", "2:store.password_file password_for_nothing"),
        ("[http]\nlisten='[::]:1'", "2:http.listen open_listener"),
        ("[revocation]\nurls=['ldap://a.fr/x']\nproxy='http://p:1'", "3:revocation.proxy directory_beside_proxy"),
        ("http=1", "1:http wrong_type"),
        ("http=[]", "1:http wrong_type"),
        ("card=1", "1:card wrong_type"),
        ("card=[1]", "1:card[1] wrong_type"),
        ("[card]\nnumber='1'", "1:card wrong_type"),
        ("[trust]\nanchors='/x'", "2:trust.anchors wrong_type"),
        ("[trust]\nanchors=[1]", "2:trust.anchors[1] wrong_type"),
        ("[schedule]\nscan='@daily'\ncrls='0 0 0 1 1 * 2020'", "3:schedule.crls never_fires"),
        ("[scan]\nmax_files=99999999999999999999", "2:scan.max_files out_of_range"),
        ("[scan]\nsource_timeout='99999999999999999999s'", "2:scan.source_timeout out_of_range"),
        (
            "[[source]]\nkind='smart_card'\nname='a'\n[[source]]\nkind='smart_card'\nname='b'",
            "5:source[b].kind second_card_source",
        ),
        ("[[source]]\nkind='smart_card'\nname='a'\npin_counter='cps5'", "4:source[a].pin_counter not_one_of"),
        ("[[source]]\nkind='smart_card'\nname='a'\nanswer_timeout='10m'", "4:source[a].answer_timeout out_of_range"),
        ("[[source]]\nkind='smart_card'\nname='a'\npkcs11_timeout='0s'", "4:source[a].pkcs11_timeout out_of_range"),
        (
            "[[source]]\nkind='tls'\nname='a'\nendpoints=['tls://x.fr']\npin_counter='off'",
            "5:source[a].pin_counter unknown_key",
        ),
        ("lang=\"f\\u0000r\"", "1:lang malformed"),
        ("node='a b'", "1:node malformed"),
        ("[[person]]\nid='a'\nname=\"x\\ny\"", "3:person[a].name malformed"),
        (
            "[[person]]\nid='a'\ncard='2600301752'\n[[person]]\nid='b'\ncard='2600301752'",
            "6:person[b].card card_of_another",
        ),
        (
            "[[person]]\nid='a'\ncard='2600301752'\n[[card]]\nnumber='2600301752'\nkind='CPE'\nservice='x'",
            "3:person[a].card card_of_another",
        ),
        ("[[card]]\nnumber='2600301752'\nkind='CPE'\nholder='a'", "4:card[2600301752].holder dangling_reference"),
        (
            "[[source]]\nkind='file'\nname='a'\npaths=['/srv']\n[[source]]\nkind='file'\nname='b'\npaths=['/srv/*/x.pem']",
            "8:source[b].paths overlapping_paths",
        ),
        (
            "[[source]]\nkind='file'\nname='a'\npaths=['/srv/*.pem', '/s/a']\n[[source]]\nkind='file'\nname='b'\npaths=['/s']",
            "8:source[b].paths overlapping_paths",
        ),
        ("[[structure]]\nid='a'\nname='x'\nkind='other'", "1:structure[a] no_identifier"),
        (
            "[[structure]]\nid='a'\nname='x'\nkind='practice'\nrpps_rang='99700234190005'",
            "5:structure[a].rpps_rang invalid_identifier",
        ),
        (&format!("{CHEX}{CERTIFICATE}"), "6:certificate[a] one_of_keys"),
        (
            &format!("{CHEX}{CERTIFICATE}cert='/a'\nchain='/c'\nenvironment='prod'"),
            "13:certificate[a].environment not_one_of",
        ),
        (
            &format!("{CHEX}{CERTIFICATE}endpoints='tls://x'\nchain='/c'"),
            "12:certificate[a].chain key_without_its_other",
        ),
        (
            &format!("{CERTIFICATE}cert='/a'\n{}", CHEX.replace("siren", "environment='test'\nsiren")),
            "3:certificate[a].structure test_structure",
        ),
        ("[notify]\nsound='x'", "2:notify.sound unknown_key"),
        ("[notify.hooks]\ntimeout='1s'", "1:notify.hooks missing_key"),
        (&format!("{WEBHOOK}kind='discord'"), "4:notify.webhook[a].kind not_one_of"),
        (&format!("{WEBHOOK}kind='template'"), "1:notify.webhook[a] missing_key"),
        (&format!("{WEBHOOK}kind='template'\ntemplate='/no/such'"), "5:notify.webhook[a].template template"),
        (&format!("{WEBHOOK}template='/no/such'"), "4:notify.webhook[a].template template_for_nothing"),
        (&format!("{WEBHOOK}proxy='socks5://p'"), "4:notify.webhook[a].proxy malformed"),
        (&format!("{WEBHOOK}secret_file='credential:../x'"), "4:notify.webhook[a].secret_file malformed"),
        (&format!("{WEBHOOK}secret_file='credential:gone'"), "4:notify.webhook[a].secret_file secret_file_missing"),
        ("[notify.smtp]\nhost='localhost'\nfrom='a@b.fr'\ntls='none'\nfrm='x'", "5:notify.smtp.frm unknown_key"),
    ] {
        let said = said(text);
        assert!(said.iter().any(|one| one == wanted), "{text}\nsaid {said:#?}\nwanted {wanted}");
        assert!(said.len() <= 2, "{text}\nsaid {said:#?}");
    }
}

#[test]
fn warnings_never_crowd_out_an_error() {
    let odd: String = (0..2000).map(|n| format!("[[structure]]\nid='s{n}'\nname='x'\nkind='other'\n")).collect();
    let loaded = load(&odd).expect("odd, not wrong");
    assert_eq!(loaded.warnings.0.len(), 1000);
    let said = load(&format!("{odd}[[card]]\n")).expect_err("wrong");
    assert!(said.refused());
    let wrong: String =
        (0..2000).map(|n| format!("[[mandate]]\nperson='p{n}'\nstructure='s'\nrole='contact'\n")).collect();
    assert_eq!(load(&wrong).expect_err("wrong").of(Level::Error).count(), 1000);
}

#[test]
fn unknown_keys_are_refused_everywhere() {
    for table in [
        "",
        "store",
        "http",
        "schedule",
        "trust",
        "revocation",
        "scan",
        "policy",
        "notify",
        "notify.smtp",
        "notify.hooks",
        "[source]",
        "[structure]",
        "[person]",
        "[mandate]",
        "[certificate]",
        "[card]",
        "[notify.webhook]",
    ] {
        let header = if table.is_empty() { String::new() } else { format!("[{table}]") };
        for (key, reason) in [("zzzzzzzz", "unknown_key"), ("password", "inline_secret")] {
            let said = said(&format!("{header}\n{key} = 'x'\n"));
            assert!(said.iter().any(|one| one.starts_with("2:") && one.ends_with(reason)), "{table}: {said:?}");
        }
    }
}

#[test]
fn the_difference_names_ids_only() {
    let old = config(&uncommented());
    assert_eq!(diff(&old, &old), Vec::<String>::new());
    let new = uncommented()
        .replace("127.0.0.1:8440", "127.0.0.1:8441")
        .replace("Camille EXEMPLE", "Dominique EXEMPLE")
        .replace("id = \"portail\"", "id = \"accueil\"")
        .replace("impacts = [\"DMP\"]", "impacts = [\"DMP\", \"INSi\"]")
        .replace("until = \"2028-01-15\"", "until = \"2029-01-15\"")
        .replace("name = \"lecteurs\"", "name = \"lecteur\"")
        .replace("number = \"2600301753\"", "number = \"2600301754\"");
    let cards = uncommented().replace("pin_counter = \"cps4\"", "pin_counter = \"off\"");
    assert_eq!(diff(&old, &config(&cards)), ["source[lecteurs] changed: pin_counter"]);
    let module = uncommented()
        .replace("libcps3_pkcs11_lux.so", "other.so")
        .replace("pkcs11_timeout = \"30s\"", "pkcs11_timeout = \"9s\"");
    assert_eq!(diff(&old, &config(&module)), ["source[lecteurs] changed: pkcs11_module, pkcs11_timeout"]);
    let lines = diff(&old, &config(&new));
    assert_eq!(
        lines,
        [
            "http.listen changed",
            "source[lecteurs] removed",
            "source[lecteur] added",
            "person[at-1] changed: name",
            "mandate[at-1/chex/administrateur_technique] changed: until",
            "certificate[portail] removed",
            "certificate[accueil] added",
            "certificate[dmp] changed: impacts",
            "card[2600301753] removed",
            "card[2600301754] added",
        ]
    );
}
