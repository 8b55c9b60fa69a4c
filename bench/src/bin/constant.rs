//! A handler that returns a constant: the least that actix-web takes for a reply with these headers and this body.
//!
//! `constant ADDRESS WORKERS FILE [log]`: the file has `name: value` lines, an empty line, and the body; with `log` each
//! request has an access line.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is returned.
#[derive(Clone)]
struct Constant {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: web::Bytes,
    log: bool,
}

fn main() -> ExitCode {
    match actix_web::rt::System::new().block_on(serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "constant: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, workers, file, rest @ ..] = &words[..] else {
        return Err("what to serve".into());
    };
    let constant = read(&std::fs::read_to_string(file)?, !rest.is_empty())?;
    if constant.log {
        let lines = tracing_subscriber::fmt().json().flatten_event(true);
        lines.with_current_span(false).with_span_list(false).init();
    }
    let app = move || {
        let constant = constant.clone();
        App::new().app_data(constant).default_service(web::to(answer))
    };
    let server = HttpServer::new(app).workers(workers.parse()?);
    let server = server.keep_alive(Duration::from_secs(75)).h1_allow_half_closed(false);
    server.bind(address)?.run().await?;
    Ok(())
}

fn read(text: &str, log: bool) -> Result<Constant, Box<dyn std::error::Error>> {
    let (head, body) = text.split_once("\n\n").ok_or("no body")?;
    let mut headers = Vec::new();
    for line in head.lines() {
        let (name, value) = line.split_once(": ").ok_or("no header")?;
        headers.push((HeaderName::try_from(name)?, HeaderValue::try_from(value)?));
    }
    Ok(Constant { headers, body: body.to_owned().into(), log })
}

async fn answer(request: HttpRequest) -> HttpResponse {
    let started = Instant::now();
    let Some(constant) = request.app_data::<Constant>() else {
        return HttpResponse::InternalServerError().finish();
    };
    let mut response = HttpResponse::Ok();
    for (name, value) in &constant.headers {
        response.insert_header((name.clone(), value.clone()));
    }
    if constant.log {
        let id = uuid::Uuid::new_v4().simple().to_string();
        tracing::info!(
            target: "access", method = request.method().as_str(), route = request.path(),
            path = request.path(), status = 200,
            duration_ms = started.elapsed().as_secs_f64() * 1e3, request_id = id,
            bytes = constant.body.len(),
        );
        response.insert_header(("x-request-id", id));
    }
    response.body(constant.body.clone())
}
