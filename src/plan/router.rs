//! Which route a path leads to.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use super::endpoint::Endpoint;
use crate::cors::Policy;
use crate::value::SmolStr;

/// The pattern of a route, one entry per segment; empty is `/`.
pub type Pattern = Vec<Segment>;

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this, case-sensitive.
    Literal(SmolStr),
    /// `[id]`: any one segment.
    Param(SmolStr),
    /// `[...rest]`: one or more, to the end.
    CatchAll(SmolStr),
    /// `[[...rest]]`: none or more, to the end.
    OptionalCatchAll(SmolStr),
}

/// A route file: its pattern and its methods.
#[derive(Debug)]
pub struct Route {
    /// What its paths look like.
    pub pattern: Pattern,
    /// The file it came from, for `routes` and `explain`.
    pub file: String,
    /// Its endpoints. HEAD is answered by GET.
    pub methods: Methods,
    /// Who may read that it has no such method.
    pub cors: Option<Arc<Policy>>,
}

/// The endpoints of a route by method.
#[derive(Debug, Default)]
pub struct Methods(pub Vec<(Method, Arc<Endpoint>)>);

/// Where a path leads.
#[derive(Debug)]
pub struct Match<'a> {
    /// The route.
    pub route: &'a Arc<Route>,
    /// How many segments stand before the catch-all, if it has one.
    pub fixed: usize,
}

/// The tree of all routes.
#[derive(Debug, Default)]
pub struct Router {
    root: Node,
    routes: Vec<Arc<Route>>,
}

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<SmolStr, Node>,
    param: Option<Box<Node>>,
    route: Option<Arc<Route>>,
    catch_all: Option<Arc<Route>>,
    optional_catch_all: Option<Arc<Route>>,
}

impl Router {
    /// Adds a route. One of two routes for the same paths wins, silently: `compile` refuses them.
    pub fn insert(&mut self, route: Route) {
        let route = Arc::new(route);
        self.routes.push(Arc::clone(&route));
        let mut node = &mut self.root;
        for segment in &route.pattern {
            node = match segment {
                Segment::Literal(text) => node.literal.entry(text.clone()).or_default(),
                Segment::Param(_) => node.param.get_or_insert_default(),
                Segment::CatchAll(_) => {
                    node.catch_all = Some(route);
                    return;
                }
                Segment::OptionalCatchAll(_) => {
                    node.optional_catch_all = Some(route);
                    return;
                }
            };
        }
        node.route = Some(route);
    }

    /// The route of a path that was split and decoded: literal before `[id]` before catch-all, segment by segment.
    pub fn find(&self, path: &[SmolStr]) -> Option<Match<'_>> {
        self.root.find(path, 0)
    }

    /// All routes, in the order in which they were added.
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }
}

impl Node {
    fn find(&self, path: &[SmolStr], depth: usize) -> Option<Match<'_>> {
        let Some(segment) = path.get(depth) else {
            return self
                .route
                .as_ref()
                .or(self.optional_catch_all.as_ref())
                .map(|route| Match { route, fixed: depth });
        };
        self.literal
            .get(segment)
            .and_then(|node| node.find(path, depth + 1))
            .or_else(|| self.param.as_ref()?.find(path, depth + 1))
            .or_else(|| {
                let route = self.catch_all.as_ref().or(self.optional_catch_all.as_ref())?;
                Some(Match { route, fixed: depth })
            })
    }
}

impl Methods {
    /// The endpoint for a method; HEAD is answered by GET.
    pub fn find(&self, method: &Method) -> Option<&Arc<Endpoint>> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        self.0.iter().find(|(own, _)| own == wanted).map(|(_, endpoint)| endpoint)
    }

    /// The value of `Allow`: `GET, HEAD, POST`.
    pub fn allow(&self) -> String {
        self.names(|_| true)
    }

    /// The same for some of the endpoints.
    pub fn names(&self, which: impl Fn(&Endpoint) -> bool) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (method, _) in self.0.iter().filter(|(_, endpoint)| which(endpoint)) {
            names.push(method.as_str());
            if method == Method::GET {
                names.push("HEAD");
            }
        }
        names.join(", ")
    }
}

impl Route {
    /// `/users/{id}/{...rest}`, as `routes` and `explain` show it.
    pub fn path(&self) -> String {
        show(&self.pattern)
    }
}

/// A pattern as people read it: `/users/{id}`.
pub fn show(pattern: &[Segment]) -> String {
    if pattern.is_empty() {
        return "/".to_owned();
    }
    let text = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Param(name) => format!("/{{{name}}}"),
        Segment::CatchAll(name) => format!("/{{...{name}}}"),
        Segment::OptionalCatchAll(name) => format!("/{{[...{name}]}}"),
    };
    pattern.iter().map(text).collect()
}
