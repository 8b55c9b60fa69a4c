//! Where a body in chunks ends (RFC 9112 §7.1).

/// Looks through a chunked body as it comes. Whatever could be read in two ways is broken: bare line feeds, signs,
/// control characters, trailers that say where a body ends. Other trailers mean nothing.
#[derive(Default)]
pub(super) struct Chunks {
    at: At,
    /// Of the size that is read, or of the data that is left.
    size: u64,
    /// Of the size that is read, with leading zeros.
    digits: u8,
    /// The name of the trailer that is read, as far as it is short enough to be of interest.
    name: [u8; LONGEST_NAME],
    name_length: usize,
    /// Bytes of extensions and trailers, which mean nothing here.
    ignored: usize,
}

/// What a piece of a body holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No end yet.
    More,
    /// So many bytes, and then the end.
    End(usize),
    /// No chunks.
    Broken,
}

#[derive(Clone, Copy, Default)]
enum At {
    #[default]
    FirstDigit,
    Digit,
    Blank,
    Extension,
    SizeFeed,
    Data,
    DataReturn,
    DataFeed,
    /// Behind the last chunk, or behind a trailer.
    LineStart,
    TrailerName,
    TrailerValue,
    TrailerFeed,
    EndFeed,
}

/// Extensions and trailers are for nobody here, so little of them is enough.
const MOST_IGNORED: usize = 8 << 10;

/// A size has 64 bits.
const MOST_DIGITS: u8 = 16;

/// What a trailer must not say (RFC 9110 §6.5.1): another reader might believe it.
const OF_THE_HEAD: [&[u8]; 3] = [b"transfer-encoding", b"content-length", b"host"];
const LONGEST_NAME: usize = 17;

impl Chunks {
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Found {
        let mut index = 0;
        while index < bytes.len() {
            if matches!(self.at, At::Data) {
                let left = usize::try_from(self.size).unwrap_or(usize::MAX);
                let passing = left.min(bytes.len() - index);
                index += passing;
                self.size -= passing as u64;
                if self.size == 0 {
                    self.at = At::DataReturn;
                }
                continue;
            }
            let Some(next) = self.step(bytes[index]) else { return Found::Broken };
            index += 1;
            if matches!((self.at, next), (At::EndFeed, At::FirstDigit)) {
                *self = Self::default();
                return Found::End(index);
            }
            self.at = next;
        }
        Found::More
    }

    fn step(&mut self, byte: u8) -> Option<At> {
        Some(match (self.at, byte) {
            (At::FirstDigit, _) => {
                (self.size, self.digits) = (hex(byte)?, 1);
                At::Digit
            }
            (At::Digit, b'\r') | (At::Blank | At::Extension, b'\r') => At::SizeFeed,
            (At::Digit | At::Blank, b';') => self.ignore(At::Extension)?,
            (At::Digit | At::Blank, b' ' | b'\t') => self.ignore(At::Blank)?,
            (At::Digit, _) => {
                self.size = self.size.checked_mul(16)? + hex(byte)?;
                self.digits += 1;
                (self.digits <= MOST_DIGITS).then_some(At::Digit)?
            }
            (At::Extension, byte) if is_text(byte) => self.ignore(At::Extension)?,
            (At::SizeFeed, b'\n') if self.size == 0 => At::LineStart,
            (At::SizeFeed, b'\n') => At::Data,
            (At::DataReturn, b'\r') => At::DataFeed,
            (At::DataFeed, b'\n') => At::FirstDigit,
            (At::LineStart, b'\r') => At::EndFeed,
            (At::LineStart, _) => {
                self.name_length = 0;
                self.name(byte)?
            }
            (At::TrailerName, b':') if !self.is_of_the_head() => At::TrailerValue,
            (At::TrailerName, _) => self.name(byte)?,
            (At::TrailerValue, b'\r') => At::TrailerFeed,
            (At::TrailerValue, byte) if is_text(byte) => self.ignore(At::TrailerValue)?,
            (At::TrailerFeed, b'\n') => At::LineStart,
            (At::EndFeed, b'\n') => At::FirstDigit,
            _ => return None,
        })
    }

