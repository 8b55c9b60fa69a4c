//! Route files.

use std::sync::Arc;

use super::context::Context;
use super::cors;
use super::endpoint::{endpoint, verb};
use super::inherit::Levels;
use super::world::World;
use crate::config;
use crate::plan::{Methods, Pattern, Route, Router, Segment, show};
use crate::value::SmolStr;

/// Compiles all routes.
pub(super) fn router(
    cx: &mut Context<'_>,
    world: &mut World<'_>,
    routes: &[config::Route],
) -> Router {
    let mut router = Router::default();
    for written in routes {
        router.insert(route(cx, world, written));
    }
    router
}

fn route(cx: &mut Context<'_>, world: &mut World<'_>, written: &config::Route) -> Route {
    let pattern = pattern(written);
    let path = show(&pattern);
    if written.file.methods.is_empty() {
        let title = format!("`{}` has no method", written.pattern);
        cx.wrong(&written.span, title, "add a table: `[get]`");
    }
    let mut methods = Methods::default();
    for method in written.file.methods.keys() {
        let compiled = endpoint(cx, world, written, *method, &path);
        methods.0.extend(compiled.map(|endpoint| (verb(*method), Arc::new(endpoint))));
    }
    let cors = cors::policy(cx, &Levels::of_path(written).cors(&world.tree.gateway.cors));
    Route { pattern, file: written.file_name.clone(), methods, cors }
}

fn pattern(written: &config::Route) -> Pattern {
    let segment = |segment: &config::Segment| match segment {
        config::Segment::Literal(text) => Segment::Literal(SmolStr::new(text)),
        config::Segment::Param(name) => Segment::Param(SmolStr::new(name)),
        config::Segment::CatchAll(name) => Segment::CatchAll(SmolStr::new(name)),
        config::Segment::OptionalCatchAll(name) => Segment::OptionalCatchAll(SmolStr::new(name)),
    };
    written.pattern.segments.iter().map(segment).collect()
}
