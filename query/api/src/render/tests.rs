//! Every type, exactly.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::*;

use super::*;

/// Each cell of a column as JSON.
fn json(array: &dyn Array) -> Vec<String> {
    let cells = Cells::of(array);
    let cell = |row| {
        let mut out = Vec::new();
        cells.push_json(row, &mut out);
        let text = String::from_utf8(out).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        text
    };
    (0..array.len()).map(cell).collect()
}

fn csv(array: ArrayRef) -> Vec<String> {
    let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
    let mut out = Vec::new();
    CsvBatch::of(&batch).push_lines(&mut out);
    let text = String::from_utf8(out).unwrap();
    text.strip_suffix('\n').unwrap().split('\n').map(str::to_owned).collect()
}

#[test]
fn integers_are_numbers_up_to_2_to_the_53() {
    let big = 9_007_199_254_740_992_i64;
    let array = Int64Array::from(vec![
        Some(0),
        Some(-5),
        Some(big),
        Some(-big),
        Some(big + 1),
        Some(-big - 1),
        Some(i64::MIN),
        None,
    ]);
    let expected = [
        "0",
        "-5",
        "9007199254740992",
        "-9007199254740992",
        "\"9007199254740993\"",
        "\"-9007199254740993\"",
        "\"-9223372036854775808\"",
        "null",
    ];
    assert_eq!(json(&array), expected);
    assert_eq!(json(&UInt64Array::from(vec![1, u64::MAX])), ["1", "\"18446744073709551615\""]);
    assert_eq!(json(&Int8Array::from(vec![-8])), ["-8"]);
    assert_eq!(json(&Int16Array::from(vec![-16])), ["-16"]);
    assert_eq!(json(&Int32Array::from(vec![-32])), ["-32"]);
    assert_eq!(json(&UInt8Array::from(vec![8])), ["8"]);
    assert_eq!(json(&UInt16Array::from(vec![16])), ["16"]);
    assert_eq!(json(&UInt32Array::from(vec![32])), ["32"]);
}

