//! What is wrong with a request, all of it.

use std::fmt;

use crate::fault::{Code, Detail, Details, Fault};

/// What is wrong with a request, all of it.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Detail>);

/// More mistakes than these are not listed: a body of a million wrong items must not become a reply of a million lines.
const MOST: usize = 100;

/// Bytes of a field's name: the names of members are the client's.
const LONGEST_FIELD: usize = 200;

impl Mistakes {
    /// Notes a mistake; the same one is noted once.
    pub fn add(&mut self, field: String, message: impl Into<String>, rule: &'static str) {
        if self.is_full() {
            return;
        }
        let mistake = Detail { field: short(field), message: message.into(), rule };
        if !self.0.contains(&mistake) {
            self.0.push(mistake);
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no more are listed.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// The fields of the mistakes from this one on.
    pub fn fields_since(&self, first: usize) -> Vec<String> {
        self.0.iter().skip(first).map(|mistake| mistake.field.clone()).collect()
    }

    /// Drops what is said again of these fields, whose mistakes stand from `first` on.
    pub fn retain_first(&mut self, fields: &[String], first: usize) {
        let mut at = 0;
        self.0.retain(|mistake| {
            at += 1;
            at <= first + fields.len() || !fields.contains(&mistake.field)
        });
    }

    /// Nothing, or the fault that lists them.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` when there is at least one.
    pub fn into_result(self) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Fault::new(Code::ValidationError).details(Details::Fields(self.0)))
    }

    /// The list.
    pub fn into_details(self) -> Vec<Detail> {
        self.0
    }
}

/// `data.id (required), data.items[2] (type)`: where and which rule, without a value.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{} ({})", mistake.field, mistake.rule)?;
        }
        Ok(())
    }
}

fn short(mut field: String) -> String {
    if field.len() > LONGEST_FIELD {
        let end = (0..=LONGEST_FIELD).rev().find(|at| field.is_char_boundary(*at));
        field.truncate(end.unwrap_or(0));
        field.push('…');
    }
    field
}
