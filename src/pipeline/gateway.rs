//! What a worker serves with.

use std::ops::Deref;
use std::sync::Arc;

use super::cache::Kept;
use super::refresh::Refreshes;
use crate::cache::{Announced, Tag};
use crate::clock::Clock;
use crate::credential::{Credential, Credentials};
use crate::fault::Fault;
use crate::idempotency::{File, Memory, Records, Store};
use crate::limit::Limiter;
use crate::login::Provider;
use crate::plan::{self, Place, Plan, Stores, TokenSource};
use crate::session::{self, Entries, Sessions, Shared};
use crate::store::{self, Redis};
use crate::token::{Fetch, Verifier};
use crate::upstream::Client;

/// What all workers share.
pub struct State {
    /// The compiled config.
    pub plan: Plan,
    /// Checks tokens.
    pub verifier: Verifier,
    /// What was done, by its key.
    pub kept: Store,
    /// Sessions of logins.
    pub sessions: Shared,
    /// The providers of `[login.NAME]`, in the order of the plan.
    pub providers: Vec<Arc<Provider>>,
    /// Tokens of `[credentials.NAME]`, in the order of the plan.
    pub credentials: Credentials,
    /// Answers and replies.
    pub cache: Kept,
    pub(super) refreshes: Refreshes,
    /// Counts requests.
    pub limiter: Limiter,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where something is kept in it: opened once, for all.
    file: Option<Arc<store::File>>,
}

/// What one worker serves with: the state is shared, the connections are its own.
pub struct Gateway {
    state: Arc<State>,
    clients: Vec<Client>,
    /// The shared store, where the config has one.
    pub redis: Option<Redis>,
    /// The same for what is cached: however much that is, nobody's session waits behind it.
    pub(super) cache_redis: Option<Redis>,
}

impl State {
    /// Makes what outlives a request.
    ///
    /// # Errors
    /// The issuer whose keys cannot be used, or the file that cannot be, and why.
    pub fn new(
        mut plan: Plan,
        clock: Arc<dyn Clock>,
        fetch: Arc<dyn Fetch>,
    ) -> Result<Self, String> {
        let issuers = std::mem::take(&mut plan.issuers);
        let verifier = Verifier::new(issuers, Arc::clone(&clock), fetch)?;
        let file = file(&plan.stores, &clock)?;
        let kept = kept(&plan.stores, file.as_ref(), &clock)?;
        let sessions = sessions(&plan, file.as_ref(), &clock)?;
        let provider = |settings| Provider::new(settings, Arc::clone(&clock)).map(Arc::new);
        let providers = std::mem::take(&mut plan.providers);
        let providers = providers.into_iter().map(provider).collect::<Result<Vec<_>, _>>()?;
        let credentials = credentials(&mut plan, &providers, &clock)?;
        let limiter = Limiter::new(plan.rate_limits.clone(), &clock);
        let cache = Kept::new(&plan, &clock);
        let refreshes = Refreshes::new();
        Ok(Self {
            plan,
            verifier,
            kept,
            sessions,
            providers,
            credentials,
            cache,
            refreshes,
            limiter,
            clock,
            file,
        })
    }

    /// Lets go what nobody else can have meanwhile: the file. Blocks until what was asked so far is written.
    pub fn close(&self) {
        if let Some(file) = &self.file {
            file.close();
        }
    }
}

impl Gateway {
    /// Opens the clients of all upstreams; upstreams with equal settings share one.
    ///
    /// # Errors
    /// The name of the upstream whose settings cannot be used, and why.
    pub fn new(state: Arc<State>) -> Result<Self, String> {
        let plan = &state.plan;
        let mut clients: Vec<Client> = Vec::with_capacity(plan.upstreams.len());
        for (index, upstream) in plan.upstreams.iter().enumerate() {
            let same = plan.upstreams[..index]
                .iter()
                .position(|other| other.settings == upstream.settings);
            let client = match same {
                Some(same) => clients[same].clone(),
                None => Client::new(&upstream.settings)
                    .map_err(|why| format!("upstream `{}`: {why}", upstream.name))?,
            };
            clients.push(client);
        }
        let target = plan.stores.redis.clone();
        let cache_redis =
            target.clone().filter(|_| plan.stores.cache == Place::Redis).map(Redis::new);
        let redis = target.map(Redis::new);
        Ok(Self { state, clients, redis, cache_redis })
    }

