"""Every signature vector, and the rules no vector holds alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from drivers.signing import canonical_json, signature, wire

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "sign_vectors.json").read_text(encoding="utf-8")
)["vectors"]


def test_every_vector_is_there() -> None:
    assert len(VECTORS) == 148
    assert len({(v["platform"], v["algorithm"]) for v in VECTORS}) == 17


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_vector(vector: dict[str, Any]) -> None:
    told = vector["platform"], vector["algorithm"], vector["secret"], vector["params"]
    assert signature(*told) == vector["expected_sign"]
    if "wire_params" in vector:
        assert wire(vector["params"]) == vector["wire_params"]
        sent = *told[:3], vector["wire_params"]
        assert signature(*sent) == vector["expected_sign"]
    if "param_json" in vector:
        assert canonical_json(vector["params"]["param"]) == vector["param_json"]


def test_a_note_beginning_with_at_changes_the_signature() -> None:
    one = signature("taobao_top", "md5", "s", {"memo": "@仓库 a"})
    assert one != signature("taobao_top", "md5", "s", {"memo": "@仓库 b"})


def test_an_unknown_pair_is_refused() -> None:
    with pytest.raises(KeyError):
        signature("taobao_top", "sha1", "s", {})
