//! What a range of samples usually is, and where it is heading with its seasons: functions that Prometheus does not have.
//!
//! Owns bands of mean and standard deviation, over the whole range or over the same hour of the week, and the additive
//! method of Holt and Winters (Hyndman, Athanasopoulos: *Forecasting: Principles and Practice*, 3rd edition, §8.3). All look
//! at floats only, and give nothing where there are too few to judge by.

use crate::annotations::Annotations;

use super::super::column::Point;
use super::super::window::Window;
use super::{Outcome, floats_only};

/// Fewer samples than this are no habit.
const SAMPLES_MIN: usize = 8;
const HOUR_MS: i64 = 3_600_000;
const WEEK_HOURS: i64 = 24 * 7;
/// Parts of a season; finer ones have more noise than shape.
const PARTS_MAX: f64 = 288.0;
/// Parts of a range without season.
const STEPS_MAX: f64 = 500.0;
const LEVEL_FACTORS: [f64; 5] = [0.05, 0.1, 0.3, 0.5, 0.8];
const TREND_FACTORS: [f64; 3] = [0.0, 0.01, 0.1];
const SEASON_FACTORS: [f64; 3] = [0.05, 0.2, 0.5];

/// Mean and so many standard deviations, below it or above.
fn band(values: impl Iterator<Item = f64> + Clone, deviations: f64) -> Option<f64> {
    let finite = values.filter(|value| value.is_finite());
    let count = finite.clone().count();
    if count < SAMPLES_MIN {
        return None;
    }
    let mean = finite.clone().sum::<f64>() / count as f64;
    let variance = finite.map(|value| (value - mean) * (value - mean)).sum::<f64>() / count as f64;
    Some(mean + deviations * variance.sqrt())
}

pub(super) fn band_low(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    Ok(band(values.iter().copied(), -window.scalars[0]).map(Point::Float))
}

pub(super) fn band_high(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    Ok(band(values.iter().copied(), window.scalars[0]).map(Point::Float))
}

const fn hour_of_week(time_ms: i64) -> i64 {
    time_ms.div_euclid(HOUR_MS).rem_euclid(WEEK_HOURS)
}

/// The band of this hour of the week, in UTC, in the weeks before; the last hour itself is what is judged.
fn seasonal_band(times: &[i64], values: &[f64], end_ms: i64, deviations: f64) -> Option<f64> {
    let hour = hour_of_week(end_ms);
    let alike = times.iter().zip(values).filter(|(time, _)| **time <= end_ms - HOUR_MS && hour_of_week(**time) == hour);
    band(alike.map(|(_, value)| *value), deviations)
}

pub(super) fn seasonal_low(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    Ok(seasonal_band(window.floats.times, values, window.end_ms, -window.scalars[0]).map(Point::Float))
}

pub(super) fn seasonal_high(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    Ok(seasonal_band(window.floats.times, values, window.end_ms, window.scalars[0]).map(Point::Float))
}

/// `predict_holt_winters(range, seconds ahead, seconds of a season)`; without season (0) it is Holt's linear method.
pub(super) fn predict_holt_winters(window: &Window<'_>, notes: &mut Annotations) -> Outcome {
    let Some(values) = floats_only(window, notes) else { return Ok(None) };
    let (ahead, season) = (window.scalars[0], window.scalars[1]);
    Ok(forecast(window.floats.times, values, window.end_ms, ahead, season).map(Point::Float))
}

fn forecast(times: &[i64], values: &[f64], end_ms: i64, ahead_s: f64, season_s: f64) -> Option<f64> {
    let (first, last) = (*times.first()?, *times.last()?);
    if values.len() < SAMPLES_MIN || last <= first || !ahead_s.is_finite() || season_s.is_nan() || season_s < 0.0 {
        return None;
    }
    let interval = (last - first) as f64 / (values.len() - 1) as f64;
    let (step, period) = if season_s > 0.0 {
        let step = interval.max(season_s * 1000.0 / PARTS_MAX);
        let parts = (season_s * 1000.0 / step).round().max(2.0);
        (season_s * 1000.0 / parts, parts as usize)
    } else {
        (interval.max((last - first) as f64 / STEPS_MAX), 1)
    };
    let even = evenly(times, values, first, step)?;
    if period > 1 && even.len() < 2 * period {
        return None;
    }
    let state = fit(&even, period)?;
    // The last part's middle is the time of the last level.
    let last_part_ms = first as f64 + (even.len() as f64 - 0.5) * step;
    Some(state.at((end_ms as f64 + ahead_s * 1000.0 - last_part_ms) / step))
}

