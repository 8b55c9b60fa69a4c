//! Log lines on their way out.
//!
//! A worker serves many connections and must not wait for a terminal or a log collector, so it only adds to a buffer; a
//! thread writes what has come together. It is woken at most every 10 ms: waking it for each line would cost a request
//! more than the line does.
//!
//! Lines are never dropped: an access log with holes is of no use to who looks for an intruder. When whoever reads them
//! stops for so long that 8 MiB have piled up, workers wait for it, as they would with a plain write.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Where lines are handed in.
pub(super) struct Lines(Arc<Shared>);

/// Dropping it writes what is still there, and waits a second at most.
#[must_use = "dropping it ends the log"]
pub struct Guard(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    filled: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    writing: bool,
    closed: bool,
}

/// Starts the thread.
pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(Lines, Guard)> {
    let shared = Arc::new(Shared::default());
    let thread = Arc::clone(&shared);
    thread::Builder::new().name("log".into()).spawn(move || thread.write_to(output))?;
    Ok((Lines(Arc::clone(&shared)), Guard(shared)))
}

impl Shared {
    /// The life of the thread. Output that fails is passed over: there is nobody left to tell.
    fn write_to(&self, mut output: impl Write) {
        let mut lines = Vec::new();
        while self.take(&mut lines) {
            let _ = output.write_all(&lines);
            let _ = output.flush();
            lines.clear();
            self.state().writing = false;
            self.written.notify_all();
        }
    }

    /// Swaps the empty `lines` with what has come together; false when it is over.
    fn take(&self, lines: &mut Vec<u8>) -> bool {
        let waiting = |state: &mut State| state.lines.is_empty() && !state.closed;
        let state = self.filled.wait_while(self.state(), waiting);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let gathering = |state: &mut State| state.lines.len() < BATCH && !state.closed;
        let state = self.filled.wait_timeout_while(state, GATHER, gathering);
        let mut state = state.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::swap(&mut state.lines, lines);
        state.writing = !lines.is_empty();
        state.writing
    }

    fn add(&self, line: &[u8]) {
        let full = |state: &mut State| state.lines.len() > MAX_BACKLOG && !state.closed;
        let state = self.written.wait_while(self.state(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let before = state.lines.len();
        state.lines.extend_from_slice(line);
        let after = state.lines.len();
        drop(state);
        if before == 0 || (before < BATCH && after >= BATCH) {
            self.filled.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        self.0.filled.notify_one();
        let busy = |state: &mut State| state.writing || !state.lines.is_empty();
        drop(self.0.written.wait_timeout_while(state, PATIENCE, busy));
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;

    fn make_writer(&'a self) -> &'a Lines {
        self
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const BATCH: usize = 64 * 1024;
const GATHER: Duration = Duration::from_millis(10);
const MAX_BACKLOG: usize = 8 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Each write is one message.
    struct Channel(mpsc::SyncSender<Vec<u8>>);

    impl Write for Channel {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_whole_and_in_order() {
        let (sender, receiver) = mpsc::sync_channel(100_000);
        let (lines, guard) = start(Channel(sender)).unwrap();
        thread::scope(|scope| {
            for thread in 0..4 {
                let lines = &lines;
                scope.spawn(move || {
                    for number in 0..1000 {
                        (&*lines).write_all(format!("{thread} {number}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(guard);
        let text = String::from_utf8(receiver.try_iter().flatten().collect()).unwrap();
        for thread in 0..4 {
            let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
            let expected: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
            assert_eq!(own.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn who_writes_waits_rather_than_drops() {
        let (sender, receiver) = mpsc::sync_channel(0);
        let (lines, guard) = start(Channel(sender)).unwrap();
        let line = vec![b'x'; 1024 * 1024];
        let writer =
            thread::spawn(move || (0..30).for_each(|_| (&lines).write_all(&line).unwrap()));
        let mut bytes = 0;
        while bytes < 30 * 1024 * 1024 {
            bytes += receiver.recv().unwrap().len();
        }
        writer.join().unwrap();
        drop(guard);
    }

    #[test]
    fn output_that_is_gone_stops_nobody() {
        let (sender, receiver) = mpsc::sync_channel(0);
        drop(receiver);
        let (lines, guard) = start(Channel(sender)).unwrap();
        (0..100).for_each(|_| (&lines).write_all(&[b'x'; 1024 * 1024]).unwrap());
        drop(guard);
    }
}
