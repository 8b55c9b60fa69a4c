//! The search for secrets in all that is said finds what it should: see `harness::secrets`.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use crate::harness::*;

/// A session's cookie: an id of 16 bytes and a key of 32.
fn cookie() -> String {
    let bytes: Vec<u8> = (0_u8..48).map(|at| at.wrapping_mul(89).wrapping_add(7)).collect();
    format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes))
}

const PLANTED: &str = "planted/secret+of the test=";

/// Where a secret gets out, and how it looks there. The gateway logs paths as they were asked for.
const LEAKS: [&str; 12] = [
    "log", "percent", "base64", "late", "id", "key", "header", "body", "raw", "program", "mistake",
    "thread",
];

/// Each leak in a process of its own, since it fails all tests of the process that have a gateway meanwhile.
#[test]
fn a_leak_fails_the_test_of_the_gateway_that_it_came_from() {
    let run = |leak: &'static str| {
        let test = "secrets::leaks_where_it_is_told_to";
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let command = command.args(["--exact", test, &format!("leak={leak}")]);
        (leak, command.output().expect("it runs"))
    };
    let runs: Vec<_> = ["none"].iter().chain(&LEAKS).copied().map(run).collect();
    for (leak, output) in runs {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("running 1 test"), "{leak}: {said}");
        if leak == "none" {
            assert!(output.status.success(), "{said}");
            continue;
        }
        assert!(!output.status.success(), "{leak} was not found: {said}");
        assert!(said.contains("lines with secrets") && said.contains("***"), "{leak}: {said}");
        assert!(said.contains("planted: ") || said.contains("cookie: "), "{leak}: {said}");
        assert!(!said.contains(PLANTED) && !said.contains(&cookie()), "{leak}: {said}");
    }
}

/// Does nothing unless the program is told `leak=…`, which the test above does.
#[tokio::test]
async fn leaks_where_it_is_told_to() {
    let told = std::env::args().find_map(|told| told.strip_prefix("leak=").map(str::to_owned));
    let Some(leak) = told else { return };
    if leak != "late" {
        secrets::used("planted", PLANTED);
    }
    let up = Upstream::start().await;
    let leaked = if leak == "body" { PLANTED } else { "nothing" };
    let reply = Reply::json(json!(leaked)).header("set-cookie", "other=1");
    up.on("GET", "/it", reply);
    let route = "[get.input]\nheaders.x-note = { type = \"string\" }\n[get.calls.it]\n\
                 upstream = \"up\"\npath = \"/it\"\n[get.response]\n\
                 headers.x-echo = '{$headers.\"x-note\"}'\n";
    if leak == "program" {
        let config = Gateway::config().upstream("up", &up).open_route("x.toml", route);
        let program = config.launch();
        let path = format!("http://{}/{}", program.address, in_path(PLANTED));
        reqwest::get(path).await.expect("a reply");
        program.stop();
        return;
    }
    if leak == "mistake" {
        let route = format!("session = \"none\"\nsesion = \"{PLANTED}\"\n");
        Gateway::config().route("x.toml", &route).mistakes();
    }
    let gateway = serving(&up, route).await;
    leak_from(&gateway, &leak).await;
}

async fn leak_from(gateway: &Gateway, leak: &str) {
    let bytes = URL_SAFE_NO_PAD.decode(&cookie()[3..]).expect("base64");
    let path = match leak {
        "log" | "late" | "percent" => format!("/a{}", in_path(PLANTED)),
        "base64" => format!("/{}", in_path(&STANDARD.encode(format!("user:{PLANTED}!")))),
        "id" => format!("/{}", URL_SAFE_NO_PAD.encode(&bytes[..16])),
        "key" => format!("/x{}", URL_SAFE_NO_PAD.encode([b"ab", &bytes[16..]].concat())),
        _ => "/x".to_owned(),
    };
    match leak {
        // A header that a reply sets makes a secret of its value.
        "id" | "key" => secrets::received(format!("set-cookie: s={}; Path=/", cookie()).as_bytes()),
        "thread" => {
            let said = || tracing::trace!(target: "elsewhere", note = PLANTED, "said");
            std::thread::spawn(said).join().expect("it is said");
        }
        "raw" => {
            gateway.raw_get("/x", &format!("x-note: {PLANTED}\r\n")).await;
        }
        _ => {}
    }
    let request = gateway.get(&path);
    let request = if leak == "header" { request.header("x-note", PLANTED) } else { request };
    request.await;
    if leak == "late" {
        secrets::used("planted", PLANTED);
    }
}

/// As a path segment that the gateway lets in.
fn in_path(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

proptest! {
    #[test]
    fn a_secret_is_found_however_it_is_written(
        text in "[ -~é]{12,60}", before in "[ -~]{0,9}", after in "[ -~]{0,9}", way in 0..6,
    ) {
        let mut known = secrets::Known::default();
        known.add("planted", &text);
        let whole = format!("{before}{text}{after}");
        let written = match way {
            0 => whole,
            1 => STANDARD.encode(&whole),
            2 => URL_SAFE_NO_PAD.encode(&whole),
            3 => in_path(&whole),
            4 => url::form_urlencoded::byte_serialize(whole.as_bytes()).collect(),
            _ => json!(whole).to_string(),
        };
        let found = known.found(format!("some line\n{written}\nanother").as_bytes());
        prop_assert_eq!(found.len(), 1, "{} as {}", text, written);
        prop_assert!(!found[0].contains(&text));
    }
}

#[test]
fn what_is_short_is_no_secret() {
    let mut known = secrets::Known::default();
    known.add("planted", "eleven-byte");
    assert_eq!(known.found(b"an eleven-byte text"), Vec::<String>::new());
}
