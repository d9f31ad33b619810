"""The options on sources that are not ONNX: how they are read, and which of them contradict each other."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.lowering.instructions import DTYPES, Example, Instructions, parse_instructions, split_names
from graphfix.lowering.options import add_lowering, add_proof


def read(*words: str) -> Instructions:
    parser = argparse.ArgumentParser()
    add_lowering(parser)
    add_proof(parser)
    return parse_instructions(parser.parse_args(words), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1x3x224x224", Example((1, 3, 224, 224))),
        ("image=1x3x8x8", Example((1, 3, 8, 8), "image")),
        ("ids=1x16:int64", Example((1, 16), "ids", "int64")),
        ("Nx80xT", Example(("N", 80, "T"))),
        ("1,3,8:float16", Example((1, 3, 8), "", "float16")),
        ("7:bool", Example((7,), "", "bool")),
        ("rate=:int64", Example((), "rate", "int64")),
        ("pixels:0=1x4", Example((1, 4), "pixels:0")),
        ("pixels:0=1x4:uint8", Example((1, 4), "pixels:0", "uint8")),
        ("0x3", Example((0, 3))),
    ],
)
def test_input_states_name_dims_and_dtype(text: str, expected: Example) -> None:
    assert Example.parse(text) == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_known(dtype: str) -> None:
    assert Example.parse(f"2x3:{dtype}").dtype == dtype


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1x3:float", "did you mean `float"),
        ("1x3:Float32", "did you mean `float32`?"),
        ("1x3:int46", "did you mean `int64`?"),
        ("1x3:", "unknown dtype ``"),
        ("1x-3", "negative size -3"),
        ("1x3.5/2", "is not a shape"),
        ("=1x3", "names no input"),
        ("", "an empty shape"),
        (":int64", "an empty shape"),
    ],
)
def test_misspelt_input_is_refused_with_the_cure(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        Example.parse(text)
    assert told in error.value.line()


def test_options_become_instructions() -> None:
    found = read(
        "--input", "2x3", "--input", "ids=1:int64", "--exporter", "trace", "--opset", "17", "--inputs", "a, b:0",
        "--outputs", "c", "--weights", "w.pt", "--trust", "--network", "--python", "py", "--deadline", "9", "--memory-gib", "2",
        "--rtol", "0", "--atol", "0.5",
    )  # fmt: skip
    assert found == Instructions(
        examples=(Example((2, 3)), Example((1,), "ids", "int64")), exporter="trace", opset=17, ends=(("a", "b:0"), ("c",)),
        weights=Path("w.pt"), trust=True, network=True, python="py", deadline=9.0, memory_gib=2.0, rtol=0.0, atol=0.5,
    )  # fmt: skip
    assert read() == Instructions()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--input", "1x3", "--data", "in.npz"), "--input and --data both give the example inputs"),
        (("--input", "a=1x3", "--input", "a=1x4"), "says twice what `a` is"),
        (("--input", "a=1x3", "--input", "1x4"), "an --input without a name follows one that has one"),
        (("--inputs", "a"), "add --outputs"),
        (("--outputs", "a"), "add --inputs"),
        (("--inputs", "a", "--outputs", " , "), "add --outputs"),
        (("--opset", "0"), "--opset 0 is no opset"),
        (("--deadline", "0"), "--deadline 0 is too small"),
        (("--memory-gib", "-1"), "--memory-gib -1 is too small"),
        (("--rtol", "-0.1"), "--rtol -0.1 is too small"),
        (("--atol", "-1"), "--atol -1 is too small"),
    ],
)
def test_options_that_contradict_each_other_are_refused(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError) as error:
        read(*words)
    assert told in error.value.line()


def test_several_inputs_may_be_given_in_order_before_named_ones() -> None:
    assert [one.name for one in read("--input", "1x3", "--input", "2", "--input", "a=1x3", "--input", "b=1").examples] == [
        "",
        "",
        "a",
        "b",
    ]


def test_unknown_exporter_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read("--exporter", "jit")
    assert end.value.code == 2
    assert "dynamo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"), [(None, ()), ("", ()), (" , ", ()), ("a", ("a",)), ("a, b:0 ,c", ("a", "b:0", "c"))]
)
def test_names_stand_between_commas(text: str | None, expected: tuple[str, ...]) -> None:
    assert split_names(text) == expected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("net.keras", "--inputs", "a", "--outputs", "b"), "are the ends of a frozen graph"),
        (("net.pt2", "--weights", "w.pt"), "an ExportedProgram has its weights; leave out --weights"),
        (("net.keras", "--exporter", "trace"), "tf2onnx is what lowers a Keras model"),
        (("net.pt2", "--exporter", "script"), "an ExportedProgram cannot go through `script`; choose from dynamo"),
        (("net.keras", "--data", "nowhere.npz"), "nowhere.npz: there is no such file"),
    ],
)
def test_options_that_say_nothing_of_such_a_source_are_refused_before_anything_is_started(
    words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphfix.lowering.workshop.FrameworkWorkers.has", lambda *_: True)
    monkeypatch.setattr("graphfix.lowering.workshop.FrameworkWorkers.ask", lambda *_: pytest.fail("a worker was asked"))
    (tmp_path / words[0]).touch()
    assert main(["lower", *words, "-o", "out.onnx", "--isolated"]) == 2
    assert told in capsys.readouterr().err
