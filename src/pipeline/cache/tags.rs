//! The tags of an entry: what templates give, and how many there may be.

use crate::cache::Tag;
use crate::template::Rendered;

/// One, several, or none: null, and a text of nothing.
pub(in crate::pipeline) fn of_text(rendered: Rendered) -> Vec<Tag> {
    let tag = |text: &str| (!text.trim().is_empty()).then(|| Tag::of(text));
    match rendered {
        Rendered::Absent => Vec::new(),
        Rendered::One(text) => tag(&text).into_iter().collect(),
        Rendered::Many(texts) => texts.iter().filter_map(|text| tag(text)).collect(),
    }
}

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
