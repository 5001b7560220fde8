//! A span as a bar on the time axis, in eighths of a column, and how durations are written.

/// From one eighth to seven, filled from the left.
const FROM_LEFT: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The time that a row of columns stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) columns: usize,
}

impl Axis {
    /// Nanoseconds from its start to its end; at least one.
    pub(super) fn length(self) -> u64 {
        self.end.abs_diff(self.start).max(1)
    }

    /// Blank up to the start, blocks up to the end; every bar is seen, however short.
    pub(super) fn bar(self, start: i64, end: i64) -> (String, String) {
        let last = self.columns * 8;
        let from = self.eighth(start).min(last.saturating_sub(1));
        let to = self.eighth(end).clamp(from + 1, last.max(from + 1));
        let (column, filled_in_last) = (from / 8, to % 8);
        let mut blocks = String::new();
        let mut next = column;
        if from > column * 8 && to > (column + 1) * 8 {
            // Blocks that fill from the right come in two sizes besides the whole one.
            blocks.push(if from % 8 >= 6 {
                '▕'
            } else if from % 8 >= 3 {
                '▐'
            } else {
                '█'
            });
            next += 1;
        }
        if to <= (column + 1) * 8 && from > column * 8 {
            let width = to - from;
            blocks.push(if from % 8 >= 6 {
                '▕'
            } else if width >= 4 {
                '▐'
            } else {
                FROM_LEFT[width - 1]
            });
            return (" ".repeat(column), blocks);
        }
        blocks.extend(std::iter::repeat_n('█', (to / 8).saturating_sub(next)));
        if filled_in_last > 0 {
            blocks.push(FROM_LEFT[filled_in_last - 1]);
        }
        (" ".repeat(column), blocks)
    }

    fn eighth(self, time: i64) -> usize {
        let after = u128::from(time.max(self.start).abs_diff(self.start));
        let eighths = after * (self.columns as u128 * 8) / u128::from(self.length());
        usize::try_from(eighths).unwrap_or(usize::MAX).min(self.columns * 8)
    }
}

/// Three digits and a unit: `153 ms`, `1.53 s`, `2 m 05 s`.
pub(super) fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    let scaled = |unit: u64, name: &str| {
        #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
        let number = size as f64 / unit as f64;
        let digits = if number < 9.995 {
            2
        } else if number < 99.95 {
            1
        } else {
            0
        };
        let text = format!("{number:.digits$}");
        let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
        format!("{sign}{text} {name}")
    };
    match size {
        0..1_000 => format!("{sign}{size} ns"),
        1_000..999_500 => scaled(1_000, "µs"),
        999_500..999_500_000 => scaled(1_000_000, "ms"),
        999_500_000..60_000_000_000 => scaled(1_000_000_000, "s"),
        _ => {
            let seconds = size / 1_000_000_000;
            let (minutes, hours) = (seconds / 60, seconds / 3600);
            match hours {
                0 => format!("{sign}{minutes} m {:02} s", seconds % 60),
                1..48 => format!("{sign}{hours} h {:02} m", minutes % 60),
                48..2_400 => format!("{sign}{} d {:02} h", hours / 24, hours % 24),
                2_400..87_600 => format!("{sign}{} d", hours / 24),
                _ => format!("{sign}{} y", hours / 8_766),
            }
        }
    }
}
