//! What is to be forgotten, and which rows of a batch that means. Pure.
//!
//! A subject is trace ids, attributes with a value, and whatever points to a resource, scope or series that has one of
//! these attributes. A row goes that belongs to one of the traces, or that has one of the attributes: itself, in one of
//! its events or links, or by its resource, scope or series. A link of another trace to a forgotten one goes alone.
//! Only attributes are compared, whole and as text: what is within a body, a name or a longer text is not found.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, ListArray, MapArray, StructArray, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{filter, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type, UInt32Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::tables::Table;
use spanlake_schemas::tables::promoted::{self, PromotedAttribute};

use crate::catalog::Catalog;
use crate::compact::Revision;

/// What is to be forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    traces: HashSet<[u8; 16]>,
    /// Values by key, as text.
    attributes: BTreeMap<String, BTreeSet<String>>,
    resources: HashSet<i64>,
    scopes: HashSet<i64>,
    series: HashSet<[u8; 16]>,
}

/// Ids of what has one of the attributes, for as long as it may be looked up nowhere else.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SubjectIds {
    pub resources: Vec<i64>,
    pub scopes: Vec<i64>,
    pub series: Vec<[u8; 16]>,
}

impl SubjectIds {
    /// Whether nothing has one of the attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.scopes.is_empty() && self.series.is_empty()
    }
}

impl Subject {
    /// Of trace ids and attributes; ids of resources, scopes and series are added by [`Self::resolve`].
    #[must_use]
    pub fn new(traces: impl IntoIterator<Item = [u8; 16]>, attributes: &[(String, String)]) -> Self {
        let mut this = Self { traces: traces.into_iter().collect(), ..Self::default() };
        for (key, value) in attributes {
            this.attributes.entry(key.clone()).or_default().insert(value.clone());
        }
        this
    }

    /// Adds ids that are known already.
    pub fn add(&mut self, ids: &SubjectIds) {
        self.resources.extend(&ids.resources);
        self.scopes.extend(&ids.scopes);
        self.series.extend(&ids.series);
    }

    /// Finds, and adds, the resources, scopes and series of a catalog that have one of the attributes; series also by
    /// their resource or scope. Gives what it found there.
    pub fn resolve(&mut self, catalog: &Catalog) -> SubjectIds {
        let mut found = SubjectIds::default();
        if self.attributes.is_empty() {
            return found;
        }
        found.resources = self.ids_of(Table::Resources, catalog).iter().map(narrow_id).collect();
        found.scopes = self.ids_of(Table::Scopes, catalog).iter().map(narrow_id).collect();
        self.resources.extend(&found.resources);
        self.scopes.extend(&found.scopes);
        found.series = self.ids_of(Table::Series, catalog);
        self.series.extend(&found.series);
        found
    }

    fn ids_of(&self, table: Table, catalog: &Catalog) -> Vec<[u8; 16]> {
        let Some(dimension) = catalog.dimension(table) else { return Vec::new() };
        let rows = dimension.rows();
        let mut ids = Vec::new();
        let mut first = 0_u32;
        for batch in &rows.batches {
            let known = dimension.ids(batch);
            for ((position, id), is_gone) in (first..).zip(known).zip(self.rows(table, batch)) {
                if is_gone && !rows.blanks.contains(&position) {
                    ids.push(id);
                }
            }
            first = first.saturating_add(u32::try_from(batch.num_rows()).unwrap_or(u32::MAX));
        }
        ids
    }

    /// Columns of a table that [`Self::rows`] and [`Self::links`] look at; none: the table holds nothing of it.
    #[must_use]
    pub fn columns(&self, table: Table) -> Vec<String> {
        let schema = table.schema();
        let promoted = promoted_of(table);
        let is_asked = |name: &str, data_type: &DataType| match name {
            "trace_id" => !self.traces.is_empty(),
            "resource_id" => !self.resources.is_empty(),
            "scope_id" => !self.scopes.is_empty(),
            "series_id" => !self.series.is_empty(),
            "links" => !self.traces.is_empty() || !self.attributes.is_empty(),
            "events" => !self.attributes.is_empty(),
            _ if matches!(data_type, DataType::Map(_, _)) => !self.attributes.is_empty(),
            _ => promoted.iter().any(|one| one.column == name && self.attributes.contains_key(one.key)),
        };
        let asked = schema.fields().iter().filter(|field| is_asked(field.name(), field.data_type()));
        asked.map(|field| field.name().clone()).collect()
    }

