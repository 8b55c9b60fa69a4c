//! The members of an object.

use std::collections::HashMap;
use std::iter::Map;
use std::{slice, vec};

use super::{SmolStr, Value};

/// Members of an object, in the order in which they came.
///
/// Objects mostly have few members: these are found by looking at one after the other, which costs less than to build
/// and ask an index. The others have one, so that no text from outside makes finding slow.
#[derive(Clone, Debug, Default)]
pub struct Members {
    list: Vec<Member>,
    index: Option<Box<Index>>,
}

type Member = (SmolStr, Value);
type Index = HashMap<SmolStr, usize, foldhash::fast::RandomState>;

/// With so many members there is no index yet.
const FEW: usize = 16;

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The value of a member.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).map(|at| &self.list[at].1)
    }

    /// The value of a member, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.find(key).map(|at| &mut self.list[at].1)
    }

    /// Whether there is such a member.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.list.reserve(more);
    }

    /// Adds a member at the end, or replaces its value where it stands; gives the value that it had.
    pub fn insert(&mut self, key: SmolStr, value: Value) -> Option<Value> {
        if let Some(at) = self.find(&key) {
            return Some(std::mem::replace(&mut self.list[at].1, value));
        }
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.list.len());
        }
        self.list.push((key, value));
        if self.index.is_none() {
            self.make_index();
        }
        None
    }

    /// Keeps the members for which `keep` says so; it may change their values.
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&SmolStr, &mut Value) -> bool) {
        let before = self.list.len();
        self.list.retain_mut(|(key, value)| keep(key, value));
        if self.list.len() < before {
            self.make_index();
        }
    }

    /// Takes a member out; those behind it move up.
    pub fn shift_remove(&mut self, key: &str) -> Option<Value> {
        let removed = self.find(key)?;
        if let Some(index) = &mut self.index {
            index.remove(key);
            for at in index.values_mut().filter(|at| **at > removed) {
                *at -= 1;
            }
        }
        Some(self.list.remove(removed).1)
    }

    /// All of them.
    pub fn iter(&self) -> Iter<'_> {
        self.list.iter().map(|(key, value)| (key, value))
    }

    /// Their names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &SmolStr> {
        self.list.iter().map(|(key, _)| key)
    }

    /// Their values.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.list.iter().map(|(_, value)| value)
    }

    /// Their values, without their names.
    pub fn into_values(self) -> impl ExactSizeIterator<Item = Value> + 'static {
        self.list.into_iter().map(|(_, value)| value)
    }

    /// How many members there is room for, in the list and in the index.
    pub(super) fn capacities(&self) -> (usize, usize) {
        (self.list.capacity(), self.index.as_ref().map_or(0, |index| index.capacity()))
    }

    fn make_index(&mut self) {
        let places = self.list.iter().enumerate().map(|(at, (key, _))| (key.clone(), at));
        self.index = (self.list.len() > FEW).then(|| Box::new(places.collect()));
    }

    fn find(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.list.iter().position(|(own, _)| own == key),
            Some(index) => index.get(key).copied(),
        }
    }
}

/// The members of an object, in their order.
pub type Iter<'a> = Map<slice::Iter<'a, Member>, fn(&'a Member) -> (&'a SmolStr, &'a Value)>;

impl IntoIterator for Members {
    type Item = Member;
    type IntoIter = vec::IntoIter<Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = (&'a SmolStr, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Extend<Member> for Members {
    fn extend<T: IntoIterator<Item = Member>>(&mut self, members: T) {
        for (key, value) in members {
            self.insert(key, value);
        }
    }
}

impl FromIterator<Member> for Members {
    fn from_iter<T: IntoIterator<Item = Member>>(members: T) -> Self {
        let mut all = Self::default();
        all.extend(members);
        all
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_an_index_map(steps: Vec<(bool, u8, i64)>) {
            let (mut ours, mut theirs) = (Members::default(), IndexMap::new());
            for (remove, key, value) in steps {
                let key = SmolStr::from((key % 48).to_string());
                if remove {
                    prop_assert_eq!(ours.shift_remove(&key), theirs.shift_remove(&key));
                } else {
                    let value = Value::from(value);
                    prop_assert_eq!(ours.insert(key.clone(), value.clone()), theirs.insert(key.clone(), value));
                }
                prop_assert_eq!(ours.get(&key), theirs.get(&key));
                prop_assert!(ours.iter().eq(theirs.iter()));
                if key.ends_with('5') {
                    ours.retain_mut(|key, _| !key.ends_with('7'));
                    theirs.retain(|key, _| !key.ends_with('7'));
                }
            }
            for key in 0..48 {
                let key = key.to_string();
                prop_assert_eq!(ours.get(&key), theirs.get(key.as_str()));
            }
        }
    }
}
