//! Settings in a file: the state after a program
//! ended between any two steps, and unusable files.

use embassy_futures::block_on;
use instep_settings::{
    FileError, FileStorage, Kept, KeptName, LoadOutcome, Network, NetworkName, Saver, Settings, VERSION,
    WifiPassword,
};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const LED: KeptName = KeptName::new("led");

/// Returns an empty folder for a test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("settings-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn save(file: &Path, led: &[u8]) {
    let settings = Settings::new();
    let (mut saver, _) = block_on(Saver::open(&settings, FileStorage::new(file).unwrap()));
    Kept::by(&settings).keep(LED, led).unwrap();
    block_on(saver.save()).unwrap();
}

fn load(file: &Path) -> (Option<Vec<u8>>, LoadOutcome<FileError>) {
    let settings = Settings::new();
    let (_, opened) = block_on(Saver::open(&settings, FileStorage::new(file).unwrap()));
    (Kept::by(&settings).value(LED).map(|value| value.to_vec()), opened)
}

#[test]
fn saved_settings_are_restored_and_private() {
    let file = folder("again").join("state");
    assert_eq!(load(&file), (None, LoadOutcome::Empty));
    save(&file, b"on");
    save(&file, b"off");
    assert_eq!(load(&file), (Some(b"off".to_vec()), LoadOutcome::Loaded));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "another file is left");
}

#[test]
fn interrupted_save_leaves_old_or_new_settings() {
    let folder = folder("steps");
    let (file, temporary) = (folder.join("state"), folder.join(".state.new"));
    save(&file, b"off");
    let old = fs::read(&file).unwrap();
    save(&file, b"on");
    let new = fs::read(&file).unwrap();
    fs::write(&file, &old).unwrap();
    // A save interrupted after each step: a part of the new file is written,
    for length in 0..=new.len() {
        fs::write(&temporary, &new[..length]).unwrap();
        assert_eq!(load(&file), (Some(b"off".to_vec()), LoadOutcome::Loaded), "{length}");
    }
    // and it is renamed.
    fs::rename(&temporary, &file).unwrap();
    assert_eq!(load(&file), (Some(b"on".to_vec()), LoadOutcome::Loaded));
    // A leftover file does no harm.
    fs::write(&temporary, b"half").unwrap();
    save(&file, b"other");
    assert_eq!(load(&file), (Some(b"other".to_vec()), LoadOutcome::Loaded));
    assert!(!temporary.exists());
}

#[test]
fn damaged_file_gives_defaults_and_one_report() {
    let file = folder("damaged").join("state");
    save(&file, b"on");
    let good = fs::read(&file).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
    damaged.extend((0..good.len()).map(|index| {
        let mut bytes = good.clone();
        bytes[index] ^= 0x10;
        bytes
    }));
    damaged.push([&good[..], b"\n"].concat());
    damaged.push(vec![b'x'; 1 << 20]);
    for bytes in damaged {
        fs::write(&file, &bytes).unwrap();
        let (led, opened) = load(&file);
        // The version is before the checksum, so another one means a newer file.
        assert!(matches!(opened, LoadOutcome::Corrupt | LoadOutcome::Newer(_)), "{opened:?}");
        assert_eq!(led, None);
    }
    fs::write(&file, b"instep settings\n").unwrap();
    save(&file, b"off");
    assert_eq!(load(&file), (Some(b"off".to_vec()), LoadOutcome::Loaded));
}

#[test]
fn newer_file_is_left_alone() {
    let file = folder("newer").join("state");
    let newer = [&b"instep settings\n"[..], &(VERSION + 1).to_le_bytes(), b"in any form"].concat();
    fs::write(&file, &newer).unwrap();
    assert_eq!(load(&file), (None, LoadOutcome::Newer(VERSION + 1)));
    save(&file, b"on");
    assert_eq!(fs::read(&file).unwrap(), newer, "a persisted value overwrote a newer file");
}

#[test]
fn secrets_are_only_in_file() {
    let file = folder("secrets").join("state");
    let settings = Settings::new();
    let (mut saver, _) = block_on(Saver::open(&settings, FileStorage::new(&file).unwrap()));
    let password = WifiPassword::new(b"open sesame").unwrap();
    settings.set_network(Some(Network::new(NetworkName::new(b"cave").unwrap(), Some(password))));
    block_on(saver.save()).unwrap();
    assert!(fs::read(&file).unwrap().windows(11).any(|bytes| bytes == b"open sesame"));
    assert!(!format!("{saver:?} {settings:?}").contains("sesame"));
}

