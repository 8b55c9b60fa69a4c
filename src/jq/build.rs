//! From a syntax tree to what jaq runs.

use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Filter};

use super::effect::Callee;
use super::glue::Kind;
use super::library::Library;
use super::native;
use super::prelude::prelude;

/// The program is a definition of this name, so that its tree need not be parsed once more.
const MAIN: &str = "frontdesk_main";

/// Compiles a program of which all names are known to be there.
pub(super) fn build<'s>(
    term: Term<&'s str>,
    callees: &std::collections::BTreeSet<Callee>,
    library: &'s Library,
    vars: &[&'s str],
) -> Result<Filter<Kind>, String> {
    let (own, of_prelude) = library.needed(callees);
    let defs = prelude().needed(of_prelude.into_iter());
    let main = Def { name: MAIN, args: vec![], body: term };
    let defs = defs.into_iter().chain(own).chain([main]);
    let arena = Arena::default();
    let file = File { code: MAIN, path: () };
    let modules = Loader::new(defs).load(&arena, file);
    let modules = modules.map_err(|_| "the program cannot be loaded".to_owned())?;
    let compiler =
        Compiler::default().with_funs(native::all()).with_global_vars(vars.iter().copied());
    compiler.compile(modules).map_err(|errors| {
        let undefined = errors.into_iter().flat_map(|(_, errors)| errors);
        let undefined =
            undefined.map(|(name, what)| format!("undefined {} `{name}`", what.as_str()));
        undefined.collect::<Vec<_>>().join(", ")
    })
}
