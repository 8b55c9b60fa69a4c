//! What a value takes in memory.

use std::mem::size_of;

use super::members::Members;
use super::{Array, Num, Object, SmolStr, Value};

impl Value {
    /// Bytes on the heap, without the value itself: all that hangs on it, also what others share with it, counted each time
    /// that it is met.
    pub fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Num(Num::Int(_) | Num::Float(_)) => 0,
            Self::Num(Num::BigInt(big)) => SHARED + size_of_val(&**big) + (big.bits() / 8) as usize,
            Self::Num(Num::Dec(text)) => SHARED + size_of::<String>() + text.capacity(),
            Self::Str(text) => text_weight(text),
            Self::Arr(array) => {
                let items: usize = array.items.iter().map(Self::weight).sum();
                SHARED + size_of::<Array>() + array.items.capacity() * size_of::<Self>() + items
            }
            Self::Obj(object) => {
                let members: usize = object.members.iter().map(member_weight).sum();
                SHARED + size_of::<Object>() + object.members.room() + members
            }
        }
    }
}

fn member_weight((name, value): (&SmolStr, &Value)) -> usize {
    text_weight(name) + value.weight()
}

fn text_weight(text: &SmolStr) -> usize {
    if text.is_heap_allocated() { SHARED + text.len() } else { 0 }
}

impl Members {
    /// Bytes that its list and its index take, without what hangs on the members.
    fn room(&self) -> usize {
        let (list, index) = self.capacities();
        let slots = (index * 8).div_ceil(7);
        list * size_of::<(SmolStr, Value)>() + slots * (size_of::<(SmolStr, usize)>() + 1)
    }
}

/// The two counters of an `Arc`.
const SHARED: usize = 2 * size_of::<usize>();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{DuplicateKeys, Limits, MAX_DEPTH, parse};

    fn weight(text: &str) -> usize {
        let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::LastWins };
        parse(text.as_bytes(), &limits).expect("JSON").weight()
    }

    #[test]
    fn what_is_inline_weighs_nothing_and_the_rest_what_it_takes() {
        for inline in ["null", "true", "12", "\"twenty-three characters\""] {
            assert_eq!(weight(inline), 0, "{inline}");
        }
        assert_eq!(weight("\"of twenty-four characters\""), 16 + 25);
        assert!(weight("1.5") > 16 && weight("123456789012345678901234567890") > 16);
        assert!(weight("[]") >= 16 + 32);
        assert!(weight("[1,2,3,4]") >= weight("[]") + 4 * size_of::<Value>());
        let text = "x".repeat(1000);
        let nested = format!("[{{\"a\":[\"{text}\"]}}]");
        assert!(weight(&nested) >= 1000 + size_of::<(SmolStr, Value)>() + 2 * size_of::<Value>());
    }

    #[test]
    fn an_index_weighs_too() {
        let members = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":1")).collect();
            weight(&format!("{{{}}}", members.join(",")))
        };
        let slot = size_of::<(SmolStr, Value)>();
        assert!(members(200) >= 200 * (slot + size_of::<(SmolStr, usize)>()));
        assert!(members(10) >= 10 * slot && members(10) < 20 * slot);
    }
}
