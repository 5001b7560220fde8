//! Which series of two vectors meet, and what labels the result has.
//!
//! Owns `on`, `ignoring`, `group_left`, `group_right` and `fill`. Series with the same values of the compared labels form
//! a group; within a group, one side must have at most one sample at each step. Never computes values itself.

use foldhash::{HashMap, HashMapExt};

use crate::annotations::Annotations;
use crate::labels::{Labels, METRIC_NAME};
use crate::position::Span;
use crate::syntax::tree::{BinaryOperator, Cardinality, Matching};

use super::super::column::{Column, Point, StepSeries};
use super::super::plan::BinaryNode;
use super::super::{EvalError, Grid};
use super::{LastOfStep, Outcome, operation};

/// Series of both sides with the same values of the compared labels.
#[derive(Default)]
struct Group {
    /// Of the side that may have many.
    many: Vec<usize>,
    /// Of the side that has one at each step.
    one: Vec<usize>,
}

/// The operator over two vectors, with its sides named by how many series they may have in a group.
struct Join<'a> {
    node: &'a BinaryNode,
    many: Vec<StepSeries>,
    one: Vec<StepSeries>,
    /// Whether the "many" side is the operator's right side.
    swapped: bool,
    span: Span,
    grid: &'a Grid,
    results: Vec<StepSeries>,
    places: HashMap<Labels, usize>,
    /// Labels of the result of each pair, since most pairs meet at every step.
    labels_of_pairs: HashMap<(usize, usize), Labels>,
    last: LastOfStep,
    /// At which steps the "many" side has any sample. At others nothing can meet, so that nothing is checked either.
    many_present: Vec<bool>,
}

/// A missing partner, for which the fill value stands.
const FILLED: usize = usize::MAX;

pub(super) fn combine(
    node: &BinaryNode,
    left: Vec<StepSeries>,
    right: Vec<StepSeries>,
    span: Span,
    grid: &Grid,
    notes: &mut Annotations,
) -> Result<Vec<StepSeries>, EvalError> {
    let swapped = node.matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let many_present = (0..grid.steps).map(|step| many.iter().any(|series| series.column.is_present(step))).collect();
    let mut join = Join {
        node,
        many_present,
        many,
        one,
        swapped,
        span,
        grid,
        results: Vec::new(),
        places: HashMap::new(),
        labels_of_pairs: HashMap::new(),
        last: LastOfStep::new(grid.steps),
    };
    for group in join.groups() {
        join.group(&group)?;
    }
    join.last.into_notes(notes);
    join.results.retain(|series| !series.column.is_all_absent());
    Ok(join.results)
}

