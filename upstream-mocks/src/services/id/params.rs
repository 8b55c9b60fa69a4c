use super::refusal::Refusal;
use crate::wire::Recorded;

/// What may come more than once (RFC 8707, RFC 8693).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// The parameters of a request: of the query for GET, of the form otherwise.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// RFC 6749 §3.1: one without a value counts as left out, and none comes twice.
    pub(super) fn of(request: &Recorded) -> Result<Self, Refusal> {
        let mut all = if ["GET", "HEAD"].contains(&request.method.as_str()) {
            request.query_pairs()
        } else {
            let kind = request.header("content-type").unwrap_or_default();
            if !kind.starts_with("application/x-www-form-urlencoded") {
                return Err(Refusal::invalid_request("the body is no form"));
            }
            request.form_pairs()
        };
        all.retain(|(_, value)| !value.is_empty());
        let doubled = all.iter().enumerate().find(|(at, (name, _))| {
            !REPEATABLE.contains(&name.as_str()) && all[..*at].iter().any(|(x, _)| x == name)
        });
        match doubled {
            Some((_, (name, _))) => {
                Err(Refusal::invalid_request(format!("`{name}` comes more than once")))
            }
            None => Ok(Self(all)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::invalid_request(format!("`{name}` is missing")))
    }

    /// What tokens shall be for: the values of `resource` and `audience`.
    pub(super) fn audiences(&self) -> Vec<String> {
        let wanted = self.0.iter().filter(|(name, _)| REPEATABLE.contains(&name.as_str()));
        wanted.map(|(_, value)| value.clone()).collect()
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
