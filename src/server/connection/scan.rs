//! Where the head of a request ends.

/// Looks through a head as it comes, piece by piece, with the same eyes as actix-http's parser: line breaks before it do
/// not count, and a carriage return before a line feed may be missing.
#[derive(Default)]
pub(super) struct Scan {
    at: At,
    begun: bool,
}

#[derive(Clone, Copy, Default)]
enum At {
    /// Before the first line.
    #[default]
    Start,
    /// Somewhere in a line.
    Line,
    /// Behind a line feed.
    LineStart,
    /// Behind a carriage return behind a line feed.
    Return,
}

impl Scan {
    /// How many of these bytes belong to the head, once it ends in them. Then the next one can begin.
    pub(super) fn end_of_head(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut index = 0;
        while let Some(byte) = bytes.get(index) {
            index += 1;
            self.at = match (self.at, byte) {
                (At::Start, b'\r' | b'\n') => At::Start,
                (At::LineStart, b'\r') => At::Return,
                (At::LineStart | At::Return, b'\n') => {
                    self.at = At::Start;
                    return Some(index);
                }
                (_, b'\n') => At::LineStart,
                _ => {
                    self.begun = true;
                    // From here on only the end of the line is of interest.
                    index += memchr::memchr(b'\n', &bytes[index..]).unwrap_or(bytes.len() - index);
                    At::Line
                }
            };
        }
        None
    }

    /// Whether the connection has ever brought the beginning of a request.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The heads found in a text that comes in pieces of this size, and what is left.
    fn split(text: &str, piece: usize) -> Vec<String> {
        let (mut scan, mut heads, mut head) = (Scan::default(), Vec::new(), Vec::new());
        for mut bytes in text.as_bytes().chunks(piece) {
            while let Some(end) = scan.end_of_head(bytes) {
                head.extend_from_slice(&bytes[..end]);
                heads.push(String::from_utf8(std::mem::take(&mut head)).unwrap());
                bytes = &bytes[end..];
            }
            head.extend_from_slice(bytes);
        }
        heads.push(String::from_utf8(head).unwrap());
        heads
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        for piece in 1..40 {
            let text = "GET / HTTP/1.1\r\na: b\r\n\r\nPOST / HTTP/1.1\r\n\r\nbody";
            let heads = ["GET / HTTP/1.1\r\na: b\r\n\r\n", "POST / HTTP/1.1\r\n\r\n", "body"];
            assert_eq!(split(text, piece), heads, "{piece}");
            let text = "\r\n\n\r\nGET / HTTP/1.1\na: b\n\nx";
            assert_eq!(split(text, piece), ["\r\n\n\r\nGET / HTTP/1.1\na: b\n\n", "x"]);
            assert_eq!(split("a\n\r\nb\r\n\nc", piece), ["a\n\r\n", "b\r\n\n", "c"]);
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[ab\r\n]{0,60}", piece in 1..9usize) {
            prop_assert_eq!(split(&text, piece), split(&text, 1000));
        }

        /// actix-http must never wait for bytes that are held back, nor get more than one head.
        #[test]
        fn heads_end_where_the_parser_says(
            text in "(\r?\n){0,2}(GET / HTTP/1\\.1\r?\n(a: b\r?\n){0,2}\r?\n){1,2}x"
        ) {
            let mut headers = [httparse::EMPTY_HEADER; 8];
            let parsed = httparse::Request::new(&mut headers).parse(text.as_bytes());
            let Ok(httparse::Status::Complete(length)) = parsed else {
                return Err(TestCaseError::reject("not a request"));
            };
            prop_assert_eq!(Scan::default().end_of_head(text.as_bytes()), Some(length));
        }
    }
}
