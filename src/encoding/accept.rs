//! `Accept-Encoding`.

use super::Encoding;

/// The coding that a client likes best among `ours`, of equals the first of them; nothing where it likes the plain bytes
/// better, or names no coding that we have, or has sent no such header (RFC 9110 §12.5.3). `values` are those of all its
/// headers of that name. What cannot be read of them says nothing.
pub fn choose<'a>(values: impl Iterator<Item = &'a [u8]>, ours: &[Encoding]) -> Option<Encoding> {
    let mut said = Said::default();
    values.flat_map(|value| value.split(|byte| *byte == b',')).for_each(|one| said.hear(one));
    let mut best = None;
    for one in ours {
        let weight = said.of(*one);
        // The plain bytes count as long as nothing is said of them less than anything that is named.
        let least = best.map_or(said.identity.unwrap_or(0).max(1), |(weight, _)| weight + 1);
        if weight >= least {
            best = Some((weight, *one));
        }
    }
    best.map(|(_, one)| one)
}

/// What a client has said of codings, each in thousandths. Of what is said twice the first counts.
#[derive(Default)]
struct Said {
    codings: [Option<u16>; Encoding::ALL.len()],
    identity: Option<u16>,
    /// Of all that is not named.
    others: Option<u16>,
}

impl Said {
    fn of(&self, coding: Encoding) -> u16 {
        self.codings[coding as usize].or(self.others).unwrap_or(0)
    }

    fn hear(&mut self, element: &[u8]) {
        let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let Some(weight) = parts.next().map_or(Some(MOST), weight) else { return };
        let place = match name {
            b"*" => &mut self.others,
            _ if name.eq_ignore_ascii_case(b"identity") => &mut self.identity,
            _ => match Encoding::ALL.iter().find(|one| is_named(**one, name)) {
                Some(one) => &mut self.codings[*one as usize],
                None => return,
            },
        };
        place.get_or_insert(weight);
    }
}

fn is_named(coding: Encoding, name: &[u8]) -> bool {
    // What is old is the same (RFC 9110 §8.4.1.3).
    let old = coding == Encoding::Gzip && name.eq_ignore_ascii_case(b"x-gzip");
    old || name.eq_ignore_ascii_case(coding.name().as_bytes())
}

/// `q=0.25` in thousandths (RFC 9110 §12.4.2).
fn weight(parameter: &[u8]) -> Option<u16> {
    let value = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    let (whole, digits) = match value {
        [whole, b'.', digits @ ..] => (whole, digits),
        [whole] => (whole, &[][..]),
        _ => return None,
    };
    if digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut part = digits.iter().map(|digit| u16::from(digit - b'0')).chain([0, 0, 0]);
    let part = [100, 10, 1].map(|place| place * part.next().unwrap_or(0)).iter().sum();
    match (whole, part) {
        (b'0', part) => Some(part),
        (b'1', 0) => Some(MOST),
        _ => None,
    }
}

const MOST: u16 = 1000;
