//! Sources that left the configuration.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use vigie::clock::SharedClock;
use vigie::config::ScanConfig;
use vigie::domain::inventory::Inventory;
use vigie::domain::reconcile::reconcile;
use vigie::sources::tls_endpoint::TlsSource;
use vigie::sources::{Source, retired};

use super::{clock, location, source, taken};
use crate::support::made_certificate::Made;

#[tokio::test]
async fn what_a_retired_source_left_is_gone_once() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.pem");
    fs::write(&path, Made::self_signed("a.example").certificate.pem()).unwrap();
    let clock: SharedClock = Arc::new(clock());
    let swept = Source::File(Arc::new(source(root.path())));
    let gathered = swept.gather(Arc::default(), Arc::clone(&clock)).await;
    assert_eq!((swept.kind(), &*gathered.kind, &*gathered.source), ("file", "file", "folders"));
    let (inventory, _) = taken(&Inventory::default(), gathered);
    assert!(retired(&inventory, &[swept], &clock).is_empty());

    let other = [Source::Tls(Arc::new(TlsSource::new("ends", vec![], ScanConfig::default())))];
    let left = retired(&inventory, &other, &clock);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].gone, [location(&path)]);
    assert_eq!(&*left[0].kind, "file");
    let inventory = inventory.clone().after(&reconcile(&inventory, left, &HashMap::new()));
    assert!(inventory.observations.is_empty());
    assert!(retired(&inventory, &other, &clock).is_empty());
}
