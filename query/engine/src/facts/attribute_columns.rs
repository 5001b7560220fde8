//! Attributes that have columns of their own in one file: what a statement asks of maps, asked of those columns.
//!
//! Owns the rewrite of accesses to a key, and of whole maps. A key that the file's note lacks is null without a look.
//! Comparisons with text become comparisons of columns, which statistics and filters of values can answer. Never
//! changes what a statement means.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr, Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use spanlake_store::attribute_columns::{AttributeNote, Joined, MAP, NotedKey, TEXT, TYPES};

use crate::attributes::{Attribute, AttributeType, PromotedValue};

/// What is known of the map of one file.
#[derive(Debug)]
pub(super) struct FileAttributes {
    note: AttributeNote,
    physical: SchemaRef,
    /// Whether the map has also what has columns.
    is_map_whole: bool,
}

/// Where the values of a key are.
enum Place {
    /// In a column of text, and nowhere else.
    Column(Arc<dyn PhysicalExpr>),
    Nowhere,
    Map,
}

impl FileAttributes {
    /// Of a file with these columns; `None` where it says nothing of its map.
    pub(super) fn of(physical: &SchemaRef, is_cold: bool) -> Option<Self> {
        let note = AttributeNote::of_schema(physical)?;
        Some(Self { note, physical: Arc::clone(physical), is_map_whole: is_cold })
    }

    /// Whether the map itself has to be put together from columns.
    pub(super) fn is_split(&self) -> bool {
        !self.is_map_whole && self.note.columns().next().is_some()
    }

    /// The node in terms of the file's columns, where it asks for a key; `None`: it is something else.
    pub(super) fn rewritten(&self, node: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        if let Some(binary) = node.downcast_ref::<BinaryExpr>() {
            return match binary.op() {
                Operator::Or => self.without_other_letters(binary),
                _ => self.comparison(binary),
            };
        }
        let Some(call) = node.downcast_ref::<ScalarFunctionExpr>() else { return Ok(None) };
        let function = call.fun().inner();
        if function.downcast_ref::<Attribute>().is_some() {
            return self.value(call);
        }
        if function.downcast_ref::<AttributeType>().is_some() {
            return self.letter(call);
        }
        if function.downcast_ref::<PromotedValue>().is_some() {
            return self.promoted(call);
        }
        Ok(None)
    }

