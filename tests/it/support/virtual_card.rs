//! Virtual cards with a journal and faults, and the certificates they hold.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use vigie::cli::demo::virtual_card::{Contents, Heard, Held, Model, Said, VirtualCard, plug};
use vigie::domain::offer::{Offer, Usage};
use vigie::domain::time::Timestamp;
use vigie::pki::issue::{AltName, Attribute, Authority, KeyPair, Leaf, Validity};

use super::daemon::wait_for;
use super::pcscd::Pcscd;

/// A card that can be put into a reader, watched and disturbed. Cloning shares it.
#[derive(Clone)]
pub struct TestCard(Arc<Inside>);

struct Inside {
    state: Mutex<State>,
    /// Woken when a mute card may speak again.
    released: Condvar,
}

pub struct State {
    pub card: VirtualCard,
    /// Every control and APDU heard, in order.
    pub journal: Vec<Heard>,
    /// APDUs heard since it was last put in, and when the first and the last of them were.
    apdus: usize,
    pub span: Option<(Instant, Instant)>,
    pub faults: Faults,
}

/// What goes wrong, counted in APDUs since the card was put in, from 0.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Says this to a reset instead of its ATR.
    pub atr: Option<Vec<u8>>,
    /// Torn out instead of answering the n-th.
    pub tear_at: Option<usize>,
    /// Never answers the n-th.
    pub mute_at: Option<usize>,
    /// Answers the n-th, and all that follow, with these octets.
    pub instead: Option<(usize, Vec<u8>)>,
    /// Thinks so long about each.
    pub delay: Duration,
    /// Answers the n-th only once everybody else is at theirs.
    pub together: Option<(usize, Arc<Barrier>)>,
}

/// A card in a reader. Dropping it takes it out.
pub struct Inserted {
    card: TestCard,
    stream: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl TestCard {
    pub fn new(model: Model, contents: &Contents) -> Self {
        let state = State {
            card: VirtualCard::new(model, contents),
            journal: Vec::new(),
            apdus: 0,
            span: None,
            faults: Faults::default(),
        };
        Self(Arc::new(Inside { state: Mutex::new(state), released: Condvar::new() }))
    }

    /// The usual one: a CPE on a CPS3, two certificates, 700 days to go.
    pub fn cpe() -> Self {
        Self::new(Model::Cps3, &Person::default().contents("99213845"))
    }

    /// Its state, to look at or to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("the card")
    }

    /// Changes what goes wrong.
    pub fn with(self, change: impl FnOnce(&mut Faults)) -> Self {
        change(&mut self.state().faults);
        self
    }

    /// APDUs heard since the beginning.
    pub fn apdus(&self) -> Vec<Vec<u8>> {
        let apdu = |heard: &Heard| match heard {
            Heard::Apdu(apdu) => Some(apdu.clone()),
            _ => None,
        };
        self.state().journal.iter().filter_map(apdu).collect()
    }

    /// Waits until the reader has powered it off, as pcscd does some time after the last use. A card that is taken out just then is
    /// missed by the driver, which gives its connection up and takes the next one for it: pcscd itself sees no card go.
    pub fn wait_until_off(&self) {
        wait_for("the card to be powered off", || (self.state().journal.last() == Some(&Heard::Off)).then_some(()));
    }

    /// What no reading may ever do: VERIFY with data, or any VERIFY unless `asked`; a reset; burning a try.
    pub fn assert_untouched(&self, asked: bool) {
        let most = self.state().card.code.most;
        self.assert_left(asked, most);
    }

    /// The same for a card that came with so many tries left.
    pub fn assert_untouched_but(&self, left: u8) {
        self.assert_left(false, left);
    }

    fn assert_left(&self, asked: bool, left: u8) {
        for apdu in self.apdus() {
            let verify = apdu[1] == 0x20;
            assert!(!verify || (asked && apdu.len() == 4), "a VERIFY: {apdu:x?}");
        }
        let state = self.state();
        assert!(!state.journal.contains(&Heard::Reset), "a reset: {:?}", state.journal);
        assert_eq!(state.card.code.left, left, "a try was burnt");
    }

    /// Puts it into a reader.
    pub fn insert(&self, pcscd: &Pcscd, reader: usize) -> Inserted {
        self.insert_at(pcscd.port(reader))
    }

    pub fn insert_at(&self, port: u16) -> Inserted {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a virtual reader");
        let atr = {
            let mut state = self.state();
            (state.apdus, state.span) = (0, None);
            state.faults.atr.clone().unwrap_or_else(|| state.card.model().atr().to_vec())
        };
        let (card, reader) = (self.clone(), stream.try_clone().expect("the stream again"));
        let thread = std::thread::spawn(move || {
            // A reader that goes away is the end of the card's visit, whichever way it goes.
            plug(reader, &atr, |heard| card.hear(heard)).ok();
        });
        Inserted { card: self.clone(), stream, thread: Some(thread) }
    }

