//! What a team would write instead of `config/routes/api/v1/dashboard.toml`: actix-web, reqwest, serde, jsonwebtoken.
//!
//! Written as well as is reasonable: types that read only what is shown, a client for each worker, the gateway's
//! allocator. It has the gateway's duties towards this one endpoint, and no others.

mod dashboard;
mod session;
mod settings;
mod upstream;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::{App, HttpServer, web};

use session::Sessions;
use settings::Settings;
use upstream::Upstreams;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a worker has at hand.
struct Worker {
    sessions: Sessions,
    upstreams: Upstreams,
}

fn main() -> ExitCode {
    match actix_web::rt::System::new().block_on(serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use io::Write;
            let _ = writeln!(io::stderr(), "peer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(std::env::args().skip(1))?;
    if settings.log {
        let lines = tracing_subscriber::fmt().json().flatten_event(true);
        lines.with_current_span(false).with_span_list(false).init();
    }
    let keys = session::fetch_keys(&settings.jwks).await?;
    let listen = settings.listen.clone();
    let workers = settings.workers;
    let app = move || {
        let worker = Worker {
            sessions: Sessions::new(keys.clone(), settings.keep_tokens),
            upstreams: Upstreams::new(&settings),
        };
        let dashboard = web::get().to(dashboard::answer);
        App::new().app_data(worker).route("/api/v1/dashboard", dashboard)
    };
    let server = HttpServer::new(app).workers(workers).keep_alive(Duration::from_secs(75));
    server.h1_allow_half_closed(false).bind(listen)?.run().await?;
    Ok(())
}
