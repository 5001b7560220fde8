//! Relabelling, by the rules of Prometheus's `model/relabel`: all actions, regular expressions anchored on both sides.
//!
//! Pure.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use regex::Regex;

/// Labels by name; an empty value is as good as none.
pub(super) type Labels = BTreeMap<String, String>;

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
}

/// Words of the configuration.
pub(super) const ACTIONS: [(&str, Action); 11] = [
    ("replace", Action::Replace),
    ("keep", Action::Keep),
    ("drop", Action::Drop),
    ("keepequal", Action::KeepEqual),
    ("dropequal", Action::DropEqual),
    ("hashmod", Action::HashMod),
    ("labelmap", Action::LabelMap),
    ("labeldrop", Action::LabelDrop),
    ("labelkeep", Action::LabelKeep),
    ("lowercase", Action::Lowercase),
    ("uppercase", Action::Uppercase),
];

/// One rule, checked.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) source_labels: Vec<String>,
    pub(super) separator: String,
    pub(super) regex: Regex,
    pub(super) modulus: u64,
    pub(super) target_label: String,
    pub(super) replacement: String,
    pub(super) action: Action,
}

/// A pattern, anchored as Prometheus does.
pub(super) fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?s:{pattern})$"))
}

/// Applies the rules in order; `false` where one drops the labels.
pub(super) fn apply(rules: &[Rule], labels: &mut Labels) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

impl Rule {
    fn apply(&self, labels: &mut Labels) -> bool {
        let values: Vec<&str> =
            self.source_labels.iter().map(|name| labels.get(name).map_or("", String::as_str)).collect();
        let value = values.join(&self.separator);
        match self.action {
            Action::Keep => return self.regex.is_match(&value),
            Action::Drop => return !self.regex.is_match(&value),
            Action::KeepEqual => return labels.get(&self.target_label).map_or("", String::as_str) == value,
            Action::DropEqual => return labels.get(&self.target_label).map_or("", String::as_str) != value,
            Action::Replace => self.replace(&value, labels),
            Action::HashMod => {
                let hash = Md5::digest(value.as_bytes());
                let end = hash.last_chunk::<8>().map_or(0, |end| u64::from_be_bytes(*end));
                set(labels, &self.target_label, (end % self.modulus.max(1)).to_string());
            }
            Action::Lowercase => set(labels, &self.target_label, value.to_lowercase()),
            Action::Uppercase => set(labels, &self.target_label, value.to_uppercase()),
            Action::LabelMap => {
                let mapped: Vec<(String, String)> = labels
                    .iter()
                    .filter(|(name, _)| self.regex.is_match(name))
                    .map(|(name, value)| (self.regex.replace_all(name, &*self.replacement).into_owned(), value.clone()))
                    .collect();
                mapped.into_iter().for_each(|(name, value)| set(labels, &name, value));
            }
            Action::LabelDrop => labels.retain(|name, _| !self.regex.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.regex.is_match(name)),
        }
        true
    }

    fn replace(&self, value: &str, labels: &mut Labels) {
        let Some(captures) = self.regex.captures(value) else { return };
        let (mut target, mut replaced) = (String::new(), String::new());
        captures.expand(&self.target_label, &mut target);
        if target.is_empty() {
            return;
        }
        captures.expand(&self.replacement, &mut replaced);
        set(labels, &target, replaced);
    }
}

fn set(labels: &mut Labels, name: &str, value: String) {
    match value.is_empty() {
        true => drop(labels.remove(name)),
        false => drop(labels.insert(name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(action: Action, sources: &[&str], regex: &str, target: &str, replacement: &str) -> Rule {
        Rule {
            source_labels: sources.iter().map(|name| (*name).to_owned()).collect(),
            separator: ";".into(),
            regex: anchored(regex).unwrap(),
            modulus: 0,
            target_label: target.into(),
            replacement: replacement.into(),
            action,
        }
    }

    fn labels(text: &str) -> Labels {
        text.split(' ')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn check(rule: Rule, before: &str, after: Option<&str>) {
        let mut changed = labels(before);
        let kept = apply(&[rule], &mut changed);
        assert_eq!(kept.then_some(changed), after.map(labels), "{before}");
    }

    /// Cases of Prometheus's `model/relabel/relabel_test.go`, `TestRelabel`, by their kinds.
    #[test]
    fn rules_do_what_prometheus_does() {
        use Action::*;
        check(
            rule(Replace, &["a"], "f(.*)", "d", "ch${1}-ch${1}"),
            "a=foo b=bar c=baz",
            Some("a=foo b=bar c=baz d=choo-choo"),
        );
        check(
            rule(Replace, &["a", "b"], "f(.*);(.*)r", "a", "b${1}${2}m"),
            "a=foo b=bar c=baz",
            Some("a=boobam b=bar c=baz"),
        );
        check(rule(Replace, &["a"], "no", "b", "x"), "a=foo b=bar", Some("a=foo b=bar"));
        check(rule(Replace, &["a"], "(f).*", "b", "$2"), "a=foo b=bar", Some("a=foo"));
        check(
            rule(Replace, &["a"], "some-([^-]+)-([^,]+)", "${1}", "$2"),
            "a=some-name-value",
            Some("a=some-name-value name=value"),
        );
        check(rule(Keep, &["a"], "fo", "", ""), "a=foo", None);
        check(rule(Keep, &["a"], "foo|x", "", ""), "a=foo", Some("a=foo"));
        check(rule(Drop, &["a"], ".*o.*", "", ""), "a=foo", None);
        check(rule(Drop, &["a"], "f|o", "", ""), "a=foo", Some("a=foo"));
        check(rule(KeepEqual, &["a"], "(.*)", "b", ""), "a=1 b=1", Some("a=1 b=1"));
        check(rule(KeepEqual, &["a"], "(.*)", "b", ""), "a=1 b=2", None);
        check(rule(DropEqual, &["a"], "(.*)", "b", ""), "a=1 b=1", None);
        check(
            rule(LabelMap, &[], "(b.*)", "", "bar_${1}"),
            "a=foo b1=bar b2=baz",
            Some("a=foo b1=bar b2=baz bar_b1=bar bar_b2=baz"),
        );
        check(rule(LabelDrop, &[], "(b.*)", "", ""), "a=foo b1=bar b2=baz", Some("a=foo"));
        check(rule(LabelKeep, &[], "(b.*)", "", ""), "a=foo b1=bar b2=baz", Some("b1=bar b2=baz"));
        check(rule(Uppercase, &["a"], "(.*)", "u", ""), "a=bAr123Foo", Some("a=bAr123Foo u=BAR123FOO"));
        check(rule(Lowercase, &["a"], "(.*)", "u", ""), "a=bAr123Foo", Some("a=bAr123Foo u=bar123foo"));
        let hash = Rule { modulus: 1000, ..rule(HashMod, &["c"], "(.*)", "d", "") };
        check(hash, "a=foo b=bar c=baz", Some("a=foo b=bar c=baz d=976"));
    }
}
