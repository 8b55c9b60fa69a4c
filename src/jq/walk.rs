//! Reading a program: which variables it reads, which filters it calls, and whether it looks at an input that it does not have.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::Part;

use super::effect::{Callee, Closure, Effect, Globals, Param};

/// What a term's input is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// That of the program, or of the innermost definition around.
    Own,
    /// What came before in a pipe, or the like.
    Other,
}

/// What was found, in the order of the text.
#[derive(Default)]
pub(super) struct Findings<'s> {
    pub(super) reads: Vec<Found<'s>>,
    pub(super) inputs: Vec<Look<'s>>,
    pub(super) callees: BTreeSet<Callee>,
    pub(super) mistakes: Vec<Mistake<'s>>,
    /// How many `.` and `..` there are in front of all else.
    dots: usize,
}

/// A variable that is not bound here, with the steps behind it.
pub(super) struct Found<'s> {
    pub(super) var: &'s str,
    pub(super) steps: Vec<Step<'s>>,
    pub(super) computed: bool,
    /// The steps are all there is behind it, and none is optional.
    pub(super) plain: bool,
}

/// One constant field.
pub(super) struct Step<'s> {
    pub(super) name: String,
    /// Parts of it as they stand in the text.
    pub(super) parts: Vec<&'s str>,
}

/// Where the program's own input is looked at.
pub(super) enum Look<'s> {
    /// The how manieth `.` or `..` of the text it is.
    Dot(usize),
    /// `{name}`, which is `{name: .name}`.
    Member(&'s str),
    /// A filter that does.
    Call(&'s str),
}

/// What is wrong with a name.
pub(super) enum Mistake<'s> {
    /// No such filter; the variable of that name is there.
    Undefined { name: &'s str, arity: usize, variable: bool },
    /// No such label.
    Label(&'s str),
    /// `reduce` or `foreach` with the wrong number of arguments.
    Fold(&'s str),
    /// A definition that calls itself with another filter than the one it was given.
    ChangedFilter { name: &'s str, param: &'s str },
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

struct Local<'s> {
    name: &'s str,
    params: Vec<&'s str>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Argument(Closure),
    /// A definition; `open` while its own body is read, `called` if that calls it.
    Definition {
        effect: Effect,
        open: bool,
        called: bool,
    },
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

    /// Reads a definition, as often as its effect on its own calls changes what is found.
    pub(super) fn definition(&mut self, def: &Def<&'s str>) -> Effect {
        let params = self.params(&def.args);
        let mut effect = Effect { params, ..Effect::default() };
        loop {
            let marks =
                (self.findings.reads.len(), self.findings.mistakes.len(), self.findings.dots);
            let (found, called) = self.body(def, effect.clone());
            if !called || found == effect {
                return found;
            }
            effect = found;
            self.findings.reads.truncate(marks.0);
            self.findings.mistakes.truncate(marks.1);
            self.findings.dots = marks.2;
        }
    }

    fn params(&mut self, args: &[&'s str]) -> Vec<Param> {
        let param = |arg: &&str| match arg.starts_with('$') {
            true => Param::Value,
            false => {
                self.closures += 1;
                Param::Filter(self.closures)
            }
        };
        args.iter().map(param).collect()
    }

    fn body(&mut self, def: &Def<&'s str>, effect: Effect) -> (Effect, bool) {
        let (filters, vars) = (self.filters.len(), self.vars.len());
        for (arg, param) in def.args.iter().zip(&effect.params) {
            match param {
                Param::Value => self.vars.push(arg),
                Param::Filter(id) => {
                    self.filters.push(Local {
                        name: arg,
                        params: vec![],
                        kind: Kind::Argument(*id),
                    });
                }
            }
        }
        let params = effect.params.clone();
        let own = self.filters.len();
        let kind = Kind::Definition { effect, open: true, called: false };
        self.filters.push(Local { name: def.name, params: def.args.clone(), kind });
        let around = std::mem::take(&mut self.effect);
        self.depth += 1;
        self.term(&def.body, Input::Own);
        self.depth -= 1;
        let found = std::mem::replace(&mut self.effect, around);
        let called = matches!(self.filters[own].kind, Kind::Definition { called: true, .. });
        self.filters.truncate(filters);
        self.vars.truncate(vars);
        (Effect { params, ..found }, called)
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

    fn local_definitions(&mut self, defs: &[Def<&'s str>], inner: &Term<&'s str>, input: Input) {
        let filters = self.filters.len();
        for def in defs {
            let effect = self.definition(def);
            let kind = Kind::Definition { effect, open: false, called: false };
            self.filters.push(Local { name: def.name, params: def.args.clone(), kind });
        }
        self.term(inner, input);
        self.filters.truncate(filters);
    }

    fn call(&mut self, name: &'s str, args: &[Term<&'s str>], input: Input) {
        let local = self
            .filters
            .iter()
            .rposition(|local| local.name == name && local.params.len() == args.len());
        let effect = match local {
            Some(at) => self.call_local(at, args),
            None => match self.globals.find(name, args.len()) {
                Some((callee, effect)) => {
                    self.findings.callees.insert(callee);
                    effect.clone()
                }
                None => {
                    let variable = self.vars.iter().any(|var| var.get(1..) == Some(name));
                    let arity = args.len();
                    self.findings.mistakes.push(Mistake::Undefined { name, arity, variable });
                    return self.all(args, Input::Other);
                }
            },
        };
        self.run(name, &effect, args, input);
    }

    /// What the call does: its effect, with its arguments in their places.
    fn run(&mut self, name: &'s str, effect: &Effect, args: &[Term<&'s str>], input: Input) {
        if effect.reads_input {
            self.look(input, Look::Call(name));
        }
        for (arg, param) in args.iter().zip(&effect.params) {
            let on_input = match param {
                Param::Value => true,
                Param::Filter(id) => effect.on_input.contains(id),
            };
            self.term(arg, if on_input { input } else { Input::Other });
        }
        if input == Input::Own {
            let own: Vec<_> = effect.params.iter().collect();
            let outer = effect.on_input.iter().filter(|id| !own.contains(&&Param::Filter(**id)));
            self.effect.on_input.extend(outer);
        }
    }

    fn call_local(&mut self, at: usize, args: &[Term<&'s str>]) -> Effect {
        let (name, params) = (self.filters[at].name, self.filters[at].params.clone());
        let effect = match &mut self.filters[at].kind {
            Kind::Argument(id) => {
                return Effect { on_input: BTreeSet::from([*id]), ..Effect::default() };
            }
            Kind::Definition { effect, open: false, .. } => return effect.clone(),
            Kind::Definition { effect, called, .. } => {
                *called = true;
                effect.clone()
            }
        };
        for ((param, arg), kind) in params.iter().zip(args).zip(&effect.params) {
            let same = matches!(arg, Term::Call(name, args) if name == param && args.is_empty());
            if matches!(kind, Param::Filter(_)) && !same {
                self.findings.mistakes.push(Mistake::ChangedFilter { name, param });
            }
        }
        effect
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
