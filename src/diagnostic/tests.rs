use std::path::Path;

use proptest::prelude::*;
use toml::de::DeTable;

use super::*;

/// A TOML document with one string, its decoded text, and the bytes of each of its characters.
fn document(raw: &str) -> (Sources, Span, String) {
    let text = format!("# é\nkey = {raw} # end\n");
    let table = DeTable::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let value = &table.get_ref()["key"];
    let decoded = value.get_ref().as_str().unwrap().to_owned();
    let mut sources = Sources::default();
    sources.add(Path::new("a.toml"), "x = 1".into());
    let start = sources.add(Path::new("b.toml"), text.clone()).start;
    (sources, start + value.span().start..start + value.span().end, decoded)
}

/// What is underlined for each character of the decoded text.
fn underlined(raw: &str) -> Vec<(char, String)> {
    let (sources, span, decoded) = document(raw);
    let each = decoded.char_indices().map(|(at, c)| {
        let place = sources.inside(&span, at..at + c.len_utf8());
        (c, sources.text(&place).to_owned())
    });
    each.collect()
}

fn written(c: char, how: u8) -> String {
    match (how, c) {
        (_, '"') => "\\\"".into(),
        (_, '\\') => "\\\\".into(),
        (_, '\n') => "\\n".into(),
        (1, '\t') => "\\t".into(),
        (1, _) => format!("\\U{:08X}", u32::from(c)),
        (2, _) if u32::from(c) < 0x10000 => format!("\\u{:04x}", u32::from(c)),
        (3, _) if u32::from(c) < 0x100 => format!("\\x{:02x}", u32::from(c)),
        (_, c) if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        _ => c.into(),
    }
}

proptest! {
    #[test]
    fn every_character_is_found_at_its_escape(
        characters in proptest::collection::vec((any::<char>(), 0_u8..4), 0..20),
        multi_line in any::<bool>(),
    ) {
        let written: Vec<_> = characters.iter().map(|(c, how)| (*c, written(*c, *how))).collect();
        let body: String = written.iter().map(|(_, text)| text.as_str()).collect();
        let raw = match multi_line {
            true => format!("\"\"\"\n{body}\"\"\""),
            false => format!("\"{body}\""),
        };
        prop_assert_eq!(underlined(&raw), written);
    }

    #[test]
    fn nothing_is_outside_of_the_string(raw in ".{0,20}", start in 0_usize..30, end in 0_usize..30) {
        let mut sources = Sources::default();
        let span = sources.add(Path::new("a.toml"), raw);
        let inside = sources.inside(&span, start..end);
        prop_assert!(span.start <= inside.start && inside.start <= inside.end);
        prop_assert!(inside.end <= span.end);
    }

    #[test]
    fn any_place_can_be_shown(
        texts in proptest::collection::vec("[a-é\n\r\t\u{0}\u{1b}]{0,40}", 1..4),
        places in proptest::collection::vec((0_usize..140, 0_usize..140), 0..4),
    ) {
        let mut sources = Sources::default();
        for (index, text) in texts.iter().enumerate() {
            sources.add(Path::new(&format!("{index}.toml")), text.clone());
        }
        let labels = places.iter().map(|(start, end)| Label {
            span: *start.min(end)..*start.max(end),
            text: "here\n\u{1b}".into(),
        });
        let mistake = Diagnostic {
            title: "title".into(),
            labels: labels.collect(),
            help: Some("help".into()),
        };
        prop_assert!(sources.render(std::slice::from_ref(&mistake), false).contains("title"));
        let _ = sources.render(std::slice::from_ref(&mistake), true);
        let _ = sources.to_json(&[mistake]);
    }
}

#[test]
fn other_strings_are_found_too() {
    let shown = |raw: &str| {
        let each = underlined(raw).into_iter().map(|(c, text)| format!("{c:?}={text:?}"));
        each.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(r"'a\n'"), r#"'a'="a" '\\'="\\" 'n'="n""#);
    assert_eq!(shown("'''\r\n'é'\r\n'''"), r#"'\''="'" 'é'="é" '\''="'" '\r'="\r" '\n'="\n""#);
    assert_eq!(
        shown("\"\"\"a\\\n   \n  b\\  \n\"c\"\"\"\"\""),
        r#"'a'="a" 'b'="b" '"'="\"" 'c'="c" '"'="\"" '"'="\"""#
    );
    assert_eq!(shown("''"), "");
}

#[test]
fn an_empty_range_is_a_place() {
    let (sources, span, _) = document("\"\\ta\"");
    let at = |at: usize| sources.inside(&span, at..at).start - span.start;
    assert_eq!([at(0), at(1), at(2)], [1, 3, 4]);
}

#[test]
fn programs_of_files_stand_for_themselves() {
    let mut sources = Sources::default();
    let span = sources.add(Path::new("a.jq"), "\"\\n\" | x".into());
    assert_eq!(sources.text(&sources.inside(&span, 1..3)), "\\n");
}

#[test]
fn labels_over_several_files() {
    let mut sources = Sources::default();
    let first = sources.add(Path::new("a.toml"), "a = 1\nb = 2\n".into()).start;
    let second = sources.add(Path::new("b.toml"), "c = 1\n\n\n\n\n\nd = 2\n".into()).start;
    let mistakes = [
        Diagnostic::at(second + 11..second + 12, "later").help("mend it"),
        Diagnostic::at(first + 6..first + 7, "earlier")
            .named("here")
            .label(second..second + 1, "there")
            .label(first..first + 1, "and here"),
        Diagnostic::without_place("nowhere"),
    ];
    insta::assert_snapshot!(sources.render(&mistakes, false));
    insta::assert_snapshot!(serde_json::to_string_pretty(&sources.to_json(&mistakes)).unwrap());
    assert!(sources.render(&mistakes, true).contains("\u{1b}["));
    assert_eq!([count(0), count(1), count(2)], ["0 errors", "1 error", "2 errors"]);
}
