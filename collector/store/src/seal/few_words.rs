//! Whether a column holds a few words again and again: then a dictionary is all that it needs.
//!
//! Owns the guess from the first rows. Never looks at a whole file.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

/// Values that are looked at: the first, as every so-manyth could be the same word of a cycle.
const SAMPLE: usize = 1_024;
/// One word comes at least so often, on average; rarer ones may be the beginning of many.
const REPEATS_MIN: usize = 16;
/// Bytes of all words together: what a page of indexes into them does not make worth compressing.
const WORDS_BYTES_MAX: usize = 4 << 10;

/// Whether text has so few different values that compressing them and the indexes into them gains nothing. Said only of
/// text of which enough is there to tell; a guess that is wrong costs bytes, nothing else.
pub fn has_few_words(column: &ArrayRef) -> bool {
    if !matches!(column.data_type(), DataType::Utf8) {
        return false;
    }
    let texts = column.as_string::<i32>();
    let sample: Vec<&str> = texts.iter().flatten().take(SAMPLE).collect();
    let words: HashSet<&str> = sample.iter().copied().collect();
    let bytes: usize = words.iter().map(|word| word.len()).sum();
    !words.is_empty() && words.len() * REPEATS_MIN <= sample.len() && bytes <= WORDS_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn told(values: impl Iterator<Item = Option<String>>) -> bool {
        has_few_words(&(Arc::new(values.collect::<StringArray>()) as ArrayRef))
    }

    #[test]
    fn words_that_come_again_and_again_are_few() {
        assert!(told((0..8_192).map(|row| Some(format!("GET /{}", row % 40)))));
        assert!(told((0..8_192).map(|row| (row % 7 == 0).then(|| "error".to_owned()))));
    }

    #[test]
    fn values_that_vary_or_are_too_rare_to_tell_are_not() {
        assert!(!told((0..8_192).map(|row| Some(row.to_string()))));
        assert!(!told((0..8_192).map(|row| (row < 10).then(|| "error".to_owned()))));
        assert!(!told((0..8_192).map(|_| None)));
        assert!(!told((0..8_192).map(|row| Some(format!("{:02000}", row % 4)))));
        assert!(!has_few_words(&(Arc::new(Int64Array::from(vec![1; 100])) as ArrayRef)));
    }
}
