"""What a compiler computes in, and which reduced-precision and quantised forms of whole models it takes, as measured.

The file `precision/forms.json` in the folder of a version's table is written by `graphfix probe --precision`: the
arithmetic that the compiler uses by default and on request, and its answer to each form of a few small models.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from graphfix.errors import TableError
from graphfix.tables.default_precision import FILE as FILE
from graphfix.tables.table import Table, table

MODELS = ("convolution", "transformer", "recurrent")
"""The small models of which each form was measured."""
SHORT = {
    "int8": "s8", "uint8": "u8", "int16": "s16", "uint16": "u16", "int4": "s4", "uint4": "u4", "float8e4m3fn": "f8",
    "float16": "f16", "bfloat16": "bf16", "float32": "f32",
}  # fmt: skip
SUPPORTED, REJECTED, WRONG, UNMEASURED = "supported", "rejected", "wrong numerics", "unmeasured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of a model in reduced precision, by everything on which a compiler's answer was found to depend.

    `scheme` is `float` (a whole model in a narrower float), `qdq` (QuantizeLinear and DequantizeLinear around operators),
    `qoperator` (QLinearConv and the like), `dynamic` (DynamicQuantizeLinear and integer operators) or `weight-only`
    (constants behind DequantizeLinear or in MatMulNBits). Dtypes have ONNX's names in lower case. `activations` are
    symmetric where all zero points are zero. `bias` is `int32` where biases are quantised, else `float32`. `scope` is
    `core` where only Conv, Gemm and MatMul (and recurrent layers, for `float`) are changed, `all` where everything is.
    `pairs` is `shared` where one DequantizeLinear serves several consumers. `domain` is that of the operators that hold the
    form. For `float`, `interface` is the dtype of the model's inputs and outputs.
    """

    scheme: str
    weights: str
    activations: str = "float32"
    per: str = "tensor"
    symmetric: bool = True
    bias: str = "float32"
    scope: str = "core"
    pairs: str = "dedicated"
    opset: int = 17
    domain: str = ""
    interface: str = "float32"

    @property
    def label(self) -> str:
        """The form in a few words, as messages and tables show it."""
        words = [self.scheme, self.weights]
        if self.scheme in ("qdq", "qoperator", "dynamic"):
            words = [self.scheme, f"{self.weights} weights", f"{self.activations} activations"]
            words.append("symmetric" if self.symmetric else "asymmetric")
        if self.scheme == "weight-only" and not self.symmetric:
            words.append("asymmetric")
        if self.scheme != "float":
            words.append(f"per {self.per}")
        if self.bias != "float32":
            words.append(f"{self.bias} bias")
        if self.scheme in ("float", "qdq", "qoperator"):
            words.append("all operators" if self.scope == "all" else "core operators")
        if self.scheme == "qdq" and self.pairs == "shared":
            words.append("shared pairs")
        if self.scheme == "float":
            words.append(f"{self.interface} inputs")
        return f"{', '.join(words)}, {f'{self.domain} ' if self.domain else ''}opset {self.opset}"

    @property
    def short(self) -> str:
        """The form in abbreviations: weights before activations, `+bias` for quantised biases, `@17` for opset 17."""
        dtypes = [SHORT.get(name, name) for name in (self.weights, self.activations)]
        words = [self.scheme, "/".join(dtypes) if self.scheme in ("qdq", "qoperator", "dynamic") else dtypes[0]]
        if self.scheme != "float":
            words += ["" if self.symmetric else "asym", self.per, "+bias" if self.bias != "float32" else ""]
        else:
            words.append("" if self.interface == "float32" else "in+out")
        words += [
            "all" if self.scope == "all" and self.scheme in ("qdq", "float") else "",
            self.pairs if self.pairs == "shared" else "",
        ]
        return " ".join([word for word in words if word] + [f"{'ms' if self.domain else ''}@{self.opset}"])


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """A compiler's answer to one form of one small model.

    `verdict` is `supported`, `rejected` or `wrong numerics`; `stage` and `said` are where and in which words it was rejected;
    `snr` is the signal-to-noise ratio in dB of its outputs beside onnxruntime's of the same file, None where it does not
    run here or onnxruntime does not run the file.
    """

    verdict: str
    stage: str = ""
    said: str = ""
    snr: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredForm:
    """A form and the answers to it, by the name of the small model."""

    form: Form
    answers: Mapping[str, FormAnswer]

    def verdict(self, models: Sequence[str] = ()) -> str:
        """Return the verdict over these small models, by default all measured: the worst of theirs."""
        found = [self.answers[name].verdict if name in self.answers else UNMEASURED for name in models or self.answers]
        order = (REJECTED, WRONG, UNMEASURED, SUPPORTED)
        return min(found, key=order.index, default=UNMEASURED)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """One arithmetic in which a compiler can compute the float32 operators of a model.

    `precision` is float32, tf32, bfloat16 or float16. `default` says whether it is used unless something else is asked
    for, `requires` the CPU feature without which it is not (`avx512_bf16|amx_bf16`; empty for none), `setting` how to ask
    for it, `operators` those computed in it (empty for all floating-point ones), and `evidence` is `measured` with how it
    was measured in `said`, or `documented` with the vendor's words.
    """

    precision: str
    default: bool
    setting: str
    requires: str = ""
    operators: tuple[str, ...] = ()
    evidence: str = "measured"
    said: str = ""


