//! What a worker runs.

use std::fmt::Debug;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_server::{GracefulShutdownSignal, Server as Workers, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service,
    map_config,
};
use actix_web::dev::AppConfig;
use actix_web::{App, web};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tracing_actix_web::TracingLogger;

use super::connection::{Connection, Limits, Turns};
use super::detach::Serving;
use super::listen::Listener;
use super::span::RequestSpan;
use super::{Server, Shared, admin, handler};
use crate::pipeline::Gateway;
use crate::plan;

/// Starts the workers: those of the public listeners, and one of its own for the admin listener, which is to answer when
/// the others are busy or gone. The first share the state, and each has connections of its own.
pub(super) fn start(server: Server, shared: &Shared) -> io::Result<(Workers, Workers)> {
    let settings = server.state.plan.server.clone();
    let limits = Limits::new(&settings, &server.state.plan.limits);
    let mut builder = ServerBuilder::new()
        .disable_signals()
        .max_concurrent_connections(per_worker(&settings))
        .shutdown_timeout(settings.drain_timeout.as_secs().max(1))
        .workers(workers(&settings));
    for listener in server.public {
        let (state, shared) = (Arc::clone(&server.state), shared.clone());
        let app = move || {
            let gateway = Gateway::new(Arc::clone(&state));
            App::new()
                .app_data(handler::Worker { gateway: gateway.map(Rc::new), shared: shared.clone() })
                .wrap(TracingLogger::<RequestSpan>::new())
                .default_service(web::to(handler::answer))
        };
        builder = listen(builder, listener, limits, app)?;
    }
    let (state, shared) = (server.state, shared.clone());
    let app = move || {
        let gateway = Gateway::new(Arc::clone(&state)).map(Rc::new);
        App::new()
            .app_data(handler::Worker { gateway, shared: shared.clone() })
            .default_service(web::to(admin::answer))
    };
    let alone = ServerBuilder::new().disable_signals().workers(1);
    let admin = listen(alone, server.admin, limits, app)?;
    Ok((builder.run(), admin.run()))
}

fn listen<F, I, S, B>(
    builder: ServerBuilder,
    listener: Listener,
    limits: Limits,
    app: F,
) -> io::Result<ServerBuilder>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let name = listener.to_string();
    let signal = builder.graceful_shutdown_signal();
    match listener {
        Listener::Tcp(listener, _) => builder.listen(name, listener, move || {
            fn_service(|io: TcpStream| {
                let peer = io.peer_addr().ok();
                let _ = io.set_nodelay(true);
                ready(Ok::<_, DispatchError>((io, peer)))
            })
            .and_then(http(limits, signal.clone(), app()))
        }),
        Listener::Unix(listener, _) => {
            builder.listen_uds(name, listener, move || {
                fn_service(|io: UnixStream| ready(Ok::<_, DispatchError>((io, None))))
                    .and_then(http(limits, signal.clone(), app()))
            })
        }
    }
}

fn http<T, I, S, B>(
    limits: Limits,
    signal: GracefulShutdownSignal,
    app: I,
) -> impl ServiceFactory<
    (T, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> + use<T, I, S, B>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let app = app.into_factory().map_err(|error| error.into().error_response());
    let app = map_config(app, |()| AppConfig::default());
    let served = HttpService::build()
        .graceful_shutdown_signal(move || {
            let signal = signal.clone();
            async move { signal.notified().await }
        })
        .on_connect_ext(|connection: &Connection<T>, data| {
            data.insert(connection.turns());
            data.insert(connection.serving());
        })
        // The connection itself sees to what a client may take its time for.
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(Duration::ZERO)
        // A client that has left is noticed at once, and its calls are cancelled.
        .h1_allow_half_closed(false)
        .h1(apply_fn_factory(app, |mut request: Request, service| {
            if let Some(turns) = request.conn_data::<Rc<Turns>>().cloned() {
                turns.complete(request.headers_mut());
            }
            service.call(request)
        }));
    apply_fn_factory(served, move |(io, peer): (T, Option<SocketAddr>), service| {
        let (serving, ended) = Serving::new();
        let connection = service.call((Connection::new(io, limits).served(serving), peer));
        async move {
            let result = connection.await;
            ended.wait().await;
            result
        }
    })
}

fn workers(settings: &plan::Server) -> usize {
    let cores = || std::thread::available_parallelism().map_or(2, usize::from);
    if settings.workers == 0 { cores().min(plan::MAX_WORKERS) } else { settings.workers }
}

fn per_worker(settings: &plan::Server) -> usize {
    settings.max_connections.div_ceil(workers(settings))
}
