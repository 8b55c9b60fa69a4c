//! A mistake in a schema.

/// A mistake in a schema, at a place of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The JSON pointer of the value that is wrong: `/properties/title/minLength`.
    pub at: String,
    /// Its key is what is wrong, not the value.
    pub key: bool,
    /// The JSON pointer of what it does not go with.
    pub beside: Option<String>,
    /// What is wrong, as a phrase.
    pub title: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Wrong {
    pub(super) fn value(at: impl Into<String>, title: impl Into<String>) -> Self {
        let (at, title) = (at.into(), title.into());
        Self { at, key: false, beside: None, title, help: None }
    }

    pub(super) fn key(at: impl Into<String>, title: impl Into<String>) -> Self {
        Self { key: true, ..Self::value(at, title) }
    }

    pub(super) fn beside(self, other: String) -> Self {
        Self { beside: Some(other), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// A pointer to a member or an item.
pub(super) fn below(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}
