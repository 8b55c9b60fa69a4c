//! The file of a single instance: one thread writes it, and whoever waits at the same time shares a sync of the disk.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use redb::{Builder, Database, DatabaseError, WriteTransaction};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::fault::{Code, Fault};

/// A file of tables, for all who keep something in it: a process opens it once. What is asked is done in the order in
/// which it was asked.
pub struct File {
    jobs: Sender<Message>,
    /// How many nobody waits for, and that are not done yet.
    aside: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Somebody's tables in a file.
pub trait Tables: Send {
    /// Makes them, when the file is opened.
    ///
    /// # Errors
    /// The file cannot be used.
    fn prepare(&self, transaction: &WriteTransaction) -> Result<(), redb::Error>;

    /// Throws away some of what has ended; whether there was something. Asked with what is written, and once in a while.
    ///
    /// # Errors
    /// The file cannot be used.
    fn sweep(&self, transaction: &WriteTransaction) -> Result<bool, redb::Error>;
}

/// The file could not be read or written; why, for the log.
#[derive(Clone, Debug)]
pub struct Unwritten(&'static str);

enum Message {
    Do(Job),
    End,
}

/// Gives what is to be told, and whether it wrote something.
type Job = Box<dyn FnOnce(&WriteTransaction) -> Result<(Told, bool), redb::Error> + Send>;

/// Gives its answer to whoever waits for it.
type Told = Box<dyn FnOnce() + Send>;

impl File {
    /// Opens a file, or makes it, with its folder. It is nobody else's to read, and one process's at a time.
    ///
    /// # Errors
    /// Why it cannot be used, with its path.
    pub fn open(path: &Path, tables: Vec<Box<dyn Tables>>) -> Result<Self, String> {
        let shown = path.display();
        make(path).map_err(|error| format!("the file `{shown}` cannot be made: {error}"))?;
        let database = open(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => format!(
                "the file `{shown}` is in use by another process: each instance needs its own, or a Redis"
            ),
            error => format!("the file `{shown}` cannot be used: {error}"),
        })?;
        let prepared = prepare(&database, &tables);
        prepared.map_err(|error| format!("the file `{shown}` cannot be used: {error}"))?;
        let (jobs, queue) = channel();
        let mut writer =
            Writer { path: path.to_owned(), database: Some(database), tables, swept: true };
        let thread = thread::Builder::new().name("store".to_owned());
        let thread = thread.spawn(move || writer.run(&queue)).map_err(|error| error.to_string())?;
        Ok(Self { jobs, aside: Arc::default(), thread: Mutex::new(Some(thread)) })
    }

    /// Runs this in a transaction; the answer is there once what it wrote is on the disk. It says whether it wrote, and
    /// fails for no other reason than the file: others share its transaction.
    ///
    /// # Errors
    /// The file cannot be written, or is too slow. What was asked may still be done.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&WriteTransaction) -> Result<(T, bool), redb::Error> + Send + 'static,
    ) -> Result<T, Unwritten> {
        self.run_then(job, |_| ()).await
    }

    /// The same; once it is on the disk, and before the answer is there, `then` is told. What is told so is told in the
    /// order in which it was done. It is dropped untold where nobody knows what has become of it.
    ///
    /// # Errors
    /// As `run`.
    pub async fn run_then<T: Send + 'static>(
        &self,
        job: impl FnOnce(&WriteTransaction) -> Result<(T, bool), redb::Error> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, Unwritten> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let (value, wrote) = job(transaction)?;
            let tell = move || {
                then(&value);
                drop(answer.send(value));
            };
            Ok((Box::new(tell), wrote))
        });
        self.jobs.send(Message::Do(job)).map_err(|_| Unwritten("it is closed"))?;
        match timeout(PATIENCE, answered).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) => Err(Unwritten("it cannot be written")),
            Err(_) => Err(Unwritten("it is too slow")),
        }
    }

    /// The same for what nobody waits for. Nothing is done where very much of that waits already.
    pub fn post<T: Send + 'static>(
        &self,
        job: impl FnOnce(&WriteTransaction) -> Result<(T, bool), redb::Error> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) {
        let Some(aside) = Aside::new(&self.aside) else { return };
        let job: Job = Box::new(move |transaction| {
            let (value, wrote) = job(transaction)?;
            let tell = move || {
                then(&value);
                drop(aside);
            };
            Ok((Box::new(tell), wrote))
        });
        let _ = self.jobs.send(Message::Do(job));
    }

    /// Writes what was asked so far, then lets the file go, so that it can be opened again. Blocks until then.
    pub fn close(&self) {
        let _ = self.jobs.send(Message::End);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.close();
    }
}

/// Counts as waiting until it is dropped.
struct Aside(Arc<AtomicUsize>);

