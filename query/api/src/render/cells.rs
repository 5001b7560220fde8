//! One column's values, each written on demand. The type is looked at once a column, not once a cell.

use arrow::array::{Array, ArrayAccessor, AsArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType,
    IntervalUnit, IntervalYearMonthType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::nested;
use super::text::{
    push_base64_string, push_double, push_hex_string, push_integer, push_plain_string, push_single, push_string,
    push_unsigned,
};
use super::time_text::{push_day, push_moment, push_period, push_time_of_day};

type Write<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;
type Text<'a> = Box<dyn Fn(usize) -> &'a str + 'a>;

/// A column.
pub(crate) struct Cells<'a> {
    nulls: Option<NullBuffer>,
    write: Write<'a>,
    /// Where the values are text: the text itself.
    text: Option<Text<'a>>,
}

impl<'a> Cells<'a> {
    pub(crate) fn of(array: &'a dyn Array) -> Self {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        if let Some(text) = text_of(array) {
            return Self { nulls, write: Box::new(|_, _| ()), text: Some(text) };
        }
        Self { nulls, write: scalar(array).unwrap_or_else(|| nested::write(array)), text: None }
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// The text of a cell that is not null, where the column is text.
    pub(crate) fn text(&self, row: usize) -> Option<&'a str> {
        self.text.as_ref().map(|text| text(row))
    }

    pub(crate) fn push_json(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
        } else if let Some(text) = &self.text {
            push_string(out, text(row));
        } else {
            (self.write)(row, out);
        }
    }
}

fn text_of<'a>(array: &'a dyn Array) -> Option<Text<'a>> {
    match array.data_type() {
        DataType::Utf8 => Some(accessor(array.as_string::<i32>())),
        DataType::LargeUtf8 => Some(accessor(array.as_string::<i64>())),
        DataType::Utf8View => Some(accessor(array.as_string_view())),
        DataType::Dictionary(_, values) if values.is_string() => {
            let dictionary = array.as_any_dictionary();
            let text = text_of(dictionary.values().as_ref())?;
            let keys = dictionary.normalized_keys();
            Some(Box::new(move |row| text(keys[row])))
        }
        _ => None,
    }
}

fn accessor<'a, A: ArrayAccessor<Item = &'a str> + 'a>(array: A) -> Text<'a> {
    Box::new(move |row| array.value(row))
}

fn scalar<'a>(array: &'a dyn Array) -> Option<Write<'a>> {
    Some(match array.data_type() {
        DataType::Null => Box::new(|_, out| out.extend_from_slice(b"null")),
        DataType::Boolean => {
            let array = array.as_boolean();
            Box::new(move |row, out| out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }))
        }
        DataType::Int8 => values::<Int8Type>(array, |value, out| push_integer(out, value.into())),
        DataType::Int16 => values::<Int16Type>(array, |value, out| push_integer(out, value.into())),
        DataType::Int32 => values::<Int32Type>(array, |value, out| push_integer(out, value.into())),
        DataType::Int64 => values::<Int64Type>(array, |value, out| push_integer(out, value)),
        DataType::UInt8 => values::<UInt8Type>(array, |value, out| push_unsigned(out, value.into())),
        DataType::UInt16 => values::<UInt16Type>(array, |value, out| push_unsigned(out, value.into())),
        DataType::UInt32 => values::<UInt32Type>(array, |value, out| push_unsigned(out, value.into())),
        DataType::UInt64 => values::<UInt64Type>(array, |value, out| push_unsigned(out, value)),
        DataType::Float16 => values::<Float16Type>(array, |value, out| push_single(out, value.to_f32())),
        DataType::Float32 => values::<Float32Type>(array, |value, out| push_single(out, value)),
        DataType::Float64 => values::<Float64Type>(array, |value, out| push_double(out, value)),
        DataType::Decimal32(..) => decimals::<Decimal32Type>(array),
        DataType::Decimal64(..) => decimals::<Decimal64Type>(array),
        DataType::Decimal128(..) => decimals::<Decimal128Type>(array),
        DataType::Decimal256(..) => decimals::<Decimal256Type>(array),
        other => return binary(array).or_else(|| temporal(array, other)),
    })
}

fn decimals<'a, T: arrow::datatypes::DecimalType>(array: &'a dyn Array) -> Write<'a> {
    let array: &PrimitiveArray<T> = array.as_primitive();
    Box::new(move |row, out| push_plain_string(out, array.value_as_string(row)))
}

