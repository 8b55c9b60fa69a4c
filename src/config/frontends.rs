//! The routes of `[frontends]`: which folders are read.

use std::io;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::keys::is_built_in;
use super::load::{Loader, reason};
use super::plain::{Named, Raw};
use super::route::RouteFile;
use super::routes;
use super::secret::without_references;
use super::session::Frontend;
use super::tree::Route;
use crate::diagnostic::Diagnostic;

/// The folder of the routes where there are no frontends.
const ROUTES: &str = "routes";

impl Loader<'_> {
    /// The routes of every frontend, each folder read once; without frontends those of `routes`.
    pub(super) fn all_routes(
        &mut self,
        folder: &Path,
        frontends: &Named<Frontend>,
        built_in: RouteFile,
    ) -> IndexMap<String, Vec<Route>> {
        let chain = routes::Chain { defaults: vec![Arc::new(built_in)], segments: vec![] };
        let mut all = IndexMap::new();
        if frontends.is_empty() {
            let top = folder.join(ROUTES);
            let there = match self.files.list(&top) {
                Err(error) => error.kind() != io::ErrorKind::NotFound,
                Ok(_) => true,
            };
            let routes = if there { self.routes(&top, &chain) } else { vec![] };
            all.insert(ROUTES.to_owned(), routes);
        }
        for frontend in frontends.values() {
            let Some(own) = self.folder_of(frontend) else { continue };
            if !all.contains_key(&own) {
                let routes = self.frontend_routes(&folder.join(&own), frontend, &chain);
                all.insert(own, routes);
            }
        }
        all
    }

    /// The folder that a frontend names. It is read before any secret is.
    fn folder_of(&mut self, frontend: &Frontend) -> Option<String> {
        let Raw::Text(text) = &frontend.routes.raw else { return None };
        let plain = without_references(text).filter(|plain| plain == text);
        if plain.is_none() {
            let help = "write it down: it says which files are read";
            let title = "the folder of the routes cannot be a secret";
            self.diagnostics.push(Diagnostic::at(frontend.routes.span.clone(), title).help(help));
        }
        plain
    }

    fn frontend_routes(
        &mut self,
        top: &Path,
        frontend: &Frontend,
        chain: &routes::Chain,
    ) -> Vec<Route> {
        if let Err(error) = self.files.list(top) {
            let written = &frontend.routes.span;
            let built_in = is_built_in(&self.sources, written);
            let span = if built_in { &frontend.span } else { written };
            let title =
                format!("cannot read the routes in `{}`: {}", top.display(), reason(&error));
            let help = "`routes` names a folder beside `gateway.toml`";
            self.diagnostics.push(Diagnostic::at(span.clone(), title).help(help));
            return vec![];
        }
        self.routes(top, chain)
    }

    fn routes(&mut self, top: &Path, chain: &routes::Chain) -> Vec<Route> {
        let mut routes = vec![];
        routes::walk(self, top, chain, &mut routes);
        routes::check(&routes, &mut self.diagnostics);
        routes
    }
}
