//! jq's equality and its order over all values: null, false, true, numbers, text, arrays, objects.

use std::cmp::Ordering;

use super::{Members, SmolStr, Value, meter, number};

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        meter::tick();
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Num(a), Self::Num(b)) => {
                !number::is_nan(a) && number::compare(a, b) == Ordering::Equal
            }
            (Self::Str(a), Self::Str(b)) => {
                meter::charge_bytes(a.len().min(b.len()));
                a == b
            }
            (Self::Arr(a), Self::Arr(b)) => a.items == b.items,
            (Self::Obj(a), Self::Obj(b)) => {
                a.members.len() == b.members.len()
                    && a.members.iter().all(|(key, a)| b.members.get(key).is_some_and(|b| a == b))
            }
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        meter::tick();
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Num(a), Self::Num(b)) => number::compare(a, b),
            (Self::Str(a), Self::Str(b)) => {
                meter::charge_bytes(a.len().min(b.len()));
                a.cmp(b)
            }
            (Self::Arr(a), Self::Arr(b)) => a.items.cmp(&b.items),
            (Self::Obj(a), Self::Obj(b)) => objects(&a.members, &b.members),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// First the sorted keys, then the values in the order of their keys.
fn objects(a: &Members, b: &Members) -> Ordering {
    let (a, b) = (sorted(a), sorted(b));
    let keys = a.iter().map(|member| member.0).cmp(b.iter().map(|member| member.0));
    keys.then_with(|| a.iter().map(|member| member.1).cmp(b.iter().map(|member| member.1)))
}

fn sorted(members: &Members) -> Vec<(&SmolStr, &Value)> {
    meter::charge(members.len() as u64);
    let mut all: Vec<_> = members.iter().collect();
    all.sort_unstable_by_key(|member| member.0);
    all
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Num(_) => 2,
        Value::Str(_) => 3,
        Value::Arr(_) => 4,
        Value::Obj(_) => 5,
    }
}
