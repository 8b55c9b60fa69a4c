//! The parameters of a request to a login.

use crate::fault::{Code, Fault};
use crate::pipeline::form;
use crate::pipeline::request::Head;
use crate::value::SmolStr;

/// The parameters of a query or a form.
pub(super) struct Params(Vec<(SmolStr, SmolStr)>);

/// More than any provider sends.
const MOST: usize = 32;

impl Params {
    /// Reads a query.
    ///
    /// # Errors
    /// 400 where it is none.
    pub(super) fn of_query(query: &str) -> Result<Self, Fault> {
        let problem = |problem: form::Problem| bad(problem.of_query());
        form::pairs(query, MOST).map(Self).map_err(problem)
    }

    /// Reads a form.
    ///
    /// # Errors
    /// 400 where it is none.
    pub(super) fn of_form(body: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(body).map_err(|_| bad("The form is not UTF-8."))?;
        let problem = |problem: form::Problem| bad(problem.of_body());
        form::pairs(text, MOST).map(Self).map_err(problem)
    }

    /// The parameter of this name, where it is there and is not empty.
    ///
    /// # Errors
    /// 400 where it is there twice (RFC 6749 §3.1): who reads the other one would decide otherwise.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut found = self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| &**value);
        let one = found.next();
        if found.next().is_some() {
            return Err(bad("A parameter stands there more than once."));
        }
        Ok(one.filter(|value| !value.is_empty()))
    }
}

/// The one media type of a body, without its parameters, in lower case.
pub(super) fn media_type(head: &dyn Head) -> Option<Vec<u8>> {
    let kinds = head.header("content-type");
    let [kind] = kinds[..] else { return None };
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    Some(kind.trim_ascii().to_ascii_lowercase())
}

fn bad(why: &'static str) -> Fault {
    Fault::new(Code::BadRequest).message(why)
}
