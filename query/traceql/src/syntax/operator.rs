//! Operators, by what they work on.
//!
//! Owns their signs and how strongly they bind. Never computes.

/// How strongly operators bind, from weak to strong. `&&` and `||` bind alike, as in Tempo; the filter language puts
/// `or` below `and`.
pub mod binding {
    /// `or` of the filter language.
    pub const OR: u8 = 1;
    /// `&&`, `||` and `and`.
    pub const LOGIC: u8 = 2;
    /// Comparisons, and structural operators.
    pub const COMPARISON: u8 = 3;
    /// `+` and `-`; a sign takes all that binds stronger.
    pub const SUM: u8 = 4;
    /// `!`.
    pub const NOT: u8 = 5;
    /// `*`, `/` and `%`.
    pub const PRODUCT: u8 = 6;
    /// `^`, from the right.
    pub const POWER: u8 = 7;
}

/// Between two values of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}

/// Between two sets of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpansetOperator {
    And,
    Or,
    Structural { relation: Relation, form: StructuralForm },
}

/// What the spans on the right are to those on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    Descendant,
    Child,
    Ancestor,
    Parent,
    Sibling,
}

/// Which spans a structural operator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StructuralForm {
    /// Those on the right that have the relation to one on the left.
    Plain,
    /// Those on the right that have it to none on the left.
    Negated,
    /// Those of both sides that take part.
    Union,
}

// === impl BinaryOperator ===

impl BinaryOperator {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "^",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }

    /// How strongly it binds in TraceQL.
    #[must_use]
    pub fn binding(self) -> u8 {
        match self {
            Self::And | Self::Or => binding::LOGIC,
            Self::Add | Self::Subtract => binding::SUM,
            Self::Multiply | Self::Divide | Self::Modulo => binding::PRODUCT,
            Self::Power => binding::POWER,
            _ => binding::COMPARISON,
        }
    }

    /// Whether it gives a boolean of two values.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        self.binding() == binding::COMPARISON
    }

    /// Whether it is `&&` or `||`.
    #[must_use]
    pub fn is_logic(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }

    /// Whether it gives a number of two numbers.
    #[must_use]
    pub fn is_arithmetic(self) -> bool {
        self.binding() >= binding::SUM
    }

    /// The same comparison with its sides exchanged.
    #[must_use]
    pub fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            other => other,
        }
    }
}

// === impl SpansetOperator ===

impl SpansetOperator {
    /// A structural operator.
    #[must_use]
    pub fn structural(relation: Relation, form: StructuralForm) -> Self {
        Self::Structural { relation, form }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let forms = [StructuralForm::Plain, StructuralForm::Negated, StructuralForm::Union];
        let structural =
            Relation::ALL.into_iter().flat_map(move |relation| forms.map(|form| Self::structural(relation, form)));
        [Self::And, Self::Or].into_iter().chain(structural)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let Self::Structural { relation, form } = self else {
            return if self == Self::And { "&&" } else { "||" };
        };
        let of_form = match relation {
            Relation::Descendant => [">>", "!>>", "&>>"],
            Relation::Child => [">", "!>", "&>"],
            Relation::Ancestor => ["<<", "!<<", "&<<"],
            Relation::Parent => ["<", "!<", "&<"],
            Relation::Sibling => ["~", "!~", "&~"],
        };
        match form {
            StructuralForm::Plain => of_form[0],
            StructuralForm::Negated => of_form[1],
            StructuralForm::Union => of_form[2],
        }
    }

    /// How strongly it binds.
    #[must_use]
    pub fn binding(self) -> u8 {
        match self {
            Self::And | Self::Or => binding::LOGIC,
            Self::Structural { .. } => binding::COMPARISON,
        }
    }
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Descendant, Self::Child, Self::Ancestor, Self::Parent, Self::Sibling];
}
