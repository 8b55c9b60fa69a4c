//! stub
use super::Schema;
use crate::value::SmolStr;

/// A declared parameter of the path, the query, the headers or the cookies.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name: a query key, a header in lower case, a cookie, a path segment.
    pub name: SmolStr,
    /// What its value must look like. A default stands in for an absent one.
    pub schema: Schema,
    /// It must be there.
    pub required: bool,
}
