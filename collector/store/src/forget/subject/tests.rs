//! Which rows are meant, in every place where a value may be.

use arrow::array::{Int64Array, MapArray, StringArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Field;
use spanlake_schemas::tables::attribute_entry_fields;

use super::*;
use crate::cold::samples::{every_table, sample};

const PERSON: &str = "person@example.com";

fn map(rows: &[&[(&str, &str)]]) -> ArrayRef {
    let pairs = || rows.iter().flat_map(|row| row.iter());
    let keys: StringArray = pairs().map(|(key, _)| Some(*key)).collect();
    let values: StringArray = pairs().map(|(_, value)| Some(*value)).collect();
    let entries = StructArray::new(attribute_entry_fields(), vec![Arc::new(keys), Arc::new(values)], None);
    let field = Arc::new(Field::new("entries", DataType::Struct(attribute_entry_fields()), false));
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|row| row.len()));
    Arc::new(MapArray::new(field, offsets, entries, None, false))
}

fn with(batch: &RecordBatch, column: &str, values: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[batch.schema_ref().index_of(column).unwrap()] = values;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// Three rows of a table, of which the second has the attribute.
fn with_attribute(table: Table, column: &str) -> RecordBatch {
    with(&sample(table), column, map(&[&[("user.id", "other")], &[("a", "b"), ("user.id", PERSON)], &[("x", PERSON)]]))
}

fn of_person() -> Subject {
    Subject::new([], &[("user.id".to_owned(), PERSON.to_owned())])
}

#[test]
fn an_attribute_is_found_in_every_table_that_has_any_and_in_promoted_columns() {
    for (table, batch) in every_table() {
        for field in batch.schema().fields() {
            if matches!(field.data_type(), DataType::Map(_, _)) {
                let batch = with_attribute(table, field.name());
                assert_eq!(of_person().rows(table, &batch), [false, true, false], "{}", table.name());
                assert!(of_person().columns(table).contains(field.name()));
            }
        }
        assert_eq!(of_person().rows(table, &batch), [false; 3], "{}: samples have none", table.name());
    }
    for table in [Table::Spans, Table::Logs] {
        let user: StringArray = [None, Some(PERSON), Some("person@example.co")].into_iter().collect();
        let batch = with(&sample(table), "user_id", Arc::new(user));
        assert_eq!(of_person().rows(table, &batch), [false, true, false]);
        let status = with(&sample(table), "http_response_status_code", Arc::new(Int64Array::from(vec![500, 50, 418])));
        let subject = Subject::new([], &[("http.response.status_code".into(), "418".into())]);
        assert_eq!(subject.rows(table, &status), [false, false, true]);
    }
}

#[test]
fn an_attribute_of_an_event_or_link_takes_its_span_along() {
    for list in ["events", "links"] {
        let batch = sample(Table::Spans);
        let column = batch.column_by_name(list).unwrap().as_list::<i32>().clone();
        let parts = column.values().as_struct();
        let index = parts.column_names().iter().position(|name| *name == "attributes").unwrap();
        let mut columns = parts.columns().to_vec();
        let rows: Vec<&[(&str, &str)]> =
            (0..parts.len()).map(|item| if item == 5 { [("user.id", PERSON)].as_slice() } else { &[] }).collect();
        columns[index] = map(&rows);
        let parts = StructArray::new(parts.fields().clone(), columns, parts.nulls().cloned());
        let DataType::List(item) = column.data_type() else { panic!("a list") };
        let column =
            ListArray::new(Arc::clone(item), column.offsets().clone(), Arc::new(parts), column.nulls().cloned());
        let batch = with(&batch, list, Arc::new(column));
        assert_eq!(of_person().rows(Table::Spans, &batch), [false, false, true], "{list}");
    }
}

#[test]
fn rows_go_with_their_trace_and_links_to_it_alone() {
    let batch = sample(Table::Spans);
    // Links of the samples lead to the traces 0 to 5, two a row; the second row has none.
    let subject = Subject::new([[2; 16], [4; 16]], &[]);
    let gone = subject.rows(Table::Spans, &batch);
    assert_eq!(gone, [false, false, true]);
    assert_eq!(subject.links(&batch, &gone), 0, "the link to 4 goes with its row");
    let subject = Subject::new([[1; 16]], &[]);
    let gone = subject.rows(Table::Spans, &batch);
    assert_eq!((gone.clone(), subject.links(&batch, &gone)), (vec![false, true, false], 1));
    let left = subject.revise(Table::Spans, &batch).unwrap();
    let links = links_of(&left).unwrap();
    assert_eq!((left.num_rows(), items(links, 0).len(), items(links, 1).len()), (2, 1, 2));
    assert_eq!(subject.links(&left, &[false, false]), 0);
    let dropped = left.column_by_name("dropped_links_count").unwrap().as_primitive::<UInt32Type>();
    let before = batch.column_by_name("dropped_links_count").unwrap().as_primitive::<UInt32Type>();
    assert_eq!(dropped.value(0), before.value(0).saturating_add(1));
    assert_eq!(dropped.value(1), before.value(2));
    for table in [Table::Logs, Table::Exemplars] {
        let gone = Subject::new([[2; 16]], &[]).rows(table, &sample(table));
        assert_eq!(gone, [false, false, true], "{}", table.name());
    }
}

#[test]
fn facts_go_with_what_they_point_to() {
    let catalog = Catalog::default();
    catalog.resources.insert_new(&with_attribute(Table::Resources, "attributes")).unwrap();
    catalog.series.insert_new(&sample(Table::Series)).unwrap();
    let mut subject = of_person();
    let found = subject.resolve(&catalog);
    // The second rows of all samples have the same ids.
    assert_eq!((found.resources.len(), found.scopes.len(), found.series.len()), (1, 0, 1));
    for table in [Table::Spans, Table::Logs, Table::Points, Table::Histograms, Table::Exemplars, Table::Series] {
        assert_eq!(subject.rows(table, &sample(table)), [false, true, false], "{}", table.name());
        assert!(!subject.columns(table).is_empty());
    }
    assert!(of_person().columns(Table::Points).is_empty(), "nothing of a point is looked at without a series");
    catalog.resources.forget(&[crate::catalog::wide_id(found.resources[0])]).unwrap();
    catalog.series.forget(&found.series).unwrap();
    assert_eq!(of_person().resolve(&catalog), SubjectIds::default(), "blanks are nobody");
}

#[test]
fn rows_that_stay_are_as_they_were() {
    for (table, batch) in every_table() {
        assert_eq!(of_person().revise(table, &batch).unwrap(), batch, "{}", table.name());
        let traces = Subject::new([[2; 16]], &[]);
        let kept: UInt64Array = (0..3).filter(|row| !traces.rows(table, &batch)[*row as usize]).map(Some).collect();
        let revised = traces.revise(table, &batch).unwrap();
        if table != Table::Spans {
            assert_eq!(revised, take_record_batch(&batch, &kept).unwrap(), "{}", table.name());
        }
    }
}
