/// Where everything is. Every address is needed: `--users http://127.0.0.1:7001`.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) listen: String,
    pub(crate) workers: usize,
    pub(crate) jwks: String,
    pub(crate) users: String,
    pub(crate) analytics: String,
    pub(crate) notifications: String,
    /// An access line for each request.
    pub(crate) log: bool,
    /// Whether a token's signature is checked once, and not on each request.
    pub(crate) keep_tokens: bool,
}

impl Settings {
    /// The error says what is missing or not known.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut words = words.collect::<Vec<_>>();
        let mut flag = |name: &str| {
            let at = words.iter().position(|word| word == name);
            at.map(|at| words.remove(at)).is_some()
        };
        let (log, keep_tokens) = (!flag("--no-log"), flag("--keep-tokens"));
        let value = |name: &str| {
            let mut pairs = words.chunks_exact(2);
            let found = pairs.find(|pair| pair[0] == name);
            found.map(|pair| pair[1].clone()).ok_or_else(|| format!("{name} is missing"))
        };
        Ok(Self {
            listen: value("--listen")?,
            workers: value("--workers")?.parse().map_err(|_| "--workers wants a number")?,
            jwks: value("--jwks")?,
            users: value("--users")?,
            analytics: value("--analytics")?,
            notifications: value("--notifications")?,
            log,
            keep_tokens,
        })
    }
}
