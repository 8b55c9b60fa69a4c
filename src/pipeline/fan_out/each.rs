//! A call that is one request per item.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::stream;

use super::call::one;
use super::settled::{End, Failure, Settled};
use crate::fault::Fault;
use crate::pipeline::frame::{Frame, With};
use crate::pipeline::key::Item;
use crate::plan::{Call, Each, slot};
use crate::value::Value;

/// Sends one request per item, a bounded number of them at once. The first item to fail ends a required call.
pub(super) async fn run(frame: &Rc<Frame>, index: usize, each: &Each) -> Settled {
    let call = frame.call(index);
    let list = match list(frame, each).await {
        Ok(list) => list,
        Err(fault) => return Settled::failed(call, fault),
    };
    let list = list.as_array().unwrap_or_default();
    let items = frame.items(index);
    items.begin(list.len());
    let requests = list.iter().enumerate().map(|(at, item)| async move {
        let scope = With { scope: &**frame, slot: slot::ITEM, value: item };
        (at, one(frame, index, &scope, Some(Item { at, value: item })).await)
    });
    let mut ending = stream::iter(requests).buffer_unordered(each.parallel);
    while let Some((at, settled)) = ending.next().await {
        if matches!(settled.end, End::Failed(_)) && !call.optional {
            return settled;
        }
        items.put(at, settled);
    }
    items.late(call, &Fault::internal("an item has not ended"))
}

async fn list(frame: &Frame, each: &Each) -> Result<Value, Fault> {
    let list = each.items.run(frame, &frame.limits()).await?;
    let count = list.as_array().map_or(0, <[Value]>::len);
    if !list.is_null() && list.as_array().is_none() {
        return Err(Fault::internal("`each` gave something else than an array"));
    }
    if count > each.limit {
        let limit = each.limit;
        return Err(Fault::internal(format_args!(
            "`each` gave {count} items, the limit is {limit}"
        )));
    }
    Ok(list)
}

/// How far an `each` call has come, item by item, so that what is there at the deadline is not lost.
#[derive(Default)]
pub(in crate::pipeline) struct Items(RefCell<Option<Vec<Option<Settled>>>>);

impl Items {
    fn begin(&self, count: usize) {
        self.0.replace(Some((0..count).map(|_| None).collect()));
    }

    fn put(&self, at: usize, settled: Settled) {
        if let Some(slot) = self.0.borrow_mut().as_mut().and_then(|items| items.get_mut(at)) {
            *slot = Some(settled);
        }
    }

    /// How a call ends now: what is open has failed with `fault`.
    pub(super) fn late(&self, call: &Call, fault: &Fault) -> Settled {
        let Some(items) = self.0.take() else { return Settled::failed(call, fault.clone()) };
        let open = || Settled::failure(call, Failure::without_answer(fault.clone()));
        let ended = items.into_iter().map(|item| item.unwrap_or_else(open));
        let (values, ends) = ended.map(|settled| (settled.value, settled.end)).unzip();
        Settled { value: Value::array(values), end: End::Each(ends) }
    }
}
