"""A finding is what it was when it was told."""

import json

import pytest

from animdrive.capture.finding import Finding


def test_it_is_plain_json_and_cannot_be_changed():
    figures = {"offset_ms": 118.0}
    found = Finding("sync", "sync: skin is 118 ms late", figures, severe=True)
    figures["offset_ms"] = 0.0
    assert json.loads(json.dumps(found.as_dict())) == {
        "step": "sync",
        "line": "sync: skin is 118 ms late",
        "severe": True,
        "figures": {"offset_ms": 118.0},
    }
    with pytest.raises(TypeError):
        found.figures["offset_ms"] = 1.0
