//! A setting as a log shows it: a value, how sure it is, and what that rests on - or why it cannot be told.

/// How sure an inferred value is, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// The log states it: a line of Sendmail's own says so.
    Stated,
    /// The log shows it: nothing else explains the lines.
    Shown,
    /// It explains the lines well; something else could, too.
    Likely,
    /// Only bounds are known: `low`, `high` or both; no value.
    Bounded,
    /// The log cannot tell.
    Undetermined,
}

impl Sure {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Sure::Stated => "stated",
            Sure::Shown => "shown",
            Sure::Likely => "likely",
            Sure::Bounded => "bounded",
            Sure::Undetermined => "undetermined",
        }
    }
}

/// A value with its bounds, how sure it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inferred<T> {
    /// The value, where one can be named.
    pub value: Option<T>,
    /// It is not below this.
    pub low: Option<T>,
    /// It is not above this.
    pub high: Option<T>,
    /// How sure.
    pub sure: Sure,
    /// The evidence in words, or why the log cannot tell. Holds no address.
    pub why: String,
}

impl<T> Inferred<T> {
    /// A value without bounds.
    pub fn value(value: T, sure: Sure, why: impl Into<String>) -> Self {
        Inferred { value: Some(value), low: None, high: None, sure, why: why.into() }
    }

    /// What the log cannot tell, and why.
    pub fn undetermined(why: impl Into<String>) -> Self {
        Inferred { value: None, low: None, high: None, sure: Sure::Undetermined, why: why.into() }
    }

    /// Bounds only.
    pub fn bounded(low: Option<T>, high: Option<T>, why: impl Into<String>) -> Self {
        Inferred { value: None, low, high, sure: Sure::Bounded, why: why.into() }
    }

    /// The same with bounds.
    #[must_use]
    pub fn within(mut self, low: Option<T>, high: Option<T>) -> Self {
        (self.low, self.high) = (low, high);
        self
    }

    /// Whether a value can be named.
    pub fn is_known(&self) -> bool {
        self.value.is_some()
    }
}
