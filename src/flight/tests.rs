#![expect(clippy::expect_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Flights, Rests};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_ask_one_does_and_all_hear_of_it() {
    let flights = Arc::new(Flights::default());
    let asked = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let all: Vec<_> = (0..50)
        .map(|_| {
            let (flights, asked, gate) = (flights.clone(), asked.clone(), gate.clone());
            tokio::spawn(async move {
                let (flight, takeoff) = flights.join(&"key");
                if let Some(takeoff) = takeoff {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let open = gate.acquire().await;
                    drop(open);
                    takeoff.land("answer");
                }
                // The last one to come lets the first one go on.
                flight.landed().await
            })
        })
        .collect();
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let (other, takeoff) = flights.join(&"other key");
    assert!(takeoff.is_some(), "another key is another question");
    drop(takeoff);
    assert_eq!(other.landed().await, None, "who asked has gone");
    gate.add_permits(50);
    for one in all {
        assert_eq!(one.await.expect("no panic"), Some("answer"));
    }
    assert!(flights.all().is_empty());
}

#[tokio::test]
async fn a_question_that_was_given_up_may_be_asked_anew() {
    let flights: Arc<Flights<u8, u8>> = Arc::default();
    let (waiting, takeoff) = flights.join(&1);
    drop(takeoff);
    assert_eq!(waiting.landed().await, None);
    let (waiting, takeoff) = flights.join(&1);
    takeoff.expect("ours").land(7);
    assert_eq!(waiting.landed().await, Some(7));
    assert!(flights.join(&1).1.is_some(), "what has landed is not kept");
}

#[test]
fn what_fails_again_rests_longer_and_never_longer_than_half_a_minute() {
    let rests = Rests::default();
    let mut now = Duration::from_secs(100);
    assert_eq!(rests.left(&1, now), None);
    for most in [1, 2, 4, 8, 16, 30, 30, 30] {
        let rest = rests.fail(1, now);
        let most = Duration::from_secs(most);
        assert!(rest <= most && rest >= most.mul_f64(0.74), "{rest:?} of {most:?}");
        assert_eq!(rests.left(&1, now), Some(rest));
        assert_eq!(rests.left(&2, now), None);
        now += rest;
        assert_eq!(rests.left(&1, now), None);
    }
    rests.clear(&1);
    assert!(rests.fail(1, now) <= Duration::from_secs(1));
}

#[test]
fn failures_of_long_ago_do_not_stay() {
    let rests = Rests::default();
    for key in 0..100_000_u64 {
        rests.fail(key, Duration::from_secs(key));
    }
    assert!(rests.len() < 3000, "{}", rests.len());
}
