//! What is known of a metric family: type, help and unit; and a bounded memory of families for senders that tell them
//! apart from samples (remote write 1.0).

use std::collections::HashMap;

/// Prometheus's types, numbered as in both versions of remote write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MetricType {
    #[default]
    Unknown = 0,
    Counter = 1,
    Gauge = 2,
    Histogram = 3,
    GaugeHistogram = 4,
    Summary = 5,
    Info = 6,
    StateSet = 7,
}

impl MetricType {
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
        Self::Info,
        Self::StateSet,
    ];

    /// By its number; what is not known is unknown.
    #[must_use]
    pub fn of_number(number: u64) -> Self {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied().unwrap_or_default()
    }

    /// By OpenMetrics' word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// OpenMetrics' word, as `/api/v1/metadata` shows it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// Whether a number series of such a family only grows. Of a summary that is not its quantiles.
    pub(super) fn is_counter(self, name: &str, family: &str) -> bool {
        match self {
            Self::Counter | Self::Histogram => true,
            Self::Summary => name.len() > family.len(),
            _ => false,
        }
    }

    /// The family of a series' name.
    pub(super) fn family_of(self, name: &str) -> &str {
        let suffixes: &[&str] = match self {
            Self::Histogram => &["_bucket", "_sum", "_count"],
            Self::GaugeHistogram => &["_bucket", "_gsum", "_gcount"],
            Self::Summary => &["_sum", "_count"],
            _ => &[],
        };
        suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|family| !family.is_empty()).unwrap_or(name)
    }
}

/// What a series is described by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Family<'a> {
    /// Empty where only the series' own name is known; it is taken off that then.
    pub name: &'a str,
    pub kind: MetricType,
    pub help: &'a str,
    pub unit: &'a str,
}

/// Families that were told, by name.
#[derive(Clone, Debug, Default)]
pub struct FamiliesMemory {
    families: HashMap<Box<str>, Remembered>,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Remembered {
    kind: MetricType,
    help: Box<str>,
    unit: Box<str>,
}

/// Beyond this nothing new is learnt: about 50,000 families with usual texts.
const MEMORY_BYTES_MAX: usize = 8 << 20;

impl FamiliesMemory {
    /// Whether this is known already, word for word.
    #[must_use]
    pub fn knows(&self, family: &Family<'_>) -> bool {
        self.families.get(family.name).is_some_and(|known| {
            known.kind == family.kind && *known.help == *family.help && *known.unit == *family.unit
        })
    }

    /// Keeps a family, in place of what was known of it.
    pub fn learn(&mut self, family: &Family<'_>) {
        if let Some(before) = self.families.remove(family.name) {
            self.bytes -= family.name.len() + before.help.len() + before.unit.len();
        }
        let bytes = family.name.len() + family.help.len() + family.unit.len();
        if self.bytes + bytes > MEMORY_BYTES_MAX {
            return;
        }
        self.bytes += bytes;
        let remembered = Remembered { kind: family.kind, help: family.help.into(), unit: family.unit.into() };
        self.families.insert(family.name.into(), remembered);
    }

    /// The family that a series belongs to by its name.
    #[must_use]
    pub fn family_of<'a>(&'a self, name: &'a str) -> Family<'a> {
        if let Some(family) = self.get(name) {
            return family;
        }
        // Counters of OpenMetrics are told without `_total`.
        let parts = ["_bucket", "_sum", "_count", "_total", "_gsum", "_gcount", "_info", "_created"];
        let of_part = parts.iter().find_map(|part| {
            let family = self.get(name.strip_suffix(part)?)?;
            // A gauge `x` says nothing of a series `x_count` that happens to be called so.
            let has_part = family.kind.family_of(name) != name
                || matches!((family.kind, *part), (MetricType::Counter, "_total") | (MetricType::Info, "_info"));
            has_part.then_some(family)
        });
        of_part.unwrap_or_default()
    }

    fn get<'a>(&'a self, name: &'a str) -> Option<Family<'a>> {
        let known = self.families.get(name)?;
        Some(Family { name, kind: known.kind, help: &known.help, unit: &known.unit })
    }
}
