//! Errors as one line of text.
//!
//! Owns no error of its own.

use std::error::Error;

/// An error and its causes, each after a colon. What says its cause itself, as some libraries' errors do, is not
/// repeated.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    causes
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read {0}")]
    struct Outer(&'static str, #[source] std::io::Error);

    #[test]
    fn causes_follow() {
        let error = Outer("it", std::io::Error::other("the disk is gone"));
        assert_eq!(with_causes(&error), "cannot read it: the disk is gone");
        let error = Outer("it: the disk is gone", std::io::Error::other("the disk is gone"));
        assert_eq!(with_causes(&error), "cannot read it: the disk is gone");
    }
}
