//! Rows, exceptions and log records, each on one line that fits the width.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use spanlake_schemas::ids::to_hex;
use spanlake_schemas::trace_tree::{RowOf, SpanShape, TraceRow, TraceTree};

use super::super::terminal::{Style, clean, columns, cut, padding, paint};
use super::answer::{LogRecord, Span, TraceAnswer};
use super::bar::{Axis, duration};

/// How a trace is drawn.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct View {
    pub(in super::super) width: usize,
    pub(in super::super) colours: bool,
    pub(in super::super) logs: bool,
}

const DURATION_COLUMNS: usize = 9;
/// Columns of one level of the tree.
const LEVEL: usize = 2;

struct Waterfall<'a> {
    trace: &'a TraceAnswer,
    tree: TraceTree,
    view: View,
    axis: Axis,
    label_columns: usize,
    /// Levels that are drawn; deeper rows are told by number.
    levels_max: usize,
    service_index: HashMap<&'a str, usize>,
    logs: HashMap<&'a str, Vec<&'a LogRecord>>,
}

/// Paints a whole trace.
pub(in super::super) fn draw(trace: &TraceAnswer, view: View, out: &mut dyn Write) -> io::Result<()> {
    let shapes: Vec<SpanShape> = trace.spans.iter().map(Span::shape).collect();
    let tree = TraceTree::build(&shapes);
    let label_columns = (view.width * 45 / 100).clamp(18, 70);
    let bar_columns = view.width.saturating_sub(label_columns + DURATION_COLUMNS + 3).max(8);
    let services: BTreeSet<&str> = trace.spans.iter().map(Span::service).collect();
    let mut waterfall = Waterfall {
        axis: Axis { start: tree.start_time, end: tree.end_time, columns: bar_columns },
        levels_max: (label_columns / 2 / LEVEL).max(1),
        service_index: services.into_iter().enumerate().map(|(index, service)| (service, index)).collect(),
        logs: HashMap::new(),
        trace,
        tree,
        view,
        label_columns,
    };
    if view.logs {
        for log in &trace.logs {
            waterfall.logs.entry(log.span_id.as_deref().unwrap_or("")).or_default().push(log);
        }
        for logs in waterfall.logs.values_mut() {
            logs.sort_by_key(|log| log.at());
        }
    }
    waterfall.draw(out)
}

impl<'a> Waterfall<'a> {
    fn draw(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.head(out)?;
        for index in 0..self.tree.rows.len() {
            let row = self.tree.rows[index].clone();
            self.row(&row, out)?;
            if let RowOf::Span(span) = row.of {
                let span = &self.trace.spans[span];
                let prefix = self.prefix_below(&row);
                for failure in span.failures() {
                    self.line(&prefix, &format!("✗ {}", clean(&failure)), Style::Red, out)?;
                }
                // The first span of an id has its log records.
                for log in self.logs.remove(span.span_id.as_str()).unwrap_or_default() {
                    self.log(&prefix, log, out)?;
                }
            }
        }
        let mut rest: Vec<&LogRecord> = self.logs.values().flatten().copied().collect();
        rest.sort_by_key(|log| log.at());
        if !rest.is_empty() {
            self.line("", "log records of no span here:", Style::Dim, out)?;
        }
        rest.into_iter().try_for_each(|log| self.log("", log, out))
    }

    fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let spans = self.trace.spans.len();
        let errors = self.trace.spans.iter().filter(|span| span.is_error()).count();
        let mut facts = vec![
            format!("trace {}", clean(&self.trace.trace_id)),
            counted(spans, "span"),
            counted(self.service_index.len(), "service"),
            duration(self.tree.end_time.saturating_sub(self.tree.start_time)),
        ];
        if errors > 0 {
            facts.push(counted(errors, "error"));
        }
        if !self.trace.logs.is_empty() {
            let hint = if self.view.logs { "" } else { " (--logs)" };
            facts.push(format!("{}{hint}", counted(self.trace.logs.len(), "log record")));
        }
        self.wrapped(&facts, " · ", Style::Bold, out)?;
        let faults = self.tree.faults;
        let odd: Vec<String> = [
            (faults.missing_parents, "missing parent"),
            (faults.cycles, "cycle"),
            (faults.repeated_ids, "repeated id"),
            (faults.negative_durations, "negative duration"),
            (if self.tree.roots > 1 { self.tree.roots } else { 0 }, "root"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count as usize, noun))
        .collect();
        if !odd.is_empty() {
            self.wrapped(&odd, ", ", Style::Red, out)?;
        }
        if spans > 0 { self.scale(out) } else { Ok(()) }
    }

    /// Words on as many lines as they need.
    fn wrapped(&self, words: &[String], between: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for word in words {
            if !line.is_empty() && columns(&line) + columns(between) + columns(word) > self.view.width {
                self.line("", &line, style, out)?;
                line.clear();
            }
            line.push_str(if line.is_empty() { "" } else { between });
            line.push_str(word);
        }
        self.line("", &line, style, out)
    }

    /// Times along the axis, as many as fit.
    fn scale(&self, out: &mut dyn Write) -> io::Result<()> {
        let length = i64::try_from(self.axis.length()).unwrap_or(i64::MAX);
        let ticks = (self.axis.columns / 14).clamp(1, 4);
        let mut scale = String::new();
        for tick in 0..ticks {
            let at = self.axis.columns * tick / ticks;
            let time = i64::try_from(i128::from(length) * tick as i128 / ticks as i128).unwrap_or(0);
            scale.push_str(&padding(&scale, at));
            scale.push_str(&if tick == 0 { "0".to_owned() } else { duration(time) });
        }
        let end = duration(length);
        let space = self.axis.columns.saturating_sub(columns(&scale) + columns(&end));
        if space > 0 {
            scale.push_str(&" ".repeat(space));
            scale.push_str(&end);
        }
        let left = " ".repeat(self.label_columns + DURATION_COLUMNS + 3);
        self.line("", &format!("{left}{scale}"), Style::Dim, out)
    }

    fn row(&self, row: &TraceRow, out: &mut dyn Write) -> io::Result<()> {
        let colours = self.view.colours;
        let prefix = self.prefix(row);
        let rest = self.label_columns.saturating_sub(columns(&prefix));
        let (label, time, style) = match row.of {
            RowOf::MissingParent(id) => {
                let text = format!("(missing span {})", to_hex(&id.0));
                (
                    paint(&cut(&text, rest), Style::Dim, colours) + &padding(&cut(&text, rest), rest),
                    String::new(),
                    Style::Dim,
                )
            }
            RowOf::Span(index) => {
                let span = &self.trace.spans[index];
                let style = if span.is_error() { Style::Red } else { self.service_style(span) };
                (self.label(span, row, rest), duration(span.duration), style)
            }
        };
        let (blank, blocks) = self.axis.bar(row.start_time, row.end_time);
        let time = cut(&time, DURATION_COLUMNS);
        let time_space = padding(&time, DURATION_COLUMNS);
        let bar = paint(if matches!(row.of, RowOf::Span(_)) { &blocks } else { "" }, style, colours);
        let line = format!("{}{label} {time_space}{time}  {blank}{bar}", paint(&prefix, Style::Dim, colours));
        writeln!(out, "{}", line.trim_end())
    }

    /// Mark, service and name, cut and padded to `width`.
    fn label(&self, span: &Span, row: &TraceRow, width: usize) -> String {
        let mut marks = String::new();
        for (is, mark) in [
            (span.is_error(), "✗ "),
            (row.cuts_cycle, "↻ "),
            (row.repeats_id, "(same id) "),
            (span.duration < 0, "(ends before it starts) "),
        ] {
            marks.push_str(if is { mark } else { "" });
        }
        let service = clean(span.service());
        let service = if service.is_empty() { service } else { format!("{service} ") };
        let name = if span.name.is_empty() { "(no name)".to_owned() } else { clean(&span.name) };
        let name_style = if span.is_error() { Style::Red } else { Style::Plain };
        let mut left = width;
        let mut label = String::new();
        for (text, style) in [(marks, name_style), (service, self.service_style(span)), (name, name_style)] {
            let shown = cut(&text, left);
            left = left.saturating_sub(columns(&shown));
            label.push_str(&paint(&shown, style, self.view.colours));
        }
        label + &" ".repeat(left)
    }

    fn service_style(&self, span: &Span) -> Style {
        Style::Service(self.service_index.get(span.service()).copied().unwrap_or(0))
    }

    /// The lines of the tree in front of a row.
    fn prefix(&self, row: &TraceRow) -> String {
        let elbow = match row.depth {
            0 => return String::new(),
            _ if row.is_last_child => "└─",
            _ => "├─",
        };
        self.rails(row) + elbow
    }

    /// The lines in front of what stands below a row.
    fn prefix_below(&self, row: &TraceRow) -> String {
        let rail = match (row.depth, row.is_last_child) {
            (0, _) => "",
            (_, true) => "  ",
            (_, false) => "│ ",
        };
        self.rails(row) + rail + if row.children > 0 { "│ " } else { "  " }
    }

    /// One rail for each ancestor that has more children below; of deep rows only the nearest, and the depth.
    fn rails(&self, row: &TraceRow) -> String {
        let mut rails = Vec::new();
        let mut above = row.parent_row.map(|parent| &self.tree.rows[parent]);
        let number = format!("{}⋯", row.depth);
        let room = self.levels_max.saturating_sub(columns(&number).div_ceil(LEVEL));
        let is_deep = row.depth as usize > self.levels_max;
        while let Some(ancestor) = above.filter(|ancestor| ancestor.depth > 0) {
            if is_deep && rails.len() >= room {
                break;
            }
            rails.push(if ancestor.is_last_child { "  " } else { "│ " });
            above = ancestor.parent_row.map(|parent| &self.tree.rows[parent]);
        }
        rails.reverse();
        if is_deep { number + &rails.concat() } else { rails.concat() }
    }

    fn log(&self, prefix: &str, log: &LogRecord, out: &mut dyn Write) -> io::Result<()> {
        let at = duration(log.at().saturating_sub(self.axis.start));
        let text = format!("· {at} {} {}", clean(&log.severity()), clean(&log.text()));
        self.line(prefix, &text, Style::Dim, out)
    }

    fn line(&self, prefix: &str, text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let text = cut(text, self.view.width.saturating_sub(columns(prefix)));
        let prefix = paint(prefix, Style::Dim, self.view.colours);
        writeln!(out, "{}", format!("{prefix}{}", paint(text.trim_end(), style, self.view.colours)).trim_end())
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
