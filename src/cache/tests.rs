//! Tests of the cache as a store of bytes.

use super::*;
use std::fs::File;

fn key(text: &str) -> Key {
    KeyMaker::default().part(text.as_bytes()).key()
}

fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("deep/cache")).unwrap();
    (folder, cache)
}

#[test]
fn what_is_stored_is_found_under_its_key_only() {
    let (_folder, cache) = cache();
    assert_eq!(cache.load(&key("a")), None);
    cache.store(&key("a"), b"first").unwrap();
    cache.store(&key("b"), b"").unwrap();
    assert_eq!(cache.load(&key("a")).unwrap(), b"first");
    assert_eq!(cache.load(&key("b")).unwrap(), b"");
    cache.store(&key("a"), b"second").unwrap();
    assert_eq!(cache.load(&key("a")).unwrap(), b"second");
    assert_eq!(cache.usage().entries, 2);
    cache.clear().unwrap();
    assert_eq!((cache.load(&key("a")), cache.usage()), (None, Usage::default()));
}

#[test]
fn parts_of_keys_are_told_apart() {
    let made = |parts: &[&str]| {
        let mut maker = KeyMaker::default();
        parts.iter().for_each(|part| {
            maker.part(part.as_bytes());
        });
        maker.key()
    };
    assert_ne!(made(&["ab", "c"]), made(&["a", "bc"]));
    assert_ne!(made(&["a"]), made(&["a", ""]));
    assert_eq!(made(&["a", "b"]), made(&["a", "b"]));
}

#[test]
fn no_changed_byte_and_no_cut_goes_unnoticed() {
    let (_folder, cache) = cache();
    let (key, path) = (key("a"), cache.path(&key("a")));
    let store = || cache.store(&key, b"some machine code").unwrap();
    store();
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(cache.load(&key), None, "byte {place}");
        assert!(!path.exists(), "a broken entry is removed");
        fs::write(&path, &whole[..place]).unwrap();
        assert_eq!(cache.load(&key), None, "cut at {place}");
    }
    fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    assert_eq!(cache.load(&key), None);
    store();
    assert!(cache.load(&key).is_some());
}

#[test]
fn an_entry_under_the_name_of_another_is_not_taken() {
    let (_folder, cache) = cache();
    cache.store(&key("a"), b"code of a").unwrap();
    fs::rename(cache.path(&key("a")), cache.path(&key("b"))).unwrap();
    assert_eq!(cache.load(&key("b")), None);
}

#[test]
fn what_is_no_entry_is_neither_read_nor_removed() {
    let (_folder, cache) = cache();
    let key = key("a");
    let notes = cache.folder().join("notes.code");
    fs::write(&notes, "mine").unwrap();
    cache.store(&key, b"code").unwrap();
    fs::remove_file(cache.path(&key)).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/zero", cache.path(&key)).unwrap();
    assert_eq!(cache.load(&key), None);
    cache.clear().unwrap();
    assert_eq!(fs::read_to_string(notes).unwrap(), "mine");
}

#[test]
fn the_oldest_entries_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let content = [7; 1000];
    let cache = Cache::with_limit(folder.path(), 3500).unwrap();
    let hours = |hours: u64| SystemTime::now() - Duration::from_secs(3600 * hours);
    for (name, age) in [("a", 3), ("b", 2), ("c", 1)] {
        cache.store(&key(name), &content).unwrap();
        File::options().append(true).open(cache.path(&key(name))).unwrap().set_modified(hours(age)).unwrap();
    }
    // Used again, the oldest becomes the newest.
    assert!(cache.load(&key("a")).is_some());
    cache.store(&key("d"), &content).unwrap();
    let left = ["a", "b", "c", "d"].map(|name| cache.path(&key(name)).exists());
    assert_eq!(left, [true, false, true, true]);
    assert!(cache.usage().bytes <= 3500);
}

#[test]
fn what_processes_left_unfinished_is_removed_when_it_is_old() {
    let (_folder, cache) = cache();
    let (old, new) = (cache.folder().join(".new-old"), cache.folder().join(".new-new"));
    for path in [&old, &new] {
        fs::write(path, "half").unwrap();
    }
    File::options().append(true).open(&old).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
    cache.store(&key("a"), b"code").unwrap();
    assert_eq!((old.exists(), new.exists()), (false, true));
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_their_owners_alone_and_open_ones_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, cache) = cache();
    cache.store(&key("a"), b"code").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(cache.folder()), mode(&cache.path(&key("a")))), (0o700, 0o600));
    for open in [0o770, 0o702, 0o777] {
        fs::set_permissions(cache.folder(), fs::Permissions::from_mode(open)).unwrap();
        let refused = Cache::open(cache.folder()).unwrap_err();
        assert!(refused.contains("others can write"), "{refused}");
    }
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Cache::open(cache.folder()).is_ok());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_no_cache() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Cache::open(&file).is_err() && Cache::open(&file.join("below")).is_err());
}

#[test]
fn many_writers_and_readers_at_once() {
    let (_folder, cache) = cache();
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let cache = &cache;
            scope.spawn(move || {
                for _ in 0..50 {
                    cache.store(&key("a"), &[writer; 5000]).unwrap();
                    let found = cache.load(&key("a")).expect("an entry, whole");
                    assert!(found.len() == 5000 && found.iter().all(|byte| *byte == found[0]));
                }
            });
        }
    });
}

#[test]
fn a_shelf_keeps_what_was_there() {
    let (_folder, cache) = cache();
    let mut first = Shelf::new(cache.clone(), key("run"));
    first.put("one", vec![1]);
    first.put("two", vec![2, 2]);
    first.save().unwrap();
    let mut second = Shelf::new(cache.clone(), key("run"));
    second.put("two", vec![3]);
    second.put("three", Vec::new());
    second.save().unwrap();
    let third = Shelf::new(cache, key("run"));
    assert_eq!(
        ["one", "two", "three", "four"].map(|name| third.get(name)),
        [Some(&[1][..]), Some(&[3]), Some(&[]), None]
    );
}

#[test]
fn the_environment_names_the_folder() {
    let of = |variables: &'static [(&str, &str)]| {
        default_folder(move |name| {
            variables.iter().find(|(each, _)| *each == name).map(|(_, value)| PathBuf::from(value))
        })
    };
    assert_eq!(of(&[("NDC_CACHE_DIR", "here"), ("HOME", "/home/u")]).unwrap(), Path::new("here"));
    assert!(of(&[("NDC_CACHE_DIR", ""), ("HOME", "/home/u")]).is_err());
    assert!(of(&[]).is_err());
    if cfg!(target_os = "linux") {
        assert_eq!(of(&[("HOME", "/home/u")]).unwrap(), Path::new("/home/u/.cache/ndc"));
        let both = of(&[("XDG_CACHE_HOME", "/caches"), ("HOME", "/home/u")]);
        assert_eq!(both.unwrap(), Path::new("/caches/ndc"));
        assert_eq!(of(&[("XDG_CACHE_HOME", "caches"), ("HOME", "/home/u")]).unwrap(), Path::new("/home/u/.cache/ndc"));
        assert!(of(&[("HOME", "relative")]).is_err());
    }
}