#[test]
fn doubles_that_json_lacks_are_strings() {
    let array = Float64Array::from(vec![1.5, -0.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    assert_eq!(json(&array), ["1.5", "-0.0", "1e+300", "\"NaN\"", "\"Infinity\"", "\"-Infinity\""]);
    assert_eq!(json(&Float32Array::from(vec![0.1, f32::NAN])), ["0.1", "\"NaN\""]);
}

#[test]
fn scalars_of_other_kinds() {
    assert_eq!(json(&BooleanArray::from(vec![Some(true), Some(false), None])), ["true", "false", "null"]);
    assert_eq!(json(&NullArray::new(2)), ["null", "null"]);
    let money = Decimal128Array::from(vec![12_345, -5]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(json(&money), ["\"123.45\"", "\"-0.05\""]);
    let wide = Decimal256Array::from(vec![i256::from_i128(7)]).with_precision_and_scale(40, 0).unwrap();
    assert_eq!(json(&wide), ["\"7\""]);
}

#[test]
fn text_is_escaped_in_all_layouts() {
    let texts = vec![Some("a \"b\"\\\n\u{1}ü"), None, Some("")];
    let expected = ["\"a \\\"b\\\"\\\\\\n\\u0001ü\"", "null", "\"\""];
    assert_eq!(json(&StringArray::from(texts.clone())), expected);
    assert_eq!(json(&LargeStringArray::from(texts.clone())), expected);
    assert_eq!(json(&StringViewArray::from(texts.clone())), expected);
    let dictionary: DictionaryArray<Int32Type> = texts.into_iter().collect();
    assert_eq!(json(&dictionary), expected);
}

#[test]
fn ids_are_hex_and_other_bytes_base64() {
    let ids = FixedSizeBinaryArray::try_from_iter([[0xab_u8; 16], [0x01; 16]].into_iter()).unwrap();
    assert_eq!(json(&ids), [format!("\"{}\"", "ab".repeat(16)), format!("\"{}\"", "01".repeat(16))]);
    let span = FixedSizeBinaryArray::try_from_sparse_iter_with_size(
        [None, Some([1_u8, 2, 3, 4, 5, 6, 7, 255])].into_iter(),
        8,
    )
    .unwrap();
    assert_eq!(json(&span), ["null", "\"01020304050607ff\""]);
    let four = FixedSizeBinaryArray::try_from_iter([[0x68_u8, 0x69, 0xff, 0]].into_iter()).unwrap();
    assert_eq!(json(&four), ["\"aGn/AA==\""]);
    assert_eq!(json(&BinaryArray::from_vec(vec![b"hi\xff"])), ["\"aGn/\""]);
    assert_eq!(json(&LargeBinaryArray::from_vec(vec![b"hi\xff"])), ["\"aGn/\""]);
    assert_eq!(json(&BinaryViewArray::from(vec![&b"hi\xff"[..]])), ["\"aGn/\""]);
}

#[test]
fn moments_have_nine_digits_and_utc() {
    let nanos = 1_732_165_200_123_456_789;
    let utc = TimestampNanosecondArray::from(vec![nanos, 0, -1, i64::MIN]).with_timezone("UTC");
    let expected = [
        "\"2024-11-21T05:00:00.123456789Z\"",
        "\"1970-01-01T00:00:00.000000000Z\"",
        "\"1969-12-31T23:59:59.999999999Z\"",
        "\"1677-09-21T00:12:43.145224192Z\"",
    ];
    assert_eq!(json(&utc), expected);
    assert_eq!(json(&TimestampMicrosecondArray::from(vec![nanos / 1000]))[0], "\"2024-11-21T05:00:00.123456000Z\"");
    assert_eq!(
        json(&TimestampMillisecondArray::from(vec![nanos / 1_000_000]).with_timezone("+02:00"))[0],
        "\"2024-11-21T05:00:00.123000000Z\""
    );
    assert_eq!(json(&TimestampSecondArray::from(vec![951_782_400]))[0], "\"2000-02-29T00:00:00.000000000Z\"");
    assert_eq!(json(&TimestampSecondArray::from(vec![253_402_300_800]))[0], "\"+010000-01-01T00:00:00.000000000Z\"");
}

#[test]
fn dates_times_and_periods_are_iso_8601() {
    assert_eq!(json(&Date32Array::from(vec![20_048, -1])), ["\"2024-11-21\"", "\"1969-12-31\""]);
    assert_eq!(json(&Date64Array::from(vec![1_732_147_200_000])), ["\"2024-11-21\""]);
    assert_eq!(json(&Time32SecondArray::from(vec![3723])), ["\"01:02:03.000000000\""]);
    assert_eq!(json(&Time32MillisecondArray::from(vec![3_723_004])), ["\"01:02:03.004000000\""]);
    assert_eq!(json(&Time64MicrosecondArray::from(vec![3_723_000_004])), ["\"01:02:03.000004000\""]);
    assert_eq!(json(&Time64NanosecondArray::from(vec![3_723_000_000_004])), ["\"01:02:03.000000004\""]);
    let lengths = DurationNanosecondArray::from(vec![153_000_000, -1_500_000_000, 0, 86_400_000_000_000]);
    assert_eq!(json(&lengths), ["\"PT0.153S\"", "\"PT-1.5S\"", "\"PT0S\"", "\"PT86400S\""]);
    assert_eq!(json(&DurationSecondArray::from(vec![2])), ["\"PT2S\""]);
    assert_eq!(json(&DurationMillisecondArray::from(vec![2])), ["\"PT0.002S\""]);
    assert_eq!(json(&DurationMicrosecondArray::from(vec![2])), ["\"PT0.000002S\""]);
    assert_eq!(json(&IntervalYearMonthArray::from(vec![14])), ["\"P14M\""]);
    assert_eq!(json(&IntervalDayTimeArray::from(vec![IntervalDayTime::new(1, 500)])), ["\"P1DT0.5S\""]);
    let interval = IntervalMonthDayNanoArray::from(vec![
        IntervalMonthDayNano::new(1, -2, 3_000_000_000),
        IntervalMonthDayNano::new(0, 0, 0),
    ]);
    assert_eq!(json(&interval), ["\"P1M-2DT3S\"", "\"PT0S\""]);
}

#[test]
fn lists_in_all_layouts_are_arrays() {
    let rows = vec![Some(vec![Some(1), None]), None, Some(vec![])];
    let expected = ["[1,null]", "null", "[]"];
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(rows.clone());
    assert_eq!(json(&list), expected);
    assert_eq!(json(&list.slice(1, 2)), expected[1..]);
    assert_eq!(json(&LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows)), expected);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), Some(2)]), None], 2);
    assert_eq!(json(&fixed), ["[1,2]", "null"]);
    assert_eq!(json(&fixed.slice(0, 1)), ["[1,2]"]);
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let view = ListViewArray::new(
        item,
        ScalarBuffer::from(vec![2, 0]),
        ScalarBuffer::from(vec![1, 2]),
        Arc::new(Int32Array::from(vec![7, 8, 9])),
        None,
    );
    assert_eq!(json(&view), ["[9]", "[7,8]"]);
}

#[test]
fn structs_and_maps_are_objects() {
    let fields = Fields::from(vec![Field::new("a", DataType::Int32, true), Field::new("b \"", DataType::Utf8, true)]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int32Array::from(vec![Some(1), None])), Arc::new(StringArray::from(vec!["x", "y"]))];
    assert_eq!(
        json(&StructArray::new(fields, columns, Some(vec![true, false].into()))),
        ["{\"a\":1,\"b \\\"\":\"x\"}", "null"]
    );
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    maps.keys().append_value("k");
    maps.values().append_null();
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    maps.keys().append_value("l");
    maps.values().append_value(3);
    maps.append(true).unwrap();
    let maps = maps.finish();
    assert_eq!(json(&maps), ["{\"k\":null}", "null", "{\"l\":3}"]);
    assert_eq!(json(&maps.slice(2, 1)), ["{\"l\":3}"]);
    let mut numbered = MapBuilder::new(None, Int32Builder::new(), BooleanBuilder::new());
    numbered.keys().append_value(5);
    numbered.values().append_value(true);
    numbered.append(true).unwrap();
    assert_eq!(json(&numbered.finish()), ["{\"5\":true}"]);
}

