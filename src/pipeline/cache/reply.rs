//! `[METHOD.response.cache]`: whole replies.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::ETAG;
use tokio::time::{Instant, timeout_at};

use super::freshness::is_error;
use super::serve::{Ask, How, Made, Served, excused, serve};
use super::{Held, Mark, Whole, of_text, scope, shown, tagged};
use crate::cache::{Entry, Key, Lives, Look, Tag};
use crate::fault::{Code, Fault};
use crate::jq::Scope as _;
use crate::pipeline::etag;
use crate::pipeline::frame::Frame;
use crate::plan::{Caching, Scope, Ttl, slot};
use crate::value::Value;

/// A whole reply that is served.
pub(in crate::pipeline) struct Found {
    /// What it is.
    pub(in crate::pipeline) whole: Arc<Whole>,
    /// What it is found by.
    pub(in crate::pipeline) key: Key,
    /// The entry that it is in; none where it is not kept.
    pub(in crate::pipeline) entry: Option<Arc<Entry<Held>>>,
    /// Everybody gets the same, and nobody makes it be gone before its time.
    pub(in crate::pipeline) is_everybodys: bool,
}

/// Serves the reply that is kept for a request, or has it made by `make`, once for all who ask meanwhile. Whether the
/// client may have it is to be asked before. Gives it, or the fault that stands in its place; and where that comes from.
///
/// # Errors
/// 500 where what decides it cannot be said, 504 when the deadline comes before it is made.
pub(in crate::pipeline) async fn reply<M, F>(
    frame: &Rc<Frame>,
    caching: &Caching,
    deadline: Instant,
    make: M,
) -> Result<(Result<Found, Fault>, Mark), Fault>
where
    M: FnOnce(Rc<Frame>) -> F + Copy + 'static,
    F: Future<Output = Result<Whole, Fault>> + 'static,
{
    let key = key(frame, caching).await?;
    let gateway = &frame.gateway;
    let served = match gateway.cache.entries.look(&key) {
        Look::Fresh(entry) => Served::kept(entry, How::Hit),
        _ => {
            let ask = Ask {
                key,
                tags: ahead(frame, caching).await?,
                began: frame.began,
                patience: frame.endpoint.deadline,
                keeps: frame.ongoing.keeps(),
            };
            match timeout_at(deadline, Box::pin(served(frame, ask, make))).await {
                Ok(served) => served,
                Err(_) => excused(gateway, &key).ok_or_else(out_of_time)?,
            }
        }
    };
    let mark = Mark::of(&served, gateway.clock.steady());
    let Served { outcome, entry, .. } = served;
    let whole = match outcome {
        Ok(Held::Reply(whole)) => Ok(whole),
        Ok(Held::Fault(fault) | Held::FaultForOne(fault)) | Err(fault) => Err(fault),
        Ok(Held::Answer(_)) => Err(Fault::internal("an answer is kept in the place of a reply")),
    };
    let untagged = entry.as_ref().is_some_and(|entry| entry.tags.is_empty());
    let is_everybodys = untagged && matches!(caching.scope, Scope::Shared);
    Ok((whole.map(|whole| Found { whole, key, entry, is_everybodys }), mark))
}

async fn served<M, F>(frame: &Rc<Frame>, ask: Ask, make: M) -> Served
where
    M: FnOnce(Rc<Frame>) -> F + Copy + 'static,
    F: Future<Output = Result<Whole, Fault>> + 'static,
{
    loop {
        let (is_ours, own) = (Rc::new(Cell::new(false)), Rc::clone(frame));
        let making = Rc::clone(&is_ours);
        let make_it = move |_| {
            making.set(true);
            made(own, make)
        };
        let served = serve(&frame.gateway, ask.clone(), make_it).await;
        if is_ours.get() || served.entry.is_some() {
            return served;
        }
        match &served.outcome {
            // Whoever was at it has begun earlier, and had less time left.
            Err(fault) if fault.parts().code == Code::UpstreamTimeout => {}
            outcome if is_for_one(outcome) => {
                let outcome = made(Rc::clone(frame), make).await.outcome;
                return Served { outcome, how: How::Bypass, entry: None };
            }
            _ => return served,
        }
    }
}

/// Whether what another request has got is not for this one, which asks for itself.
fn is_for_one(outcome: &Result<Held, Fault>) -> bool {
    match outcome {
        Ok(Held::Reply(whole)) => whole.is_for_one,
        Ok(Held::FaultForOne(_)) => true,
        Ok(_) => false,
        Err(fault) => matches!(fault.parts().status, 401 | 403),
    }
}

fn out_of_time() -> Fault {
    Fault::new(Code::UpstreamTimeout).cause("the reply was not made before the deadline")
}

/// What decides a reply: its rule, who shares it, and what anything reads of the request.
async fn key(frame: &Frame, caching: &Caching) -> Result<Key, Fault> {
    let endpoint = &frame.endpoint;
    let key = Key::of("reply").part(&caching.rule);
    let key = key.part(endpoint.frontend.as_bytes()).part(endpoint.name.as_bytes());
    let mut key = scope(key, &caching.scope, frame, frame).await?;
    for call in &endpoint.calls {
        key = shown(key, frame, call.auth)?;
    }
    for read in &caching.reads.slots {
        key = key.part(&read.to_be_bytes()).part(&frame.get(*read).to_canonical());
    }
    if !caching.reads.request.is_empty() {
        let request = frame.get(slot::REQUEST);
        for member in &caching.reads.request {
            let value = request.as_object().and_then(|members| members.get(member));
            let value = value.unwrap_or(&Value::Null);
            key = key.part(member.as_bytes()).part(&value.to_canonical());
        }
    }
    if !caching.reads.session.is_empty() {
        let session = frame.get(slot::SESSION);
        key = key.count(caching.reads.session.len());
        for path in &caching.reads.session {
            let value = path.iter().try_fold(&session, |value, name| {
                value.as_object().and_then(|members| members.get(name))
            });
            key = path.iter().fold(key.count(path.len()), |key, name| key.part(name.as_bytes()));
            key = key.part(&value.unwrap_or(&Value::Null).to_canonical());
        }
    }
    if let Some(raw) = &frame.raw {
        key = key.part(raw.content_type.as_deref().unwrap_or_default()).part(&raw.bytes);
    }
    Ok(key.end())
}

