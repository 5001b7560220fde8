//! stub header for the first build
