//! The key that was probably meant.

/// `; did you mean "…"?`, or nothing where no key is near.
pub(super) fn hint<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let far_away = (written.chars().count() / 3).max(2);
    let near = known
        .filter_map(|key| {
            // The right word in the wrong group is nearer than any other word.
            let distance = if last(key) == last(written) { 0 } else { edits(written, key) };
            (distance <= far_away).then_some((distance, key))
        })
        .min();
    near.map_or_else(String::new, |(_, key)| format!("; did you mean {key:?}?"))
}

/// Insertions, deletions and replacements from one text to the other.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, char) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(char != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
