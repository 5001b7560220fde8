//! Pages of a listing: prefix, delimiter, and where the next page goes on.
//!
//! Pure; owns what a continuation token means: the last entry that was shown.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::objects::Stored;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    /// Entries after this one only.
    pub after: &'a str,
    pub entries_max: usize,
}

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    pub objects: Vec<(String, Stored)>,
    pub common_prefixes: Vec<String>,
    /// The last entry, where more follow.
    pub next: Option<String>,
}

/// The entries that are asked for.
#[must_use]
pub fn page(listed: &BTreeMap<String, Stored>, asked: Asked) -> Page {
    let mut page = Page::default();
    let mut last = String::new();
    let from = (Bound::Included(asked.prefix), Bound::Unbounded);
    for (key, stored) in listed.range::<str, _>(from) {
        if !key.starts_with(asked.prefix) {
            break;
        }
        let entry = common_prefix(key, asked).unwrap_or(key);
        let is_common = entry.len() < key.len() || asked.delimiter.is_some_and(|delimiter| entry.ends_with(delimiter));
        // A common prefix that was shown stands for all keys below it.
        if entry <= asked.after || (is_common && last == entry) {
            continue;
        }
        if page.objects.len() + page.common_prefixes.len() == asked.entries_max {
            page.next = Some(last);
            return page;
        }
        last = entry.to_owned();
        if is_common {
            page.common_prefixes.push(last.clone());
        } else {
            page.objects.push((last.clone(), stored.clone()));
        }
    }
    page
}

/// The key up to the first delimiter behind the prefix.
fn common_prefix<'a>(key: &'a str, asked: Asked) -> Option<&'a str> {
    let delimiter = asked.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let behind = key.get(asked.prefix.len()..)?;
    let end = behind.find(delimiter)? + delimiter.len();
    key.get(..asked.prefix.len() + end)
}
