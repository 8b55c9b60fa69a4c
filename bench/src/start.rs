//! From the start of the process to its first answer.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::Failure;
use crate::process::{Running, free_address};
use crate::stage::{Entrant, Stage};

/// Milliseconds until a fresh gateway has answered a request that needs no session, its calls included.
pub(crate) async fn once(stage: &Stage) -> Result<f64, Failure> {
    let address = free_address()?;
    let mut command = stage.command(Entrant::Gateway, &address)?;
    let started = Instant::now();
    let gateway = Running::start(&mut command)?;
    while !answers(&address).await {
        if started.elapsed() > PATIENCE {
            return Err("the gateway does not start".into());
        }
        sleep(Duration::from_millis(1)).await;
    }
    let took = started.elapsed().as_secs_f64() * 1e3;
    drop(gateway);
    Ok(took)
}

async fn answers(address: &str) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /api/v1/status HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    asked.await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

const PATIENCE: Duration = Duration::from_secs(10);
