//! Room on the disk. Lists share it with the database and its audit trail, and whoever answers for an address of a certificate must not be able to
//! keep these from being written.

use std::io;
use std::path::Path;

use super::error::FetchError;

/// Bytes no list may take: weeks of audit trail, and a transaction of the largest estate.
const RESERVE: u64 = 64 << 20;
/// Of a small disk so large a part.
const PART: u64 = 8;

/// What a disk has, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk {
    pub(super) free: u64,
    pub(super) whole: u64,
}

/// Where the room of a disk is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room(pub(super) fn(&Path) -> io::Result<Disk>);

impl Room {
    pub(super) const SYSTEM: Self = Self(asked);

    /// So much more fits on the disk of this file or folder, and the reserve is left.
    pub(super) fn for_more(self, place: &Path, more: u64) -> Result<(), FetchError> {
        let Disk { free, whole } = (self.0)(place).map_err(FetchError::Disk)?;
        let reserve = RESERVE.min(whole / PART);
        // A file system that does not count its blocks says that it has none.
        if whole > 0 && free < more.saturating_add(reserve) {
            return Err(FetchError::DiskLow { wanted: more, reserve });
        }
        Ok(())
    }
}

fn asked(place: &Path) -> io::Result<Disk> {
    let found = rustix::fs::statvfs(place)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    // What is kept for root is not ours.
    Ok(Disk { free: bytes(found.f_bavail), whole: bytes(found.f_blocks) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_left_whatever_is_wanted() {
        let reason = |room: Room, more| room.for_more(Path::new("/"), more).map_err(|error| error.reason());
        let large = Room(|_| Ok(Disk { free: 100 << 20, whole: 1 << 40 }));
        assert_eq!(reason(large, 36 << 20), Ok(()));
        assert_eq!(reason(large, (36 << 20) + 1), Err("disk_low"));
        assert_eq!(reason(large, u64::MAX), Err("disk_low"));
        let small = Room(|_| Ok(Disk { free: 20 << 20, whole: 24 << 20 }));
        assert_eq!((reason(small, 17 << 20), reason(small, 18 << 20)), (Ok(()), Err("disk_low")));
        let uncounted = Room(|_| Ok(Disk { free: 0, whole: 0 }));
        assert_eq!(reason(uncounted, 1 << 20), Ok(()));
        let gone = Room(|_| Err(io::Error::from(io::ErrorKind::NotFound)));
        assert_eq!(reason(gone, 1), Err("io"));
    }

    #[test]
    fn the_system_knows_its_disks() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(asked(folder.path()).is_ok_and(|disk| disk.free <= disk.whole));
    }
}
