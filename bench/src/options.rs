//! The command line.

/// `bench [--rounds N] [--seconds N] [--connections N] [--starts N] [--gate-rounds N] [--instructions] [--sessions] [--cache] [--replies]`
pub(crate) struct Options {
    pub(crate) rounds: u32,
    /// Of a round, for each entrant.
    pub(crate) seconds: u32,
    pub(crate) connections: u32,
    /// How often the gateway is started.
    pub(crate) starts: u32,
    /// How often each part of the gate is measured, with it and without.
    pub(crate) gate_rounds: u32,
    /// Whether `valgrind` counts instructions too.
    pub(crate) instructions: bool,
    /// One part alone.
    pub(crate) only: Option<Only>,
}

/// A part that is measured without the others.
pub(crate) enum Only {
    Sessions,
    Cache,
    /// What entries take that may take so many bytes: what `Cache` starts for itself.
    CacheMemory(usize),
    Replies,
}

impl Options {
    /// The error says which word is wrong.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            rounds: 5,
            seconds: 4,
            connections: 32,
            starts: 11,
            gate_rounds: 11,
            instructions: false,
            only: None,
        };
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--rounds" => &mut options.rounds,
                "--seconds" => &mut options.seconds,
                "--connections" => &mut options.connections,
                "--starts" => &mut options.starts,
                "--gate-rounds" => &mut options.gate_rounds,
                "--instructions" => {
                    options.instructions = true;
                    continue;
                }
                "--sessions" => {
                    options.only = Some(Only::Sessions);
                    continue;
                }
                "--cache" => {
                    options.only = Some(Only::Cache);
                    continue;
                }
                "--cache-memory" => {
                    let bytes = words.next().and_then(|bytes| bytes.parse().ok());
                    options.only = bytes.map(Only::CacheMemory);
                    continue;
                }
                "--replies" => {
                    options.only = Some(Only::Replies);
                    continue;
                }
                _ => return Err(format!("`{word}` is not known")),
            };
            let number = words.next().and_then(|number| number.parse().ok());
            *place = number.filter(|n| *n > 0).ok_or(format!("`{word}` wants a number"))?;
        }
        Ok(options)
    }
}
