//! The decoder against prost, JSON against protobuf, and hostile input.
