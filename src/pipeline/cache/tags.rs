//! The tags that a template gives.

use crate::cache::Tag;
use crate::template::Rendered;

/// One, several, or none: null, and a text of nothing.
pub(in crate::pipeline) fn tags(rendered: Rendered) -> Vec<Tag> {
    let tag = |text: &str| (!text.trim().is_empty()).then(|| Tag::of(text));
    match rendered {
        Rendered::Absent => Vec::new(),
        Rendered::One(text) => tag(&text).into_iter().collect(),
        Rendered::Many(texts) => texts.iter().filter_map(|text| tag(text)).collect(),
    }
}