    /// The trace ids, where nothing but these makes a row go.
    #[must_use]
    pub fn only_traces(&self) -> Option<&HashSet<[u8; 16]>> {
        let is_more = !self.attributes.is_empty()
            || !self.resources.is_empty()
            || !self.scopes.is_empty()
            || !self.series.is_empty();
        (!is_more).then_some(&self.traces)
    }

    /// Which rows of a batch go. A column that the batch lacks is null.
    #[must_use]
    pub fn rows(&self, table: Table, batch: &RecordBatch) -> Vec<bool> {
        let mut gone = vec![false; batch.num_rows()];
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            match field.name().as_str() {
                "trace_id" => mark_bytes(&mut gone, column, &self.traces),
                "series_id" => mark_bytes(&mut gone, column, &self.series),
                "resource_id" => mark_numbers(&mut gone, column, |id| self.resources.contains(&id)),
                "scope_id" => mark_numbers(&mut gone, column, |id| self.scopes.contains(&id)),
                "events" | "links" => self.mark_items(&mut gone, column),
                _ if matches!(field.data_type(), DataType::Map(_, _)) => self.mark_map(&mut gone, column.as_map()),
                name => {
                    if let Some(attribute) = promoted_of(table).iter().find(|one| one.column == name) {
                        self.mark_promoted(&mut gone, attribute, column);
                    }
                }
            }
        }
        gone
    }

    /// Links of rows that stay which lead to one of the traces.
    #[must_use]
    pub fn links(&self, batch: &RecordBatch, gone: &[bool]) -> u64 {
        let Some(links) = links_of(batch).filter(|_| !self.traces.is_empty()) else { return 0 };
        let is_cut = self.cut_links(links);
        let rows = (0..links.len()).filter(|row| !gone[*row] && links.is_valid(*row));
        rows.map(|row| items(links, row).filter(|item| is_cut[*item]).count() as u64).sum()
    }

    fn cut_links(&self, links: &ListArray) -> Vec<bool> {
        let traces = links.values().as_struct().column_by_name("trace_id");
        let traces = traces.and_then(|ids| ids.as_fixed_size_binary_opt());
        traces.map_or_else(|| vec![false; links.values().len()], |ids| bytes_among(ids, &self.traces))
    }

    fn mark_map(&self, gone: &mut [bool], map: &MapArray) {
        let is_meant = self.entries(map);
        for (row, is_gone) in gone.iter_mut().enumerate() {
            *is_gone |= map.is_valid(row) && entries_of(map, row).any(|entry| is_meant[entry]);
        }
    }

    /// Attributes of events or links.
    fn mark_items(&self, gone: &mut [bool], column: &ArrayRef) {
        let Some(list) = column.as_list_opt::<i32>().filter(|_| !self.attributes.is_empty()) else { return };
        let Some(parts) = list.values().as_struct_opt() else { return };
        let Some(map) = parts.column_by_name("attributes").and_then(|map| map.as_map_opt()) else { return };
        let is_meant = self.entries(map);
        let is_item = |item: usize| map.is_valid(item) && entries_of(map, item).any(|entry| is_meant[entry]);
        for (row, is_gone) in gone.iter_mut().enumerate() {
            *is_gone |= list.is_valid(row) && items(list, row).any(is_item);
        }
    }

    fn mark_promoted(&self, gone: &mut [bool], attribute: &PromotedAttribute, column: &ArrayRef) {
        let Some(values) = self.attributes.get(attribute.key) else { return };
        if let Some(texts) = column.as_string_opt::<i32>() {
            for (is_gone, text) in gone.iter_mut().zip(texts) {
                *is_gone |= text.is_some_and(|text| values.contains(text));
            }
        } else {
            mark_numbers(gone, column, |number| values.contains(&number.to_string()));
        }
    }

    /// Of every entry of a map's rows, whether it is one of the attributes.
    fn entries(&self, map: &MapArray) -> Vec<bool> {
        let keys = map.keys().as_string_opt::<i32>();
        let values = map.values().as_string_opt::<i32>();
        let (Some(keys), Some(values)) = (keys, values) else { return vec![false; map.entries().len()] };
        let is_meant = |entry: usize| {
            let wanted = self.attributes.get(keys.value(entry));
            values.is_valid(entry) && wanted.is_some_and(|wanted| wanted.contains(values.value(entry)))
        };
        (0..keys.len()).map(is_meant).collect()
    }
}

