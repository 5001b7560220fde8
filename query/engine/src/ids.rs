//! Ids in SQL: bytes in the tables, hex on the tongue.
//!
//! Owns the reading of id literals (`trace_id = '5b8e…'`), and the functions `hex`, `last_byte`, `trace_id`
//! and `span_id`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, Int32Array, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_datafusion_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use spanlake_schemas::ids::{IdError, SpanId, TraceId, to_hex};

/// The functions that people may call.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::new_from_impl(Hex::default()),
        ScalarUDF::new_from_impl(LastByte::default()),
        ScalarUDF::new_from_impl(ParseId::new("trace_id", 16)),
        ScalarUDF::new_from_impl(ParseId::new("span_id", 8)),
    ]
}

fn parse(text: &str, width: i32) -> Result<Vec<u8>, IdError> {
    if width == 8 {
        return SpanId::parse_any(text).map(|id| id.0.to_vec());
    }
    TraceId::parse_any(text).map(|id| id.0.to_vec())
}

/// The id that a text literal stands for, beside a column of this type.
pub(crate) fn literal_of(expr: &Expr, beside: &DataType) -> Result<Option<Expr>> {
    let DataType::FixedSizeBinary(width @ (8 | 16)) = beside else { return Ok(None) };
    let Expr::Literal(value, metadata) = expr else { return Ok(None) };
    let Some(text) = value.try_as_str() else { return Ok(None) };
    let bytes = match text {
        Some(text) => Some(parse(text, *width).map_err(|error| plan_datafusion_err!("{error}"))?),
        None => None,
    };
    Ok(Some(Expr::Literal(ScalarValue::FixedSizeBinary(*width, bytes), metadata.clone())))
}

/// `hex(id)`: lower-case hex of any bytes.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Hex {
    signature: Signature,
}

impl Default for Hex {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Hex {
    fn name(&self) -> &str {
        "hex"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [one]
                if one.is_binary()
                    || matches!(one, DataType::FixedSizeBinary(_))
                    || one.is_null()
                    || one.is_string() =>
            {
                Ok(vec![DataType::Binary])
            }
            _ => plan_err!("hex takes one id"),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let ids = arrays[0].as_binary::<i32>();
        let mut texts = StringBuilder::with_capacity(ids.len(), ids.len() * 32);
        for row in 0..ids.len() {
            texts.append_option(ids.is_valid(row).then(|| to_hex(ids.value(row))));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

/// `last_byte(id)`: a number from 0 to 255. The last bytes of trace ids are random, so that those with one of them are a
/// fair sample of whole traces.
#[derive(Debug, PartialEq, Eq, Hash)]
struct LastByte {
    signature: Signature,
}

impl Default for LastByte {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for LastByte {
    fn name(&self) -> &str {
        "last_byte"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [id @ DataType::FixedSizeBinary(_)] => Ok(vec![id.clone()]),
            _ => plan_err!("last_byte takes one id"),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let ids = arrays[0].as_fixed_size_binary();
        let last = ids.iter().map(|id| id.and_then(|id| id.last()).map(|byte| i32::from(*byte)));
        Ok(ColumnarValue::Array(Arc::new(last.collect::<Int32Array>())))
    }
}

/// `trace_id('…')`, `span_id('…')`: an id from any of its spellings.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ParseId {
    signature: Signature,
    name: &'static str,
    width: i32,
}

impl ParseId {
    fn new(name: &'static str, width: i32) -> Self {
        Self { signature: Signature::string(1, Volatility::Immutable), name, width }
    }
}

impl ScalarUDFImpl for ParseId {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::FixedSizeBinary(self.width))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if let [ColumnarValue::Scalar(value)] = args.args.as_slice() {
            let id = match value.try_as_str().flatten() {
                Some(text) => Some(parse(text, self.width).map_err(|error| plan_datafusion_err!("{error}"))?),
                None => None,
            };
            return Ok(ColumnarValue::Scalar(ScalarValue::FixedSizeBinary(self.width, id)));
        }
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let texts: ArrayRef = cast(&arrays[0], &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let mut ids = FixedSizeBinaryBuilder::with_capacity(texts.len(), self.width);
        for row in 0..texts.len() {
            if texts.is_null(row) {
                ids.append_null();
                continue;
            }
            let id = parse(texts.value(row), self.width).map_err(|error| plan_datafusion_err!("{error}"))?;
            ids.append_value(id)?;
        }
        Ok(ColumnarValue::Array(Arc::new(ids.finish())))
    }
}
