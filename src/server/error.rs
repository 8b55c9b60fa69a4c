//! Errors that the pipeline has no part in.

use crate::fault::Code;

/// `{"error": {code, message, request_id}}`, with the code's own sentence.
pub(super) fn body(code: &Code, request_id: &str) -> String {
    let (name, sentence) = (code.name(), code.sentence());
    format!(r#"{{"error":{{"code":"{name}","message":"{sentence}","request_id":"{request_id}"}}}}"#)
}
