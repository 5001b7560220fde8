//! Both doors over real loopback sockets, with a store and a decoder that do as they are told.

mod cost;
mod fake;
mod grpc;
mod http;
mod limits;
mod raw;
mod shutdown;
mod units;
mod writing;
