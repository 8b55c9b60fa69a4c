use proptest::prelude::*;

use super::*;

const SEED: &str = include_str!("../defaults.toml");

/// Loads one file under each of its possible names, and shows all that is said.
fn survives(bytes: &[u8]) {
    let names = ["gateway.toml", "upstreams.toml", "routes/x.toml", "routes/_defaults.toml"];
    for name in names {
        let files = Memory::default().bytes(name, Some(bytes)).bytes("lib.jq", Some(bytes));
        let loaded = load(Path::new("config"), &files);
        let said = loaded.sources.render(&loaded.diagnostics, false);
        assert!(loaded.tree.is_some() || !said.starts_with('0'));
        let _ = loaded.sources.to_json(&loaded.diagnostics);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn random_toml(text in "([a-c]+ ?= ?|\\[\\[?[a-c.]+\\]?\\]|[\"'{},\\[\\]\\\\]|[0-9e.:-]+|true|\n){0,60}") {
        survives(text.as_bytes());
    }

    #[test]
    fn changed_toml(
        start in 0..SEED.len(),
        length in 0_usize..600,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..6),
    ) {
        // Every table is at the top, so that the keys are right ones.
        let seed = SEED.replace("[gateway.", "[").replace("[upstreams.", "[").replace("[route.", "[");
        let mut text: Vec<char> = seed.chars().skip(start).take(length).collect();
        for (index, c) in edits {
            if !text.is_empty() {
                let at = index.index(text.len());
                text[at] = c;
            }
        }
        survives(text.into_iter().collect::<String>().as_bytes());
    }

    #[test]
    fn pieces_are_the_whole_text(text in "([a$}:-]|\\$\\{|\\$\\{A\\}|é){0,12}") {
        if let Ok(pieces) = pieces(&text) {
            let ranges = pieces.iter().map(|piece| match piece {
                Piece::Text(range) | Piece::Escape(range) | Piece::Secret(range, _) => range.clone(),
            });
            let again: String = ranges.map(|range| text[range].to_owned()).collect();
            prop_assert_eq!(again, text);
        }
    }
}

#[test]
fn deep_and_wide_tables() {
    survives(format!("{}x = 1\n", "a.".repeat(200_000)).as_bytes());
    survives(format!("{}x = 1\n", "a.".repeat(900)).as_bytes());
    survives(format!("x = {}{}\n", "[".repeat(5000), "]".repeat(5000)).as_bytes());
    survives(format!("[{}a]\n", "a.".repeat(2000)).as_bytes());
}
