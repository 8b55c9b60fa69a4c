//! Data that looks real and is the same at every start.

/// A stream of numbers from a seed (`SplitMix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From text, so that a name always has the same numbers (FNV-1a).
    pub(super) fn named(name: &str) -> Self {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// A number from `0` to `sides - 1`; 0 where there are none.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }

    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.roll(of.len() as u64);
        usize::try_from(at).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
    }

    /// A moment of the year 2026, as RFC 3339 writes it.
    pub(super) fn moment(&mut self) -> String {
        let (month, day) = (1 + self.roll(12), 1 + self.roll(28));
        let (hour, minute) = (self.roll(24), self.roll(60));
        format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z")
    }

    /// Sentences of about eight words.
    pub(super) fn sentences(&mut self, count: u64) -> String {
        let sentence = |dice: &mut Self| {
            let words: Vec<_> = (0..6 + dice.roll(5)).map(|_| dice.pick(WORDS)).collect();
            capital(&words.join(" ")) + "."
        };
        (0..count).map(|_| sentence(self)).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn title(&mut self) -> String {
        capital(&format!("{} {} {}", self.pick(WORDS), self.pick(WORDS), self.pick(WORDS)))
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada",
    "Alan",
    "Barbara",
    "Björn",
    "Chloé",
    "Dennis",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Joan",
    "Katherine",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Radia",
    "Søren",
    "Tim",
];
pub(super) const LAST_NAMES: &[&str] = &[
    "Allen",
    "Bartik",
    "Berners",
    "Clarke",
    "Dijkstra",
    "Goldberg",
    "Hamilton",
    "Hopper",
    "Johnson",
    "Keller",
    "Lamarr",
    "Liskov",
    "Lovelace",
    "Müller",
    "O'Neil",
    "Perlman",
    "Ritchie",
    "Sutherland",
    "Turing",
    "Wirth",
];
pub(super) const WORDS: &[&str] = &[
    "answer", "before", "cache", "careful", "clock", "deadline", "every", "fallback", "gateway",
    "latency", "never", "often", "payload", "quiet", "reader", "retry", "screen", "simple", "slow",
    "socket", "state", "the", "thread", "timeout", "together", "under", "upstream", "value",
    "wait", "worker",
];
