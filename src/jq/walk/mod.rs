//! Reading a program: which variables it reads, which filters it calls, and whether it looks at an input that it does not have.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

mod call;
mod found;

use super::effect::{Closure, Effect, Globals};

use call::Local;
pub(super) use found::{Findings, Found, Look, Mistake, Step};

/// What a term's input is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// That of the program, or of the innermost definition around.
    Own,
    /// What came before in a pipe, or the like.
    Other,
}

pub(super) struct Walk<'s, 'g> {
    globals: &'g dyn Globals,
    filters: Vec<Local<'s>>,
    vars: Vec<&'s str>,
    labels: Vec<&'s str>,
    /// Of the innermost definition around.
    effect: Effect,
    /// How many definitions are around.
    depth: usize,
    closures: Closure,
    findings: Findings<'s>,
}

impl<'s, 'g> Walk<'s, 'g> {
    pub(super) fn new(globals: &'g dyn Globals) -> Self {
        Self {
            globals,
            filters: vec![],
            vars: vec![],
            labels: vec![],
            effect: Effect::default(),
            depth: 0,
            // below are the numbers of arguments of filters in Rust
            closures: 16,
            findings: Findings::default(),
        }
    }

    pub(super) fn into_findings(self) -> Findings<'s> {
        self.findings
    }

    /// Reads a term in the scope of what was read before.
    pub(super) fn term(&mut self, term: &Term<&'s str>, input: Input) {
        use Term::*;
        match term {
            Id | Recurse => self.dot(input),
            Num(_) => {}
            Str(format, parts) => self.text(*format, parts, input),
            Arr(inner) => self.all(inner.as_deref(), input),
            Obj(members) => {
                members.iter().for_each(|(key, value)| self.member(key, value.as_ref(), input))
            }
            Neg(inner) => self.term(inner, input),
            BinOp(left, op, right) => self.operation(left, op, right, input),
            Label(name, inner) => {
                self.labels.push(name);
                self.term(inner, input);
                self.labels.pop();
            }
            Break(name) => {
                if !self.labels.contains(name) {
                    self.findings.mistakes.push(Mistake::Label(name));
                }
            }
            Fold(name, source, pattern, args) => self.fold(name, source, pattern, args, input),
            TryCatch(inner, catch) => {
                self.term(inner, input);
                self.all(catch.as_deref(), Input::Other);
            }
            IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.term(condition, input);
                    self.term(then, input);
                }
                self.all(otherwise.as_deref(), input);
            }
            Def(defs, inner) => self.local_definitions(defs, inner, input),
            Call(name, args) => self.call(name, args, input),
            Var(name) => self.var(name, vec![], false, true),
            Path(head, path) => self.path(head, &path.0, input),
        }
    }

    fn all<'t>(&mut self, terms: impl IntoIterator<Item = &'t Term<&'s str>>, input: Input)
    where
        's: 't,
    {
        terms.into_iter().for_each(|term| self.term(term, input));
    }

    fn dot(&mut self, input: Input) {
        let at = self.findings.dots;
        self.findings.dots += 1;
        self.look(input, Look::Dot(at));
    }

    fn look(&mut self, input: Input, look: Look<'s>) {
        match (input, self.depth) {
            (Input::Other, _) => {}
            (Input::Own, 0) => self.findings.inputs.push(look),
            (Input::Own, _) => self.effect.reads_input = true,
        }
    }

    fn text(
        &mut self,
        format: Option<&'s str>,
        parts: &[StrPart<&'s str, Term<&'s str>>],
        input: Input,
    ) {
        if let Some(format) = format {
            self.call(format, &[], Input::Other);
        }
        for part in parts {
            if let StrPart::Term(term) = part {
                self.term(term, input);
            }
        }
    }

    fn member(&mut self, key: &Term<&'s str>, value: Option<&Term<&'s str>>, input: Input) {
        self.term(key, input);
        match (key, value) {
            (_, Some(value)) => self.term(value, input),
            (Term::Var(_), None) => {}
            (Term::Str(_, parts), None) => {
                let text = parts.iter().find_map(|part| match part {
                    StrPart::Str(text) => Some(*text),
                    _ => None,
                });
                self.look(input, Look::Member(text.unwrap_or_default()));
            }
            (_, None) => self.look(input, Look::Member("")),
        }
    }

    fn operation(
        &mut self,
        left: &Term<&'s str>,
        op: &BinaryOp<&'s str>,
        right: &Term<&'s str>,
        input: Input,
    ) {
        self.term(left, input);
        let changes = matches!(
            op,
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt
        );
        if changes && let Some(var) = variable(left) {
            self.findings.mistakes.push(Mistake::Assignment(var));
        }
        match op {
            BinaryOp::Pipe(None) | BinaryOp::Update => self.term(right, Input::Other),
            BinaryOp::Pipe(Some(pattern)) => {
                let vars = self.vars.len();
                self.pattern(pattern);
                self.term(right, input);
                self.vars.truncate(vars);
            }
            _ => self.term(right, input),
        }
    }

    /// Binds the variables of a pattern; its keys are read on what is taken apart.
    fn pattern(&mut self, pattern: &Pattern<&'s str>) {
        match pattern {
            Pattern::Var(name) => self.vars.push(name),
            Pattern::Arr(items) => items.iter().for_each(|item| self.pattern(item)),
            Pattern::Obj(members) => {
                for (key, value) in members {
                    self.term(key, Input::Other);
                    self.pattern(value);
                }
            }
        }
    }

    fn fold(
        &mut self,
        name: &'s str,
        source: &Term<&'s str>,
        pattern: &Pattern<&'s str>,
        args: &[Term<&'s str>],
        input: Input,
    ) {
        if args.len() != 2 && !(name == "foreach" && args.len() == 3) {
            self.findings.mistakes.push(Mistake::Fold(name));
        }
        self.term(source, input);
        let vars = self.vars.len();
        self.pattern(pattern);
        let bound = self.vars.split_off(vars);
        self.all(args.first(), input);
        self.vars.extend(bound);
        self.all(args.iter().skip(1), Input::Other);
        self.vars.truncate(vars);
    }

    fn var(&mut self, var: &'s str, steps: Vec<Step<'s>>, computed: bool, plain: bool) {
        if !self.vars.contains(&var) {
            self.findings.reads.push(Found { var, steps, computed, plain });
        }
    }

    fn path(
        &mut self,
        head: &Term<&'s str>,
        parts: &[(Part<Term<&'s str>>, jaq_core::path::Opt)],
        input: Input,
    ) {
        if let Term::Var(var) = head {
            let steps: Vec<_> = parts.iter().map_while(|(part, _)| field(part)).collect();
            let next = parts.get(steps.len()).map(|(part, _)| part);
            let computed =
                matches!(next, Some(Part::Index(index)) if !matches!(index, Term::Num(_)));
            let required = |(_, opt): &(_, _)| matches!(opt, jaq_core::path::Opt::Essential);
            let plain = next.is_none() && parts.iter().all(required);
            self.var(var, steps, computed, plain);
        } else {
            self.term(head, input);
        }
        for (part, _) in parts {
            match part {
                Part::Index(index) => self.term(index, input),
                Part::Range(from, to) => self.all(from.iter().chain(to), input),
            }
        }
    }
}

/// The variable that a term starts from.
fn variable<'s>(term: &Term<&'s str>) -> Option<&'s str> {
    match term {
        Term::Var(name) => Some(name),
        Term::Path(head, _) => variable(head),
        _ => None,
    }
}

/// The constant field that a step means.
fn field<'s>(part: &Part<Term<&'s str>>) -> Option<Step<'s>> {
    let Part::Index(Term::Str(None, pieces)) = part else { return None };
    let mut step = Step { name: String::new(), parts: vec![] };
    for piece in pieces {
        match piece {
            StrPart::Str(text) => {
                step.name.push_str(text);
                step.parts.push(text);
            }
            StrPart::Char(char) => step.name.push(*char),
            StrPart::Term(_) => return None,
        }
    }
    Some(step)
}
