//! Real proxies before the gateway.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use super::gateway::Gateway;
use super::raw::{RawReply, parse_replies};
use super::secrets;

/// An nginx or a haproxy that keeps one connection to the gateway, which its clients share; it is killed when
/// dropped. It listens on a socket in its folder, so that no port is taken from others.
pub struct Proxy {
    pub name: &'static str,
    child: Child,
    folder: TempDir,
}

impl Proxy {
    /// As Debian has it.
    pub async fn nginx(gateway: &Gateway) -> Self {
        Self::start_nginx("nginx", gateway.address, "$host", "").await
    }

    /// One that passes headers of any name and does not tidy up paths.
    pub async fn lenient_nginx(gateway: &Gateway) -> Self {
        let lenient = "ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;";
        Self::start_nginx("lenient nginx", gateway.address, "$host", lenient).await
    }

    /// One that speaks TLS on this port, for a browser.
    pub async fn tls_nginx(behind: SocketAddr, port: u16) -> Self {
        let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
        let more = format!(
            "listen 127.0.0.1:{port} ssl;
            ssl_certificate {tests}/gateway/tls/upstream.pem;
            ssl_certificate_key {tests}/gateway/tls/upstream.key;"
        );
        Self::start_nginx("nginx with TLS", behind, "$http_host", &more).await
    }

    /// As Debian has it.
    pub async fn haproxy(gateway: &Gateway) -> Self {
        Self::start_haproxy("haproxy", gateway, "").await
    }

    /// One that passes what is no good request.
    pub async fn lenient_haproxy(gateway: &Gateway) -> Self {
        Self::start_haproxy("lenient haproxy", gateway, "option accept-invalid-http-request").await
    }

    async fn start_nginx(name: &'static str, behind: SocketAddr, host: &str, more: &str) -> Self {
        let config = format!(
            r#"
            daemon off; master_process off; error_log stderr crit; pid FOLDER/pid;
            events {{ worker_connections 256; }}
            http {{
                access_log off;
                client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy;
                fastcgi_temp_path FOLDER/fastcgi; uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
                client_header_timeout 1s; client_body_timeout 1s;
                upstream gateway {{ server {behind}; keepalive 1; }}
                server {{
                    listen unix:FOLDER/socket;
                    {more}
                    location / {{
                        proxy_pass http://gateway;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_set_header Host {host};
                        proxy_request_buffering off;
                    }}
                }}
            }}
            "#
        );
        Self::start(name, "nginx", &config, |path| vec!["-c".into(), path.into()]).await
    }

    async fn start_haproxy(name: &'static str, gateway: &Gateway, lenient: &str) -> Self {
        let config = format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 1s\n timeout server 30s\n \
             timeout http-request 1s\n {lenient}\n\
             frontend clients\n bind unix@FOLDER/socket\n default_backend gateway\n\
             backend gateway\n http-reuse always\n server one {} pool-max-conn 1\n",
            gateway.address
        );
        Self::start(name, "haproxy", &config, |path| vec!["-db".into(), "-f".into(), path.into()])
            .await
    }

    async fn start(
        name: &'static str,
        program: &str,
        config: &str,
        arguments: impl Fn(&Path) -> Vec<PathBuf>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config");
        let config = config.replace("FOLDER", &folder.path().display().to_string());
        fs::write(&path, config).expect("a file");
        // Where Debian has it is not in everybody's path.
        let installed = Path::new("/usr/sbin").join(program);
        let program = if installed.exists() { installed } else { program.into() };
        let child = Command::new(&program)
            .args(arguments(&path))
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|_| panic!("{program:?} is installed: scripts/install.sh"));
        let mut proxy = Self { name, child, folder };
        while UnixStream::connect(proxy.socket()).await.is_err() {
            let ended = proxy.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{name} has ended: {ended:?}");
            sleep(Duration::from_millis(5)).await;
        }
        proxy
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// All replies to these bytes on a connection of their own, until the proxy closes it.
    pub async fn exchange(&self, bytes: impl AsRef<[u8]>, methods: &str) -> Vec<RawReply> {
        parse_replies(&self.raw(bytes).await, methods)
    }

    /// The same as it comes.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = UnixStream::connect(self.socket()).await.expect("a connection");
        secrets::sent(bytes.as_ref());
        // Who is refused may be cut off.
        let _ = stream.write_all(bytes.as_ref()).await;
        let mut all = Vec::new();
        let read = timeout(Duration::from_secs(30), stream.read_to_end(&mut all)).await;
        assert!(read.is_ok(), "{}: open after {:?}", self.name, String::from_utf8_lossy(&all));
        secrets::received(&all);
        all
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
