//! How many tags an entry may have.

use crate::cache::Tag;

/// Each tag once; none, and a line in the log, where they are more than an entry may have: then it is not kept. `name` is
/// what the tags are of.
pub(in crate::pipeline) fn tagged(mut tags: Vec<Tag>, name: &str) -> Option<Vec<Tag>> {
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > MOST {
        tracing::warn!(of = name, tags = tags.len(), most = MOST, "too many tags: it is not kept");
        return None;
    }
    Some(tags)
}

const MOST: usize = 1000;
