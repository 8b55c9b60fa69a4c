//! Which answers are kept, and how long.

use super::*;

#[tokio::test]
async fn an_answer_is_asked_for_once_in_its_time() {
    let up = counting().await;
    let gateway = with(&up, &route(r#"{ ttl = "30s" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    assert_eq!(ask(&gateway).await, is("hit", 1));
    gateway.advance(29);
    assert_eq!(ask(&gateway).await, is("hit", 1));
    gateway.advance(1);
    assert_eq!(ask(&gateway).await, is("miss", 2));
    assert_eq!(ask(&gateway).await, is("hit", 2));
    assert_eq!(up.total(), 2);
}
