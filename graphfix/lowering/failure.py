"""The message of an exporter's exception in one line, with its location, operator and a hint.

Exporters' messages run over pages: banners, advice to their own developers, tracebacks of their own code. The cause is in
one sentence of them, which this file extracts; `failure_location` finds where in the user's program it is.
This file runs in an interpreter that has the exporter, where graphfix need not be installed: it imports the standard
library alone, and that file.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from typing import Any

from graphfix.lowering.failure_location import (
    exception_location,
    exporter_frames,
    is_user_code,
    node_in_printed_graph,
    node_reports,
    printed_graphs,
)

MAX_MESSAGE = 300
"""The maximum number of characters in a message."""
MAX_CHAIN = 16
"""The maximum number of exceptions of a chain that are examined."""

ANSI = re.compile(r"\x1b\[[0-9;]*m")
NOISE = tuple(
    re.compile(text, re.IGNORECASE | re.MULTILINE)
    for text in (
        r"^Failed to (?:export|convert)\b.*?This is step.*$", r"^Next steps:.*$", r"^Caused by: \(.*$",
        r"\(unhinted: .*?\)\.?(?= |$)", r"\(Size-like symbols: .*?\)", r"^consider using data-dependent friendly.*$",
        r"^\(Refer to the full stack.*$", r"(?:^\s*|(?<=[.!] ))For (?:more|extended|c\+\+).*?(?:run with|add|see|visit|trace).*$",
        r"^\s*The branch condition involves.*$", r"^User stack(?: trace)?:.*$", r"If you're using mark_dynamic.*$",
        r"^If you suspect the guard.*$", r"The error above occurred when calling.*$",
        r"^The following call raised this error:.*$", r"^Set TORCH\w+=.*$", r"You can suppress this exception.*$",
        r"^\s*Hint: .*$", r"^\s*Developer debug context: .*$", r"^in user code:$", r"^from user code:$",
        r"^.*\(most recent call last\):?$",
        r"^The following operation failed in the TorchScript interpreter\.$", r"INTERNAL ASSERT FAILED at \S+, ",
        r"please report a bug to PyTorch\.?", r"Full object config: .*$", r"^config=\{.*$", r"^Exception encountered: ",
        r"^.*could not be deserialized properly\. Please ensure.*$", r"Please (?:feel free to|file|open|report)\b.*$",
        r"See the stack trace for more information\.", r"https?://\S+", r"^make_sure failure: ", r" at 0x[0-9a-f]+",
        r"\[Caused by the value '[\s\S]*", r"^Position: \d+$", r"^Value: .*$", r"^Declaration: .*$",
    )
)  # fmt: skip
"""Parts of messages that are removed."""
EXCEPTION_PREFIX = re.compile(r"^(?:[a-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Warning|Interrupt)|Unsupported): (?=\S)")
"""The class of an exception at the beginning of a message."""
OPERATORS = (
    re.compile(r"\boperator '?(?P<op>\w+::\w+)"),
    re.compile(r"OpOverload\(op='(?P<space>\w+)\.(?P<op>\w+)'"),
    re.compile(r"target=torch\.ops\.(?P<space>\w+)\.(?P<op>\w+)"),
    re.compile(r"\b(?P<op>(?:aten|prims|prim|torchvision|quantized)::\w+)"),
    re.compile(r"[Tt]ensorflow op \[[^\]]*: (?P<op>\w+)\] is not supported"),
    re.compile(r"Unsupported ops: Counter\(\{'(?P<op>\w+)'"),
    re.compile(r"\{\{node [^}]*\}\} = (?P<op>\w+)\["),
)
"""Patterns by which messages name an operator."""
SCRIPT_HINT = "export by tracing, or use only the Python that TorchScript supports"
HINTS = (
    (r"pack_padded|pad_packed|pack_sequence", "run the layer on the padded tensor, and mask its output"),
    (r"ould not (?:guard on|extract specialized)|[Dd]ata-dependent", "choose with torch.where or torch.cond, or script it"),
    (r"inferred a static shape of|[Cc]onstraints violated|inferred to be a constant|specialized",
     "keep that dim fixed, or move what depends on its size out of forward"),
    (r"(?i)complex|\bfft|view_as_real", "compute with real and imaginary parts in tensors of their own"),
    (r"'Subgraph' is undefined|autograd\.Function", "replace the autograd.Function by plain operators, or export by tracing"),
    (r"No ONNX function found|xporting the operator|is not supported$|is not supported \(|Unsupported ops",
     "compute it with operators that ONNX has, or leave it out of what is exported"),
    (r"aren't supported|not supported in Torch[sS]cript|variable number of arguments|Type mismatch", SCRIPT_HINT),
    (r"has no attribute or method|Inferred '\w+' to be of type", SCRIPT_HINT),
    (r"not a known type|need to register a pytree|received an input of unsupported type",
     "give out tensors, tuples and dicts alone: wrap the model, or turn off what it keeps, as by `config.use_cache = False`"),
    (r"could not get source code", "export by tracing: TorchScript reads source, and this has none"),
    (r"Lambda. layer|safe_mode", "trust the file (--trust), or replace the Lambda layer"),
    (r"Could not locate (?:class|function)|Unknown layer|custom_object", "lower a factory that imports the custom class"),
    (r"shapes cannot be multiplied|reduction dim|must be equal, but are|size mismatch|channels, but got|must match the size",
     "check the shape of the example inputs"),
    (r"is invalid for input of size|inconsistencies were found|[Cc]annot (?:re)?shape", "check the shape of the example inputs"),
    (r"SavedModel file does not exist|file signature not found|No such file", "check the path, and that the file is whole"),
)  # fmt: skip
"""What to do, by a pattern in the message, the operator or the line of source."""


def failure(error: BaseException, *, text: str = "") -> dict[str, Any]:
    """Describe an exception: `message` (one line), `file`, `line`, `module`, `op` and `cure`.

    `text` is what the exporter printed meanwhile. What is unknown is empty, or 0 for the line; the message never is.
    """
    chain = list(exception_chain(error))
    message, reports = _message(chain, text), node_reports(chain)
    operator = next(filter(None, map(operator_in, map(str, chain))), "")
    graph = node_in_printed_graph(text, operator)
    location = exception_location(chain) or next((each for each in reports if each["file"]), None) or graph
    if not location["file"]:
        location = next(
            filter(lambda each: each["file"], (node_in_printed_graph(each, operator) for each in printed_graphs(chain))), location
        )
    op = next(filter(None, (*(each["op"] for each in reports), operator, graph["op"], operator_in(text))), "")
    searched = f"{message}\n{op}\n{linecache.getline(location['file'], location['line']) if location['file'] else ''}"
    return {
        "message": message,
        "file": location["file"],
        "line": location["line"],
        "module": location["module"] or next((each["module"] for each in reports if each["module"]), ""),
        "op": op,
        "cure": next((hint for pattern, hint in HINTS if re.search(pattern, searched, re.MULTILINE)), ""),
    }


def exception_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and those that caused it, the outermost first."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen and len(seen) < MAX_CHAIN:
        seen.append(at)
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def _message(chain: list[BaseException], text: str) -> str:
    """Return the message of the deepest explicit cause; with its caller's where it is an internal error of the exporter."""
    at = 0
    while at + 1 < len(chain) and chain[at].__cause__ is chain[at + 1]:
        at += 1
    root = chain[at]
    message = _clean_message(str(root))
    internal = isinstance(root, KeyError | IndexError | AttributeError | NotImplementedError)
    if internal or not message:
        own, message = message, f"{type(root).__name__}: {message}".rstrip(": ")
        caller = (
            _clean_message(str(chain[at - 1]))
            if at and not any(map(is_user_code, (file for file, _, _ in exporter_frames(root)[:1])))
            else ""
        )
        message = f"{caller.rstrip('.')}: {message}" if caller and own not in caller else message
    unsupported = re.search(r"^.*\bis not supported$|^.*Unsupported ops.*$", ANSI.sub("", text), re.MULTILINE)
    if unsupported and not operator_in(message) and operator_in(unsupported[0]):
        message = f"{_clean_message(unsupported[0])} ({message})"
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1].rsplit(" ", 1)[0] + "…"


def _clean_message(text: str) -> str:
    """Return a message on one line, without banners, advice to developers, locations and excerpts."""
    text = ANSI.sub("", text)
    if "## Exception summary" in text:
        text = re.sub(r"^<class '[^']*'>: ", "", text.partition("## Exception summary")[2].strip())
    head, frame, tail = text.partition(' File "')
    if frame:
        # In tracebacks of the interpreter the message comes last, in those of the TorchScript compiler first.
        closing = [line.strip() for line in tail.splitlines() if EXCEPTION_PREFIX.match(line.strip())]
        text = closing[-1] if closing else head
    for noise in NOISE:
        text = noise.sub("", text)
    text = re.sub(r"\s+Explanation: ", ": ", text)
    text = " ".join(text.split())
    text = EXCEPTION_PREFIX.sub("", text)
    return text.rstrip(" :#")


def operator_in(text: str) -> str:
    """Return the operator that a message names, as `aten::name`; a TensorFlow operator by its bare name; else an empty text."""
    for pattern in OPERATORS:
        found = pattern.search(text)
        if found:
            space = found.groupdict().get("space")
            return f"{space}::{found['op']}" if space else found["op"]
    return ""
