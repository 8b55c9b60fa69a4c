//! The HTTP side of faults and logs, on the service's own port:
//!
//! - `PUT /_control/faults` with `{"path": "GET /users/*", "fault": "delay", "ms": 2000,
//!   "times": 2}` or an array of such; `GET` lists them; `DELETE` takes back all, or those of
//!   `?path=`
//! - `GET /_control/requests` (of `?path=`), `DELETE` forgets them
//! - `GET /_control/counts`

use serde_json::{Value, json};

use super::rules::Rules;
use crate::fault::Fault;
use crate::pattern::Pattern;
use crate::services::refuse;
use crate::wire::{Log, Recorded, Reply};

pub(super) fn answer(request: &Recorded, rules: &Rules, log: &Log) -> Reply {
    let path = request.query_value("path").map(|path| Pattern::parse(&path));
    match (request.method.as_str(), request.path().trim_start_matches(crate::CONTROL)) {
        ("GET", "faults") => Reply::json(rules.to_json()),
        ("PUT" | "POST", "faults") => match add(&request.json(), rules) {
            Ok(()) => Reply::json(rules.to_json()),
            Err(why) => refuse(400, &why),
        },
        ("DELETE", "faults") => {
            match path {
                Some(path) => rules.remove(&path),
                None => rules.clear(),
            }
            Reply::status(204)
        }
        ("GET", "requests") => Reply::json(requests(log, path.as_ref())),
        ("DELETE", "requests") => {
            log.clear();
            Reply::status(204)
        }
        ("GET", "counts") => Reply::json(log.read(|seen| {
            json!({
                "total": seen.total, "connections": seen.connections,
                "cancelled": seen.cancelled, "requests": seen.counts,
            })
        })),
        _ => refuse(404, "faults, requests and counts are here"),
    }
}

fn requests(log: &Log, path: Option<&Pattern>) -> Value {
    log.read(|seen| {
        let wanted = seen.requests.iter().filter(|request| {
            path.is_none_or(|path| path.matches(&request.method, request.path()))
        });
        wanted.map(|request| request.to_json()).collect()
    })
}

/// All of them, or none when one is wrong.
fn add(body: &Value, rules: &Rules) -> Result<(), String> {
    let one = std::slice::from_ref(body);
    let wanted = body.as_array().map_or(one, Vec::as_slice);
    let read = |value: &Value| {
        let path = value["path"].as_str().unwrap_or("/**");
        let times = match &value["times"] {
            Value::Null => None,
            times => Some(times.as_u64().filter(|x| *x > 0).ok_or("`times`: 1 or more")?),
        };
        let times = times.map(|times| times.try_into().unwrap_or(usize::MAX));
        Ok((Pattern::parse(path), Fault::from_json(value)?, times))
    };
    let read: Result<Vec<_>, String> = wanted.iter().map(read).collect();
    read?.into_iter().for_each(|(on, fault, times)| rules.add(on, fault, times));
    Ok(())
}
