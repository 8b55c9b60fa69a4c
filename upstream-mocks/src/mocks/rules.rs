use std::sync::Mutex;

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::pattern::Pattern;
use crate::scripted::lock;
use crate::wire::Recorded;

/// The faults of one service, the newest first.
#[derive(Debug, Default)]
pub(super) struct Rules(Mutex<Vec<Rule>>);

#[derive(Debug)]
struct Rule {
    on: Pattern,
    fault: Fault,
    left: Option<usize>,
}

impl Rules {
    pub(super) fn add(&self, on: Pattern, fault: Fault, left: Option<usize>) {
        self.remove(&on);
        lock(&self.0).insert(0, Rule { on, fault, left });
    }

    pub(super) fn remove(&self, on: &Pattern) {
        lock(&self.0).retain(|rule| rule.on != *on);
    }

    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// The fault for this request, one time less where its times are limited.
    pub(super) fn take(&self, request: &Recorded) -> Option<Fault> {
        let mut rules = lock(&self.0);
        let at = rules.iter().position(|rule| rule.on.matches(&request.method, request.path()))?;
        let fault = rules[at].fault.clone();
        match &mut rules[at].left {
            Some(left) if *left > 1 => *left -= 1,
            Some(_) => drop(rules.remove(at)),
            None => {}
        }
        Some(fault)
    }

    pub(super) fn to_json(&self) -> Value {
        let rule = |rule: &Rule| {
            let mut all = json!({"path": rule.on.to_string()});
            if let Value::Object(fault) = rule.fault.to_json() {
                fault.into_iter().for_each(|(name, value)| all[name] = value);
            }
            all["times"] = json!(rule.left);
            all
        };
        lock(&self.0).iter().map(rule).collect()
    }
}
