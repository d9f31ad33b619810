"""What an exporter's exception says, in one line, and where: file, line, module and operator.

It runs in whichever interpreter has the exporter, and so imports nothing but the standard library. Exporters speak in
pages: banners, advice to their own developers, tracebacks of their own insides. What is wrong stands in one sentence of it,
and the place in one of five others: a traceback inside the message, the frames of the exceptions that led to this one, the
graph node that a frame of the exporter was busy with, an excerpt of the source, or a printed graph.
"""

from __future__ import annotations

import linecache
import os
import re
import sysconfig
from collections.abc import Iterator
from typing import Any

LIMIT = 300
"""Characters of a message."""
DEPTH = 16
"""Exceptions of a chain that are looked at."""
FRAMEWORKS = frozenset(
    {
        "absl", "autograph", "functorch", "google", "h5py", "jax", "keras", "ml_dtypes", "numpy", "onnx", "onnx_ir", "onnxscript",
        "optree", "sympy", "tensorflow", "tf2onnx", "tf_keras", "torch", "torchgen",
    }
)  # fmt: skip
"""Packages whose lines are nobody's own."""
HERE = os.path.dirname(os.path.abspath(__file__))
STANDARD = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib"))
PACKAGED = re.compile(r"[\\/](?:site|dist)-packages[\\/]([^\\/]+)")

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r'File "(?P<file>[^"\n]+)", line (?P<line>\d+)')
TRACED = re.compile(r"^\s*(?P<file>[^\s(][^(\n]*\.\w+)\((?P<line>\d+)\):", re.MULTILINE)
GRAPH = re.compile(
    r"= (?P<op>\^?[\w:]+)\S*\(.*?, scope: (?P<scope>[^#\n]*?)(?: # (?P<file>[^:\n]+):(?P<line>\d+):\d+)?\s*$", re.MULTILINE
)
LAST_IS_INNERMOST = re.compile(r"most recent call last|raised this error|user code|[Ss]tack trace")
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
        r"^Position: \d+$", r"^Value: .*$", r"^Declaration: .*$",
    )
)  # fmt: skip
NAMED = re.compile(r"^(?:[a-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Warning|Interrupt)|Unsupported): (?=\S)")
OPERATORS = (
    re.compile(r"\boperator '?(?P<op>\w+::\w+)"),
    re.compile(r"OpOverload\(op='(?P<space>\w+)\.(?P<op>\w+)'"),
    re.compile(r"target=torch\.ops\.(?P<space>\w+)\.(?P<op>\w+)"),
    re.compile(r"\b(?P<op>(?:aten|prims|prim|torchvision|quantized)::\w+)"),
    re.compile(r"[Tt]ensorflow op \[[^\]]*: (?P<op>\w+)\] is not supported"),
    re.compile(r"Unsupported ops: Counter\(\{'(?P<op>\w+)'"),
    re.compile(r"\{\{node [^}]*\}\} = (?P<op>\w+)\["),
)
SCRIPT = "export by tracing, or keep to the Python that TorchScript takes"
CURES = (
    (r"pack_padded|pad_packed|pack_sequence", "run the layer on the padded tensor, and mask its output"),
    (r"ould not (?:guard on|extract specialized)|[Dd]ata-dependent", "choose with torch.where or torch.cond, or script it"),
    (r"inferred a static shape of|[Cc]onstraints violated|inferred to be a constant|specialized",
     "leave that dim fixed, or take what depends on its size out of forward"),
    (r"(?i)complex|\bfft|view_as_real", "compute with real and imaginary parts in tensors of their own"),
    (r"'Subgraph' is undefined|autograd\.Function", "replace the autograd.Function by plain operators, or export by tracing"),
    (r"No ONNX function found|xporting the operator|is not supported$|is not supported \(|Unsupported ops",
     "compute it with operators that ONNX has, or leave it out of what is exported"),
    (r"aren't supported|not supported in Torch[sS]cript|variable number of arguments|Type mismatch", SCRIPT),
    (r"has no attribute or method|Inferred '\w+' to be of type", SCRIPT),
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


def failure(error: BaseException, *, text: str = "") -> dict[str, Any]:
    """What went wrong and where: `message` (one line), `file`, `line`, `module`, `op` and `cure`.

    `text` is what the exporter printed meanwhile. What cannot be told is empty, and the line 0; only the message never is.
    """
    chain = list(_chain(error))
    said, busy = _said(chain, text), _busy(chain)
    named = next(filter(None, map(_operator, map(str, chain))), "")
    graph = _printed(text, named)
    place = _place(chain) or next((each for each in busy if each["file"]), None) or graph
    if not place["file"]:
        place = next(filter(lambda each: each["file"], (_printed(each, named) for each in _graphs(chain))), place)
    op = next(filter(None, (*(each["op"] for each in busy), named, graph["op"], _operator(text))), "")
    signs = f"{said}\n{op}\n{linecache.getline(place['file'], place['line']) if place['file'] else ''}"
    return {
        "message": said,
        "file": place["file"],
        "line": place["line"],
        "module": place["module"] or next((each["module"] for each in busy if each["module"]), ""),
        "op": op,
        "cure": next((cure for sign, cure in CURES if re.search(sign, signs, re.MULTILINE)), ""),
    }


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those that led to it, the outermost first."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen and len(seen) < DEPTH:
        seen.append(at)
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def _said(chain: list[BaseException], text: str) -> str:
    """The sentence: the deepest declared cause's, with its caller's where it is a slip inside the exporter."""
    at = 0
    while at + 1 < len(chain) and chain[at].__cause__ is chain[at + 1]:
        at += 1
    root = chain[at]
    said = _sentence(str(root))
    slip = isinstance(root, KeyError | IndexError | AttributeError | NotImplementedError)
    if slip or not said:
        bare, said = said, f"{type(root).__name__}: {said}".rstrip(": ")
        caller = _sentence(str(chain[at - 1])) if at and not any(map(_own, (file for file, _, _ in _frames(root)[:1]))) else ""
        said = f"{caller.rstrip('.')}: {said}" if caller and bare not in caller else said
    lost = re.search(r"^.*\bis not supported$|^.*Unsupported ops.*$", ANSI.sub("", text), re.MULTILINE)
    if lost and not _operator(said) and _operator(lost[0]):
        said = f"{_sentence(lost[0])} ({said})"
    return said if len(said) <= LIMIT else said[: LIMIT - 1].rsplit(" ", 1)[0] + "…"


def _sentence(text: str) -> str:
    """A message without banners, advice to developers, places and excerpts, on one line."""
    text = ANSI.sub("", text)
    if "## Exception summary" in text:
        text = re.sub(r"^<class '[^']*'>: ", "", text.partition("## Exception summary")[2].strip())
    head, frame, tail = text.partition(' File "')
    if frame:
        # In the interpreter's tracebacks the sentence comes last, in the compiler's first.
        closing = [line.strip() for line in tail.splitlines() if NAMED.match(line.strip())]
        text = closing[-1] if closing else head
    for noise in NOISE:
        text = noise.sub("", text)
    text = re.sub(r"\s+Explanation: ", ": ", text)
    text = " ".join(text.split())
    text = NAMED.sub("", text)
    return text.rstrip(" :#")


def _operator(text: str) -> str:
    """The operator that a message names, as `aten::name`; a TensorFlow one by its bare name."""
    for sign in OPERATORS:
        found = sign.search(text)
        if found:
            space = found.groupdict().get("space")
            return f"{space}::{found['op']}" if space else found["op"]
    return ""


def _place(chain: list[BaseException]) -> dict[str, Any] | None:
    """The innermost line of the user's own, else of a package between, in a message or in the frames below the exporter."""
    frames = [(file, line, at) for error in reversed(chain) for file, line, at in _frames(error)]
    told = [place for error in reversed(chain) for place in _told(str(error))]
    below = [(file, line) for file, line, _ in frames]
    if isinstance(chain[-1], SyntaxError) and chain[-1].filename:
        told = [(chain[-1].filename, chain[-1].lineno or 0), *told]
    for wanted in (_own, _foreign):
        for places in (told, below):
            found = next((place for place in places if wanted(place[0])), None)
            if found is not None:
                return {"file": found[0], "line": found[1], "module": _module(frames, found)}
    return None


def _told(text: str) -> list[tuple[str, int]]:
    """The places in a message, the innermost first."""
    places = [(found["file"], int(found["line"])) for found in FRAME.finditer(text)]
    return places[::-1] if LAST_IS_INNERMOST.search(text) else places


def _frames(error: BaseException) -> list[tuple[str, int, Any]]:
    """The frames of one exception from the exporter down, the innermost first; who called the exporter is not to blame."""
    frames, at = [], error.__traceback__
    while at is not None:
        frames.append((at.tb_frame.f_code.co_filename, at.tb_lineno, at.tb_frame))
        at = at.tb_next
    ours = [n for n, (file, _, _) in enumerate(frames) if os.path.dirname(os.path.abspath(file)) == HERE]
    first = next((n for n, (file, _, _) in enumerate(frames) if _package(file) in FRAMEWORKS), 0)
    return frames[ours[-1] + 1 if ours else first :][::-1]


def _module(frames: list[tuple[str, int, Any]], place: tuple[str, int]) -> str:
    """The path of the module whose method the place is in, seen from the outermost module of the frames."""
    holder = next((at.f_locals.get("self") for file, line, at in frames if (file, line) == place), None)
    if not hasattr(holder, "named_modules"):
        return ""
    for _, _, at in reversed(frames):
        root = at.f_locals.get("self")
        if hasattr(root, "named_modules") and not type(root).__module__.startswith(
            ("torch.export", "torch.fx", "torch.jit", "torch._")
        ):
            path = next((name for name, each in root.named_modules() if each is holder), None)
            if path is not None:
                return str(path)
    return ""


def _busy(chain: list[BaseException]) -> list[dict[str, Any]]:
    """What the graph nodes know that frames of the exporter were busy with: place, module and operator; the innermost first."""
    found = []
    for error in reversed(chain):
        for _, _, frame in _frames(error):
            node: Any = frame.f_locals.get("node")
            meta = getattr(node, "meta", None)
            if isinstance(meta, dict):
                stack = list((meta.get("nn_module_stack") or {}).values())
                op = re.match(r"(\w+)\.(\w+)", str(meta.get("original_aten") or getattr(node, "target", "")))
                places = _told(f"stack trace {meta.get('stack_trace') or ''}")
                found.append(_known(places, str(stack[-1][0]) if stack else "", f"{op[1]}::{op[2]}" if op else ""))
            elif callable(getattr(node, "sourceRange", None)) and callable(getattr(node, "scopeName", None)):
                where = str(node.sourceRange())
                places = _told(where) + [(each["file"], int(each["line"])) for each in TRACED.finditer(where)]
                found.append(_known(places, _scope(str(node.scopeName())), str(node.kind())))
    return found


def _graphs(chain: list[BaseException]) -> Iterator[str]:
    """The graphs that frames of the exporter were busy with, printed, the innermost first."""
    for error in reversed(chain):
        for _, _, frame in _frames(error):
            graph = frame.f_locals.get("graph")
            if callable(getattr(graph, "nodes", None)) and callable(getattr(graph, "inputs", None)):
                yield str(graph)


def _printed(text: str, op: str) -> dict[str, Any]:
    """The place of an operator in a graph that the exporter printed; of a Python function in it where no operator is named."""
    for found in GRAPH.finditer(text):
        if found["op"] == op or (not op and found["op"].startswith("^")):
            places = [(found["file"], int(found["line"]))] if found["file"] else []
            return _known(places, _scope(found["scope"]), op)
    return _known([], "", "")


def _known(places: list[tuple[str, int]], module: str, op: str) -> dict[str, Any]:
    file, line = next((each for wanted in (_own, _foreign) for each in places if wanted(each[0])), ("", 0))
    return {"file": file, "line": line, "module": module, "op": op if "::" in op else ""}


def _scope(scope: str) -> str:
    """A module's path from a scope such as `Net::/Sequential::body/Block::body.1`, or with last parts alone (`Block::1`)."""
    path = ""
    for part in scope.strip().split("/"):
        name = part.rpartition("::")[2]
        if name:
            path = name if not path or name.startswith(f"{path}.") else f"{path}.{name}"
    return path


def _package(file: str) -> str:
    """The installed package that a file belongs to, the standard library as an exporter's; empty for a file of one's own."""
    found = PACKAGED.search(file)
    if found:
        return found[1].removesuffix(".py")
    return "torch" if os.path.realpath(file).startswith(STANDARD) else ""


def _foreign(file: str) -> bool:
    """Whether a line is one that somebody wrote: no framework's, not generated, not part of this program."""
    real = os.path.abspath(file)
    generated = (file.startswith("<") and "ipython" not in file) or "__autograph_generated_file" in file or file.endswith(".pyx")
    return not (generated or _package(file) in FRAMEWORKS or os.path.dirname(real) == HERE)


def _own(file: str) -> bool:
    """Whether a line is the user's: in no installed package."""
    return _foreign(file) and not _package(file)
