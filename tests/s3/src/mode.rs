//! How the double behaves, as plain data that a test sets and the control route takes as JSON.
//!
//! Owns the words. Never decides about a single request; `faults` does.

use serde::{Deserialize, Serialize};

/// Behaviour, from now on. What is left out is as in a healthy store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mode {
    /// Before each answer.
    pub delay_ms: u64,
    /// Connections are refused: the port is closed, those that are open are cut.
    pub is_unreachable: bool,
    pub failing: Option<Failing>,
    pub lie: Option<Lie>,
    pub refusal: Option<Refusal>,
    /// Listings show what there was so long ago; reads by key do not lag, as with S3 until 2020 and others still.
    pub listing_lag_ms: u64,
    /// Most entries of one page of a listing.
    pub page_entries_max: usize,
    /// Faults meet only requests whose `METHOD /bucket/key` contains this. Unreachable is unreachable for all.
    pub only: Option<String>,
}

/// A share of requests that fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    pub per_mille: u64,
    /// The same seed draws the same faults for the same sequence of requests.
    #[serde(default)]
    pub seed: u64,
    /// What is asked is done first: only the answer is lost.
    #[serde(default)]
    pub after_applying: bool,
}

/// An answer to a conditional put that is not true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// 200 though the object existed, which stays as it was.
    SaysCreated,
    /// The condition is not looked at: the object is replaced, as by stores that do not know conditional puts.
    IgnoresConditions,
    /// 412 though this very request created the object.
    SaysExists,
}

/// Everything, or every change, is refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Changes get 403 AccessDenied.
    ReadOnly,
    /// 403 ExpiredToken.
    ExpiredCredentials,
    /// 404 NoSuchBucket.
    NoSuchBucket,
}

impl Default for Mode {
    fn default() -> Self {
        Self {
            delay_ms: 0,
            is_unreachable: false,
            failing: None,
            lie: None,
            refusal: None,
            listing_lag_ms: 0,
            page_entries_max: 1000,
            only: None,
        }
    }
}

impl Mode {
    /// A good day.
    #[must_use]
    pub fn healthy() -> Self {
        Self::default()
    }

    /// So many milliseconds before each answer.
    #[must_use]
    pub fn slow(delay_ms: u64) -> Self {
        Self { delay_ms, ..Self::default() }
    }

    /// So many of a thousand requests get 500, 503 or a reset connection, and do nothing.
    #[must_use]
    pub fn failing(per_mille: u64, seed: u64) -> Self {
        Self { failing: Some(Failing { per_mille, seed, after_applying: false }), ..Self::default() }
    }

    /// So many of a thousand requests are done, and answered with 500, 503 or a reset connection.
    #[must_use]
    pub fn losing_answers(per_mille: u64, seed: u64) -> Self {
        Self { failing: Some(Failing { per_mille, seed, after_applying: true }), ..Self::default() }
    }

    /// Conditional puts are answered wrongly.
    #[must_use]
    pub fn lying(lie: Lie) -> Self {
        Self { lie: Some(lie), ..Self::default() }
    }

    /// Connections are refused.
    #[must_use]
    pub fn unreachable() -> Self {
        Self { is_unreachable: true, ..Self::default() }
    }

    /// Changes are refused.
    #[must_use]
    pub fn read_only() -> Self {
        Self { refusal: Some(Refusal::ReadOnly), ..Self::default() }
    }

    /// Credentials have expired.
    #[must_use]
    pub fn expired_credentials() -> Self {
        Self { refusal: Some(Refusal::ExpiredCredentials), ..Self::default() }
    }

    /// There is no such bucket.
    #[must_use]
    pub fn no_such_bucket() -> Self {
        Self { refusal: Some(Refusal::NoSuchBucket), ..Self::default() }
    }

    /// Listings lag so many milliseconds behind.
    #[must_use]
    pub fn listing_late(listing_lag_ms: u64) -> Self {
        Self { listing_lag_ms, ..Self::default() }
    }

    /// The same, but only for requests whose `METHOD /bucket/key` contains this.
    #[must_use]
    pub fn only(mut self, contained: &str) -> Self {
        self.only = Some(contained.to_owned());
        self
    }
}
