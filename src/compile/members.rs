//! Which members a variable has.

use crate::config::did_you_mean;
use crate::diagnostic::Problem;
use crate::jq::Read;
use crate::validate::{Parameter, Schema};

/// A look at the members that are read of a variable.
pub(super) struct Members<'a> {
    /// What is read.
    pub(super) read: &'a Read,
    /// The variable's name, without its `$`.
    pub(super) variable: &'a str,
}

impl Members<'_> {
    /// Checks a step of what is read against the members that there are.
    pub(super) fn known<'w>(
        &self,
        step: usize,
        known: impl IntoIterator<Item = &'w str>,
    ) -> Result<(), Problem> {
        let Some(name) = self.read.path.get(step) else {
            return Ok(());
        };
        let known: Vec<&str> = known.into_iter().collect();
        if known.contains(&name.as_str()) {
            return Ok(());
        }
        let help = did_you_mean(name, known.iter().copied()).or_else(|| match known.is_empty() {
            true => Some(format!("`${}` has no members here", self.variable)),
            false => Some(format!("it has: {}", known.join(", "))),
        });
        let of = std::iter::once(self.variable)
            .chain(self.read.path[..step].iter().map(|step| step.as_str()));
        let of: Vec<&str> = of.collect();
        Err(self.problem(step, format!("`${}` has no member `{name}`", of.join(".")), help))
    }

    /// Checks a member of `$params`, `$query`, `$headers` or `$cookies`.
    pub(super) fn declared(&self, parameters: &[Parameter]) -> Result<(), Problem> {
        let names = parameters.iter().map(|parameter| parameter.name.as_str());
        self.known(0, names).map_err(|mut problem| {
            if parameters.is_empty() {
                let name = self.read.path.first().map_or("", |name| name.as_str());
                problem.help = Some(match self.variable {
                    "params" => "the path has no segment of that name".to_owned(),
                    section => {
                        format!("declare it: `input.{section}.{name} = {{ type = \"string\" }}`")
                    }
                });
            }
            problem
        })
    }

    /// Checks members of the body, as deep as its schema says.
    pub(super) fn schema(&self, schema: &Schema) -> Result<(), Problem> {
        let mut view = schema.describe();
        for (depth, step) in self.read.path.iter().enumerate() {
            let Some(here) = view.filter(|view| view.is_closed()) else { return Ok(()) };
            self.known(depth, here.members().map(|(name, _)| name.as_str()))?;
            view = here.member(step);
        }
        Ok(())
    }

    /// A problem at a step.
    pub(super) fn problem(&self, step: usize, message: String, help: Option<String>) -> Problem {
        let range = self.read.path_spans.get(step).unwrap_or(&self.read.span).clone();
        Problem { range, message, help }
    }
}