impl Join<'_> {
    fn matching(&self) -> &Matching {
        &self.node.matching
    }

    /// The fill value of the side that is named here. `fill_left` is for the "many" side even where that is the right one:
    /// Prometheus does not swap the values with the sides for `group_right`, and its scripts hold on to it.
    fn fill(&self, of_many_side: bool) -> Option<f64> {
        if of_many_side { self.matching().fill_left } else { self.matching().fill_right }
    }

    fn groups(&self) -> Vec<Group> {
        let matching = self.matching();
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (is_many, side) in [(true, &self.many), (false, &self.one)] {
            for (index, series) in side.iter().enumerate() {
                let key = series.labels.matching(matching.on, &matching.labels);
                let place = *places.entry(key).or_insert_with(|| {
                    groups.push(Group::default());
                    groups.len() - 1
                });
                let members = if is_many { &mut groups[place].many } else { &mut groups[place].one };
                members.push(index);
            }
        }
        groups
    }

    fn group(&mut self, group: &Group) -> Result<(), EvalError> {
        let (fill_many, fill_one) = (self.fill(true), self.fill(false));
        if (group.many.is_empty() && fill_many.is_none()) || (group.one.is_empty() && fill_one.is_none()) {
            return self.check_one_side(group);
        }
        let has_fill = fill_many.is_some() || fill_one.is_some();
        if let ([many], [one], false) = (group.many.as_slice(), group.one.as_slice(), has_fill) {
            return self.only_pair((*many, *one));
        }
        for step in (0..self.grid.steps).filter(|step| has_fill || self.many_present[*step]).collect::<Vec<_>>() {
            let partner = self.only_one(group, step)?;
            let partner_point = match partner {
                Some(index) => self.one[index].column.point(step),
                None => fill_one.map(Point::Float),
            };
            let mut met = Vec::new();
            for index in &group.many {
                let Some(point) = self.many[*index].column.point(step) else { continue };
                let Some(partner_point) = &partner_point else { continue };
                self.pair((*index, partner.unwrap_or(FILLED)), &point, partner_point, step, &mut met)?;
            }
            if let (true, Some(index), Some(fill)) = (met.is_empty(), partner, fill_many)
                && !group.many.iter().any(|index| self.many[*index].column.is_present(step))
                && let Some(point) = self.one[index].column.point(step)
            {
                self.pair((FILLED, index), &Point::Float(fill), &point, step, &mut met)?;
            }
        }
        Ok(())
    }

    /// The usual group: one series on each side. Nothing can be ambiguous, so nothing is looked up step by step.
    fn only_pair(&mut self, pair: (usize, usize)) -> Result<(), EvalError> {
        let mut column = Column::empty(self.grid.steps);
        for step in 0..self.grid.steps {
            let sides = (self.many[pair.0].column.point(step), self.one[pair.1].column.point(step));
            let (Some(many), Some(one)) = sides else { continue };
            if let Some(value) = self.operate(&many, &one, step).and_then(|met| self.as_result(met)) {
                column.set(step, value);
            }
        }
        if column.is_all_absent() {
            return Ok(());
        }
        let labels = self.labels_of(pair);
        let drop_name = self.drops_name(pair);
        match self.places.get(&labels) {
            Some(place) if self.results[*place].column.absorb(&column) => {}
            Some(_) => return Err(EvalError::Execution(super::super::SAME_LABELS.to_owned())),
            None => {
                self.places.insert(labels.clone(), self.results.len());
                self.results.push(StepSeries { labels, drop_name, column });
            }
        }
        Ok(())
    }

    /// What the operator makes of two samples: nothing if it refuses them, no value if a comparison does not hold.
    fn operate(&mut self, many: &Point, one: &Point, step: usize) -> Option<Option<Point>> {
        let (left, right) = if self.swapped { (one, many) } else { (many, one) };
        match operation(self.node.operator, left, right, self.span) {
            Outcome::Refused(annotation) => {
                self.last.set(step, annotation);
                None
            }
            Outcome::Nothing => Some(None),
            Outcome::Value(value) => Some(Some(value)),
            Outcome::Noted(value, annotation) => {
                self.last.set(step, annotation);
                Some(Some(value))
            }
        }
    }

    /// With `bool` a comparison gives one or zero instead of filtering.
    fn as_result(&self, met: Option<Point>) -> Option<Point> {
        if self.node.return_bool { Some(Point::Float(f64::from(u8::from(met.is_some())))) } else { met }
    }

    fn drops_name(&self, pair: (usize, usize)) -> bool {
        let keeps_name = self.matching().include.iter().any(|label| label == METRIC_NAME);
        let was_dropped = self.many.get(pair.0).is_some_and(|series| series.drop_name);
        (was_dropped && !keeps_name) || self.node.return_bool
    }

    /// A group without a partner gives nothing, but two samples on the "one" side are an error all the same.
    fn check_one_side(&self, group: &Group) -> Result<(), EvalError> {
        if group.one.len() >= 2 {
            for step in (0..self.grid.steps).filter(|step| self.many_present[*step]) {
                self.only_one(group, step)?;
            }
        }
        Ok(())
    }

    /// The series of the "one" side that has a sample at a step.
    fn only_one(&self, group: &Group, step: usize) -> Result<Option<usize>, EvalError> {
        let mut present = group.one.iter().copied().filter(|index| self.one[*index].column.is_present(step));
        let (first, second) = (present.next(), present.next());
        if let (Some(first), Some(second)) = (first, second) {
            return Err(self.duplicate(first, second));
        }
        Ok(first)
    }

    fn duplicate(&self, first: usize, second: usize) -> EvalError {
        let matching = self.matching();
        let mut names = [first, second].map(|index| self.one[index].labels.to_string());
        names.sort();
        let side = if self.swapped { "left" } else { "right" };
        let group = self.one[first].labels.matching(matching.on, &matching.labels);
        EvalError::Execution(format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: [{}, {}]\
             ;many-to-many matching not allowed: matching labels must be unique on one side",
            names[0], names[1]
        ))
    }

    /// One pair of samples at a step. `met` holds the results' places of this group and step so far.
    fn pair(
        &mut self,
        pair: (usize, usize),
        many: &Point,
        one: &Point,
        step: usize,
        met: &mut Vec<Labels>,
    ) -> Result<(), EvalError> {
        let Some(value) = self.operate(many, one, step) else { return Ok(()) };
        let labels = self.labels_of(pair);
        let one_to_one = self.matching().cardinality == Cardinality::OneToOne;
        if one_to_one && !met.is_empty() {
            let message = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
            return Err(EvalError::Execution(message.to_owned()));
        }
        if !one_to_one && met.contains(&labels) {
            let message = "multiple matches for labels: grouping labels must ensure unique matches";
            return Err(EvalError::Execution(message.to_owned()));
        }
        met.push(labels.clone());
        match self.as_result(value) {
            Some(value) => self.result(labels, step, value, self.drops_name(pair)),
            None => Ok(()),
        }
    }

    fn result(&mut self, labels: Labels, step: usize, value: Point, drop_name: bool) -> Result<(), EvalError> {
        let place = match self.places.get(&labels) {
            Some(place) => *place,
            None => {
                let column = Column::empty(self.grid.steps);
                self.places.insert(labels.clone(), self.results.len());
                self.results.push(StepSeries { labels, drop_name, column });
                self.results.len() - 1
            }
        };
        let column = &mut self.results[place].column;
        if column.is_present(step) {
            return Err(EvalError::Execution(super::super::SAME_LABELS.to_owned()));
        }
        column.set(step, value);
        Ok(())
    }

    fn labels_of(&mut self, pair: (usize, usize)) -> Labels {
        if let Some(labels) = self.labels_of_pairs.get(&pair) {
            return labels.clone();
        }
        let matching = self.matching();
        // A filled partner has just the labels that were compared.
        let many = match self.many.get(pair.0) {
            Some(series) => series.labels.clone(),
            None => self.one[pair.1].labels.matching(matching.on, &matching.labels),
        };
        let one = match self.one.get(pair.1) {
            Some(series) => series.labels.clone(),
            None => many.matching(matching.on, &matching.labels),
        };
        let labels = result_labels(&many, &one, self.node.operator, matching);
        self.labels_of_pairs.insert(pair, labels.clone());
        labels
    }
}

/// The "many" side's labels; of one-to-one matching only those compared, of grouping with some of the "one" side's.
fn result_labels(many: &Labels, one: &Labels, operator: BinaryOperator, matching: &Matching) -> Labels {
    let mut builder = many.to_builder();
    if operator.changes_meaning() {
        builder.remove_metadata();
    }
    if matching.cardinality == Cardinality::OneToOne {
        if matching.on {
            builder.keep(&matching.labels);
        } else {
            for label in &matching.labels {
                builder.remove(label);
            }
        }
    }
    for label in &matching.include {
        builder.set(label, one.get(label));
    }
    builder.build()
}
