//! Many texts sought in one pass (Rabin and Karp), whose cost does not grow with their number.

use std::collections::HashMap;
use std::ops::Range;

use super::forms::SHORTEST;

/// What is sought. Each is found by the hash of its last bytes.
pub(super) struct Index {
    sought: Vec<(&'static str, Box<[u8]>)>,
    ends: HashMap<u64, Vec<usize>>,
    /// A bit for each hash that may be in `ends`.
    filter: Vec<u64>,
}

/// Where one was found.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) kind: &'static str,
    pub(super) range: Range<usize>,
}

impl Default for Index {
    fn default() -> Self {
        Self { sought: Vec::new(), ends: HashMap::new(), filter: vec![0; 1 << (BITS - 6)] }
    }
}

impl Index {
    pub(super) fn insert(&mut self, kind: &'static str, text: Vec<u8>) {
        assert!(text.len() >= SHORTEST, "a {kind} that is found by accident");
        let end = text[text.len() - SHORTEST..].iter().fold(0, |hash, byte| add(hash, *byte));
        let same = self.ends.entry(end).or_default();
        if same.iter().all(|at| *self.sought[*at].1 != *text) {
            same.push(self.sought.len());
            self.sought.push((kind, text.into()));
        }
        let (word, bit) = place(end);
        self.filter[word] |= bit;
    }

    /// All that is found, by where it begins.
    pub(super) fn search(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut hash = 0;
        for (at, byte) in text.iter().enumerate() {
            hash = add(hash, *byte);
            if at >= SHORTEST {
                hash = hash.wrapping_sub(value(text[at - SHORTEST]).wrapping_mul(LEAVING));
            }
            let (word, bit) = place(hash);
            if self.filter[word] & bit != 0 {
                hits.extend(self.ending(&text[..=at], hash));
            }
        }
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
        hits
    }

    fn ending(&self, text: &[u8], hash: u64) -> impl Iterator<Item = Hit> {
        let candidates = self.ends.get(&hash).map_or(&[][..], Vec::as_slice);
        let sought = candidates.iter().map(|at| &self.sought[*at]);
        sought
            .filter(|(_, sought)| text.ends_with(sought))
            .map(|(kind, sought)| Hit { kind, range: text.len() - sought.len()..text.len() })
    }
}

fn add(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(FACTOR).wrapping_add(value(byte))
}

fn value(byte: u8) -> u64 {
    u64::from(byte) + 1
}

fn place(hash: u64) -> (usize, u64) {
    let bit = (hash.wrapping_mul(SPREAD) >> (64 - BITS)) as usize;
    (bit / 64, 1 << (bit % 64))
}

const BITS: u32 = 21;
const FACTOR: u64 = 0x0000_0100_0000_01b3;
const LEAVING: u64 = FACTOR.wrapping_pow(SHORTEST as u32);
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
