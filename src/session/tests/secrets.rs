//! Who reads the store, the log or a core of ours that was printed learns nothing that opens anything.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::session::{Key, Live};
use crate::store::cmd;

/// A session that has been changed once, and all its secrets.
async fn used(instance: &Instance) -> (Arc<Live>, Vec<Vec<u8>>) {
    let sessions = instance.sessions();
    let began = sessions.begin(&Arc::from("shop"), record("u1", "one")).await.unwrap();
    let next = sessions.replace(&began, record("u1", "two")).await.unwrap().unwrap();
    let cookie = began.key.reveal();
    let mut secrets = vec![cookie.clone().into_bytes(), cookie.as_bytes()[3..].to_vec()];
    for record in [record("u1", "one"), record("u1", "two")] {
        secrets.push(record.access_token.into_bytes());
        secrets.extend(record.refresh_token.map(String::into_bytes));
        secrets.extend(record.id_token.map(String::into_bytes));
    }
    secrets.extend([b"u1@example.com".to_vec(), vec![1; 32]]);
    secrets.push(began.key.secret().to_vec());
    secrets.push(began.key.id().to_vec());
    (next, secrets)
}

fn assert_none(text: &[u8], secrets: &[Vec<u8>], place: &str) {
    for secret in secrets {
        let found = text.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{} in {place}", String::from_utf8_lossy(secret));
    }
}

fn read(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_file_shows_no_secret() {
    let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
    run(async {
        let store = Store::File(file(&folder.path().join("x.redb"), &clock));
        let instance = Instance::new(store, &clock, None);
        let (live, secrets) = used(&instance).await;
        let text = read(folder.path());
        assert_none(&text, &secrets, "the file");
        // It is there that was looked.
        let entry = live.key.entry();
        assert!(text.windows(32).any(|window| window == entry.0));
    });
}

#[test]
fn redis_shows_no_secret() {
    let (clock, server) = (Arc::new(Seconds::default()), Server::start());
    run(async {
        let instance = Instance::new(Store::Redis, &clock, Some(server.connect()));
        let (live, secrets) = used(&instance).await;
        let owner = [7; 32];
        instance.sessions().lease(live.key.entry(), owner, IDLE).await.unwrap();
        let _: String = server.connect().ask(&cmd("SAVE")).await.unwrap();
        let text = read(server.folder());
        assert_none(&text, &secrets, "the dump");
        assert!(text.windows(32).any(|window| window == live.key.entry().0));
    });
}

#[test]
fn nothing_that_is_printed_shows_a_secret() {
    everywhere(async |instance, _| {
        let (live, secrets) = used(instance).await;
        let sessions = instance.sessions();
        let found = sessions.find(&live.key, &Arc::from("shop")).await.unwrap();
        let listed = sessions.list(None).await.unwrap();
        let row = match &instance.shared.store {
            Store::Memory(memory) => memory.get(live.key.entry(), Seconds::default().now()),
            _ => None,
        };
        let printed = format!(
            "{live:?} {found:?} {listed:?} {row:?} {:?} {:?} {:?}",
            live.key, live.record, live.identity
        );
        assert_none(printed.as_bytes(), &secrets, &printed);
        assert!(printed.contains(&live.key.entry().hex()));
    });
}

#[test]
fn an_entry_is_no_key() {
    let key = Key::new().unwrap();
    let entry = key.entry();
    assert_ne!(&entry.0[..16], key.id());
    let of_entry = Key::parse(format!("v1.{}", entry.hex()).as_bytes());
    assert!(of_entry.is_none_or(|other| other.entry() != entry));
}
