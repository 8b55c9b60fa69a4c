//! The order of calls: what waits for what, and the orders that cannot be.

use super::call::Draft;
use super::context::Context;
use super::scope::Edge;
use crate::diagnostic::Diagnostic;

/// Which calls each call waits for, directly and through others.
pub(super) struct Graph {
    reaches: Vec<Vec<bool>>,
}

impl Graph {
    /// The graph of an endpoint's calls.
    pub(super) fn new(drafts: &[Draft]) -> Self {
        let mut reaches = vec![vec![false; drafts.len()]; drafts.len()];
        for (from, row) in reaches.iter_mut().enumerate() {
            let mut open: Vec<usize> = vec![from];
            while let Some(at) = open.pop() {
                for edge in &drafts[at].edges {
                    if !std::mem::replace(&mut row[edge.to], true) {
                        open.push(edge.to);
                    }
                }
            }
        }
        Self { reaches }
    }

    /// Whether `from` waits for `to`.
    pub(super) fn waits(&self, from: usize, to: usize) -> bool {
        self.reaches[from][to]
    }

    /// Reports each cycle once, with every read that is part of it.
    pub(super) fn check_cycles(&self, cx: &mut Context<'_>, drafts: &[Draft]) -> bool {
        let mut reported = vec![false; drafts.len()];
        for start in 0..drafts.len() {
            if reported[start] || !self.waits(start, start) {
                continue;
            }
            let path = self.cycle(drafts, start);
            path.iter().for_each(|(from, _)| reported[*from] = true);
            (0..drafts.len())
                .filter(|other| self.waits(start, *other) && self.waits(*other, start))
                .for_each(|other| reported[other] = true);
            cx.mistake(describe(drafts, &path));
        }
        reported.contains(&true)
    }

    /// Reports calls of the method's own that nobody reads, and that change nothing.
    pub(super) fn check_unused(&self, cx: &mut Context<'_>, drafts: &[Draft], read: &[Edge]) {
        for (index, draft) in drafts.iter().enumerate() {
            let edges = drafts.iter().flat_map(|draft| &draft.edges).chain(read);
            if draft.changes || !draft.own || edges.into_iter().any(|edge| edge.to == index) {
                continue;
            }
            let name = &draft.name;
            let help = format!("read it as `${name}`, name it in a `needs`, or take it away");
            cx.wrong(&draft.span, format!("nothing reads the call `{name}`"), help);
        }
    }

    /// Reports two calls that change something in no order.
    pub(super) fn check_changes(&self, cx: &mut Context<'_>, drafts: &[Draft]) {
        let changing: Vec<usize> = (0..drafts.len()).filter(|i| drafts[*i].changes).collect();
        for (position, first) in changing.iter().enumerate() {
            for second in &changing[position + 1..] {
                let (one, other) = (&drafts[*first], &drafts[*second]);
                let ordered = self.waits(*first, *second) || self.waits(*second, *first);
                if ordered || one.parallel || other.parallel {
                    continue;
                }
                let title = format!(
                    "the calls `{}` and `{}` both change something, in no order",
                    one.name, other.name
                );
                let help = format!("say `needs = [\"{}\"]`, or `parallel = true`", one.name);
                cx.mistake(
                    Diagnostic::at(other.span.clone(), title)
                        .label(one.span.clone(), "")
                        .help(help),
                );
            }
        }
    }

    /// The shortest way from a call back to itself.
    fn cycle<'d>(&self, drafts: &'d [Draft], start: usize) -> Vec<(usize, &'d Edge)> {
        let mut ways: Vec<Vec<(usize, &Edge)>> = vec![Vec::new()];
        let mut seen = vec![false; drafts.len()];
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                let at = way.last().map_or(start, |(_, edge)| edge.to);
                for edge in drafts[at]
                    .edges
                    .iter()
                    .filter(|edge| edge.to == start || self.waits(edge.to, start))
                {
                    let mut next = way.clone();
                    next.push((at, edge));
                    if edge.to == start {
                        return next;
                    }
                    if !std::mem::replace(&mut seen[edge.to], true) {
                        longer.push(next);
                    }
                }
            }
            ways = longer;
        }
        Vec::new()
    }
}

fn describe(drafts: &[Draft], path: &[(usize, &Edge)]) -> Diagnostic {
    let name = |index: usize| &drafts[index].name;
    let first = path.first().map_or(0, |(from, _)| *from);
    let title = format!("the call `{}` waits for itself", name(first));
    let text = |from: usize, to: usize, last: bool| {
        let and = if last && path.len() > 1 { "and " } else { "" };
        format!("{and}`{}` waits for `{}` here", name(from), name(to))
    };
    let mut labels = path
        .iter()
        .enumerate()
        .map(|(i, (from, edge))| (edge.span.clone(), text(*from, edge.to, i + 1 == path.len())));
    let (span, label) = labels.next_back().unwrap_or((0..0, String::new()));
    let mistake = Diagnostic::at(span, title).named(label);
    labels
        .fold(mistake, |mistake, (span, text)| mistake.label(span, text))
        .help("a call may only read calls that do not wait for it in turn")
}
