//! Messages about names: what is not offered, what was meant.

use jaq_core::load::span;

use crate::diagnostic::Problem;

use super::effect::Globals;
use super::syntax;
use super::walk::{Findings, Look, Mistake};

/// Filters of jq that a gateway does not offer, and why.
const REFUSED: &[(&str, &str)] = &[
    ("env", "the environment comes into the config as `${NAME}`"),
    ("input", INPUT),
    ("inputs", INPUT),
    ("input_filename", INPUT),
    ("input_line_number", INPUT),
    ("halt", "use `error(…)` to fail"),
    ("halt_error", "use `error(…)` to fail"),
    ("debug", "try the program with `jq` on the command line"),
    ("stderr", "try the program with `jq` on the command line"),
    ("get_search_list", "programs cannot load others"),
    ("import", "programs cannot load others; definitions for all go into `lib.jq`"),
    ("include", "programs cannot load others; definitions for all go into `lib.jq`"),
];
const INPUT: &str = "what a program reads are variables, such as `$body`";

/// Filters that only the prelude calls.
fn hidden(name: &str) -> bool {
    name.ends_with("_unchecked") || ["short", "moment"].contains(&name)
}

/// Variables of jq that a gateway does not offer, and why.
pub(super) fn refused_variable(source: &str, var: &str) -> Option<Problem> {
    let help = match var {
        "$ENV" => "the environment comes into the config as `${NAME}`",
        "$__loc__" => "the log names the place of a program that fails",
        _ => return None,
    };
    Some(Problem {
        range: span(source, var),
        message: format!("`{var}` is not offered"),
        help: Some(help.to_owned()),
    })
}

/// All that is wrong with the names in a program, and with its looking at an input.
pub(super) fn problems(
    source: &str,
    findings: &Findings<'_>,
    globals: &dyn Globals,
) -> Vec<Problem> {
    let mistakes = findings.mistakes.iter().map(|mistake| explain(source, mistake, globals));
    let mut problems: Vec<_> = mistakes.collect();
    let dots = if findings.inputs.is_empty() { vec![] } else { syntax::dots(source) };
    problems.extend(findings.inputs.iter().map(|look| no_input(source, look, &dots)));
    problems
}

fn no_input(source: &str, look: &Look<'_>, dots: &[std::ops::Range<usize>]) -> Problem {
    let help = "programs read variables, such as `$body` or a call's name".to_owned();
    let (range, message, help) = match look {
        Look::Dot(at) => {
            let range = dots.get(*at).cloned().unwrap_or(0..source.len());
            (range.clone(), format!("`{}` has no input here", &source[range]), help)
        }
        Look::Member(name) => (
            span_within(source, name),
            format!("`{{{name}}}` has no input here"),
            format!("`{{{name}}}` means `{{{name}: .{name}}}`; write `{{{name}: $x.{name}}}`"),
        ),
        Look::Call(name, arguments) => (
            span(source, name),
            format!("`{name}` has no input here"),
            format!("give it one: `$x | {name}{}`", if *arguments { "(…)" } else { "" }),
        ),
    };
    Problem { range, message, help: Some(help) }
}

/// Empty texts have no place of their own.
fn span_within(source: &str, part: &str) -> std::ops::Range<usize> {
    if part.is_empty() { 0..source.len() } else { span(source, part) }
}

fn explain(source: &str, mistake: &Mistake<'_>, globals: &dyn Globals) -> Problem {
    let (at, message, help) = match *mistake {
        Mistake::Undefined { name, arity, variable } => {
            let (message, help) = undefined(name, arity, variable, globals);
            (name, message, help)
        }
        Mistake::Label(name) => (name, format!("unknown label `{name}`"), None),
        Mistake::Fold(name) => {
            let form = "takes `(start; update)`";
            (name, format!("`{name}` {form}"), None)
        }
        Mistake::Assignment(name) => (
            name,
            format!("`{name}` cannot be changed"),
            Some(format!("change a copy: `{name} | .member = …`")),
        ),
        Mistake::ChangedFilter { name, param } => (
            name,
            format!("`{name}` calls itself with another filter for `{param}`"),
            Some(format!("pass a value, `${param}`, or keep the filter: `{name}(…{param}…)`")),
        ),
    };
    Problem { range: span(source, at), message, help }
}

fn undefined(
    name: &str,
    arity: usize,
    variable: bool,
    globals: &dyn Globals,
) -> (String, Option<String>) {
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return (format!("`{name}` is not offered"), Some((*why).to_owned()));
    }
    if variable {
        return (format!("unknown filter `{name}`"), Some(format!("did you mean `${name}`?")));
    }
    let names = globals.names();
    let mut arities: Vec<_> =
        names.iter().filter(|(known, _)| *known == name).map(|(_, arity)| *arity).collect();
    if !arities.is_empty() && !hidden(name) {
        arities.sort_unstable();
        let takes: Vec<_> = arities.iter().map(usize::to_string).collect();
        let plural = if arities == [1] { "" } else { "s" };
        let takes = takes.join(" or ");
        return (format!("`{name}` takes {takes} argument{plural}, not {arity}"), None);
    }
    let near = names.iter().filter(|(known, _)| !hidden(known));
    let near = near.map(|(known, of)| (strsim::jaro_winkler(known, name), *of == arity, *known));
    let best = near
        .filter(|(likeness, ..)| *likeness > 0.85)
        .max_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let help = best.map(|(_, _, known)| format!("did you mean `{known}`?"));
    (format!("unknown filter `{name}`"), help)
}

/// Whether a program may call it, where it is there.
pub(super) fn is_hidden(name: &str) -> bool {
    hidden(name)
}
