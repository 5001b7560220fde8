"""OTLP/JSON, where it differs from protobuf's own: ids, numbers, enums, nulls, and what is not known."""

import pytest

from otlp import JSON, new_span_id, new_trace_id, post, span_json


def store(server, **fields) -> dict:
    """Sends one span and reads it back."""
    trace_id = fields.pop("traceId", None) or new_trace_id()
    answer = post(server.otlp_http, "traces", span_json(trace_id, **fields))
    assert not answer.response("traces").HasField("partial_success"), answer.body
    (span,) = server.trace(trace_id)["spans"]
    return span


def attribute(value) -> list[dict]:
    return [{"key": "it", "value": value}]


def value_stored(server, value):
    return store(server, attributes=attribute(value))["attributes"]["it"]


def test_ids_are_hex_of_either_case(shared_server):
    trace_id, span_id, parent = new_trace_id(), new_span_id(), new_span_id()
    span = store(shared_server, traceId=trace_id.upper(), spanId=span_id.upper(), parentSpanId=parent.upper())
    assert (span["trace_id"], span["span_id"], span["parent_span_id"]) == (trace_id, span_id, parent)


@pytest.mark.parametrize("absent", ("", None))
def test_an_empty_parent_is_no_parent(shared_server, absent):
    assert store(shared_server, parentSpanId=absent)["parent_span_id"] == ""


@pytest.mark.parametrize(
    "ids",
    (
        {"traceId": "5b8efff798038103d269b633813fc6"},
        {"traceId": "5b8efff798038103d269b633813fc60c00"},
        {"traceId": "W47/95gDgQPSabYzgT/GDA=="},  # base64, as protobuf's own JSON has it
        {"traceId": "zz8efff798038103d269b633813fc60c"},
        {"spanId": "eee19b7ec3c1b1"},
        {"spanId": "7uGbfsPBsXQ="},
        {"parentSpanId": "eee19b7ec3c1b17400"},
    ),
    ids=str,
)
def test_ids_of_another_length_or_alphabet_are_400(shared_server, ids):
    answer = post(shared_server.otlp_http, "traces", span_json(new_trace_id(), **ids))
    assert (answer.status, answer.content_type) == (400, JSON), answer.body
    answer.rpc_status()


def test_unknown_fields_are_ignored_at_any_depth(shared_server):
    trace_id = new_trace_id()
    new = {"fromTheFuture": {"deep": [1, {"deeper": None}], "traceId": 7}}
    request = {**span_json(trace_id, attributes=[{"key": "it", "value": {"stringValue": "here", **new}, **new}]), **new}
    resource_spans = request["resourceSpans"][0]
    resource_spans |= new
    resource_spans["resource"] |= new
    resource_spans["scopeSpans"][0] |= new
    resource_spans["scopeSpans"][0]["scope"] |= new
    resource_spans["scopeSpans"][0]["spans"][0] |= {**new, "status": {"code": 1, **new}}
    assert not post(shared_server.otlp_http, "traces", request).response("traces").HasField("partial_success")
    (span,) = shared_server.trace(trace_id)["spans"]
    assert (span["attributes"], span["status"]["code"]) == ({"it": "here"}, "ok")


@pytest.mark.parametrize("number", (123, "123"))
def test_64_bit_integers_are_strings_or_numbers(shared_server, number):
    assert value_stored(shared_server, {"intValue": number}) == 123


@pytest.mark.parametrize(
    ("sent", "read"), (("9223372036854775807", "9223372036854775807"), (-9223372036854775808, "-9223372036854775808"))
)
def test_the_largest_integers_are_kept(shared_server, sent, read):
    assert str(value_stored(shared_server, {"intValue": sent})) == read


@pytest.mark.parametrize("write", (str, int))
def test_times_are_strings_or_numbers(shared_server, write):
    start = 1_732_165_200_123_456_789
    span = store(shared_server, startTimeUnixNano=write(start), endTimeUnixNano=write(start + 5))
    assert (span["start_time"], span["duration"]) == (str(start), "5")


@pytest.mark.parametrize(
    ("number", "kind"), ((0, "unspecified"), (1, "internal"), (2, "server"), (3, "client"), (4, "producer"), (5, "consumer"))
)
def test_enums_are_integers(shared_server, number, kind):
    assert store(shared_server, kind=number)["kind"] == kind


@pytest.mark.parametrize(
    ("sent", "read"), ((1.5, 1.5), (2, 2), ("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"))
)
def test_doubles(shared_server, sent, read):
    assert value_stored(shared_server, {"doubleValue": sent}) == read


@pytest.mark.parametrize("text", ("+/+/AAE=", "-_-_AAE=", "-_-_AAE"))
def test_bytes_are_base64_of_either_alphabet(shared_server, text):
    assert value_stored(shared_server, {"bytesValue": text}) == {"bytesValue": "+/+/AAE="}


@pytest.mark.parametrize(
    ("value", "read"),
    (
        ({"stringValue": ""}, ""),
        ({"boolValue": False}, False),
        ({"intValue": "0"}, 0),
        ({"arrayValue": {}}, []),
        ({"arrayValue": {"values": []}}, []),
        ({"kvlistValue": {}}, {}),
        ({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}, {}]}}, [1, "b", None]),
        ({"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}}, {"k": True}),
        ({}, None),
    ),
    ids=str,
)
def test_values_keep_their_type_even_when_empty(shared_server, value, read):
    stored = value_stored(shared_server, value)
    assert (stored, type(stored)) == (read, type(read))


def test_an_attribute_without_a_value_is_kept(shared_server):
    assert store(shared_server, attributes=[{"key": "it"}])["attributes"] == {"it": None}


def test_null_is_absent(shared_server):
    span = store(shared_server, events=None, links=None, attributes=None, status=None, traceState=None, flags=None)
    assert (span["events"], span["links"], span["attributes"]) == ([], [], {})
    assert (span["status"]["code"], span["trace_state"], span["flags"]) == ("unset", "", 0)
