//! Regular expressions that are written down, compiled once for a statement and asked once of each word.
//!
//! Owns how `text ~ 'pattern'` is computed. DataFusion compiles the pattern for every batch and asks it of every row, also where
//! a batch has few words many times, as names of spans are. What it answers is what DataFusion answers.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use regex::{Regex, RegexBuilder};

/// Words of a batch whose answer is kept, as a power of two.
const KEPT_BITS: u32 = 9;

/// The rule.
#[derive(Debug)]
pub(super) struct CompiledRegexes;

impl OptimizerRule for CompiledRegexes {
    fn name(&self) -> &str {
        "compiled_regexes"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(expr.transform_up(|expr| Ok(compiled(expr)))?.update_data(|expr| name.restore(expr)))
        })
    }
}

/// A comparison with a pattern that compiles; the rest is DataFusion's, its errors too.
fn compiled(expr: Expr) -> Transformed<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr else { return Transformed::no(expr) };
    let (ignores_case, is_negated) = match op {
        Operator::RegexMatch => (false, false),
        Operator::RegexIMatch => (true, false),
        Operator::RegexNotMatch => (false, true),
        Operator::RegexNotIMatch => (true, true),
        _ => return Transformed::no(expr),
    };
    let Expr::Literal(pattern, _) = right.as_ref() else { return Transformed::no(expr) };
    let Some(pattern) = pattern.try_as_str().flatten() else { return Transformed::no(expr) };
    let Ok(regex) = RegexBuilder::new(pattern).case_insensitive(ignores_case).build() else {
        return Transformed::no(expr);
    };
    let function = ScalarUDF::new_from_impl(MatchesRegex::of(regex, ignores_case));
    let matches = function.call(vec![left.as_ref().clone()]);
    Transformed::yes(if is_negated { Expr::Not(Box::new(matches)) } else { matches })
}

/// Whether a text matches the pattern; null of null.
#[derive(Debug)]
struct MatchesRegex {
    /// With the pattern, as plans show it.
    name: String,
    regex: Regex,
    signature: Signature,
}

impl MatchesRegex {
    fn of(regex: Regex, ignores_case: bool) -> Self {
        let flags = if ignores_case { "(?i)" } else { "" };
        let name = format!("matches '{flags}{}'", regex.as_str());
        Self { name, regex, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl PartialEq for MatchesRegex {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for MatchesRegex {}

impl Hash for MatchesRegex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for MatchesRegex {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [texts] = args.args.as_slice() else { return exec_err!("a regular expression is asked of one text") };
        let matches: ArrayRef = match texts {
            ColumnarValue::Array(texts) => Arc::new(self.of_texts(texts)?),
            ColumnarValue::Scalar(text) => Arc::new(self.of_texts(&text.to_array()?)?),
        };
        Ok(match texts {
            ColumnarValue::Array(_) => ColumnarValue::Array(matches),
            ColumnarValue::Scalar(_) => {
                ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&matches, 0)?)
            }
        })
    }
}

impl MatchesRegex {
    fn of_texts(&self, texts: &ArrayRef) -> Result<BooleanArray> {
        Ok(match texts.data_type() {
            DataType::Utf8View => self.of_views(texts.as_string_view()),
            DataType::Dictionary(..) => {
                let words = texts.as_any_dictionary();
                let of_words = self.of_texts(words.values())?;
                arrow::compute::take(&of_words, &arrow::array::make_array(words.keys().to_data()), None)?
                    .as_boolean()
                    .clone()
            }
            DataType::Utf8 => texts.as_string::<i32>().iter().map(|text| Some(self.regex.is_match(text?))).collect(),
            _ => self.of_views(cast(texts, &DataType::Utf8View)?.as_string_view()),
        })
    }

    /// Rows that were read from one word of a dictionary have the same view, and short texts are their own view: an answer by
    /// its view is right for all rows of the array that have it.
    fn of_views(&self, texts: &StringViewArray) -> BooleanArray {
        // No view is as long as this one says.
        let mut kept = [(u128::MAX, false); 1 << KEPT_BITS];
        let views = texts.views();
        let mut of_row = |row: usize| {
            let view = views[row];
            let place = &mut kept[slot(view)];
            if place.0 != view {
                *place = (view, self.regex.is_match(texts.value(row)));
            }
            place.1
        };
        let matches = match texts.nulls() {
            None => BooleanBuffer::collect_bool(texts.len(), of_row),
            Some(nulls) => BooleanBuffer::collect_bool(texts.len(), |row| nulls.is_valid(row) && of_row(row)),
        };
        BooleanArray::new(matches, texts.nulls().cloned())
    }
}

/// By multiplication, after Knuth.
fn slot(view: u128) -> usize {
    let folded = (view ^ (view >> 64)) as u64;
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - KEPT_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn every_form_of_text_is_asked_as_the_regex_is() {
        let texts: Vec<Option<String>> = (0..5_000)
            .map(|row| {
                (row % 7 != 3)
                    .then(|| format!("{}{}", if row % 2 == 0 { "GET /" } else { "a longer name of /" }, row % 1_500))
            })
            .collect();
        for (pattern, ignores_case) in
            [("^(?:GET .*)$", false), ("", false), ("get", true), ("/1[0-9]*$", false), ("nowhere", false)]
        {
            let regex = RegexBuilder::new(pattern).case_insensitive(ignores_case).build().unwrap();
            let expected: BooleanArray = texts.iter().map(|text| Some(regex.is_match(text.as_ref()?))).collect();
            let function = MatchesRegex::of(regex, ignores_case);
            let plain: ArrayRef = Arc::new(StringArray::from(texts.clone()));
            let words: DictionaryArray<Int32Type> = texts.iter().map(Option::as_deref).collect();
            let views = cast(&plain, &DataType::Utf8View).unwrap();
            // Views of a dictionary's words share their buffers.
            let shared = arrow::compute::take(&cast(words.values(), &DataType::Utf8View).unwrap(), words.keys(), None);
            for form in [plain, Arc::new(words), views, shared.unwrap()] {
                assert_eq!(function.of_texts(&form).unwrap(), expected, "{pattern} of {}", form.data_type());
            }
        }
    }
}
