//! Rules without a store: files, templates, states.

mod evaluating;
mod files;
mod states;
mod templates;