    /// The whole map or its letters, put together; `None` for other columns.
    pub(super) fn whole(&self, name: &str) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        if !self.is_split() || !matches!(name, MAP | TYPES) || self.physical.index_of(MAP).is_err() {
            return Ok(None);
        }
        let has_types = self.physical.index_of(TYPES).is_ok();
        let mut arguments = vec![self.stored(MAP)?];
        if has_types {
            arguments.push(self.stored(TYPES)?);
        }
        for noted in self.note.columns() {
            arguments.push(self.stored(&noted.column())?);
        }
        let columns = self.note.columns().map(|noted| (noted.key.clone(), noted.letter.unwrap_or(TEXT))).collect();
        let map = self.physical.field_with_name(MAP)?.data_type().clone();
        let target = if name == MAP { map } else { DataType::Utf8View };
        let function = JoinedAttributes {
            target: target.clone(),
            has_types,
            columns,
            signature: Signature::variadic_any(Volatility::Immutable),
        };
        Ok(Some(call(function, arguments, target)))
    }

    fn value(&self, access: &ScalarFunctionExpr) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let [map, key] = access.args() else { return Ok(None) };
        if !is_column(map, MAP) {
            return Ok(None);
        }
        Ok(Some(match self.place(key)? {
            Place::Column(column) => Arc::new(CastExpr::new(column, DataType::Utf8View, None)),
            Place::Nowhere => Arc::new(Literal::new(ScalarValue::Utf8View(None))),
            Place::Map => {
                let arguments = vec![self.stored(MAP)?, Arc::clone(key)];
                call(Attribute::default(), arguments, DataType::Utf8View)
            }
        }))
    }

    fn letter(&self, access: &ScalarFunctionExpr) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let [map, types, key] = access.args() else { return Ok(None) };
        if !is_column(map, MAP) || !is_column(without_cast(types), TYPES) {
            return Ok(None);
        }
        Ok(Some(match self.place(key)? {
            Place::Column(column) => {
                let letter = text_of(key).and_then(|key| self.note.key(key)).and_then(|noted| noted.letter);
                let function = LetterOfPresent {
                    letter: letter.unwrap_or(TEXT),
                    signature: Signature::any(1, Volatility::Immutable),
                };
                call(function, vec![column], DataType::Utf8View)
            }
            Place::Nowhere => Arc::new(Literal::new(ScalarValue::Utf8View(None))),
            Place::Map => {
                let types: Arc<dyn PhysicalExpr> = match self.physical.index_of(TYPES) {
                    Ok(_) => Arc::new(CastExpr::new(self.stored(TYPES)?, DataType::Utf8, None)),
                    Err(_) => Arc::new(Literal::new(ScalarValue::Utf8(None))),
                };
                let arguments = vec![self.stored(MAP)?, types, Arc::clone(key)];
                call(AttributeType::default(), arguments, DataType::Utf8View)
            }
        }))
    }

    /// Of a promoted key that no row has in its map, its column alone.
    fn promoted(&self, access: &ScalarFunctionExpr) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let [column, map, key] = access.args() else { return Ok(None) };
        let (true, Some(text)) = (is_column(map, MAP), text_of(key)) else { return Ok(None) };
        let Some(name) = column.downcast_ref::<Column>().map(Column::name) else { return Ok(None) };
        let column: Arc<dyn PhysicalExpr> = match self.physical.index_of(name) {
            Ok(_) => self.stored(name)?,
            Err(_) => Arc::new(Literal::new(ScalarValue::Utf8View(None))),
        };
        if self.note.lacks(text) {
            return Ok(Some(Arc::new(CastExpr::new(column, DataType::Utf8View, None))));
        }
        // An odd value may have a column too: the map is asked for as a whole.
        let map = match self.whole(MAP)? {
            Some(whole) => whole,
            None => self.stored(MAP)?,
        };
        Ok(Some(call(PromotedValue::default(), vec![column, map, Arc::clone(key)], DataType::Utf8View)))
    }

    /// A key compared with text, where it has a column.
    fn comparison(&self, binary: &BinaryExpr) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let (access, operator, literal) = match (text_of(binary.left()), text_of(binary.right())) {
            (None, Some(text)) => (binary.left(), Some(*binary.op()), text),
            (Some(text), None) => (binary.right(), binary.op().swap(), text),
            _ => return Ok(None),
        };
        let is_comparison = |operator: &Operator| operator.supports_propagation();
        let Some(operator) = operator.filter(is_comparison) else { return Ok(None) };
        let Some(column) = self.column_of(access)? else { return Ok(None) };
        let value = match column.data_type(&self.physical)? {
            DataType::Utf8 => ScalarValue::Utf8(Some(literal.to_owned())),
            DataType::Utf8View => ScalarValue::Utf8View(Some(literal.to_owned())),
            DataType::Int64 => match whole_number(literal) {
                // Texts of numbers are ordered otherwise than numbers.
                Some(number) if matches!(operator, Operator::Eq | Operator::NotEq) => ScalarValue::Int64(Some(number)),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(BinaryExpr::new(column, operator, Arc::new(Literal::new(value))))))
    }

    /// `attributes['k'] = 'v' or <the type of k> = 'a'` where all values of the key have another letter: the comparison alone. Both
    /// are null where the key is missing, so that nothing changes.
    fn without_other_letters(&self, binary: &BinaryExpr) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let Some((key, letter)) = letter_asked(binary.right()) else { return Ok(None) };
        let other = self.note.lacks(key)
            || self.note.key(key).and_then(|noted| noted.letter).is_some_and(|known| known.to_string() != letter);
        if !other || !compares(binary.left(), key) {
            return Ok(None);
        }
        let rewritten = Arc::clone(binary.left()).transform_down(|node| {
            Ok(match self.rewritten(&node)? {
                Some(node) => Transformed::new(node, true, TreeNodeRecursion::Jump),
                None => Transformed::no(node),
            })
        });
        Ok(Some(rewritten.data()?))
    }

    /// The one column that an access to a key reads, if it is one.
    fn column_of(&self, access: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let Some(call) = access.downcast_ref::<ScalarFunctionExpr>() else { return Ok(None) };
        let function = call.fun().inner();
        match call.args() {
            [map, key] if function.downcast_ref::<Attribute>().is_some() && is_column(map, MAP) => {
                Ok(match self.place(key)? {
                    Place::Column(column) => Some(column),
                    Place::Nowhere | Place::Map => None,
                })
            }
            [column, map, key] if function.downcast_ref::<PromotedValue>().is_some() && is_column(map, MAP) => {
                let name = column.downcast_ref::<Column>().map(Column::name);
                let lacks = text_of(key).is_some_and(|key| self.note.lacks(key));
                match name.filter(|name| lacks && self.physical.index_of(name).is_ok()) {
                    Some(name) => self.stored(name).map(Some),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn place(&self, key: &Arc<dyn PhysicalExpr>) -> Result<Place> {
        let Some(key) = text_of(key) else { return Ok(Place::Map) };
        if self.note.lacks(key) {
            return Ok(Place::Nowhere);
        }
        match self.note.key(key).filter(|noted| noted.has_column).map(NotedKey::column) {
            Some(column) => self.stored(&column).map(Place::Column),
            None => Ok(Place::Map),
        }
    }

    fn stored(&self, name: &str) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Column::new(name, self.physical.index_of(name)?)))
    }
}