impl Aside {
    fn new(count: &Arc<AtomicUsize>) -> Option<Self> {
        let aside = Self(Arc::clone(count));
        (count.fetch_add(1, Ordering::Relaxed) < MOST_ASIDE).then_some(aside)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Writer {
    path: std::path::PathBuf,
    /// None after it has failed.
    database: Option<Database>,
    tables: Vec<Box<dyn Tables>>,
    /// Something had ended, and there may be more.
    swept: bool,
}

impl Writer {
    fn run(&mut self, queue: &Receiver<Message>) {
        loop {
            let pause = if self.swept { SOON } else { SWEEP };
            let first = match queue.recv_timeout(pause) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let (mut jobs, mut ends) = (Vec::new(), false);
            for message in first.into_iter().chain(queue.try_iter().take(MOST)) {
                match message {
                    Message::Do(job) => jobs.push(job),
                    Message::End => ends = true,
                }
            }
            match self.together(jobs) {
                Ok(told) => told.into_iter().for_each(|tell| tell()),
                // Whoever waits sees that nobody answers.
                Err(error) => {
                    tracing::error!(%error, file = %self.path.display(), "the file store failed");
                    self.database = None;
                }
            }
            if ends {
                return;
            }
        }
    }

    /// Does jobs in one transaction. Nobody is told anything before it is on the disk.
    fn together(&mut self, jobs: Vec<Job>) -> Result<Vec<Told>, redb::Error> {
        let database = match self.database.take() {
            Some(database) => database,
            None => open(&self.path)?,
        };
        let transaction = database.begin_write()?;
        let idle = jobs.is_empty();
        let mut writes = false;
        let mut told = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (tell, wrote) = job(&transaction)?;
            told.push(tell);
            writes |= wrote;
        }
        if writes || idle {
            self.swept = false;
            for tables in &self.tables {
                self.swept |= tables.sweep(&transaction)?;
            }
            writes |= self.swept;
        }
        if writes {
            transaction.commit()?
        } else {
            transaction.abort()?
        }
        self.database = Some(database);
        Ok(told)
    }
}

fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?.sync_all()?;
    // That it is there at all must outlive a power cut, too.
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A file that something else has changed is found out now, and not by a panic later.
fn open(path: &Path) -> Result<Database, DatabaseError> {
    Builder::new().set_cache_size(CACHE).set_check_integrity_on_open(true).create(path)
}

fn prepare(database: &Database, tables: &[Box<dyn Tables>]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    for tables in tables {
        tables.prepare(&transaction)?;
    }
    Ok(transaction.commit()?)
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file of `[stores]`: {}", self.0)
    }
}

impl From<Unwritten> for Fault {
    fn from(unwritten: Unwritten) -> Self {
        Self::new(Code::StoreUnavailable).retry_after(Duration::from_secs(1)).cause(unwritten)
    }
}

/// How long anybody waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many share a transaction, besides the first.
const MOST: usize = 255;
/// How much may wait that nobody waits for.
const MOST_ASIDE: usize = 10_000;
/// How often is swept while nobody asks for anything.
const SWEEP: Duration = Duration::from_secs(60);
/// The same while there is more to sweep.
const SOON: Duration = Duration::from_millis(100);
/// Bytes of pages that are held in memory.
const CACHE: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use redb::{ReadableTable, TableDefinition};

    use super::*;

    const COUNT: TableDefinition<(), u64> = TableDefinition::new("count");

    struct Count;

    impl Tables for Count {
        fn prepare(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
            transaction.open_table(COUNT)?;
            Ok(())
        }

        fn sweep(&self, _: &WriteTransaction) -> Result<bool, redb::Error> {
            Ok(false)
        }
    }

    fn file(folder: &tempfile::TempDir) -> File {
        File::open(&folder.path().join("x.redb"), vec![Box::new(Count)]).unwrap()
    }

    async fn add(file: &File) -> Result<u64, Unwritten> {
        file.run(|transaction| {
            let mut table = transaction.open_table(COUNT)?;
            let count = table.get(())?.map_or(0, |count| count.value()) + 1;
            table.insert((), count)?;
            Ok((count, true))
        })
        .await
    }

    #[tokio::test]
    async fn jobs_are_done_in_order_and_outlive_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = file(&folder);
        let counts = futures_util::future::join_all((0..600).map(|_| add(&first))).await;
        let counts: Vec<u64> = counts.into_iter().map(Result::unwrap).collect();
        assert_eq!(counts, (1..=600).collect::<Vec<_>>());
        drop(first);
        assert_eq!(add(&file(&folder)).await.unwrap(), 601);
    }

    #[tokio::test]
    async fn a_transaction_that_fails_is_nobodys_and_the_next_one_works() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        assert_eq!(add(&file).await.unwrap(), 1);
        let broken = file.run(|transaction| {
            transaction.open_table(COUNT)?.insert((), 99)?;
            Err::<((), bool), _>(redb::Error::Corrupted("a test".to_owned()))
        });
        assert!(broken.await.is_err());
        assert_eq!(add(&file).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn what_only_looks_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        let looked = file.run(|transaction| {
            transaction.open_table(COUNT)?.insert((), 99)?;
            Ok(((), false))
        });
        looked.await.unwrap();
        assert_eq!(add(&file).await.unwrap(), 1);
    }
}
