//! Definitions that every program sees.

use std::sync::Arc;

use crate::diagnostic::Problem;

/// The prelude and the definitions of `config/lib.jq`, checked. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Library {
    pub(super) source: Arc<str>,
}

impl Library {
    /// Only the prelude.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The prelude and the definitions in `source`, which holds nothing else.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        Ok(Self { source: source.into() })
    }
}
