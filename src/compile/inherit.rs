//! Inheritance: what an endpoint says itself, its file says above, and its folders' `_defaults.toml` say.

use indexmap::IndexMap;

use crate::config::{Call, Cors, Endpoint, Input, Method, Name, Named, Response, Route};

/// The tables that say something about one thing, nearest first.
pub(super) struct Levels<'a, T>(Vec<&'a T>);

/// A call with all that it inherits.
pub(super) struct CallLevels<'a> {
    /// Its name, where it is nearest.
    pub(super) name: &'a Name,
    /// Its tables; the last one holds the built-in values.
    pub(super) levels: Levels<'a, Call>,
    /// It stands in the method's own table, so that it must be read; others are sent only where they are.
    pub(super) own: bool,
}

impl<'a, T> Levels<'a, T> {
    /// One table that inherits from none.
    pub(super) fn only(table: &'a T) -> Self {
        Self(vec![table])
    }

    /// A leaf: the nearest one.
    pub(super) fn leaf<L>(&self, pick: impl Fn(&'a T) -> Option<&'a L>) -> Option<&'a L> {
        self.0.iter().copied().find_map(pick)
    }

    /// A restriction: every level's.
    pub(super) fn every<L: 'a>(
        &self,
        pick: impl Fn(&'a T) -> Option<&'a L>,
    ) -> impl Iterator<Item = &'a L> {
        self.0.iter().copied().filter_map(pick)
    }

    /// The nearest table that says something of a kind.
    pub(super) fn nearest(&self, says: impl Fn(&T) -> bool) -> Option<&'a T> {
        self.0.iter().copied().find(|table| says(table))
    }

    /// A structure: merged by name, the nearest of each. Names are the same if `key` makes them so.
    pub(super) fn named<L>(
        &self,
        pick: impl Fn(&'a T) -> &'a Named<L>,
        key: impl Fn(&str) -> String,
    ) -> IndexMap<String, (&'a Name, &'a L)> {
        let mut merged = IndexMap::new();
        for (name, value) in self.0.iter().flat_map(|table| pick(table)) {
            merged.entry(key(name)).or_insert((name, value));
        }
        merged
    }

    /// The same levels of an inner table.
    pub(super) fn inner<L>(&self, pick: impl Fn(&'a T) -> &'a L) -> Levels<'a, L> {
        Levels(self.0.iter().copied().map(pick).collect())
    }

    /// Only what the route's own file says.
    pub(super) fn of_file(&self) -> Self {
        Self(self.0.iter().copied().take(2).collect())
    }

    /// The nearest table.
    pub(super) fn own(&self) -> Option<&'a T> {
        self.0.first().copied()
    }
}

impl Levels<'_, Call> {
    /// Whether a key is there with a mistake that is told already.
    pub(super) fn is_wrong(&self, key: &str) -> bool {
        self.0.iter().any(|call| call.wrong.contains(&key))
    }
}

impl<'a> Levels<'a, Endpoint> {
    /// The levels of a route's method: its table, the file's top, each folder's method table and top.
    pub(super) fn of(route: &'a Route, method: Method) -> Self {
        let files = std::iter::once(&route.file).chain(route.defaults.iter().map(AsRef::as_ref));
        Self(
            files
                .flat_map(|file| file.methods.get(&method).into_iter().chain([&file.shared]))
                .collect(),
        )
    }

    /// What holds for a route's path, whatever the method.
    pub(super) fn of_path(route: &'a Route) -> Self {
        let files = std::iter::once(&route.file).chain(route.defaults.iter().map(AsRef::as_ref));
        Self(files.map(|file| &file.shared).collect())
    }

    /// `cors`, over the gateway's.
    pub(super) fn cors(&self, gateway: &'a Cors) -> Levels<'a, Cors> {
        let mut levels = self.inner(|endpoint| &endpoint.cors);
        levels.0.push(gateway);
        levels
    }

    /// `input`
    pub(super) fn input(&self) -> Levels<'a, Input> {
        self.inner(|endpoint| &endpoint.input)
    }

    /// `response`
    pub(super) fn response(&self) -> Levels<'a, Response> {
        self.inner(|endpoint| &endpoint.response)
    }

    /// All calls that are there: the method's own first, in the order of the file.
    pub(super) fn calls(&self, built_in: &'a Call) -> IndexMap<String, CallLevels<'a>> {
        let mut merged: IndexMap<String, CallLevels<'a>> = IndexMap::new();
        for (depth, endpoint) in self.0.iter().enumerate() {
            for (name, call) in &endpoint.calls {
                let entry = merged.entry(name.text.clone()).or_insert_with(|| CallLevels {
                    name,
                    levels: Levels(Vec::new()),
                    own: depth == 0,
                });
                entry.levels.0.push(call);
            }
        }
        merged.values_mut().for_each(|call| call.levels.0.push(built_in));
        merged
    }
}
