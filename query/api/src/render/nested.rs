//! Values made of values: lists, structs, maps, unions, dictionaries and runs.

use std::ops::Range;

use arrow::array::{Array, AsArray, MapArray, RunArray, StructArray, UnionArray};
use arrow::datatypes::{DataType, Int16Type, Int32Type, Int64Type, RunEndIndexType};

use super::cells::Cells;
use super::text::{push_plain_string, push_string};

type Write<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

/// Writes any type that is no scalar.
pub(super) fn write<'a>(array: &'a dyn Array) -> Write<'a> {
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            items(list.values().as_ref(), |row| {
                list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize
            })
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            items(list.values().as_ref(), |row| {
                list.value_offsets()[row] as usize..list.value_offsets()[row + 1] as usize
            })
        }
        DataType::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            let length = list.value_length() as usize;
            items(list.values().as_ref(), move |row| {
                let start = list.value_offset(row) as usize;
                start..start + length
            })
        }
        DataType::ListView(_) => {
            let list = array.as_list_view::<i32>();
            items(list.values().as_ref(), |row| {
                let start = list.value_offset(row) as usize;
                start..start + list.value_size(row) as usize
            })
        }
        DataType::LargeListView(_) => {
            let list = array.as_list_view::<i64>();
            items(list.values().as_ref(), |row| {
                let start = list.value_offset(row) as usize;
                start..start + list.value_size(row) as usize
            })
        }
        DataType::Struct(_) => structs(array.as_struct()),
        DataType::Map(..) => maps(array.as_map()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = Cells::of(dictionary.values().as_ref());
            let keys = dictionary.normalized_keys();
            Box::new(move |row, out| values.push_json(keys[row], out))
        }
        DataType::Union(..) => unions(array.as_union()),
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array),
            DataType::Int32 => runs::<Int32Type>(array),
            _ => runs::<Int64Type>(array),
        },
        // A type that Arrow may add one day.
        other => {
            let name = format!("<{other}>");
            Box::new(move |_, out| push_plain_string(out, &name))
        }
    }
}

fn items<'a>(values: &'a dyn Array, range: impl Fn(usize) -> Range<usize> + 'a) -> Write<'a> {
    let values = Cells::of(values);
    Box::new(move |row, out| {
        out.push(b'[');
        for (position, item) in range(row).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            values.push_json(item, out);
        }
        out.push(b']');
    })
}

fn structs(array: &StructArray) -> Write<'_> {
    let fields: Vec<_> = array
        .fields()
        .iter()
        .zip(array.columns())
        .map(|(field, column)| (field.name(), Cells::of(column.as_ref())))
        .collect();
    Box::new(move |row, out| {
        out.push(b'{');
        for (position, (name, cells)) in fields.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            push_string(out, name);
            out.push(b':');
            cells.push_json(row, out);
        }
        out.push(b'}');
    })
}

fn maps(array: &MapArray) -> Write<'_> {
    let (keys, values) = (Cells::of(array.keys().as_ref()), Cells::of(array.values().as_ref()));
    Box::new(move |row, out| {
        let range = array.value_offsets()[row] as usize..array.value_offsets()[row + 1] as usize;
        out.push(b'{');
        for (position, entry) in range.enumerate() {
            if position > 0 {
                out.push(b',');
            }
            push_key(&keys, entry, out);
            out.push(b':');
            values.push_json(entry, out);
        }
        out.push(b'}');
    })
}

/// A key of an object is a string, whatever the type.
fn push_key(keys: &Cells<'_>, row: usize, out: &mut Vec<u8>) {
    if let Some(text) = keys.text(row) {
        return push_string(out, text);
    }
    let mut key = Vec::new();
    keys.push_json(row, &mut key);
    if key.first() == Some(&b'"') {
        out.extend_from_slice(&key);
    } else {
        push_string(out, &String::from_utf8_lossy(&key));
    }
}

fn unions(array: &UnionArray) -> Write<'_> {
    let DataType::Union(fields, _) = array.data_type() else { return Box::new(|_, _| ()) };
    let children: Vec<(i8, Cells<'_>)> =
        fields.iter().map(|(id, _)| (id, Cells::of(array.child(id).as_ref()))).collect();
    Box::new(move |row, out| {
        let id = array.type_id(row);
        match children.iter().find(|(child, _)| *child == id) {
            Some((_, cells)) => cells.push_json(array.value_offset(row), out),
            None => out.extend_from_slice(b"null"),
        }
    })
}

fn runs<T: RunEndIndexType>(array: &dyn Array) -> Write<'_> {
    let Some(runs) = array.as_any().downcast_ref::<RunArray<T>>() else {
        return Box::new(|_, out| out.extend_from_slice(b"null"));
    };
    let values = Cells::of(runs.values().as_ref());
    Box::new(move |row, out| values.push_json(runs.get_physical_index(row), out))
}