    fn hear(&self, heard: Heard) -> Said {
        let mut state = self.state();
        state.journal.push(heard.clone());
        let apdu = match heard {
            Heard::On | Heard::Reset => {
                state.card.reset();
                return Said::Nothing;
            }
            Heard::Off => return Said::Nothing,
            Heard::Apdu(apdu) => apdu,
        };
        let number = state.apdus;
        state.apdus += 1;
        let now = instant();
        state.span = Some((state.span.map_or(now, |(first, _)| first), now));
        let delay = state.faults.delay;
        if !delay.is_zero() {
            drop(state);
            std::thread::sleep(delay);
            state = self.state();
        }
        if let Some((_, barrier)) = state.faults.together.clone().filter(|(at, _)| *at == number) {
            drop(state);
            barrier.wait();
            state = self.state();
        }
        if state.faults.tear_at == Some(number) {
            return Said::Torn;
        }
        if state.faults.mute_at == Some(number) {
            drop(self.0.released.wait_while(state, |state| state.faults.mute_at.is_some()).expect("the card"));
            return Said::Torn;
        }
        if let Some((_, octets)) = state.faults.instead.clone().filter(|(at, _)| *at <= number) {
            return Said::Answer(octets);
        }
        Said::Answer(state.card.answer(&apdu))
    }
}

impl Inserted {
    /// Takes it out, and waits until nobody holds it any more.
    pub fn remove(self) {
        drop(self);
    }

    /// It was torn out.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).ok();
        if let Ok(mut state) = self.card.0.state.lock() {
            state.faults.mute_at = None;
        }
        self.card.0.released.notify_all();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Whose card it is.
pub struct Person {
    pub offer: Offer,
    pub number: String,
    pub finess: String,
    pub register: String,
    /// Days since the card was made.
    pub age: i64,
    /// Days to its end.
    pub days: i64,
    /// Certificates of at least so many octets.
    pub least: usize,
    /// A card *de service*.
    pub service: bool,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            offer: Offer::CdeCpe,
            number: "2600301752".to_owned(),
            finess: "990000010".to_owned(),
            register: "000000001".to_owned(),
            age: 395,
            days: 700,
            least: 0,
            service: false,
        }
    }
}

struct Issuer {
    authority: Authority,
    keys: [KeyPair; 2],
}

/// A pair of keys for each usage, the same for everybody: making them is what takes time.
static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    let validity = Validity { not_before: now().plus_days(-3650), not_after: now().plus_days(3650) };
    let name = "TEST AC IGC-SANTE STANDARD PERSONNES";
    let root = Authority::root(name, validity, KeyPair::rsa_2048().expect("a key")).expect("an authority");
    Issuer { authority: root, keys: [(); 2].map(|()| KeyPair::rsa_2048().expect("a key")) }
});

#[expect(clippy::disallowed_methods, reason = "how long a reading took is what some tests are about")]
fn instant() -> Instant {
    Instant::now()
}

/// The wall clock: the daemon under test judges by it.
#[expect(clippy::disallowed_methods, reason = "certificates for a daemon that reads the clock of the machine")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp::from_unix(i64::try_from(since.as_secs()).expect("a clock of this age"))
}

impl Person {
    /// The contents of this person's card.
    pub fn contents(&self, serial: &str) -> Contents {
        let label = |what: &str| format!("Certificat {what} CPS");
        Contents {
            serial: serial.to_owned(),
            label: format!("CPS3v3-{}", self.number),
            certificates: vec![
                Held { label: label("d'Authentification"), id: 0x02, der: self.certificate(Usage::Auth) },
                Held { label: label("de Signature"), id: 0x01, der: self.certificate(Usage::Sign) },
            ],
            last_update: false,
        }
    }

    fn certificate(&self, usage: Usage) -> Vec<u8> {
        let mut subject = vec![
            (Attribute::Department, "Paris (75)".to_owned()),
            (Attribute::Organization, "CENTRE HOSPITALIER DE L'EXEMPLE".to_owned()),
            (Attribute::Unit, format!("1{}", self.finess)),
        ];
        let common_name = (Attribute::CommonName, format!("3{}/{}", self.finess, self.register));
        if self.service {
            subject.push((Attribute::Title, "Carte de service santé ou social".to_owned()));
            subject.push((Attribute::Pseudonym, format!("EMPLOYE{}", self.register)));
            subject.push(common_name);
        } else {
            subject.push((Attribute::Title, "Personnel santé ou social".to_owned()));
            subject.push((Attribute::GivenName, "CAMILLE".to_owned()));
            subject.push(common_name);
            subject.push((Attribute::Surname, "EXEMPLE".to_owned()));
        }
        let mut alt_names = Vec::new();
        loop {
            let leaf = Leaf {
                offer: self.offer,
                usage,
                subject: subject.clone(),
                alt_names: alt_names.clone(),
                validity: Validity {
                    not_before: now().plus_days(-self.age),
                    not_after: now().plus_days(self.days).plus_seconds(43_200),
                },
                private_key_usage_not_after: None,
                card: Some(self.number.clone()),
            };
            let [auth, sign] = &ISSUER.keys;
            let key = if usage == Usage::Sign { sign } else { auth };
            let der = ISSUER.authority.issue(&leaf, key).expect("a certificate").der;
            if der.len() >= self.least {
                return der;
            }
            let missing = (self.least - der.len()).min(250);
            alt_names.push(AltName::Mail(format!("{}@ch-exemple.test", "x".repeat(missing.saturating_sub(19).max(1)))));
        }
    }
}