#[test]
fn unusable_file_is_named_in_error() {
    let folder = folder("refused");
    let refused = |path: &Path| FileStorage::new(path).unwrap_err().to_string();
    assert!(refused(&folder).contains("settings-refused"), "{}", refused(&folder));
    for other in ["/", "/dev/zero", ".."] {
        assert!(refused(Path::new(other)).contains(other));
    }

    let nowhere = FileStorage::new(folder.join("none/state")).unwrap();
    let error = nowhere.check().unwrap_err().to_string();
    assert!(error.contains("none/state") && error.contains("folder"), "{error}");

    // No user can read a link to itself, not even root.
    let circle = folder.join("circle");
    symlink(&circle, &circle).unwrap();
    let (_, opened) = load(&circle);
    assert!(
        matches!(&opened, LoadOutcome::Unreadable(FileError::Read(path, _)) if *path == circle),
        "{opened:?}"
    );
    assert!(opened.to_string().contains("circle"), "{opened}");
}

#[test]
fn symbolic_link_stays_and_its_target_is_replaced() {
    let folder = folder("link");
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    let (link, target) = (folder.join("state"), disk.join("kept"));
    symlink("second", &link).unwrap();
    symlink("disk/kept", folder.join("second")).unwrap();
    let stays = || fs::symlink_metadata(&link).unwrap().is_symlink();
    // The target does not exist at first.
    for led in [b"on", b"of"] {
        save(&link, led);
        assert!(stays() && fs::symlink_metadata(&target).unwrap().is_file());
        assert_eq!((load(&link).0, load(&target).0), (Some(led.to_vec()), Some(led.to_vec())));
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "another file is left");
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 1, "another file is left");
    let storage = FileStorage::new(&link).unwrap();
    assert_eq!(storage.path(), link, "the path was resolved");
    storage.check().unwrap();
    assert!(storage.remove().unwrap());
    assert!(stays() && !target.exists(), "the target was not removed");
    save(&link, b"on");
    assert!(stays() && target.exists());
}

#[test]
fn full_disk_is_named_in_error() {
    use std::io::{Error, ErrorKind};
    let message_of = |error: Error| FileError::Write("/kept/state".into(), error).to_string();
    for full in [Error::from_raw_os_error(28), ErrorKind::StorageFull.into(), ErrorKind::QuotaExceeded.into()]
    {
        let said = message_of(full);
        assert!(said.contains("the disk is full") && said.contains("/kept/state"), "{said}");
        assert!(!said.contains("allowed"), "{said}");
    }
    assert_eq!(Error::from_raw_os_error(28).kind(), ErrorKind::StorageFull, "ENOSPC of Linux");
    assert!(message_of(ErrorKind::PermissionDenied.into()).contains("allow this user to write"));
}

#[test]
fn unwritable_folder_is_reported() {
    let folder = folder("locked");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let storage = FileStorage::new(folder.join("state")).unwrap();
    let result = storage.check();
    let is_root = fs::write(folder.join("probe"), b"").is_ok();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    // Root may write everywhere.
    match result {
        Err(error) => assert!(error.to_string().contains("allow this user to write"), "{error}"),
        Ok(()) => assert!(is_root),
    }
}

#[test]
fn file_of_other_kind_is_left_alone() {
    let file = folder("foreign").join("notes.txt");
    let storage = FileStorage::new(&file).unwrap();
    for foreign in ["x", "instep-settings", "milk, butter, bread and a new lamp"] {
        fs::write(&file, foreign).unwrap();
        for result in [storage.check(), storage.remove().map(drop)] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("notes.txt") && error.contains("another file"), "{error}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), foreign);
    }
    for ours in [&b""[..], &[0; 100], b"instep set", b"instep settings\nand damage"] {
        fs::write(&file, ours).unwrap();
        storage.check().unwrap();
        assert_eq!(fs::read(&file).unwrap(), ours, "a check changed the file");
        assert_eq!(load(&file).0, None);
        assert!(storage.remove().unwrap());
    }
}

#[test]
fn remove_returns_whether_file_existed() {
    let file = folder("remove").join("state");
    let storage = FileStorage::new(&file).unwrap();
    assert!(!storage.remove().unwrap());
    save(&file, b"on");
    fs::write(file.with_file_name(".state.new"), b"half").unwrap();
    assert!(storage.remove().unwrap());
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 0);
    assert_eq!(load(&file), (None, LoadOutcome::Empty));
}
