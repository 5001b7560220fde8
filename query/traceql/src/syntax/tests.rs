mod complete;
mod errors;
mod filter;
mod parse;
mod random;
