//! The variables of templates and programs, as numbers that are known before the first request.

use crate::jq::Slot;

/// `$session`
pub const SESSION: Slot = 0;
/// `$params`
pub const PARAMS: Slot = 1;
/// `$query`
pub const QUERY: Slot = 2;
/// `$headers`
pub const HEADERS: Slot = 3;
/// `$cookies`
pub const COOKIES: Slot = 4;
/// `$body`
pub const BODY: Slot = 5;
/// `$request`
pub const REQUEST: Slot = 6;
/// `$calls`
pub const CALLS: Slot = 7;
/// `$item`, inside `each`
pub const ITEM: Slot = 8;
/// `$error`, in the `details` of an own fault
pub const ERROR: Slot = 9;
/// `$claims`, in `[session]` only
pub const CLAIMS: Slot = 10;
/// `$NAME` of an endpoint's first call; the others follow in the order of [`super::Endpoint::calls`].
pub const FIRST_CALL: Slot = 16;

/// The variables that the client's input decides; what fails because of them is the client's mistake.
pub const FROM_CLIENT: &[Slot] = &[PARAMS, QUERY, HEADERS, COOKIES, BODY];

/// The same in a call whose items come from the client.
pub const FROM_CLIENT_OR_ITEM: &[Slot] = &[PARAMS, QUERY, HEADERS, COOKIES, BODY, ITEM];