/// Rows without what is to be forgotten.
impl Revision for Subject {
    fn sets(&self, _: Table) -> &[&'static str] {
        &[]
    }

    fn revise(&self, table: Table, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let gone = self.rows(table, batch);
        let links = self.links(batch, &gone);
        let stay: BooleanArray = gone.into_iter().map(|is_gone| Some(!is_gone)).collect();
        let kept = filter_record_batch(batch, &stay)?;
        if links == 0 { Ok(kept) } else { self.without_links(&kept) }
    }
}

impl Subject {
    /// The rows without links to one of the traces, each of which counts as dropped.
    fn without_links(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Some(links) = links_of(batch) else { return Ok(batch.clone()) };
        let is_cut = self.cut_links(links);
        let mut stays = vec![false; is_cut.len()];
        let mut lengths = Vec::with_capacity(links.len());
        let mut cut = Vec::with_capacity(links.len());
        for row in 0..links.len() {
            let of = if links.is_valid(row) { items(links, row) } else { 0..0 };
            let all = of.len();
            let kept = of.filter(|item| !is_cut[*item]).inspect(|item| stays[*item] = true).count();
            lengths.push(kept);
            cut.push(u32::try_from(all - kept).unwrap_or(u32::MAX));
        }
        let DataType::List(item) = links.data_type() else { return Ok(batch.clone()) };
        let values = filter(links.values(), &BooleanArray::from(stays))?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        let links: ArrayRef = Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, links.nulls().cloned())?);
        let mut columns = batch.columns().to_vec();
        columns[batch.schema_ref().index_of("links")?] = links;
        if let Ok(index) = batch.schema_ref().index_of("dropped_links_count") {
            let before = columns[index].as_primitive::<UInt32Type>();
            let counted = before.values().iter().zip(cut).map(|(before, cut)| before.saturating_add(cut));
            columns[index] = Arc::new(UInt32Array::from_iter_values(counted));
        }
        RecordBatch::try_new(batch.schema(), columns)
    }
}

fn promoted_of(table: Table) -> &'static [PromotedAttribute] {
    match table {
        Table::Spans => promoted::SPAN,
        Table::Logs => promoted::LOG,
        _ => &[],
    }
}

fn narrow_id(wide: &[u8; 16]) -> i64 {
    i64::from_le_bytes(wide[..8].try_into().expect("eight of sixteen bytes"))
}

fn links_of(batch: &RecordBatch) -> Option<&ListArray> {
    let links = batch.column_by_name("links")?.as_list_opt::<i32>()?;
    links.values().as_any().is::<StructArray>().then_some(links)
}

fn items(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    range(list.value_offsets(), row)
}

fn entries_of(map: &MapArray, row: usize) -> std::ops::Range<usize> {
    range(map.value_offsets(), row)
}

fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| usize::try_from(offsets[index]).expect("offsets are not negative");
    at(row)..at(row + 1)
}

fn bytes_among(ids: &FixedSizeBinaryArray, wanted: &HashSet<[u8; 16]>) -> Vec<bool> {
    let is_wanted =
        |row: usize| ids.is_valid(row) && <[u8; 16]>::try_from(ids.value(row)).is_ok_and(|id| wanted.contains(&id));
    (0..ids.len()).map(is_wanted).collect()
}

fn mark_bytes(gone: &mut [bool], column: &ArrayRef, wanted: &HashSet<[u8; 16]>) {
    if wanted.is_empty() {
        return;
    }
    let Some(ids) = column.as_fixed_size_binary_opt() else { return };
    for (is_gone, is_wanted) in gone.iter_mut().zip(bytes_among(ids, wanted)) {
        *is_gone |= is_wanted;
    }
}

fn mark_numbers(gone: &mut [bool], column: &ArrayRef, is_wanted: impl Fn(i64) -> bool) {
    let Some(numbers) = column.as_primitive_opt::<Int64Type>() else { return };
    for (is_gone, number) in gone.iter_mut().zip(numbers) {
        *is_gone |= number.is_some_and(&is_wanted);
    }
}

#[cfg(test)]
mod tests;
