use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;

use super::tokens::Tokens;
use super::{Asking, Subject, key};
use crate::clock::Clock;
use crate::fault::Code;
use crate::identity::Token;
use crate::login::{Granted, Problem};

#[derive(Default)]
struct Watch(AtomicU64);

impl Clock for Watch {
    fn now(&self) -> Duration {
        Duration::from_secs(1_000_000 + self.0.load(Ordering::SeqCst))
    }
}

/// Someone who grants tokens, and counts them.
#[derive(Clone, Default)]
struct Issuer {
    clock: Arc<Watch>,
    granted: Arc<AtomicUsize>,
}

impl Issuer {
    fn tokens(&self) -> Arc<Tokens> {
        Arc::new(Tokens::new(self.clock.clone()))
    }

    fn advance(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn granted(&self) -> usize {
        self.granted.load(Ordering::SeqCst)
    }

    /// Grants `NAME-1`, `NAME-2` …, each good for this many seconds.
    fn grants(&self, name: &str, life: Option<u64>) -> impl Fn() -> Asking + use<> {
        let (one, name) = (self.clone(), name.to_owned());
        move || {
            let (one, name) = (one.clone(), name.clone());
            async move {
                tokio::task::yield_now().await;
                let count = one.granted.fetch_add(1, Ordering::SeqCst) + 1;
                Ok(Granted {
                    access_token: Token::new(format!("{name}-{count}")),
                    access_expires_at: life.map(|life| one.clock.now().as_secs() + life),
                    refresh_token: None,
                    id_token: None,
                })
            }
            .boxed()
        }
    }

    fn fails(&self, problem: Problem) -> impl Fn() -> Asking + use<> {
        let one = self.clone();
        move || {
            one.granted.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Err(problem.clone())).boxed()
        }
    }
}

async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_token_is_asked_for_once_by_all_workers_and_kept() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    let worker = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..20 {
                let token = tokens.get([1; 32], issuer.grants("t", Some(300))).await;
                assert_eq!(token.expect("a token").reveal(), "t-1");
            }
        });
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(worker))));
    issuer.advance(269);
    worker();
    assert_eq!(issuer.granted(), 1);
}

#[tokio::test]
async fn a_token_is_asked_for_anew_shortly_before_its_end_while_it_is_still_used() {
    let issuer = Issuer::default();
    let (tokens, grants) = (issuer.tokens(), issuer.grants("t", Some(300)));
    tokens.get([1; 32], &grants).await.expect("a token");
    issuer.advance(271);
    assert_eq!(tokens.get([1; 32], &grants).await.expect("a token").reveal(), "t-1");
    settle().await;
    assert_eq!(tokens.get([1; 32], &grants).await.expect("a token").reveal(), "t-2");
    issuer.advance(301);
    assert_eq!(tokens.get([1; 32], &grants).await.expect("a token").reveal(), "t-3");
    assert_eq!(issuer.granted(), 3);
}

#[tokio::test]
async fn a_token_whose_end_nobody_says_is_used_for_a_minute() {
    let issuer = Issuer::default();
    let (tokens, grants) = (issuer.tokens(), issuer.grants("t", None));
    tokens.get([1; 32], &grants).await.expect("a token");
    issuer.advance(40);
    assert_eq!(tokens.get([1; 32], &grants).await.expect("a token").reveal(), "t-1");
    issuer.advance(20);
    assert_eq!(tokens.get([1; 32], &grants).await.expect("a token").reveal(), "t-2");
}

#[tokio::test]
async fn a_failure_is_not_kept_but_nobody_asks_again_at_once() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    let away = issuer.fails(Problem::Away("no connection".into()));
    for rest in [1, 2, 4, 8] {
        let asked = issuer.granted();
        let fault = tokens.get([1; 32], &away).await.expect_err("no token");
        assert_eq!(fault.parts().code, Code::UpstreamUnavailable);
        assert!(fault.parts().retry_after.expect("a time") <= rest);
        let fault = tokens.get([1; 32], &away).await.expect_err("no token");
        assert_eq!(fault.parts().code, Code::UpstreamUnavailable);
        assert_eq!(issuer.granted(), asked + 1, "it is left alone");
        issuer.advance(rest);
    }
    // Another key is somebody else's.
    let grants = issuer.grants("t", Some(300));
    tokens.get([2; 32], &grants).await.expect("a token");
    tokens.get([1; 32], &grants).await.expect("a token");
    let refused = issuer.fails(Problem::Refused("invalid_client".into()));
    let fault = tokens.get([3; 32], &refused).await.expect_err("no token");
    assert_eq!(fault.parts().code, Code::UpstreamError);
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_a_token_that_is_still_good() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    tokens.get([1; 32], issuer.grants("t", Some(300))).await.expect("a token");
    issuer.advance(280);
    let away = issuer.fails(Problem::Away("no connection".into()));
    for _ in 0..5 {
        assert_eq!(tokens.get([1; 32], &away).await.expect("a token").reveal(), "t-1");
        settle().await;
    }
    assert_eq!(issuer.granted(), 2, "one try, and then a rest");
    issuer.advance(20);
    tokens.get([1; 32], &away).await.expect_err("it has ended");
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_asked_for_anew_once_for_all_who_have_used_it() {
    let issuer = Issuer::default();
    let (tokens, grants) = (issuer.tokens(), issuer.grants("t", Some(300)));
    let old = tokens.get([1; 32], &grants).await.expect("a token");
    for _ in 0..3 {
        let another = tokens.another([1; 32], &old, &grants).await.expect("a token");
        assert_eq!(another.expect("another one").reveal(), "t-2");
    }
    // Where another one does not help, not every request asks for one.
    tokens.helped([1; 32], false);
    let newer = Token::new("t-2");
    assert!(tokens.another([1; 32], &newer, &grants).await.expect("no fault").is_none());
    issuer.advance(1);
    let another = tokens.another([1; 32], &newer, &grants).await.expect("a token");
    assert_eq!(another.expect("another one").reveal(), "t-3");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever asks, in whatever order, gets what was granted for their own token, owner and credential.
    #[test]
    fn nobody_is_served_with_a_token_of_another_user(
        asked in vec((0..3_usize, "[ab|:]{0,3}", "[ab|:]{0,3}", 0..40_u64), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let issuer = Issuer::default();
        let tokens = issuer.tokens();
        for (index, owner, token, seconds) in asked {
            let name = format!("{index}/{owner}/{token}");
            let token = Token::new(token);
            let subject = Subject { token: &token, of: owner.as_bytes(), issuer: "https://id.test/" };
            let key = key(index, Some(subject));
            let got = runtime.block_on(tokens.get(key, issuer.grants(&name, Some(60))));
            let got = got.expect("a token");
            let (of, _) = got.reveal().rsplit_once('-').expect("a count");
            prop_assert_eq!(of, name);
            issuer.advance(seconds);
        }
    }
}

#[test]
fn the_gateways_own_token_is_nobody_elses() {
    let empty = Token::new("");
    let subject = Subject { token: &empty, of: b"", issuer: "https://id.test/" };
    assert_ne!(key(0, None), key(0, Some(subject)));
    assert_ne!(key(0, None), key(1, None));
    let (a, b) = (Token::new("ab"), Token::new("b"));
    let one = key(0, Some(Subject { token: &a, of: b"", issuer: "https://id.test/" }));
    assert_ne!(one, key(0, Some(Subject { token: &b, of: b"a", issuer: "https://id.test/" })));
}
