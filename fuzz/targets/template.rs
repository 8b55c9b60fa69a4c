//! Templates: a first line of JSON for `$a`, then the template. Whatever a hole holds, it stays in its segment.

#![no_main]

use frontdesk::jq::{Library, Limits, Program, Scope, Slot};
use frontdesk::template::{Path, Template, Text};
use frontdesk::value::{self, DuplicateKeys, Value};
use fuzz::{first_line, wait};
use libfuzzer_sys::fuzz_target;
use url::Url;

const RUN: Limits = Limits { steps: 5_000, output: 64 << 10 };
const READ: value::Limits =
    value::Limits { max_depth: 64, duplicate_keys: DuplicateKeys::LastWins };

struct One(Value);

impl Scope for One {
    fn get(&self, _: Slot) -> Value {
        self.0.clone()
    }
}

fuzz_target!(|input: &str| {
    let (json, text) = first_line(input);
    let scope = One(value::parse(json.as_bytes(), &READ).unwrap_or_else(|_| json.into()));
    let mut hole = |program: &str, _| Program::compile(program, &Library::empty(), &mut |_| Ok(0));
    let mut secret = |reference: &str, _| reference.to_owned();
    let template = match Template::parse(text, &mut secret, &mut hole) {
        Ok(template) => template,
        Err(problems) => {
            for problem in problems {
                let range = &problem.range;
                assert!(range.start <= range.end && range.end <= text.len(), "{problem:?}");
            }
            return;
        }
    };
    let _ = template.masked();
    let _ = wait(Text::new(template.clone()).render(&scope, &RUN));
    let Ok(path) = Path::new(template.clone()) else { return };
    if let Ok(rendered) = wait(path.render(&scope, &RUN, &[0])) {
        stays_itself(&rendered);
        if !matches!(scope.0, Value::Arr(_)) && template.programs().all(|it| it.source() == "$a") {
            let slashes: usize = template.literals().map(|text| text.matches('/').count()).sum();
            assert_eq!(rendered.matches('/').count(), slashes, "{rendered}");
        }
    }
});

/// No URL library sees other segments in it, nor anything behind it.
fn stays_itself(path: &str) {
    assert!(path.starts_with('/'), "{path}");
    let url = Url::parse(&format!("http://upstream{path}")).expect(path);
    assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("upstream"), None, None));
    let segments = url.path_segments().expect("segments");
    assert!(segments.eq(path[1..].split('/').map(|it| encoded(it))), "{path} became {url}");
}

/// As a URL library writes a segment; literal text of the config may hold what it encodes.
fn encoded(segment: &str) -> String {
    let mut url = Url::parse("http://upstream").expect("a URL");
    url.set_path(&format!("x{segment}"));
    url.path()[2..].to_owned()
}
