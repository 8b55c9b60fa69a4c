use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::{Flights, Rests};

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future);
}

#[test]
fn however_many_ask_on_whatever_worker_one_does_and_all_hear_of_it() {
    let flights: Arc<Flights<&str, &str>> = Arc::default();
    let asked = AtomicUsize::new(0);
    let joined = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let all: Vec<_> = (0..50).map(|_| flights.join(&"key")).collect();
                joined.wait();
                block_on(async {
                    for (flight, takeoff) in all {
                        if let Some(takeoff) = takeoff {
                            asked.fetch_add(1, Ordering::SeqCst);
                            takeoff.land("answer");
                        }
                        assert_eq!(flight.landed().await, Some("answer"));
                    }
                });
            });
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(flights.all().is_empty());
}

#[tokio::test]
async fn another_key_is_another_question() {
    let flights: Arc<Flights<u8, u8>> = Arc::default();
    let (_first, one) = flights.join(&1);
    let (_second, other) = flights.join(&2);
    assert!(one.is_some() && other.is_some());
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