/// Means of parts of equal length; a part without samples is as the one before.
fn evenly(times: &[i64], values: &[f64], first: i64, step: f64) -> Option<Vec<f64>> {
    let mut parts: Vec<(f64, f64)> = Vec::new();
    for (time, value) in times.iter().zip(values).filter(|(_, value)| value.is_finite()) {
        let part = ((time - first) as f64 / step).floor() as usize;
        if part >= parts.len() {
            parts.resize(part + 1, (0.0, 0.0));
        }
        parts[part].0 += value;
        parts[part].1 += 1.0;
    }
    let mut before = parts.iter().find(|(_, count)| *count > 0.0).map(|(sum, count)| sum / count)?;
    let means = parts.iter().map(|(sum, count)| {
        if *count > 0.0 {
            before = sum / count;
        }
        before
    });
    Some(means.collect())
}

/// Where the method stands after the last part.
#[derive(Clone)]
struct State {
    level: f64,
    trend: f64,
    /// The next part's first.
    seasons: Vec<f64>,
}

impl State {
    fn at(&self, parts_ahead: f64) -> f64 {
        let place = (parts_ahead - 1.0).rem_euclid(self.seasons.len() as f64);
        let (low, share) = (place.floor() as usize % self.seasons.len(), place.fract());
        let season = self.seasons[low] * (1.0 - share) + self.seasons[(low + 1) % self.seasons.len()] * share;
        self.level + self.trend * parts_ahead + season
    }
}

/// The state under those factors that would have foretold the last quarter best from what was before; with too little before,
/// each part from the one before it.
fn fit(values: &[f64], period: usize) -> Option<State> {
    let known = values.len() - values.len() / 4;
    let season_factors = if period > 1 { &SEASON_FACTORS[..] } else { &[0.0] };
    let mut best: Option<(f64, [f64; 3])> = None;
    for level in LEVEL_FACTORS {
        for trend in TREND_FACTORS {
            for season in season_factors {
                let factors = [level, trend, *season];
                let error = if known >= 2 * period && known >= SAMPLES_MIN {
                    let (_, state) = run(&values[..known], period, factors);
                    let ahead = values[known..].iter().enumerate();
                    ahead.map(|(at, value)| (state.at((at + 1) as f64) - value).powi(2)).sum()
                } else {
                    run(values, period, factors).0
                };
                if error.is_finite() && best.is_none_or(|(least, _)| error < least) {
                    best = Some((error, factors));
                }
            }
        }
    }
    best.map(|(_, factors)| run(values, period, factors).1)
}