fn binary<'a>(array: &'a dyn Array) -> Option<Write<'a>> {
    fn base64<'a, A: ArrayAccessor<Item = &'a [u8]> + 'a>(array: A) -> Write<'a> {
        Box::new(move |row, out| push_base64_string(out, array.value(row)))
    }
    Some(match array.data_type() {
        DataType::Binary => base64(array.as_binary::<i32>()),
        DataType::LargeBinary => base64(array.as_binary::<i64>()),
        DataType::BinaryView => base64(array.as_binary_view()),
        DataType::FixedSizeBinary(8 | 16) => {
            let ids = array.as_fixed_size_binary();
            Box::new(move |row, out| push_hex_string(out, ids.value(row)))
        }
        DataType::FixedSizeBinary(_) => base64(array.as_fixed_size_binary()),
        _ => return None,
    })
}

fn values<'a, T: ArrowPrimitiveType>(array: &'a dyn Array, push: impl Fn(T::Native, &mut Vec<u8>) + 'a) -> Write<'a> {
    let array: &PrimitiveArray<T> = array.as_primitive();
    Box::new(move |row, out| push(array.value(row), out))
}

const MILLIS: i64 = 1000;
const MICROS: i64 = 1_000_000;
const NANOS: i64 = 1_000_000_000;

fn moments<'a, T: ArrowPrimitiveType<Native = i64>>(array: &'a dyn Array, parts: i64) -> Option<Write<'a>> {
    Some(values::<T>(array, move |value, out| push_moment(out, value, parts)))
}

fn lengths<'a, T: ArrowPrimitiveType<Native = i64>>(array: &'a dyn Array, parts: i64) -> Option<Write<'a>> {
    Some(values::<T>(array, move |value, out| push_period(out, 0, 0, i128::from(value) * i128::from(NANOS / parts))))
}

fn temporal<'a>(array: &'a dyn Array, data_type: &DataType) -> Option<Write<'a>> {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, _) => moments::<TimestampSecondType>(array, 1),
        DataType::Timestamp(TimeUnit::Millisecond, _) => moments::<TimestampMillisecondType>(array, MILLIS),
        DataType::Timestamp(TimeUnit::Microsecond, _) => moments::<TimestampMicrosecondType>(array, MICROS),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => moments::<TimestampNanosecondType>(array, NANOS),
        DataType::Duration(TimeUnit::Second) => lengths::<DurationSecondType>(array, 1),
        DataType::Duration(TimeUnit::Millisecond) => lengths::<DurationMillisecondType>(array, MILLIS),
        DataType::Duration(TimeUnit::Microsecond) => lengths::<DurationMicrosecondType>(array, MICROS),
        DataType::Duration(TimeUnit::Nanosecond) => lengths::<DurationNanosecondType>(array, NANOS),
        DataType::Date32 => Some(values::<Date32Type>(array, |days, out| push_day(out, days.into()))),
        DataType::Date64 => {
            Some(values::<Date64Type>(array, |millis, out| push_day(out, millis.div_euclid(86_400_000))))
        }
        DataType::Time32(TimeUnit::Second) => {
            Some(values::<Time32SecondType>(array, |value, out| push_time_of_day(out, value.into(), 1)))
        }
        DataType::Time32(_) => {
            Some(values::<Time32MillisecondType>(array, |value, out| push_time_of_day(out, value.into(), MILLIS)))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            Some(values::<Time64MicrosecondType>(array, |value, out| push_time_of_day(out, value, MICROS)))
        }
        DataType::Time64(_) => {
            Some(values::<Time64NanosecondType>(array, |value, out| push_time_of_day(out, value, NANOS)))
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            Some(values::<IntervalYearMonthType>(array, |months, out| push_period(out, months.into(), 0, 0)))
        }
        DataType::Interval(IntervalUnit::DayTime) => Some(values::<IntervalDayTimeType>(array, |value, out| {
            push_period(out, 0, value.days.into(), i128::from(value.milliseconds) * 1_000_000);
        })),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            Some(values::<IntervalMonthDayNanoType>(array, |value, out| {
                push_period(out, value.months.into(), value.days.into(), value.nanoseconds.into());
            }))
        }
        _ => None,
    }
}
