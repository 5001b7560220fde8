use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, MapBuilder, MapFieldNames, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;
use spanlake_schemas::tables::attribute_map;

use super::*;

type Row = Vec<(String, Option<String>, char)>;

/// A batch with a column of numbers, a map and its letters.
fn batch(rows: &[Row]) -> RecordBatch {
    let names = MapFieldNames { entry: "entries".into(), key: "keys".into(), value: "values".into() };
    let mut map = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    let mut types = StringBuilder::new();
    for row in rows {
        for (key, value, _) in row {
            map.keys().append_value(key);
            map.values().append_option(value.as_deref());
        }
        map.append(true).unwrap();
        let letters: String = row.iter().map(|(_, _, letter)| *letter).collect();
        types.append_option((!letters.chars().all(|letter| letter == TEXT)).then_some(letters));
    }
    let numbers = Int64Array::from_iter_values(0..i64::try_from(rows.len()).unwrap());
    let columns: Vec<ArrayRef> = vec![Arc::new(numbers), Arc::new(map.finish()), Arc::new(types.finish())];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("number", DataType::Int64, false),
        Field::new(MAP, attribute_map(), true),
        Field::new(TYPES, DataType::Utf8, true),
    ]))
}

/// What the rows say, whatever the order of entries.
fn sorted_rows(batch: &RecordBatch) -> Vec<Row> {
    let map = batch.column_by_name(MAP).unwrap().as_map();
    let types = batch.column_by_name(TYPES).unwrap().as_string::<i32>();
    let (keys, values) = (map.keys().as_string::<i32>(), map.values().as_string::<i32>());
    let row = |row: usize| {
        let entries = count::entries(map, row).enumerate();
        let mut entries: Row = entries
            .map(|(place, entry)| {
                let value = values.is_valid(entry).then(|| values.value(entry).to_owned());
                (keys.value(entry).to_owned(), value, char::from(count::letter_at(Some(types), row, place)))
            })
            .collect();
        entries.sort();
        entries
    };
    (0..batch.num_rows()).map(row).collect()
}

fn entry(key: &str, value: &str, letter: char) -> (String, Option<String>, char) {
    (key.to_owned(), Some(value.to_owned()), letter)
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let one = (0..7_usize, 0..4_usize, 0..12_usize).prop_map(|(key, value, odd)| {
        let letter = if odd == 0 { 'd' } else { ['s', 's', 'i', 's', 'b', 's', 's'][key] };
        let value = (odd != 1 || key != 3).then(|| format!("v{value}"));
        (format!("k{key}"), value, letter)
    });
    prop::collection::vec(prop::collection::vec(one, 0..6), 0..60)
}

proptest! {
    #[test]
    fn what_is_split_and_joined_is_what_it_was(rows in rows()) {
        let batch = batch(&rows);
        let note = note_of_batches(&[&batch]).unwrap().with_columns(rows.len() as u64);
        let split = Splitter::new(&note, &schema(), false).split(&batch).unwrap();
        let read = AttributeNote::of_schema(split.schema_ref()).unwrap();
        prop_assert_eq!(&read, &note);
        let joined = join(&split, &schema(), &read).unwrap();
        prop_assert_eq!(sorted_rows(&joined), sorted_rows(&batch));
        prop_assert_eq!(joined.schema(), schema());
        for noted in note.columns() {
            let map = split.column_by_name(MAP).unwrap().as_map();
            prop_assert!(map.keys().as_string::<i32>().iter().flatten().all(|key| key != noted.key));
            // Whoever wants this key alone reads its column alone.
            let place = split.schema().index_of(&noted.column()).unwrap();
            let alone = join(&split.project(&[place]).unwrap(), &schema(), &read).unwrap();
            let of_key = |row: Row| row.into_iter().filter(|(key, ..)| *key == noted.key).collect::<Row>();
            prop_assert_eq!(sorted_rows(&alone), sorted_rows(&batch).into_iter().map(of_key).collect::<Vec<_>>());
        }
    }

    #[test]
    fn copies_leave_the_map_alone(rows in rows()) {
        let batch = batch(&rows);
        let note = note_of_batches(&[&batch]).unwrap().with_columns(rows.len() as u64);
        let split = Splitter::new(&note, &schema(), true).split(&batch).unwrap();
        prop_assert_eq!(split.column(1).to_data(), batch.column(1).to_data());
        prop_assert_eq!(split.column(2).to_data(), batch.column(2).to_data());
        prop_assert_eq!(split.num_columns(), 3 + note.columns().count());
    }
}

#[test]
fn frequent_keys_of_one_type_get_columns() {
    let mut rows: Vec<Row> = (0..200).map(|_| vec![entry("often", "a", 's'), entry("mixed", "1", 'i')]).collect();
    rows[7] = vec![entry("mixed", "x", 's'), entry("seldom", "b", 's')];
    rows[8] = vec![entry("twice", "1", 's'), entry("twice", "2", 's')];
    rows.extend((0..20).map(|_| vec![entry("Often", "A", 's'), entry("twice", "1", 's'), entry("number", "5", 'i')]));
    let note = note_of_batches(&[&batch(&rows)]).unwrap().with_columns(rows.len() as u64);
    let columns: Vec<_> = note.columns().map(|noted| (noted.key.as_str(), noted.letter)).collect();
    assert_eq!(columns, [("often", Some('s')), ("number", Some('i'))]);
    assert!(note.lacks("other") && !note.lacks("seldom"));
}

#[test]
fn a_merged_note_has_no_column_where_files_disagree_or_one_says_nothing() {
    let one = note_of_batches(&[&batch(&[vec![entry("a", "1", 'i'), entry("b", "x", 's')]])]).unwrap();
    let other = note_of_batches(&[&batch(&[vec![entry("a", "y", 's')], vec![entry("c", "x", 's')]])]).unwrap();
    let merged = AttributeNote::merged([Some(one.clone().with_columns(1)), Some(other)]).with_columns(3);
    let columns: Vec<_> = merged.columns().map(|noted| noted.key.as_str()).collect();
    assert_eq!(columns, ["b", "c"]);
    assert_eq!(merged.key("a").unwrap().rows, 2);
    let unknown = AttributeNote::merged([Some(one), None]).with_columns(1);
    assert_eq!(unknown.columns().count(), 0);
    assert!(!unknown.lacks("z"));
}

#[test]
fn more_keys_than_a_note_holds_leave_it_incomplete() {
    let rows: Vec<Row> = (0..400).map(|index| vec![entry(&format!("k{index:03}"), "v", 's')]).collect();
    let note = note_of_batches(&[&batch(&rows)]).unwrap().with_columns(400);
    assert_eq!((note.keys.len(), note.complete, note.columns().count()), (KEYS_MAX, false, 0));
    assert!(!note.lacks("nothing"));
}

#[test]
fn a_row_that_was_not_counted_is_refused() {
    let note = note_of_batches(&[&batch(&[vec![entry("a", "1", 'i')]])]).unwrap().with_columns(1);
    let splitter = Splitter::new(&note, &schema(), false);
    let error = splitter.split(&batch(&[vec![entry("a", "1", 's')]])).unwrap_err();
    assert!(error.to_string().contains("\"a\""), "{error}");
}