/// The tags, where they are known before anything is made.
async fn ahead(frame: &Frame, caching: &Caching) -> Result<Option<Vec<Tag>>, Fault> {
    let calls = frame.endpoint.calls.iter().filter_map(|call| call.cache.as_ref());
    let of_calls = calls.flat_map(|caching| &caching.tags).next().is_some();
    if of_calls || caching.tags.iter().any(|tag| tag.reads_answer) {
        return Ok(None);
    }
    tags(frame, caching).await.map(Some)
}

async fn tags(frame: &Frame, caching: &Caching) -> Result<Vec<Tag>, Fault> {
    let mut tags = Vec::with_capacity(caching.tags.len());
    for tag in &caching.tags {
        tags.extend(of_text(tag.text.render(frame, &frame.limits()).await?));
    }
    Ok(tags)
}

/// Makes it, and says whether it may be kept.
async fn made<M, F>(frame: Rc<Frame>, make: M) -> Made
where
    M: FnOnce(Rc<Frame>) -> F,
    F: Future<Output = Result<Whole, Fault>>,
{
    let making = async {
        let mut whole = finished(make(Rc::clone(&frame)).await?);
        whole.is_for_one = frame.parts.borrow().is_for_one;
        let caching = frame.endpoint.reply.cache.as_ref();
        if caching.is_some_and(|caching| caching.ttl == Ttl::Upstream) {
            whole.age = frame.parts.borrow().age;
        }
        let keep = match caching {
            Some(caching) => keep(&frame, caching, &whole).await?,
            None => None,
        };
        Ok((whole, keep))
    };
    match making.await {
        Ok((whole, keep)) => Made {
            // What lacks a part is no better than what has all of it.
            is_error: whole.partial.is_some(),
            outcome: Ok(Held::Reply(Arc::new(whole))),
            keep,
        },
        Err(fault) => failed(&frame, fault).await,
    }
}

/// With its own tag, or one that its body gives it, once for all who get it; and without room for more.
fn finished(mut whole: Whole) -> Whole {
    whole.body = Bytes::copy_from_slice(&whole.body);
    if whole.status == 200 && !whole.headers.iter().any(|(name, _)| name == ETAG) {
        whole.headers.extend(etag::of(&whole.body).map(|tag| (ETAG, tag)));
    }
    whole.headers.shrink_to_fit();
    whole
}

/// How long a reply may be kept, and its tags: a success that is whole, and of which no part is one client's.
async fn keep(
    frame: &Frame,
    caching: &Caching,
    whole: &Whole,
) -> Result<Option<(Lives, Vec<Tag>)>, Fault> {
    let own = tags(frame, caching).await?;
    let parts = frame.parts.borrow();
    let fresh = match caching.ttl {
        Ttl::Fixed(ttl) => ttl,
        // Where no call was needed there is no upstream that has said anything.
        Ttl::Upstream if parts.rest == Duration::MAX => Duration::ZERO,
        Ttl::Upstream => parts.rest,
    };
    let success = (200..300).contains(&whole.status) && whole.partial.is_none();
    if !success || whole.is_for_one || fresh.is_zero() {
        return Ok(None);
    }
    let tags = tagged(parts.tagged_with(own), &frame.endpoint.name);
    Ok(tags.map(|tags| (lives(caching, fresh), tags)))
}

/// What comes of a fault. That there is nothing may be kept, where an upstream has said it.
async fn failed(frame: &Frame, fault: Fault) -> Made {
    let status = fault.parts().status;
    // Whatever `on_status` makes of it.
    let said = frame.fails_with().map(|(_, said)| said);
    let is_error = status >= 500 || said.is_some_and(is_error);
    if !is_error && frame.parts.borrow().is_for_one {
        return Made { outcome: Ok(Held::FaultForOne(fault)), keep: None, is_error };
    }
    let is_nothing = matches!(status, 404 | 410) && matches!(said, Some(404 | 410));
    let caching = frame.endpoint.reply.cache.as_ref();
    let negative = caching.filter(|caching| is_nothing && !caching.negative_ttl.is_zero());
    let Some(caching) = negative else {
        return Made { outcome: Err(fault), keep: None, is_error };
    };
    // A tag over an answer that is not there may fail: then nothing makes the entry be gone, and it is not kept.
    let Ok(own) = tags(frame, caching).await else {
        return Made { outcome: Err(fault), keep: None, is_error };
    };
    let tags = tagged(frame.parts.borrow().tagged_with(own), &frame.endpoint.name);
    let lives = Lives { fresh: caching.negative_ttl, ..Lives::default() };
    Made { outcome: Ok(Held::Fault(fault)), keep: tags.map(|tags| (lives, tags)), is_error }
}

fn lives(caching: &Caching, fresh: Duration) -> Lives {
    Lives { fresh, stale: caching.stale, if_error: caching.stale_if_error, reuse: Duration::ZERO }
}
