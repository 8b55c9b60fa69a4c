use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use governor::nanos::Nanos;
use governor::state::StateStore;
use proptest::prelude::*;

use super::budgets::{Ask, Budgets};
use super::*;

/// A clock that goes only when it is told to.
#[derive(Default)]
struct Hand(Mutex<Duration>);

impl Hand {
    fn go(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

fn policy(count: u32, per: Duration, burst: u32, cost: u32) -> Policy {
    let number = |number| NonZeroU32::new(number).unwrap();
    Policy {
        name: "p".to_owned(),
        count: number(count),
        per,
        burst: number(burst),
        cost: number(cost),
        on_failure: OnFailure::Local,
    }
}

fn limiter(policies: Vec<Policy>) -> (Limiter, Arc<Hand>) {
    let hand = Arc::new(Hand::default());
    let clock: Arc<dyn Clock> = hand.clone();
    (Limiter::new(policies, &clock), hand)
}

fn key(name: &str) -> Key {
    Key::credential(name.as_bytes())
}

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_burst_then_one_at_each_interval() {
    let (limiter, hand) = limiter(vec![policy(60, MINUTE, 3, 1)]);
    let ask = |who| limiter.count_here(&[Asked { policy: 0, key: key(who) }])[0];
    assert_eq!([ask("a"), ask("a"), ask("a")].map(|standing| standing.remaining), [2, 1, 0]);
    assert_eq!((ask("a").wait, ask("b").wait), (Some(SECOND), None));
    hand.go(Duration::from_millis(600));
    assert_eq!(ask("a").wait, Some(Duration::from_millis(400)));
    hand.go(Duration::from_millis(400));
    assert_eq!((ask("a").wait, ask("a").wait), (None, Some(SECOND)));
    hand.go(MINUTE);
    assert_eq!(ask("a").remaining, 2);
}

#[test]
fn a_cost_takes_as_many_units_and_says_what_is_left() {
    let (limiter, hand) = limiter(vec![policy(60, MINUTE, 10, 4)]);
    let ask = || limiter.count_here(&[Asked { policy: 0, key: key("a") }])[0];
    assert_eq!((ask().remaining, ask().remaining), (6, 2));
    let refused = ask();
    assert_eq!((refused.remaining, refused.wait), (2, Some(2 * SECOND)));
    hand.go(2 * SECOND);
    assert_eq!((ask().remaining, ask().remaining), (0, 0));
}

#[test]
fn where_one_policy_refuses_none_has_counted() {
    let slow = policy(10, MINUTE, 10, 1);
    let (limiter, hand) = limiter(vec![slow, policy(1, SECOND, 1, 1)]);
    let both = [0, 1].map(|policy| Asked { policy, key: key("a") });
    assert_eq!(limiter.count_here(&both)[0].remaining, 9);
    for _ in 0..50 {
        let standings = limiter.count_here(&both);
        assert_eq!((standings[0].remaining, standings[0].wait), (9, None));
        assert_eq!((standings[1].remaining, standings[1].wait), (0, Some(SECOND)));
    }
    hand.go(SECOND);
    assert_eq!(limiter.count_here(&both)[0].remaining, 8);
}

#[test]
fn ten_million_keys_do_not_stay() {
    let second =
        |now: u64| move |_: Option<Nanos>| Ok::<_, ()>(((), Nanos::new(now + 1_000_000_000)));
    let budgets = Budgets::new();
    let mut most = 0;
    for number in 0..10_000_000_u64 {
        let ask = Ask { key: number.into(), spend: true, now: number };
        budgets.measure_and_replace(&ask, second(number)).unwrap();
        if number % 500_000 == 0 {
            most = most.max(budgets.room());
        }
    }
    assert!(most <= 2 << 20, "{most} places");
    assert!(budgets.len() <= 1 << 20);
    // Long after, nothing is left of them, whoever asks.
    for turn in 1..=100 {
        let ask = Ask { key: 1, spend: false, now: turn * 1_000_000_000_000 };
        budgets.measure_and_replace(&ask, second(0)).unwrap();
    }
    assert_eq!((budgets.len(), budgets.room()), (0, 0));
}

#[test]
fn a_flood_of_keys_does_not_free_those_at_their_limit() {
    let budgets = Budgets::with_most(64);
    let put = |key: u128, full_at: u64| {
        let ask = Ask { key, spend: true, now: 0 };
        budgets.measure_and_replace(&ask, |_| Ok::<_, ()>(((), Nanos::new(full_at)))).unwrap();
    };
    put(1, 1_000_000);
    for flooding in 2..100_000 {
        put(flooding, 10);
    }
    let ask = Ask { key: 1, spend: false, now: 0 };
    let seen = budgets.measure_and_replace(&ask, |seen| Err::<((), Nanos), _>(seen));
    assert_eq!(seen, Err(Some(Nanos::new(1_000_000))));
    assert!(budgets.len() <= 64 * 64);
}

#[test]
fn keys_of_an_address() {
    let address = |text: &str| Key::address(Some(text.parse::<IpAddr>().unwrap()));
    assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    assert_eq!(Key::address(None), Key::address(None));
}

#[test]
fn keys_of_different_kinds_and_parts_are_different() {
    assert_ne!(Key::session("a", "bc"), Key::session("ab", "c"));
    assert_ne!(Key::credential(b"x"), Key::value(b"x"));
    assert!(!Key::credential(b"secret-token").to_string().contains("secret"));
    assert_eq!(Key::credential(b"x").to_string().len(), 22);
}

proptest! {
    /// However the requests come, no span of time lets in more than the burst and what it refills.
    #[test]
    fn never_more_than_the_burst_and_its_refill(
        count in 1_u32..200, burst in 1_u32..50, waits in prop::collection::vec(0_u64..400, 1..300),
    ) {
        let (limiter, hand) = limiter(vec![policy(count, SECOND, burst, 1)]);
        let mut let_in = Vec::new();
        for wait in waits {
            hand.go(Duration::from_millis(wait));
            let standing = limiter.count_here(&[Asked { policy: 0, key: key("a") }])[0];
            if !standing.refuses() {
                let_in.push(hand.now());
            }
        }
        for (first, start) in let_in.iter().enumerate() {
            for (last, end) in let_in.iter().enumerate().skip(first) {
                let allowed = f64::from(burst) + (*end - *start).as_secs_f64() * f64::from(count);
                prop_assert!((last - first + 1) as f64 <= allowed + 0.01);
            }
        }
    }
}
