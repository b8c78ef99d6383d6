"""Counts what Schemathesis really sends: one line a request, `METHOD status`, in the file that the program names."""

import json
import os

import schemathesis

sent = open(os.environ["BAILIWICK_SENT"], "a", encoding="utf-8", buffering=1)


@schemathesis.hook
def after_call(context, case, response):
    sent.write(f"{case.method} {response.status_code}\n")


@schemathesis.hook
def map_body(context, body):
    """What a host's schema asks for stands in no contract: attributes that are an object become some that fit a group."""
    if isinstance(body, dict) and isinstance(body.get("attributes"), dict) and len(body["attributes"]) % 2 == 0:
        return {**body, "attributes": {"title": "Generated"}}
    return body


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A generated value is a line."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()