#[test]
fn encodings_show_their_values() {
    let keys = Int8Array::from(vec![Some(1), None, Some(0)]);
    let dictionary = DictionaryArray::new(keys, Arc::new(Int64Array::from(vec![Some(10), Some(20)])));
    assert_eq!(json(&dictionary), ["20", "null", "10"]);
    let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3]), &StringArray::from(vec![Some("x"), None]))
        .unwrap();
    assert_eq!(json(&runs), ["\"x\"", "\"x\"", "null"]);
    assert_eq!(json(&runs.slice(1, 2)), ["\"x\"", "null"]);
    let fields =
        UnionFields::try_new([0, 1], [Field::new("i", DataType::Int32, true), Field::new("t", DataType::Utf8, true)])
            .unwrap();
    let children: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(vec![5])), Arc::new(StringArray::from(vec!["u"]))];
    let union =
        UnionArray::try_new(fields, ScalarBuffer::from(vec![1_i8, 0]), Some(ScalarBuffer::from(vec![0, 0])), children)
            .unwrap();
    assert_eq!(json(&union), ["\"u\"", "5"]);
    let entries = ListArray::new(
        Arc::new(Field::new("item", DataType::Utf8, true)),
        OffsetBuffer::from_lengths([2]),
        Arc::new(StringArray::from(vec!["a", "b"])),
        None,
    );
    assert_eq!(json(&entries), ["[\"a\",\"b\"]"]);
}

#[test]
fn rows_are_arrays_with_commas_between() {
    let columns: [(&str, ArrayRef); 2] =
        [("n", Arc::new(Int32Array::from(vec![1, 2]))), ("t", Arc::new(StringArray::from(vec!["a", "b"])))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut out = Vec::new();
    push_rows(&batch, true, &mut out);
    push_rows(&batch.slice(0, 1), false, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "[1,\"a\"],[2,\"b\"],[1,\"a\"]");
}

#[test]
fn csv_quotes_what_needs_it() {
    let texts = StringArray::from(vec![Some("plain"), Some(""), None, Some("a,b"), Some("say \"x\""), Some(" pad")]);
    assert_eq!(csv(Arc::new(texts)), ["plain", "\"\"", "", "\"a,b\"", "\"say \"\"x\"\"\"", "\" pad\""]);
    assert_eq!(csv(Arc::new(StringArray::from(vec!["two\nlines"]))), ["\"two", "lines\""]);
    assert_eq!(csv(Arc::new(Int64Array::from(vec![i64::MAX]))), ["9223372036854775807"]);
    assert_eq!(csv(Arc::new(Float64Array::from(vec![f64::NAN, 0.5]))), ["NaN", "0.5"]);
    assert_eq!(csv(Arc::new(BooleanArray::from(vec![true]))), ["true"]);
    assert_eq!(csv(Arc::new(TimestampSecondArray::from(vec![0]))), ["1970-01-01T00:00:00.000000000Z"]);
    let ids = FixedSizeBinaryArray::try_from_iter([[0xab_u8; 8]].into_iter()).unwrap();
    assert_eq!(csv(Arc::new(ids)), ["abababababababab"]);
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), Some(2)])]);
    assert_eq!(csv(Arc::new(list)), ["\"[1,2]\""]);
    let schema = Schema::new(vec![Field::new("a", DataType::Int8, true), Field::new("b,c", DataType::Int8, true)]);
    let mut out = Vec::new();
    CsvBatch::push_header(&schema, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "a,\"b,c\"\n");
}

/// What a wide answer costs; `--nocapture` shows it.
#[test]
fn a_hundred_thousand_rows_of_ten_columns() {
    let rows = 100_000;
    let number: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let double: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(|row| row as f64 / 7.0)));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("GET /cart/{row}"))));
    let time: ArrayRef = Arc::new(TimestampNanosecondArray::from_iter_values((0..rows).map(|row| row * 1_000_000_007)));
    let id: ArrayRef =
        Arc::new(FixedSizeBinaryArray::try_from_iter((0..rows).map(|row| i128::from(row).to_le_bytes())).unwrap());
    let columns =
        (0..10).map(|column| (column.to_string(), Arc::clone([&number, &double, &text, &time, &id][column % 5])));
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let began = std::time::Instant::now();
    let mut out = Vec::new();
    push_rows(&batch, true, &mut out);
    println!("{} bytes in {:?}", out.len(), began.elapsed());
    assert!(out.len() > 10_000_000);
}
