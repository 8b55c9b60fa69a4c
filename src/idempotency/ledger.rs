//! The states of keys, for the stores of one process: who holds a key is in memory, the rest in rows.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use super::claim::{Begun, Claim, Hash};

/// Rows by key, wherever they are.
pub(super) trait Rows {
    /// Why they could not be read or written.
    type Error;
    /// The row of a key, also one whose time is over.
    fn get(&self, key: &Hash) -> Result<Option<Row>, Self::Error>;
    /// Writes the row of a key, in the place of the one before.
    fn put(&mut self, key: &Hash, row: Row) -> Result<(), Self::Error>;
    /// Takes the row of a key away.
    fn remove(&mut self, key: &Hash) -> Result<(), Self::Error>;
}

/// A key that was sent or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) fingerprint: Hash,
    pub(super) owner: String,
    /// It counts until then.
    pub(super) until: Duration,
    /// There once it is done.
    pub(super) record: Option<Bytes>,
}

/// Who holds what. Times are since 1970.
#[derive(Default)]
pub(super) struct Ledger {
    held: HashMap<Hash, Held>,
    /// How many were held when the abandoned ones were last thrown away.
    kept: usize,
}

struct Held {
    fingerprint: Hash,
    owner: String,
    until: Duration,
}

impl Ledger {
    /// What is known of a claim's key. A new one is held for `lease`.
    pub(super) fn begin<R: Rows>(
        &mut self,
        rows: &R,
        claim: &Claim,
        lease: Duration,
        now: Duration,
    ) -> Result<Begun, R::Error> {
        let row = rows.get(&claim.key)?.filter(|row| row.until > now);
        let held = self.held.get(&claim.key).filter(|held| held.until > now);
        let fingerprint = row.as_ref().map(|row| &row.fingerprint);
        let fingerprint = fingerprint.or(held.map(|held| &held.fingerprint));
        if fingerprint.is_some_and(|fingerprint| *fingerprint != claim.fingerprint) {
            return Ok(Begun::Other);
        }
        Ok(match (row.map(|row| row.record), held) {
            (Some(Some(record)), _) => Begun::Done(record),
            (_, Some(_)) => Begun::InFlight,
            (Some(None), None) => Begun::Lost,
            (None, None) => {
                self.hold(claim, now + lease, now);
                Begun::New
            }
        })
    }

    /// From now on the key is not free before `keep` is over, nor before its lease. `false`, and nothing written, where
    /// this claim does not hold it, or no longer.
    pub(super) fn sent<R: Rows>(
        &mut self,
        rows: &mut R,
        claim: &Claim,
        keep: Duration,
        now: Duration,
    ) -> Result<bool, R::Error> {
        let ours = |held: &&Held| held.until > now && held.owner == claim.owner;
        let Some(held) = self.held.get(&claim.key).filter(ours) else { return Ok(false) };
        let until = held.until.max(now + keep);
        rows.put(&claim.key, row(claim, until, None))?;
        self.hold(claim, until, now);
        Ok(true)
    }

    /// Writes the record, for `keep`. `false`, and nothing written, where the key is somebody else's.
    pub(super) fn finish<R: Rows>(
        &mut self,
        rows: &mut R,
        claim: &Claim,
        record: Bytes,
        keep: Duration,
        now: Duration,
    ) -> Result<bool, R::Error> {
        if self.is_anothers(rows, claim, now)? {
            return Ok(false);
        }
        rows.put(&claim.key, row(claim, now + keep, Some(record)))?;
        self.held.remove(&claim.key);
        Ok(true)
    }

    /// Makes the key free, if it is this claim's: nothing was changed.
    pub(super) fn release<R: Rows>(&mut self, rows: &mut R, claim: &Claim) -> Result<(), R::Error> {
        if self.held.get(&claim.key).is_some_and(|held| held.owner == claim.owner) {
            self.held.remove(&claim.key);
        }
        let ours = |row: Row| row.owner == claim.owner && row.record.is_none();
        if rows.get(&claim.key)?.is_some_and(ours) { rows.remove(&claim.key) } else { Ok(()) }
    }

    fn is_anothers<R: Rows>(
        &self,
        rows: &R,
        claim: &Claim,
        now: Duration,
    ) -> Result<bool, R::Error> {
        let held = self.held.get(&claim.key).filter(|held| held.until > now);
        let row = rows.get(&claim.key)?.filter(|row| row.until > now);
        Ok(held.is_some_and(|held| held.owner != claim.owner)
            || row.is_some_and(|row| row.owner != claim.owner))
    }

    fn hold(&mut self, claim: &Claim, until: Duration, now: Duration) {
        // A process that goes on never leaves one behind, or hardly ever: this is for the rest.
        if self.held.len() > 2 * self.kept.max(MANY) {
            self.held.retain(|_, held| held.until > now);
            self.kept = self.held.len();
        }
        let Claim { key, fingerprint, owner } = claim.clone();
        self.held.insert(key, Held { fingerprint, owner, until });
    }
}

fn row(claim: &Claim, until: Duration, record: Option<Bytes>) -> Row {
    Row { fingerprint: claim.fingerprint, owner: claim.owner.clone(), until, record }
}

/// As many requests are in flight without anybody wondering.
const MANY: usize = 1024;
