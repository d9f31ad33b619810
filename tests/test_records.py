"""The dataclass decorator of modules that every command loads, against the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from dataclasses import field
from typing import Any, ClassVar

import pytest

from graphfix.ir import records


@records.dataclass(frozen=True, slots=True)
class Frozen:
    """A record with defaults."""

    kind: ClassVar[str] = "frozen"
    name: str
    sizes: tuple[int, ...] = ()
    more: dict[str, int] = field(default_factory=dict)
    hint: str = field(default="", compare=False)


@records.dataclass(slots=True)
class Base:
    """A record with a computed field."""

    first: int
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        """Compute the second field."""
        self.twice = 2 * self.first


@records.dataclass(slots=True)
class Derived(Base):
    """A record with the fields of another before its own."""

    last: list[int] = field(default_factory=list)


@records.dataclass(frozen=True, slots=True, eq=False)
class ByIdentity:
    """A record that equals itself only."""

    name: str = ""


def test_a_record_is_made_shown_and_compared_like_a_dataclass() -> None:
    one = Frozen("a", (1, 2))
    assert repr(one) == "Frozen(name='a', sizes=(1, 2), more={}, hint='')"
    assert one == Frozen("a", (1, 2), hint="other")
    assert one != Frozen("a")
    assert Frozen("a").more is not Frozen("a").more
    assert Frozen.__match_args__ == ("name", "sizes", "more", "hint")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        Frozen()  # type: ignore[call-arg]
    assert ByIdentity("a") != ByIdentity("a")
    assert len({ByIdentity("a"), ByIdentity("a")}) == 2


def test_a_frozen_record_cannot_be_changed_and_an_open_one_can() -> None:
    one: Any = Frozen("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    two: Any = Derived(1, [3])
    two.first = 5
    assert (two.first, two.twice, two.last) == (5, 2, [3])
    with pytest.raises(AttributeError):
        two.other = 1  # slots


def test_the_functions_of_dataclasses_work_on_records() -> None:
    assert [one.name for one in dataclasses.fields(Derived)] == ["first", "twice", "last"]
    assert dataclasses.replace(Frozen("a"), sizes=(3,)) == Frozen("a", (3,))
    assert dataclasses.asdict(Frozen("a", (1,))) == {"name": "a", "sizes": (1,), "more": {}, "hint": ""}
    assert dataclasses.is_dataclass(Frozen)
    assert isinstance(hash(ByIdentity("a")), int)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Base(1))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_records_are_copied_and_pickled(copied: Any) -> None:
    assert copied(Frozen("a", (1,), {"b": 2})) == Frozen("a", (1,), {"b": 2})
    assert copied(Derived(1, [2])) == Derived(1, [2])


def test_onnx_without_its_unused_parts_still_has_all_of_them() -> None:
    code = (
        "import sys\n"
        "from graphfix.ir.lean_onnx import import_onnx\n"
        "import_onnx()\n"
        "assert 'importlib.metadata' not in sys.modules and 'email' not in sys.modules\n"
        "import importlib.metadata, onnx\n"
        "assert onnx.__version__ == importlib.metadata.version('onnx')\n"
        'model = onnx.parser.parse_model(\'<ir_version: 8, opset_import: ["" : 17]> g '
        "(float[1] x) => (float[1] y) {y = Relu(x)}')\n"
        "assert 'Relu' in onnx.printer.to_text(model)\n"
        "assert onnx.version_converter.convert_version(model, 18).opset_import[0].version == 18\n"
        "from google.protobuf import json_format, text_format\n"
        "assert json_format.MessageToDict(model)['irVersion'] == '8' and 'Relu' in text_format.MessageToString(model)\n"
        "assert onnx.compose.merge_models and onnx.utils.extract_model and onnx.helper.make_node"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
