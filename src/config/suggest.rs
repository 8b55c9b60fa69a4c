//! "did you mean"

/// The nearest of the known words as a help text, where one is near.
pub fn did_you_mean<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let distance = |other: &str| strsim::damerau_levenshtein(word, other);
    let near = |other: &str| distance(other) <= (word.chars().count() / 3).max(1);
    let nearest = known.into_iter().filter(|other| near(other)).min_by_key(|other| distance(other));
    nearest.map(|other| format!("did you mean `{other}`?"))
}
