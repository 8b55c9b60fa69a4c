//! How jaq sees our values.

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::data::HasLut;
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{DataT, Lut, ValX};

use crate::value::meter::{self, Stop, charge, charge_bytes, tick};
use crate::value::{Members, Num, SmolStr, Value, float_of, read_number, whole};

use super::access;
use super::ops::{self, Outcome, fail, into_items, into_members};

/// The kind of data that our programs run on.
pub(super) struct Kind;

/// The table of terms; handing it out is what every evaluated term does, and pays for.
#[derive(Clone, Copy)]
pub(super) struct Table<'a>(pub(super) &'a Lut<Kind>);

impl DataT for Kind {
    type V<'a> = Value;
    type Data<'a> = Table<'a>;
}

impl<'a> HasLut<'a, Kind> for Table<'a> {
    #[inline]
    fn lut(&self) -> &'a Lut<Kind> {
        tick();
        self.0
    }
}

/// Pays for each item it yields.
struct Paid<I>(I);

impl<I: Iterator> Iterator for Paid<I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        charge(1);
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<T: IntoIterator<Item = Value>>(items: T) -> Self {
        ops::array(Paid(items.into_iter()).collect())
    }
}

impl From<Range<Value>> for Value {
    fn from(range: Range<Value>) -> Self {
        let bound =
            |name, value: Option<Value>| (SmolStr::new_static(name), value.unwrap_or_default());
        ops::object([bound("start", range.start), bound("end", range.end)].into_iter().collect())
    }
}

/// It as JSON text; text itself as it is.
pub(super) fn to_text(value: Value) -> Value {
    match value {
        Value::Str(_) => value,
        _ => to_json(&value),
    }
}

/// It as JSON text.
pub(super) fn to_json(value: &Value) -> Value {
    let mut out = Vec::new();
    if value.write_within(&mut out, meter::bytes_left() / 4).is_err() {
        meter::stop(Stop::Fuel)
    }
    charge_bytes(out.len().saturating_mul(3));
    Value::from(String::from_utf8(out).unwrap_or_default())
}

impl jaq_core::ValT for Value {
    fn from_num(text: &str) -> Outcome {
        let text = without_leading_zeros(text);
        let whole = text.bytes().all(|byte| byte.is_ascii_digit());
        if text.contains(['e', 'E'])
            && let Ok(float) = text.parse::<f64>()
            && float.is_finite()
        {
            return ops::number(Num::Float(float));
        }
        Ok(Value::Num(read_number(text, whole)))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(iter: I) -> Outcome {
        let mut members = Members::default();
        for (key, value) in Paid(iter.into_iter()) {
            match key {
                Value::Str(key) => members.insert(key, value),
                key => {
                    let kind = key.kind();
                    return fail(format_args!("Object keys must be strings, not {kind} ({key})"));
                }
            };
        }
        Ok(ops::object(members))
    }

    fn key_values(self) -> BoxIter<'static, Result<(Self, Self), jaq_core::Error<Self>>> {
        match self {
            Value::Arr(array) => {
                let items = into_items(array).into_iter().enumerate();
                Box::new(Paid(items.map(|(at, item)| Ok((at.into(), item)))))
            }
            Value::Obj(object) => {
                let members = into_members(object).into_iter();
                Box::new(Paid(members.map(|(key, value)| Ok((Value::Str(key), value)))))
            }
            value => box_once(access::not_iterable(&value)),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = Outcome>> {
        tick();
        match self {
            Value::Arr(array) => Box::new(Paid(into_items(array).into_iter().map(Ok))),
            Value::Obj(object) => Box::new(Paid(into_members(object).into_values().map(Ok))),
            value => box_once(access::not_iterable(&value)),
        }
    }

    fn index(self, index: &Self) -> Outcome {
        access::index(self, index)
    }

    fn range(self, range: Range<&Self>) -> Outcome {
        access::range(self, range)
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        tick();
        access::map_values(self, opt, f)
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        tick();
        access::map_index(self, index, opt, f)
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        tick();
        access::map_range(self, range, opt, f)
    }

    fn as_bool(&self) -> bool {
        self.is_true()
    }

    fn into_string(self) -> Self {
        to_text(self)
    }
}

impl jaq_std::ValT for Value {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self {
            Value::Arr(array) => Ok(Paid(into_items(array).into_iter()).collect()),
            value => Err(value),
        }
    }

    fn is_int(&self) -> bool {
        jaq_std::ValT::as_isize(self).is_some() || matches!(self, Value::Num(Num::BigInt(_)))
    }

    fn as_isize(&self) -> Option<isize> {
        match self {
            Value::Num(Num::Float(float)) => whole(*float),
            Value::Num(number) => number.as_isize(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Num(number) => Some(float_of(number)),
            _ => None,
        }
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self, Value::Str(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        let text = self.as_str()?;
        charge_bytes(text.len());
        Some(text.as_bytes())
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        ops::text(String::from_utf8_lossy(part))
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        ops::text(String::from_utf8_lossy(bytes.as_ref()))
    }
}

/// jq's numbers may start with zeros, JSON's may not.
fn without_leading_zeros(text: &str) -> &str {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let zeros = text.bytes().take_while(|byte| *byte == b'0').count();
    &text[zeros.min(digits.saturating_sub(1))..]
}
