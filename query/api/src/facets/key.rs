//! What spans may be counted by: its name in requests, its SQL, and how the filter language writes it.

use spanlake_schemas::tables::promoted;
use spanlake_traceql::syntax::field::{Attribute, Field, Scope};

use crate::error::ApiError;
use crate::parameters::sql_text;

/// Keys that every span has, with their labels, columns and filters.
const FIXED: [(&str, &str, &str, &str); 4] = [
    ("service", "service.name", "service_name", "resource.service.name"),
    ("operation", "name", "name", "name"),
    ("status", "status", "status_code", "status"),
    ("kind", "kind", "kind", "kind"),
];

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FacetKey {
    name: String,
    label: String,
    sql: String,
    filter: String,
}

impl FacetKey {
    /// Those that every span has.
    pub(crate) fn fixed() -> Vec<Self> {
        FIXED.map(|(name, label, sql, filter)| Self::new(name, label, sql, filter)).into()
    }

    /// Attributes with columns, of spans and of resources.
    pub(crate) fn promoted() -> Vec<Self> {
        let of = |attribute: &promoted::PromotedAttribute, scope| {
            let filter = Attribute::new(scope, attribute.key).to_string();
            let sql = format!("CAST({} AS VARCHAR)", attribute.column);
            Self::new(attribute.key, attribute.key, &sql, &filter)
        };
        let of_span = promoted::SPAN.iter().map(|attribute| of(attribute, Scope::Span));
        of_span.chain(promoted::RESOURCE.iter().map(|attribute| of(attribute, Scope::Resource))).collect()
    }

    /// Of `a,b,c`.
    pub(crate) fn list(text: &str) -> Result<Vec<Self>, ApiError> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut keys: Vec<Self> = Vec::new();
        for name in names {
            let key = Self::named(name);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Err(ApiError::invalid("keys: it names no key; leave it out for the most common ones"));
        }
        Ok(keys)
    }

    /// Any key: one of every span, one with a column, or `span.`, `resource.` and a key, or a key of either.
    pub(crate) fn named(name: &str) -> Self {
        let known = Self::fixed()
            .into_iter()
            .chain(Self::promoted())
            .find(|key| key.name == name || key.label == name || key.filter == name);
        if let Some(known) = known {
            return known;
        }
        let of = |scope, key: &str, sql: &str| {
            Self::new(name, key, sql, &Field::Attribute(Attribute::new(scope, key)).to_string())
        };
        if let Some(key) = name.strip_prefix("span.") {
            return of(Scope::Span, key, &format!("attributes[{}]", sql_text(key)));
        }
        if let Some(key) = name.strip_prefix("resource.") {
            return of(Scope::Resource, key, &format!("resource_attributes[{}]", sql_text(key)));
        }
        let key = sql_text(name);
        of(Scope::Any, name, &format!("coalesce(attributes[{key}], resource_attributes[{key}])"))
    }

    fn new(name: &str, label: &str, sql: &str, filter: &str) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), sql: sql.to_owned(), filter: filter.to_owned() }
    }

    /// As requests name it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As people read it.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Its value as text, null where it is missing.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// As filters write it.
    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_all_of_their_names() {
        for name in ["service", "service.name", "resource.service.name"] {
            assert_eq!(FacetKey::named(name).sql(), "service_name", "{name}");
        }
        assert_eq!(FacetKey::named("span.http.route").name(), "http.route");
        assert_eq!(FacetKey::named("http.response.status_code").sql(), "CAST(http_response_status_code AS VARCHAR)");
        assert_eq!(FacetKey::named("k8s.pod.name").filter(), "resource.k8s.pod.name");
        let other = FacetKey::named("it's");
        assert_eq!(
            (other.filter(), other.sql()),
            (".it's", "coalesce(attributes['it''s'], resource_attributes['it''s'])")
        );
        assert_eq!(FacetKey::list("service, kind,service").unwrap().len(), 2);
        assert!(FacetKey::list(" , ").is_err());
    }
}