fn run(values: &[f64], period: usize, [alpha, beta, gamma]: [f64; 3]) -> (f64, State) {
    let mean = |from: usize| values[from..from + period].iter().sum::<f64>() / period as f64;
    let (mut level, mut trend, mut seasons, from);
    if period > 1 {
        (level, trend) = (mean(0), (mean(period) - mean(0)) / period as f64);
        let middle = (period as f64 - 1.0) / 2.0;
        seasons = (0..period)
            .map(|part| {
                let of = |at: usize| values[at] - level - trend * (at as f64 - middle);
                f64::midpoint(of(part), of(part + period))
            })
            .collect::<Vec<f64>>();
        level += trend * middle;
        from = period;
    } else {
        let quarter = (values.len() / 4).max(1);
        (level, trend) = (values[0], (values[quarter] - values[0]) / quarter as f64);
        seasons = vec![0.0];
        from = 1;
    }
    let mut error = 0.0;
    for (at, value) in values.iter().enumerate().skip(from) {
        let place = at % period;
        let miss = value - (level + trend + seasons[place]);
        error += miss * miss;
        let before = level;
        level = alpha * (value - seasons[place]) + (1.0 - alpha) * (level + trend);
        trend = beta * (level - before) + (1.0 - beta) * trend;
        if period > 1 {
            seasons[place] = gamma * (value - before - trend) + (1.0 - gamma) * seasons[place];
        }
    }
    seasons.rotate_left(values.len() % period);
    (error, State { level, trend, seasons })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: f64 = 86_400.0;

    /// A value an hour: a day's wave, a quieter weekend, growth, and noise that a small generator of congruences makes.
    fn traffic(hours: i64, noise: f64) -> (Vec<i64>, Vec<f64>) {
        let mut state: u64 = 42;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
        };
        let value = |hour: i64, random: f64| {
            let day = (hour as f64 / 24.0 * std::f64::consts::TAU).sin();
            let weekend = if hour.rem_euclid(168) >= 120 { 0.6 } else { 1.0 };
            (1000.0 + 0.5 * hour as f64) * weekend * (1.0 + 0.4 * day) + noise * random
        };
        (0..hours).map(|hour| (hour * HOUR_MS, value(hour, random()))).unzip()
    }

    #[test]
    fn a_straight_line_and_a_wave_are_carried_on() {
        let times: Vec<i64> = (0..200).map(|hour| hour * HOUR_MS).collect();
        let line: Vec<f64> = (0..200).map(|hour| 5.0 + 2.0 * f64::from(hour)).collect();
        let next = forecast(&times, &line, times[199], 10.0 * 3600.0, 0.0).unwrap();
        assert!((next - (5.0 + 2.0 * 209.0)).abs() < 3.0, "{next}");
        let wave: Vec<f64> =
            (0..200).map(|hour| 100.0 + 10.0 * (f64::from(hour) / 24.0 * std::f64::consts::TAU).sin()).collect();
        for ahead in [1, 6, 12, 30] {
            let next = forecast(&times, &wave, times[199], f64::from(ahead) * 3600.0, DAY_S).unwrap();
            let truth = 100.0 + 10.0 * (f64::from(199 + ahead) / 24.0 * std::f64::consts::TAU).sin();
            assert!((next - truth).abs() < 1.5, "{ahead}: {next} is not {truth}");
        }
    }

    #[test]
    fn too_little_to_judge_by_gives_nothing() {
        let times: Vec<i64> = (0..30).map(|hour| hour * HOUR_MS).collect();
        let values = vec![1.0; 30];
        assert_eq!(forecast(&times, &values, 0, 60.0, DAY_S), None, "less than two seasons");
        assert_eq!(forecast(&times[..4], &values[..4], 0, 60.0, 0.0), None);
        assert_eq!(forecast(&times, &[f64::NAN; 30], 0, 60.0, 0.0), None);
        assert_eq!(forecast(&times, &values, 0, f64::NAN, 0.0), None);
        assert_eq!(band([1.0, 2.0].into_iter(), 3.0), None);
        assert_eq!(seasonal_band(&times, &values, 0, 3.0), None);
    }

    #[test]
    fn the_band_of_an_hour_of_the_week_knows_the_weekend() {
        let (times, values) = traffic(28 * 24, 50.0);
        let now = |hour: i64| (27 * 24 + hour) * HOUR_MS;
        let alike: Vec<(i64, f64)> = times.iter().copied().zip(values.iter().copied()).collect();
        // Sixty samples an hour, as a scrape each minute has them.
        let (times, values): (Vec<i64>, Vec<f64>) =
            alike.iter().flat_map(|(time, value)| (0..60).map(move |minute| (time + minute * 60_000, *value))).unzip();
        let (low, high) = (
            seasonal_band(&times, &values, now(6) + 1, -3.0).unwrap(),
            seasonal_band(&times, &values, now(6) + 1, 3.0).unwrap(),
        );
        let truth = alike[27 * 24 + 6].1;
        assert!(low < truth && truth < high, "{low} {truth} {high}");
        let plain = (band(values.iter().copied(), -3.0).unwrap(), band(values.iter().copied(), 3.0).unwrap());
        assert!(high - low < (plain.1 - plain.0) / 2.0, "{low} to {high} against {plain:?}");
    }

    /// The figures of docs/promql.md: four weeks are known, the next three days are held out.
    #[test]
    fn errors_against_held_out_data() {
        let (times, values) = traffic(31 * 24, 100.0);
        let known = 28 * 24;
        let end = times[known - 1];
        let error = |predict: &dyn Fn(usize) -> f64| {
            let sum: f64 = (known..values.len()).map(|at| ((predict(at) - values[at]) / values[at]).abs()).sum();
            100.0 * sum / (values.len() - known) as f64
        };
        let with = |season: f64| {
            error(&|at: usize| {
                forecast(&times[..known], &values[..known], end, (times[at] - end) as f64 / 1000.0, season).unwrap()
            })
        };
        let (line, day, week) = (with(0.0), with(DAY_S), with(7.0 * DAY_S));
        let before = error(&|at: usize| values[at - 168]);
        eprintln!(
            "mean error over three days held out: Holt {line:.1} %, day {day:.1} %, week {week:.1} %, a week before {before:.1} %"
        );
        assert!(week < before && week < day && day < line, "{week} {before} {day} {line}");
        assert!(week < 8.0, "{week}");
    }
}
