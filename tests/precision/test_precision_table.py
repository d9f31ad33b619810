"""The table of precisions: reading, verdicts over the small models, and what was measured of every target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.errors import TableError
from graphfix.linter.support import tables
from graphfix.tables.default_precision import default_precision
from graphfix.tables.precision import (
    MODELS,
    REJECTED,
    SUPPORTED,
    UNMEASURED,
    WRONG,
    Arithmetic,
    Form,
    FormAnswer,
    MeasuredForm,
    PrecisionTable,
    common_forms,
    precision_table,
    read_precision,
    written,
)
from graphfix.tables.table import Table

USUAL = Form(scheme="qdq", weights="int8", activations="int8", per="channel")
TARGETS = ("coreml", "openvino", "tensorrt", "tflite", "tract")


def known(*verdicts: str, target: str = "demo") -> PrecisionTable:
    answers = {
        name: FormAnswer(verdict, "convert" * (verdict == REJECTED)) for name, verdict in zip(MODELS, verdicts, strict=False)
    }
    modes = (
        Arithmetic("bfloat16", True, "HINT=bf16", requires="avx512_bf16|amx_bf16"),
        Arithmetic("float32", True, "HINT=f32", said="as seen"),
        Arithmetic("float16", False, "HINT=f16", operators=("Conv",), evidence="documented"),
    )
    return PrecisionTable(target, "1.0", "demo 1.0", "Linux", "2026-01-01", modes, (MeasuredForm(USUAL, answers),))


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = known(SUPPORTED, REJECTED)
    path = tmp_path / "demo" / "1.0" / "precision" / "forms.json"
    path.parent.mkdir(parents=True)
    path.write_text(written(table))
    assert read_precision(Table("demo", "1.0", tmp_path / "demo" / "1.0", {})) == table
    assert read_precision(Table("demo", "2.0", tmp_path / "demo" / "2.0", {})) is None


def test_a_malformed_table_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "precision" / "forms.json"
    path.parent.mkdir()
    path.write_text('{"measured": {}}')
    for read in (read_precision, default_precision):
        with pytest.raises(TableError, match=r"forms\.json"):
            read(Table("demo", "1.0", tmp_path, {}))


def test_the_verdict_on_a_form_is_the_worst_of_the_models_asked_for() -> None:
    table = known(SUPPORTED, REJECTED)
    assert table.verdict(USUAL) == REJECTED
    assert table.verdict(USUAL, ["convolution"]) == SUPPORTED
    assert table.verdict(USUAL, ["convolution", "recurrent"]) == UNMEASURED
    assert known(SUPPORTED, WRONG).verdict(USUAL) == WRONG
    assert table.verdict(replace(USUAL, opset=13)) == UNMEASURED
    assert MeasuredForm(USUAL, {}).verdict() == UNMEASURED


def test_forms_that_all_tables_support_are_found_by_their_fields() -> None:
    both = [known(SUPPORTED), known(SUPPORTED, target="other")]
    assert common_forms(both) == [USUAL]
    assert common_forms(both, scheme="qdq", weights="int8") == [USUAL]
    assert common_forms(both, weights="uint8") == []
    assert common_forms([known(SUPPORTED), known(REJECTED)]) == []
    assert common_forms([]) == []


def test_the_default_depends_on_the_cpu() -> None:
    table = known(SUPPORTED)
    assert table.default(["amx_bf16"]).precision == "bfloat16"
    assert table.default(["avx2"]).precision == "float32"
    assert table.default().precision == "float32"


def test_labels_tell_forms_apart() -> None:
    forms = {form for one in tables([], every=False) if (found := read_precision(one)) for form in (m.form for m in found.forms)}
    assert len({form.label for form in forms}) == len({form.short for form in forms}) == len(forms) > 50


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_was_measured(target: str) -> None:
    table = precision_table(target)
    assert table is not None
    assert table.version in table.compiler
    assert sum(mode.default and not mode.requires for mode in table.arithmetics) == 1
    answered = [one for one in table.forms if one.answers]
    assert len(answered) > 80
    for one in answered:
        for answer in one.answers.values():
            assert answer.verdict in (SUPPORTED, REJECTED, WRONG)
            assert bool(answer.said) == (answer.verdict == REJECTED)
    assert table.supported(scheme="weight-only")


def test_one_form_is_taken_by_three_targets() -> None:
    three = [table for target in ("openvino", "tract", "tensorrt") if (table := precision_table(target)) is not None]
    assert USUAL in [replace(form, opset=17) for form in common_forms(three, scheme="qdq")]


def test_the_command_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "--precision", "--target", "openvino", "--full"]) == 0
    text = capsys.readouterr().out
    assert "bfloat16 by default on CPUs with avx512_bf16 or amx_bf16, INFERENCE_PRECISION_HINT=bf16" in text
    assert "qdq s8/s8 channel @17" in text
    assert main(["table", "--precision", "--op", "Conv"]) == 2
    assert main(["table", "--full"]) == 2
