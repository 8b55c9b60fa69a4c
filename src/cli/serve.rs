//! `frontdesk serve`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::plan::Plan;
use crate::server::Server;
use crate::telemetry::{self, Format};
use crate::token::Http;

/// Serves a plan until SIGINT or SIGTERM, then ends the requests in flight. Fails with 1 where an address cannot be had
/// or an upstream's settings cannot be used, and says which on `err`.
pub fn serve(plan: Plan, err: &mut dyn Write) -> ExitCode {
    match start(plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(err, "error: {why}\n\nthe gateway was not started");
            ExitCode::from(1)
        }
    }
}

fn start(plan: Plan) -> Result<(), String> {
    let format = match plan.server.log.as_str() {
        "pretty" => Format::Pretty,
        "json" => Format::Json,
        _ => Format::Auto,
    };
    let out = std::io::stdout();
    // Dropped last: it waits until all lines are written.
    let _log = telemetry::init(format, &plan.server.level, out.is_terminal(), out)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(run(plan)).map_err(|error| error.to_string())
}

async fn run(plan: Plan) -> std::io::Result<()> {
    let endpoints: usize = plan.routes().map(|route| route.methods.0.len()).sum();
    let server = Server::bind(plan, Arc::new(SystemClock), Arc::new(Http::new()))?;
    let listen = server.listens_on().join(", ");
    let admin = server.admin_listens_on();
    tracing::info!(%listen, %admin, endpoints, version = env!("CARGO_PKG_VERSION"), "serving");
    let stop = stop_signal()?;
    server.run(stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Ready on SIGINT or SIGTERM. Listened for from now on, so that a signal that comes early is not lost.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: the requests in flight are served");
    })
}
