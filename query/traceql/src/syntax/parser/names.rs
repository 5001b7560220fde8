//! Names to fields and values.
//!
//! Owns what a name can be and the hints about names that are none. Never reads operators.

use crate::position::{Place, TextRange};

use super::Parser;
use crate::syntax::duration::parse_duration;
use crate::syntax::expectations::Expectation;
use crate::syntax::field::{Attribute, Field, Intrinsic, Scope};
use crate::syntax::lexer::Language;
use crate::syntax::literal::Literal;
use crate::syntax::nearest::nearest;
use crate::syntax::token::{Token, TokenKind};
use crate::syntax::tree::FieldExpr;
use crate::syntax::unquote::{unquote, unquote_name};

impl Parser<'_> {
    /// The field of a token that is a name of one.
    pub(super) fn field_of(&mut self, token: Token) -> Option<Field> {
        match token.kind {
            TokenKind::Attribute { scope, of_parent, key_start } => {
                self.attribute(token, scope, of_parent, key_start).map(Field::Attribute)
            }
            TokenKind::ScopedName => self.scoped_intrinsic(token).map(Field::Intrinsic),
            TokenKind::Word => Intrinsic::from_name(self.written(token)).map(Field::Intrinsic),
            _ => None,
        }
    }

    fn attribute(&mut self, token: Token, scope: Scope, of_parent: bool, key_start: usize) -> Option<Attribute> {
        let written = &self.text[key_start..token.range.end];
        if written.is_empty() {
            let prefix = self.written(token);
            self.failed_at_end |= self.is_at_end();
            self.error(token.range, format!("an attribute's name is missing behind `{prefix}`"));
            return None;
        }
        let key = match unquote_name(written) {
            Ok(key) => key,
            Err(error) => {
                let at = key_start + error.at;
                self.error(TextRange::new(at, token.range.end), error.message);
                written.to_owned()
            }
        };
        Some(Attribute { scope, of_parent, key })
    }

    fn scoped_intrinsic(&mut self, token: Token) -> Option<Intrinsic> {
        let name = self.written(token);
        if let Some(intrinsic) = Intrinsic::from_name(name) {
            return Some(intrinsic);
        }
        let scope = name.split(':').next().unwrap_or("");
        let of_scope = || Intrinsic::names().filter(|known| known.split_once(':').is_some_and(|(one, _)| one == scope));
        let hint = match nearest(name, of_scope()).or_else(|| nearest(name, Intrinsic::names())) {
            Some(near) => format!("did you mean {near}?"),
            None if of_scope().next().is_none() => format!("{scope} has attributes only, such as {scope}.name"),
            None => format!("there are {}", of_scope().collect::<Vec<_>>().join(", ")),
        };
        self.error_with_hint(token.range, format!("unknown intrinsic {name}"), Some(hint));
        None
    }

    /// Complains about a word that is no field and no value.
    pub(super) fn unknown_word(&mut self, token: Token) {
        let word = self.written(token);
        let scope = Scope::from_word(word).map(Scope::as_str);
        let hint = match scope.or((word == "parent").then_some("parent")) {
            Some(scope) => format!("an attribute is written {scope}.its-name"),
            None => match nearest(word, Intrinsic::names()) {
                Some(near) => {
                    format!("did you mean {near}? An attribute is written .{word}, span.{word} or resource.{word}")
                }
                None => format!("an attribute is written .{word}, span.{word} or resource.{word}, a text \"{word}\""),
            },
        };
        self.error_with_hint(token.range, format!("unknown name {word}"), Some(hint));
    }

    /// The field that must stand here, without operators.
    pub(super) fn lone_field(&mut self) -> Option<Field> {
        self.expecting(Expectation::Field);
        let token = self.peek();
        let is_name = matches!(token.kind, TokenKind::Attribute { .. } | TokenKind::ScopedName | TokenKind::Word);
        if !is_name {
            self.unexpected("an attribute or an intrinsic");
            return None;
        }
        self.advance();
        let field = self.field_of(token);
        if field.is_none() && token.kind == TokenKind::Word {
            self.unknown_word(token);
        }
        field
    }

    /// Inside `exists(…)` of the filter language every word is a name, also such as `error`.
    pub(super) fn field_of_any_word(&mut self) -> FieldExpr {
        let token = self.peek();
        let place = Place(token.range);
        if token.kind == TokenKind::Word && self.language == Language::Filter {
            self.advance();
            let field = self.field_of(token);
            let any = || Field::attribute(Scope::Any, self.written(token));
            return FieldExpr::Field(field.unwrap_or_else(any), place);
        }
        match self.lone_field() {
            Some(field) => FieldExpr::Field(field, place),
            None => FieldExpr::Missing(place),
        }
    }

    /// The value of a token that is one.
    pub(super) fn literal_of(&mut self, token: Token) -> Option<Literal> {
        let written = self.written(token);
        match token.kind {
            // The lexer has checked that these can be read.
            TokenKind::Int => written.parse().ok().map(Literal::Int),
            TokenKind::Float => written.parse().ok().map(Literal::Float),
            TokenKind::Duration => parse_duration(written).ok().map(Literal::Duration),
            TokenKind::String => Some(Literal::String(self.string(token))),
            TokenKind::Word => Literal::from_word(written),
            _ => None,
        }
    }

    pub(super) fn string(&mut self, token: Token) -> String {
        match unquote(self.written(token)) {
            Ok(text) => text,
            Err(error) => {
                let start = token.range.start + error.at;
                self.error(TextRange::new(start, token.range.end), error.message);
                String::new()
            }
        }
    }
}
