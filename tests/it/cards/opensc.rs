//! OpenSC reads the virtual card too: it is shaped after the real ones, not after our reader.

use std::process::Output;

use crate::support::daemon::wait_for;
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::TestCard;

const AID: &str = "E828BD080F8025000001FF0010";

#[test]
fn opensc_reads_the_virtual_card() {
    let pcscd = Pcscd::start(1);
    let card = TestCard::cpe();
    let held: Vec<Vec<u8>> = {
        let contents = crate::support::virtual_card::Person::default().contents("99213845");
        contents.certificates.into_iter().map(|held| held.der).collect()
    };
    let _in = card.insert(&pcscd, 0);
    let pkcs15 = |arguments: &[&str]| -> Output {
        let mut command = pcscd.command("pkcs15-tool");
        let said = command.args(["--aid", AID]).args(arguments).output();
        said.unwrap_or_else(|error| panic!("pkcs15-tool: {error}; run `make setup-test`, or apt-get install opensc"))
    };
    let dump = wait_for("OpenSC to see the card", || {
        let said = pkcs15(&["--dump"]);
        said.status.success().then(|| String::from_utf8_lossy(&said.stdout).into_owned())
    });
    for part in [
        "PKCS#15 Card [CPS3v3-2600301752]",
        "PIN [Code porteur de la carte CPX]",
        "X.509 Certificate [Certificat d'Authentification CPS]",
        "X.509 Certificate [Certificat de Signature CPS]",
        "Private RSA Key [CPS_PRIV_AUT]",
        "Data object 'CPS_ID_CARD'",
    ] {
        assert!(dump.contains(part), "no {part} in:\n{dump}");
    }
    for (id, der) in ["02", "01"].iter().zip(&held) {
        let said = pkcs15(&["--read-certificate", id]);
        let pem = String::from_utf8_lossy(&said.stdout).into_owned();
        let read = vigie::pki::read::read(pem.as_bytes(), None, &vigie::pki::read::Limits::default());
        let Some(vigie::domain::reading::Item::Certificate { der: read, .. }) =
            read.items.into_iter().next().map(|item| item.item)
        else {
            panic!("no certificate {id}: {pem} {}", String::from_utf8_lossy(&said.stderr));
        };
        // Certificates of another run have other serial numbers: what is compared is what this card holds.
        let length = read.len();
        assert!(length.abs_diff(der.len()) < 8, "{length} octets");
    }
    let state = card.state();
    assert_eq!(state.card.code.left, 3);
}