@dataclass(frozen=True, slots=True)
class Accumulation:
    """In what a compiler sums the products of a quantised matrix product, told by planted products.

    `operands` are the dtypes of activations and weights, `accumulator` is `int32`, `int16` (sums of neighbours saturate) or
    `float32` (low bits are rounded away; the product is computed in float), `beyond` what became of a sum above what int32 holds:
    `wraps`, `saturates`, `exact`, or empty where the accumulator is another. `said` holds the numbers.
    """

    operands: str
    accumulator: str
    beyond: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class PrecisionTable:
    """What was measured of one compiler version: `arithmetics`, `forms` in the order of measuring, and by which tools.

    `accumulations` is empty where compiled models do not run on the machine of the prober, or were not measured so.
    """

    target: str
    version: str
    compiler: str
    on: str
    measured: str
    arithmetics: tuple[Arithmetic, ...]
    forms: tuple[MeasuredForm, ...]
    accumulations: tuple[Accumulation, ...] = ()

    def default(self, features: Iterable[str] = ()) -> Arithmetic:
        """Return the arithmetic used by default on a CPU with these features: the first default whose need is met."""
        present = set(features)
        for one in self.arithmetics:
            if one.default and (not one.requires or present & set(one.requires.split("|"))):
                return one
        return Arithmetic("float32", True, "", evidence="documented", said="nothing else is known")

    def measured_form(self, form: Form) -> MeasuredForm | None:
        """Return what was measured of exactly this form; None where it was not."""
        return next((one for one in self.forms if one.form == form), None)

    def verdict(self, form: Form, models: Sequence[str] = ()) -> str:
        """Return the verdict on a form over these small models; `unmeasured` where it was not measured."""
        found = self.measured_form(form)
        return UNMEASURED if found is None else found.verdict(models)

    def supported(self, models: Sequence[str] = (), **wanted: Any) -> list[Form]:
        """Return the supported forms that have these fields (`scheme="qdq", weights="int8"`), in the order of measuring."""
        return [
            one.form
            for one in self.forms
            if one.verdict(models) == SUPPORTED and all(getattr(one.form, name) == value for name, value in wanted.items())
        ]


def precision_table(target: str, *, home: Path | None = None) -> PrecisionTable | None:
    """Return what was measured of `target` or `target@version`; None where that version was not measured so."""
    return read_precision(table(target, home))


def read_precision(known: Table) -> PrecisionTable | None:
    """Return what was measured of a table's version; None where no such measurement is beside it."""
    path = known.folder / FILE
    return _read(path, known.target, known.version) if path.is_file() else None


@functools.cache
def _read(path: Path, target: str, version: str) -> PrecisionTable:
    """Parse a file; TableError names it when it is malformed."""
    try:
        data = json.loads(path.read_bytes())
        about = data["measured"]
        return PrecisionTable(
            target,
            version,
            about["compiler"],
            about["on"],
            about["date"],
            tuple(Arithmetic(**{**item, "operators": tuple(item.get("operators", ()))}) for item in data["arithmetics"]),
            tuple(
                MeasuredForm(Form(**item["form"]), {name: FormAnswer(**answer) for name, answer in item["answers"].items()})
                for item in data["forms"]
            ),
            tuple(Accumulation(**item) for item in data.get("accumulations", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableError(f"not a table of precisions ({error!r})", path=path, hint="reinstall graphfix") from error


def written(known: PrecisionTable) -> str:
    """Return the text of the file that holds a table: one line for each form, defaults left out."""
    about = {"compiler": known.compiler, "on": known.on, "date": known.measured}
    modes = [json.dumps(_short(one)) for one in known.arithmetics]
    forms = [
        json.dumps({"form": _short(one.form), "answers": {name: _short(answer) for name, answer in one.answers.items()}})
        for one in known.forms
    ]
    parts = [f' "measured": {json.dumps(about)}', _listed("arithmetics", modes)]
    if known.accumulations:
        parts.append(_listed("accumulations", [json.dumps(_short(one)) for one in known.accumulations]))
    return "{\n" + ",\n".join([*parts, _listed("forms", forms)]) + "\n}\n"


def _listed(name: str, lines: Sequence[str]) -> str:
    """Return a list of the file, an item a line."""
    items = ",\n  ".join(lines)
    return f' "{name}": [\n  {items}\n ]'


def _short(item: Form | FormAnswer | Arithmetic | Accumulation) -> dict[str, Any]:
    """Return the fields of a record that differ from their defaults."""
    values = asdict(item)
    return {each.name: values[each.name] for each in fields(item) if values[each.name] != each.default}


def common_forms(tables: Sequence[PrecisionTable], models: Sequence[str] = (), **wanted: Any) -> list[Form]:
    """Return the forms with these fields that every table supports, in the first one's order."""
    if not tables:
        return []
    first, *others = tables
    return [form for form in first.supported(models, **wanted) if all(one.verdict(form, models) == SUPPORTED for one in others)]
