"""`graphfix table --precision`: what targets compute in, and which forms in reduced precision they take, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from graphfix.report.page import Page
from graphfix.tables.precision import MODELS, REJECTED, SUPPORTED, UNMEASURED, WRONG, Form, PrecisionTable

MARKS = {SUPPORTED: "yes", REJECTED: "no", WRONG: "wrong", UNMEASURED: "-"}
PARTLY = "partly"
LETTERS = {name: name[0] for name in MODELS}
MOST_SAID = 100
BEYOND = {"wraps": "wraps around", "saturates": "stays at the limit", "exact": "is exact all the same"}
"""What became of a sum that int32 does not hold, in words."""
LEGEND = (
    "form: scheme, dtypes of weights and activations, asym(metric), per tensor, channel or block, +bias: quantised biases,",
    "all operators or the core ones (Conv, Gemm, MatMul), shared pairs of QuantizeLinear, in+out: inputs and outputs too,",
    "ms: operators of com.microsoft, @opset",
    "measured of a convolutional model, a transformer block and an LSTM; partly: not all, the letters are those taken",
    "wrong: accepted, and computes something else",
)
"""What the abbreviations mean."""


def render_precision_matrix(tables: Sequence[PrecisionTable], out: TextIO, *, full: bool) -> None:
    """Write the arithmetics of each target and a line for each form; `full` adds the compilers' words on what is rejected."""
    page = Page(out)
    page.line(("what they compute float32 models in", "bold"))
    for known in tables:
        for line, said in arithmetic_lines(known):
            page.line(f"  {known.target} {known.version}: {line}")
            page.line(f"      {said}")
    forms = all_forms(tables)
    width = max((len(form.short) for form in forms), default=4)
    page.line()
    page.line((f"{'form':{width}}  {'  '.join(f'{known.target:>9}' for known in tables)}", "bold"))
    for form in forms:
        page.line(f"{form.short:{width}}  {'  '.join(f'{mark(known, form):>9}' for known in tables)}")
        if full:
            for known in tables:
                for name, said in words_on(known, form):
                    page.line(f"    {known.target}, {name}: {said}")
    page.line()
    for line in LEGEND:
        page.line(line)


def arithmetic_lines(known: PrecisionTable) -> list[tuple[str, str]]:
    """Return what a compiler computes in, by default and on request, each with how that is known."""
    found = []
    for mode in known.arithmetics:
        when = f" on CPUs with {mode.requires.replace('|', ' or ')}" if mode.requires else ""
        word = "by default" if mode.default else "on request"
        setting = f", {mode.setting}" if mode.setting else ""
        found.append((f"{mode.precision} {word}{when}{setting}", f"{mode.evidence}: {mode.said}"))
    for one in known.accumulations:
        beyond = f", beyond which a sum {BEYOND[one.beyond]}" if one.beyond else ""
        found.append((f"products of {one.operands} are summed in {one.accumulator}{beyond}", f"measured: {one.said}"))
    return found


def all_forms(tables: Sequence[PrecisionTable]) -> list[Form]:
    """Return the forms that any table has, in the order of measuring."""
    return list(dict.fromkeys(one.form for known in tables for one in known.forms))


def mark(known: PrecisionTable, form: Form) -> str:
    """Return the verdict of a target on a form in a word."""
    found = known.measured_form(form)
    if found is None or not found.answers:
        return MARKS[UNMEASURED]
    verdicts = {name: answer.verdict for name, answer in found.answers.items()}
    taken = [LETTERS[name] for name, verdict in verdicts.items() if verdict == SUPPORTED]
    if len(set(verdicts.values())) == 1:
        return MARKS[next(iter(verdicts.values()))]
    return f"{PARTLY} {''.join(taken)}" if taken else MARKS[REJECTED]


def words_on(known: PrecisionTable, form: Form) -> list[tuple[str, str]]:
    """Return the words of a compiler about the small models that it does not take, each once, with the models' names."""
    found = known.measured_form(form)
    told: dict[str, list[str]] = {}
    for name, answer in found.answers.items() if found is not None else ():
        if answer.verdict == REJECTED:
            told.setdefault(answer.said[:MOST_SAID], []).append(name)
        elif answer.verdict == WRONG:
            told.setdefault(f"the outputs' SNR is {answer.snr} dB", []).append(name)
    return [(", ".join(names), said) for said, names in told.items()]
