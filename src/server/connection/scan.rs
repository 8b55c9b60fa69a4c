//! Where the head of a request ends.

use memchr::memchr2;

/// Looks through a head that comes piece by piece; no byte is looked at twice.
#[derive(Default)]
pub(super) struct Scan {
    seen: usize,
}

/// What the bytes so far hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No end yet.
    More,
    /// A head of so many bytes, its empty line included. The next one can begin.
    End(usize),
    /// A carriage return or a line feed without the other. A recipient may take a line feed for a line's end (RFC 9112
    /// §2.2), so two of them could read two things.
    Broken,
}

impl Scan {
    /// Looks at what is new of a head; `head` is all that has come of it.
    pub(super) fn look(&mut self, head: &[u8]) -> Found {
        while let Some(found) = memchr2(b'\r', b'\n', &head[self.seen..]) {
            let end = self.seen + found;
            match head[end..] {
                [b'\r'] => {
                    self.seen = end;
                    return Found::More;
                }
                [b'\r', b'\n', ..] => self.seen = end + 2,
                _ => return Found::Broken,
            }
            if head[..end].ends_with(b"\r\n") {
                return Found::End(std::mem::take(&mut self.seen));
            }
        }
        self.seen = head.len();
        Found::More
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found in a text that comes in pieces of this size.
    fn look(text: &str, piece: usize) -> Found {
        let mut scan = Scan::default();
        for end in (piece..text.len()).step_by(piece) {
            match scan.look(&text.as_bytes()[..end]) {
                Found::More => {}
                found => return found,
            }
        }
        scan.look(text.as_bytes())
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        for piece in 1..40 {
            let head = "GET / HTTP/1.1\r\na: b\r\n\r\n";
            assert_eq!(
                look(&format!("{head}POST / HTTP/1.1\r\n\r\n"), piece),
                Found::End(head.len())
            );
            assert_eq!(look(&head[..head.len() - 1], piece), Found::More);
        }
    }

    #[test]
    fn a_line_ends_with_both_of_its_bytes() {
        for piece in 1..40 {
            for text in [
                "GET / HTTP/1.1\na: b\r\n\r\n",
                "GET / HTTP/1.1\r\na: b\r\n\n",
                "GET / HTTP/1.1\r\na: b\rc",
                "\n",
                "\r\r",
            ] {
                assert_eq!(look(text, piece), Found::Broken, "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[ab\r\n]{0,60}", piece in 1..9usize) {
            prop_assert_eq!(look(&text, piece), look(&text, 1000));
        }

        #[test]
        fn heads_end_where_the_parser_says(
            text in "GET / HTTP/1\\.1\r\n(a: b\r\n){0,2}\r\n(GET / HTTP/1\\.1\r\n){0,2}\r\nx"
        ) {
            let mut headers = [httparse::EMPTY_HEADER; 8];
            let parsed = httparse::Request::new(&mut headers).parse(text.as_bytes());
            let Ok(httparse::Status::Complete(length)) = parsed else {
                return Err(TestCaseError::reject("not a request"));
            };
            prop_assert_eq!(look(&text, 1000), Found::End(length));
        }
    }
}
