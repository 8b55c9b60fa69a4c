//! Paths of logins.