    /// Where it stands what was done.
    ///
    /// # Errors
    /// 500 where it is Redis and the plan has none.
    pub fn records(&self) -> Result<Records<'_>, Fault> {
        Ok(match &self.kept {
            Store::Memory(memory) => Records::Memory(memory),
            Store::File(file) => Records::File(file),
            Store::Redis => {
                let redis = self.redis.as_ref();
                Records::Redis(redis.ok_or_else(|| Fault::internal("no Redis is configured"))?)
            }
        })
    }

    /// Sessions of logins.
    ///
    /// # Errors
    /// 500 where they are in Redis and the plan has none.
    pub fn sessions(&self) -> Result<Sessions<'_>, Fault> {
        let entries = match &self.sessions.store {
            session::Store::Memory(memory) => Entries::Memory(memory),
            session::Store::File(file) => Entries::File(file),
            session::Store::Redis => {
                let redis = self.redis.as_ref();
                Entries::Redis(redis.ok_or_else(|| Fault::internal("no Redis is configured"))?)
            }
        };
        Ok(self.sessions.reach(entries))
    }

    /// Makes all that has one of these tags be gone, here and on all instances that can be reached.
    pub async fn revalidate(&self, tags: &[Tag]) -> Announced {
        self.cache.revalidate(self.redis.as_ref(), tags).await
    }

    /// The client of an upstream.
    ///
    /// # Errors
    /// 500 for an index that the plan does not have.
    pub fn client(&self, upstream: usize) -> Result<&Client, Fault> {
        self.clients.get(upstream).ok_or_else(|| Fault::internal("no such upstream"))
    }
}

fn credentials(
    plan: &mut Plan,
    providers: &[Arc<Provider>],
    clock: &Arc<dyn Clock>,
) -> Result<Credentials, String> {
    let credential = |one: plan::Credential| {
        let provider = match one.from {
            TokenSource::Login(login) => providers.get(login).cloned().ok_or("no such login")?,
            TokenSource::Own(settings) => Arc::new(Provider::new(settings, Arc::clone(clock))?),
        };
        let plan::Credential { name, grant, audience, scope, .. } = one;
        let name = name.to_string();
        Ok(Credential { name, grant, provider, audience, scope })
    };
    let all = std::mem::take(&mut plan.credentials).into_iter();
    let all = all.map(credential).collect::<Result<_, String>>()?;
    Ok(Credentials::new(all, Arc::clone(clock)))
}

fn sessions(
    plan: &Plan,
    file: Option<&Arc<store::File>>,
    clock: &Arc<dyn Clock>,
) -> Result<Shared, String> {
    let max_memory = plan.stores.max_memory;
    let store = match plan.stores.sessions {
        Place::Memory => session::Store::Memory(session::Memory::new(max_memory)),
        Place::File => session::Store::File(session::File::new(opened(file)?, max_memory)),
        Place::Redis => session::Store::Redis,
    };
    let lives = (plan.lifetimes.idle, plan.lifetimes.absolute);
    Ok(Shared::new(store, Arc::clone(&plan.keys), lives, Arc::clone(clock)))
}

fn kept(
    stores: &Stores,
    file: Option<&Arc<store::File>>,
    clock: &Arc<dyn Clock>,
) -> Result<Store, String> {
    let clock = Arc::clone(clock);
    Ok(match stores.idempotency {
        Place::Memory => Store::Memory(Memory::new(stores.max_memory, clock)),
        Place::Redis => Store::Redis,
        Place::File => Store::File(File::new(opened(file)?, clock)),
    })
}

fn file(stores: &Stores, clock: &Arc<dyn Clock>) -> Result<Option<Arc<store::File>>, String> {
    let mut tables = Vec::new();
    if stores.idempotency == Place::File {
        tables.push(File::tables(Arc::clone(clock)));
    }
    if stores.sessions == Place::File {
        tables.push(session::File::tables(Arc::clone(clock)));
    }
    if tables.is_empty() {
        return Ok(None);
    }
    store::File::open(&stores.file, tables).map(|file| Some(Arc::new(file)))
}

fn opened(file: Option<&Arc<store::File>>) -> Result<Arc<store::File>, String> {
    file.cloned().ok_or_else(|| "no file was opened".to_owned())
}

impl Deref for Gateway {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}