fn call(
    function: impl ScalarUDFImpl + 'static,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    to: DataType,
) -> Arc<dyn PhysicalExpr> {
    let name = function.name().to_owned();
    let function = Arc::new(ScalarUDF::new_from_impl(function));
    let field = Arc::new(Field::new(&name, to, true));
    Arc::new(ScalarFunctionExpr::new(&name, function, arguments, field, Arc::new(ConfigOptions::default())))
}

fn is_column(expr: &Arc<dyn PhysicalExpr>, name: &str) -> bool {
    expr.downcast_ref::<Column>().is_some_and(|column| column.name() == name)
}

/// What is cast, where something is: scans give text as views, which functions take as text.
fn without_cast(expr: &Arc<dyn PhysicalExpr>) -> &Arc<dyn PhysicalExpr> {
    expr.downcast_ref::<CastExpr>().map_or(expr, CastExpr::expr)
}

fn text_of(expr: &Arc<dyn PhysicalExpr>) -> Option<&str> {
    expr.downcast_ref::<Literal>()?.value().try_as_str().flatten()
}

/// The key whose type is compared with a letter, and the letter.
fn letter_asked(expr: &Arc<dyn PhysicalExpr>) -> Option<(&str, &str)> {
    let binary = expr.downcast_ref::<BinaryExpr>().filter(|binary| *binary.op() == Operator::Eq)?;
    let (access, letter) = match (text_of(binary.left()), text_of(binary.right())) {
        (None, Some(letter)) => (binary.left(), letter),
        (Some(letter), None) => (binary.right(), letter),
        _ => return None,
    };
    let call = access.downcast_ref::<ScalarFunctionExpr>()?;
    call.fun().inner().downcast_ref::<AttributeType>()?;
    match call.args() {
        [map, types, key] if is_column(map, MAP) && is_column(without_cast(types), TYPES) => {
            Some((text_of(key)?, letter))
        }
        _ => None,
    }
}

/// Whether an expression compares the value of a key of the map with a literal, so that it is null where the key is missing.
fn compares(expr: &Arc<dyn PhysicalExpr>, key: &str) -> bool {
    let Some(binary) = expr.downcast_ref::<BinaryExpr>().filter(|binary| binary.op().supports_propagation()) else {
        return false;
    };
    let (access, literal) = match (text_of(binary.left()), text_of(binary.right())) {
        (None, Some(_)) => (binary.left(), binary.right()),
        _ => (binary.right(), binary.left()),
    };
    let Some(call) = access.downcast_ref::<ScalarFunctionExpr>() else { return false };
    let is_access = call.fun().inner().downcast_ref::<Attribute>().is_some();
    is_access
        && text_of(literal).is_some()
        && matches!(call.args(), [map, of] if is_column(map, MAP) && text_of(of) == Some(key))
}

/// The number that has just this text.
fn whole_number(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// The map, or its letters, of what is left in it, and columns.
#[derive(Debug, PartialEq, Eq, Hash)]
struct JoinedAttributes {
    target: DataType,
    has_types: bool,
    columns: Vec<(String, char)>,
    signature: Signature,
}

impl ScalarUDFImpl for JoinedAttributes {
    fn name(&self) -> &str {
        "joined_attributes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some((rest, columns)) = arrays.split_first() else { return plan_err!("joined_attributes takes a map") };
        let (types, columns) = if self.has_types { columns.split_at(1) } else { columns.split_at(0) };
        let types = types.first().map(|types| cast(types, &DataType::Utf8)).transpose()?;
        let texts = columns.iter().map(|column| cast(column, &DataType::Utf8));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let own: Vec<_> = self
            .columns
            .iter()
            .zip(&texts)
            .map(|((key, letter), text)| (key.as_str(), *letter, text.as_string::<i32>()))
            .collect();
        let joined = Joined::of(rest.as_map(), types.as_ref().map(|types| types.as_string::<i32>()), &own)?;
        let is_map = matches!(self.target, DataType::Map(_, _));
        Ok(ColumnarValue::Array(if is_map { joined.map } else { cast(&joined.types, &self.target)? }))
    }
}

/// The same letter wherever there is a value.
#[derive(Debug, PartialEq, Eq, Hash)]
struct LetterOfPresent {
    letter: char,
    signature: Signature,
}

impl ScalarUDFImpl for LetterOfPresent {
    fn name(&self) -> &str {
        "letter_of_present"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [column] = arrays.as_slice() else { return plan_err!("letter_of_present takes a column") };
        let letter = self.letter.to_string();
        let letters = (0..column.len()).map(|row| column.is_valid(row).then_some(letter.as_str()));
        Ok(ColumnarValue::Array(Arc::new(letters.collect::<arrow::array::StringViewArray>())))
    }
}
