//! Items under their metric, scope and resource, and how they become requests of a limited size.
//!
//! Knows messages only as a field's number and bytes. A message's own fields come before the items in it, so that a
//! request can be ended at any item and the next one begun with the same messages around it.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use crate::otlp::wire_writer::{Open, close, open, put_bytes};

/// What a length may take beyond the byte that is kept for it: lengths up to 2^35.
const LENGTH_GROWTH_BYTES: usize = 4;
/// A key of a number below 16 and a length.
const PREFIX_BYTES_MAX: usize = 1 + 1 + LENGTH_GROWTH_BYTES;

/// A message around items, by its place in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct LevelId(usize);

struct Level<I> {
    /// The number of the field that it is, in the message around it.
    number: u32,
    /// Its own fields.
    header: Rc<[u8]>,
    /// The number of the field that an item is in it.
    item_number: u32,
    children: Vec<LevelId>,
    items: Vec<I>,
}

/// Levels in order of their first item; `K` tells apart those of one parent.
pub(super) struct Tree<K, I> {
    levels: Vec<Level<I>>,
    roots: Vec<LevelId>,
    known: HashMap<(Option<LevelId>, K), LevelId>,
}

impl<K: Eq + Hash, I: Copy> Tree<K, I> {
    pub(super) fn new() -> Self {
        Self { levels: Vec::new(), roots: Vec::new(), known: HashMap::new() }
    }

    /// The level with this key in `parent`; `number` and `header` are used where it is new.
    pub(super) fn level(&mut self, parent: Option<LevelId>, key: K, number: u32, header: &Rc<[u8]>) -> LevelId {
        let next = LevelId(self.levels.len());
        let level = *self.known.entry((parent, key)).or_insert(next);
        if level == next {
            let header = Rc::clone(header);
            self.levels.push(Level { number, header, item_number: 0, children: Vec::new(), items: Vec::new() });
            match parent {
                Some(parent) => self.levels[parent.0].children.push(level),
                None => self.roots.push(level),
            }
        }
        level
    }

    /// Adds an item, which is field `item_number` of its level.
    pub(super) fn add(&mut self, level: LevelId, item_number: u32, item: I) {
        let level = &mut self.levels[level.0];
        level.item_number = item_number;
        level.items.push(item);
    }

    /// Writes all items, each by `put` into an empty vector.
    pub(super) fn write(&self, bytes_max: Option<usize>, mut put: impl FnMut(&mut Vec<u8>, I)) -> Written {
        let mut writer = RequestWriter { bytes_max: bytes_max.unwrap_or(usize::MAX), ..RequestWriter::default() };
        let mut scratch = Vec::new();
        for root in &self.roots {
            self.write_level(*root, &mut writer, &mut scratch, &mut put);
        }
        writer.end_request();
        writer.written
    }

    fn write_level<'t>(
        &'t self,
        level: LevelId,
        writer: &mut RequestWriter<'t>,
        scratch: &mut Vec<u8>,
        put: &mut impl FnMut(&mut Vec<u8>, I),
    ) {
        let level = &self.levels[level.0];
        writer.enter(level.number, &level.header);
        for item in &level.items {
            scratch.clear();
            put(scratch, *item);
            writer.item(level.item_number, scratch);
        }
        for child in &level.children {
            self.write_level(*child, writer, scratch, put);
        }
        writer.leave();
    }
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    pub requests: Vec<Vec<u8>>,
    pub items: u64,
    /// Requests of a single item that is larger than the limit.
    pub oversized_requests: u64,
}

/// A message that items are to be written into, opened once there is one.
struct Around<'t> {
    number: u32,
    header: &'t [u8],
    open: Option<Open>,
}

#[derive(Default)]
struct RequestWriter<'t> {
    bytes_max: usize,
    out: Vec<u8>,
    items_in_request: usize,
    around: Vec<Around<'t>>,
    written: Written,
}

impl<'t> RequestWriter<'t> {
    fn enter(&mut self, number: u32, header: &'t [u8]) {
        self.around.push(Around { number, header, open: None });
    }

    fn leave(&mut self) {
        if let Some(Around { open: Some(open), .. }) = self.around.pop() {
            close(&mut self.out, open);
        }
    }

    fn item(&mut self, number: u32, content: &[u8]) {
        if self.items_in_request > 0 && self.bytes_with(content) > self.bytes_max {
            self.end_request();
        }
        for around in self.around.iter_mut().filter(|around| around.open.is_none()) {
            around.open = Some(open(&mut self.out, around.number));
            self.out.extend_from_slice(around.header);
        }
        put_bytes(&mut self.out, number, content);
        self.items_in_request += 1;
        self.written.items += 1;
    }

    /// At most how large the request would be with one more item.
    fn bytes_with(&self, content: &[u8]) -> usize {
        let around: usize = self
            .around
            .iter()
            .map(|around| match around.open {
                Some(_) => LENGTH_GROWTH_BYTES,
                None => PREFIX_BYTES_MAX + around.header.len(),
            })
            .sum();
        self.out.len() + around + PREFIX_BYTES_MAX + content.len()
    }

    /// Ends the request, if it has any item; what is around the next item will be opened anew.
    fn end_request(&mut self) {
        for around in self.around.iter_mut().rev() {
            if let Some(open) = around.open.take() {
                close(&mut self.out, open);
            }
        }
        if self.items_in_request > 0 {
            self.written.oversized_requests += u64::from(self.out.len() > self.bytes_max);
            self.written.requests.push(std::mem::take(&mut self.out));
            self.items_in_request = 0;
        }
    }
}