    fn name(&mut self, byte: u8) -> Option<At> {
        if !is_of_a_name(byte) {
            return None;
        }
        if let Some(place) = self.name.get_mut(self.name_length) {
            *place = byte.to_ascii_lowercase();
        }
        self.name_length += 1;
        self.ignore(At::TrailerName)
    }

    fn is_of_the_head(&self) -> bool {
        self.name.get(..self.name_length).is_some_and(|name| OF_THE_HEAD.contains(&name))
    }

    fn ignore(&mut self, next: At) -> Option<At> {
        self.ignored += 1;
        (self.ignored <= MOST_IGNORED).then_some(next)
    }
}

fn hex(digit: u8) -> Option<u64> {
    char::from(digit).to_digit(16).map(u64::from)
}

/// RFC 9110 §5.6.2.
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &str) -> Found {
        Chunks::default().scan(text.as_bytes())
    }

    #[test]
    fn a_body_ends_behind_its_last_chunk_and_trailers() {
        for body in [
            "0\r\n\r\n",
            "000\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "A\r\n0\r\n\r\n12345\r\n0\r\n\r\n",
            "1;a=\"b\";c\r\nx\r\n0;d\r\n\r\n",
            "1 \r\nx\r\n0\t\r\n\r\n",
            "1\r\nx\r\n0\r\na: b\r\nc: d\r\n\r\n",
            "0\r\nhosts:\r\nx-transfer-encoding: chunked\r\n\r\n",
            "000000000000000a\r\n0123456789\r\n0\r\n\r\n",
        ] {
            assert_eq!(scan(&format!("{body}GET / HTTP/1.1")), Found::End(body.len()), "{body:?}");
            for end in 0..body.len() {
                assert_eq!(scan(&body[..end]), Found::More, "{:?}", &body[..end]);
            }
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_broken() {
        for body in [
            "\r\n",
            "x",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1 1\r\n",
            "1\n",
            "1\rx",
            "1;a\n",
            "1;\0",
            "1\r\nab",
            "1\r\na\n",
            "1\r\na\rb",
            "0\r\n\n",
            "0\r\n\rx",
            "0\r\na\n",
            "0\r\n\0",
            "fffffffffffffffff\r\n",
            "00000000000000001\r\n",
            "0\r\nhost: a",
            "0\r\na: b\r\nContent-Length: 3",
            "0\r\nTRANSFER-ENCODING: chunked",
            "0\r\na\r\n",
            "0\r\n: a",
            "0\r\na : b",
        ] {
            assert_eq!(scan(body), Found::Broken, "{body:?}");
        }
        assert_eq!(scan(&format!("1;{}", "a".repeat(MOST_IGNORED))), Found::Broken);
        assert_eq!(scan(&format!("0\r\n{}", "a: b\r\n".repeat(MOST_IGNORED))), Found::Broken);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            data in prop::collection::vec("[a\r\n]{1,20}", 0..5),
            piece in 1..9usize,
        ) {
            let chunks = data.iter().map(|data| format!("{:x}\r\n{data}\r\n", data.len()));
            let body = chunks.collect::<String>() + "0\r\n\r\n";
            let mut scanned = Chunks::default();
            let found: Vec<_> =
                body.as_bytes().chunks(piece).map(|piece| scanned.scan(piece)).collect();
            let (last, before) = found.split_last().unwrap();
            prop_assert!(before.iter().all(|found| *found == Found::More));
            prop_assert!(matches!(last, Found::End(_)));
        }

        #[test]
        fn takes_any_bytes(bytes: Vec<u8>) {
            if let Found::End(end) = Chunks::default().scan(&bytes) {
                prop_assert!(end <= bytes.len());
            }
        }
    }
}
