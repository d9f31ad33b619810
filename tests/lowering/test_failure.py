"""What an exporter's exception is told as: one line of its own words, and the line of Python it is about."""

from __future__ import annotations

import importlib.util
import io
import linecache
import re
import sys
import types
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from graphfix.lowering.failure import MAX_MESSAGE, failure

MARK = re.compile(r"# here\s*$")
BANNER = """Failed to export the model with torch.export. \x1b[96mThis is step 1/3\x1b[0m of exporting the model. Next steps:
- Modify the model code for `torch.export.export` to succeed.

## Exception summary

<class 'ValueError'>: five channels are wanted, not four

(Refer to the full stack trace above for more information.)"""
SCRIPTED = """The following operation failed in the TorchScript interpreter.
Traceback of TorchScript (most recent call last):
  File "/home/me/model.py", line 12, in forward
    def forward(self, x):
        return self.fc(x)
               ~~~~~~~ <--- HERE
  File "/opt/lib/python3.11/site-packages/torch/nn/modules/linear.py", line 134, in forward
        return F.linear(input, self.weight, self.bias)
               ~~~~~~~~ <--- HERE
RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x4 and 5x3)
"""
COMPILED = """
Python builtin <built-in function open> is currently not supported in Torchscript:
  File "/home/me/model.py", line 7
    def forward(self, x):
        with open("x") as f:
             ~~~~ <--- HERE
'Net.forward' is being compiled since it was called from 'Outer.forward'
  File "/home/me/model.py", line 31
        return self.net(x)
               ~~~~~~~~ <--- HERE
"""
STRICT = """Data-dependent branching
  Explanation: Detected data-dependent branching. Dynamo does not support tracing dynamic control flow.
  Hint: Use `torch.cond` to express dynamic control flow.

  Developer debug context: attempted to jump with TensorVariable()

 For more details about this graph break, please visit: https://example.org/gb

from user code:
   File "/opt/lib/python3.11/site-packages/torch/_dynamo/functional_export.py", line 232, in forward
    res = self._export_root(*args, **kwargs)
  File "/home/me/outer.py", line 15, in forward
    return self.body(x)
  File "/home/me/model.py", line 7, in forward
    if y.sum() > 0:

Set TORCHDYNAMO_VERBOSE=1 for the internal stack trace
"""
GRAPH = """graph(%x : Float(2, 4)):
  %3 : Float(2, 4) = aten::relu(%x), scope: __main__.Net::/torch.nn.Sequential::body/my.Act::body.0 # /home/me/act.py:5:0
  %4 : Float(2, 4) = aten::bessel(%3), scope: __main__.Net::/torch.nn.Sequential::body/my.Odd::body.1 # /home/me/odd.py:9:0
"""


def at(file: str, line: int, run: Callable[..., None] | None = None, **names: Any) -> Callable[..., None]:
    """A function that stands in a file, and at one of its lines calls another, or raises what it is given.

    `names` are what it knows besides: a frame's `self`, or its `node`.
    """
    known = "".join(f", {name}={name}" for name in names)
    code = f"def forward(error{known}):\n    {'raise error' if run is None else 'run(error)'}\n"
    space: dict[str, Any] = {"run": run, **names}
    exec(compile("\n" * (line - 2) + code, file, "exec"), space)
    made: Callable[..., None] = space["forward"]
    return made


def raised(error: BaseException, *frames: tuple[Any, ...]) -> BaseException:
    """The error, as it comes up through files, the outermost first: each the file, the line, and what its frame knows."""
    run = None
    for file, line, *names in reversed(frames):
        run = at(file, line, run, **(names[0] if names else {}))
    assert run is not None
    try:
        run(error)
    except BaseException as caught:
        return caught
    raise AssertionError


TORCH = "/opt/lib/python3.11/site-packages/torch/nn/modules/module.py"


@pytest.mark.parametrize(
    ("text", "message", "file", "line", "cure"),
    [
        (BANNER, "five channels are wanted, not four", "", 0, ""),
        (SCRIPTED, "mat1 and mat2 shapes cannot be multiplied (2x4 and 5x3)", "/home/me/model.py", 12, "check the shape"),
        (COMPILED, "Python builtin <built-in function open> is currently not supported in Torchscript",
         "/home/me/model.py", 7, "tracing"),
        (STRICT,
         "Data-dependent branching: Detected data-dependent branching. Dynamo does not support tracing dynamic control flow.",
         "/home/me/model.py", 7, "torch.where"),
    ],
    ids=["banner", "interpreter", "compiler", "strict"],
)  # fmt: skip
def test_a_message_gives_its_sentence_and_its_place(text: str, message: str, file: str, line: int, cure: str) -> None:
    told = failure(RuntimeError(text))
    assert (told["message"], told["file"], told["line"]) == (message, file, line)
    assert cure in told["cure"]
    assert bool(cure) == bool(told["cure"])


@pytest.mark.parametrize(
    "text",
    [
        "Found <class 'net.Cache'> in output, which is not a known type. If it holds tensors, you need to register a pytree",
        "Here, received an input of unsupported type: Cache",
    ],
)
def test_an_output_that_is_no_tensor_is_to_be_turned_off(text: str) -> None:
    assert "give out tensors, tuples and dicts alone" in failure(RuntimeError(text))["cure"]


def test_the_innermost_line_of_ones_own_below_the_exporter_is_told() -> None:
    error = raised(
        ValueError("no"), ("/home/me/export.py", 3), (TORCH, 7), ("/home/me/a.py", 5), ("/home/me/b.py", 9), (TORCH, 1)
    )
    told = failure(error)
    assert (told["message"], told["file"], told["line"]) == ("no", "/home/me/b.py", 9)


def test_a_line_of_ones_own_comes_before_one_of_a_package_and_that_before_none() -> None:
    library = "/opt/lib/python3.11/site-packages/library/layers.py"
    error = raised(ValueError("no"), (TORCH, 7), ("/home/me/a.py", 5), (library, 8))
    assert (failure(error)["file"], failure(error)["line"]) == ("/home/me/a.py", 5)
    assert failure(raised(ValueError("no"), (TORCH, 7), (library, 8)))["file"] == library
    assert failure(raised(ValueError("no"), ("/home/me/export.py", 3), (TORCH, 7)))["file"] == ""


def test_causes_are_followed_and_say_what_is_wrong() -> None:
    cause = raised(ValueError("four channels"), (TORCH, 7), ("/home/me/a.py", 5))
    outer = RuntimeError(BANNER)
    outer.__cause__ = cause
    told = failure(outer)
    assert (told["message"], told["file"], told["line"]) == ("four channels", "/home/me/a.py", 5)


def test_a_slip_inside_the_exporter_is_told_with_what_it_was_doing() -> None:
    outer = RuntimeError("Error when translating node return (x, 'hello'). See the stack trace for more information.")
    outer.__cause__ = raised(AttributeError("'str' object has no attribute 'name'"), (TORCH, 7))
    said = "Error when translating node return (x, 'hello'): AttributeError: 'str' object has no attribute 'name'"
    assert failure(outer)["message"] == said
    assert failure(KeyError("keras_tensor_1"))["message"] == "KeyError: 'keras_tensor_1'"
    assert failure(AssertionError())["message"] == "AssertionError"


def test_messages_are_one_line_and_not_long() -> None:
    told = failure(ValueError("a word\n" * 200))
    assert len(told["message"]) <= MAX_MESSAGE
    assert told["message"].endswith("a word…") or told["message"].endswith("a…")
    assert "\n" not in told["message"]


def test_an_operator_is_found_in_the_graph_that_was_printed() -> None:
    told = failure(RuntimeError("Exporting the operator 'aten::bessel' to ONNX opset version 20 is not supported"), text=GRAPH)
    assert told["op"] == "aten::bessel"
    assert (told["module"], told["file"], told["line"]) == ("body.1", "/home/me/odd.py", 9)


@pytest.mark.parametrize(
    ("node", "module"),
    [
        (types.SimpleNamespace(
            meta={"stack_trace": 'File "/home/me/m.py", line 3, in forward\n  File "/home/me/n.py", line 4, in forward',
                  "nn_module_stack": {"a": ("", "Net"), "b": ("body.1", "Odd")}, "original_aten": "aten.bessel.default"}),
         "body.1"),
        (types.SimpleNamespace(
            sourceRange=lambda: f"/home/me/n.py(4): forward\n{TORCH}(3): call", scopeName=lambda: "Net::/Sequential::body/Odd::1",
            kind=lambda: "aten::bessel"),
         "body.1"),
    ],
    ids=["fx", "script"],
)  # fmt: skip
def test_the_node_that_a_frame_was_busy_with_knows_its_place(node: Any, module: str) -> None:
    told = failure(raised(RuntimeError("no function found"), (TORCH, 5, {"node": node})))
    assert (told["module"], told["file"], told["line"], told["op"]) == (module, "/home/me/n.py", 4, "aten::bessel")


def test_the_module_is_named_by_its_path_from_the_root() -> None:
    class Module:
        def __init__(self, **children: Module) -> None:
            self.children = children

        def named_modules(self, prefix: str = "") -> Any:
            yield prefix, self
            for name, child in self.children.items():
                yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    leaf = Module()
    root = Module(body=Module(act=leaf))
    frames = [
        (TORCH, 4),
        ("/home/me/root.py", 8, {"self": root}),
        (TORCH, 5, {"self": leaf}),
        ("/home/me/leaf.py", 3, {"self": leaf}),
    ]
    told = failure(raised(ValueError("no"), *frames))
    assert (told["file"], told["line"], told["module"]) == ("/home/me/leaf.py", 3, "body.act")


def test_what_tf2onnx_has_only_logged_is_told() -> None:
    text = "Tensorflow op [net/bessel_i0/BesselI0: BesselI0] is not supported\nUnsupported ops: Counter({'BesselI0': 1})"
    told = failure(ValueError("the graph holds operators that are no ONNX"), text=text)
    assert told["op"] == "BesselI0"
    assert told["message"].startswith("Tensorflow op [net/bessel_i0/BesselI0: BesselI0] is not supported (the graph")
    assert "operators that ONNX has" in told["cure"]


PROGRAMS: dict[str, tuple[str, dict[str, tuple[str, str, str]]]] = {
    "branch": (
        "        if x.sum() > 0:  # here\n            return x\n        return -x",
        {"dynamo": ("data-dependent expression", "", "torch.where")},
    ),
    "operator": (
        "        return torch.special.bessel_j0(x) + x  # here",
        {"dynamo": ("No ONNX function found", "aten::special_bessel_j0", "operators that ONNX has"),
         "trace": ("'aten::special_bessel_j0' to ONNX", "aten::special_bessel_j0", "operators that ONNX has"),
         "script": ("'aten::special_bessel_j0' to ONNX", "aten::special_bessel_j0", "operators that ONNX has")},
    ),
    "complex": (
        "        return torch.view_as_real(torch.complex(x, x) * 2)  # here",
        {"trace": ("'aten::complex'", "aten::complex", "real and imaginary"),
         "script": ("'aten::complex'", "aten::complex", "real and imaginary")},
    ),
    "lambda": (
        "        f = lambda t: t + 1  # here\n        return f(x)",
        {"script": ("Lambda aren't supported", "", "by tracing")},
    ),
    "function": (
        "        return Fn.apply(x)  # here",
        {"script": ("'Subgraph' is undefined", "", "autograd.Function")},
    ),
    "shape": (
        "        return torch.matmul(x, torch.ones(7, 7))  # here",
        {"dynamo": ("reduction dim", "", "example inputs"), "trace": ("cannot be multiplied", "", "example inputs"),
         "script": ("cannot be multiplied", "", "example inputs")},
    ),
    "packing": (
        "        rnn, sort = nn.utils.rnn, x.sum()\n"
        "        return rnn.pack_padded_sequence(x, x[:, 0].long(), enforce_sorted=bool(sort)).data  # here",
        {"dynamo": ("data-dependent expression", "", "padded tensor")},
    ),
}  # fmt: skip
HEAD = """
import torch
from torch import nn

class Fn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

class Odd(nn.Module):
    def forward(self, x):
{body}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), Odd())

    def forward(self, x):
        return self.body(x)
"""


def exported(program: Any, how: str) -> None:
    """Export a program's Net by one of the exporters."""
    torch = program.torch
    x, net = torch.rand(2, 4) + 0.1, program.Net().eval()
    if how == "dynamo":
        torch.onnx.export(net, (x,), dynamo=True, verbose=False)
    else:
        torch.onnx.export(torch.jit.script(net) if how == "script" else net, (x,), io.BytesIO(), dynamo=False)


@pytest.mark.framework
@pytest.mark.parametrize(("name", "how"), [(name, how) for name, (_, ways) in PROGRAMS.items() for how in ways])
def test_torch_is_told_at_its_line(name: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    body, ways = PROGRAMS[name]
    part, op, cure = ways[how]
    source = HEAD.format(body=body)
    path = tmp_path / "program.py"
    path.write_text(source)
    linecache.checkcache(str(path))
    spec = importlib.util.spec_from_file_location("program", path)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "program", program)
    spec.loader.exec_module(program)
    with redirect_stdout(io.StringIO()), pytest.raises(Exception) as caught:  # noqa: PT011
        exported(program, how)
    told = failure(caught.value)
    (line,) = (at for at, text in enumerate(source.splitlines(), 1) if MARK.search(text))
    assert part in told["message"]
    assert (told["file"], told["line"], told["op"]) == (str(path), line, op)
    assert cure in told["cure"]
    if how != "script":  # whose errors come from the compiler or interpreter, which know no path
        assert told["module"] == "body.1"


@pytest.mark.framework
def test_a_dim_that_turns_out_fixed_is_told() -> None:
    torch: Any = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")

    class Net(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return x + 1 if x.shape[0] == 2 else x - 1

    with pytest.raises(Exception) as caught:  # noqa: PT011
        torch.onnx.export(Net(), (torch.rand(2, 4),), dynamo=True, verbose=False, dynamic_shapes=({0: "batch"},))
    told = failure(caught.value)
    assert "static shape of 2" in told["message"]
    assert "keep that dim fixed" in told["cure"]


@pytest.mark.framework
def test_tensorflow_is_told_at_its_line(tmp_path: Path) -> None:
    tensorflow: Any = pytest.importorskip("tensorflow")
    path = tmp_path / "program.py"
    path.write_text("import tensorflow as tf\n\n\ndef net(x):\n    y = x + 1\n    return tf.matmul(y, tf.ones([5, 5]))\n")
    names: dict[str, Any] = {"__name__": "program", "__file__": str(path)}
    exec(compile(path.read_text(), path, "exec"), names)
    function = tensorflow.function(names["net"], input_signature=[tensorflow.TensorSpec([4, 4], tensorflow.float32)])
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        function.get_concrete_function()
    told = failure(caught.value)
    assert told["message"].startswith("Dimensions must be equal, but are 4 and 5")
    assert (told["file"], told["line"], told["op"]) == (str(path), 6, "MatMul")
    assert told["cure"] == "check the shape of the example inputs"


@pytest.mark.framework
def test_a_keras_file_with_code_of_its_own_is_told(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    keras: Any = pytest.importorskip("keras")
    keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x + 1)]).save(tmp_path / "model.keras")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        keras.models.load_model(tmp_path / "model.keras")
    told = failure(caught.value)
    assert told["message"].startswith("Requested the deserialization of a `Lambda` layer")
    assert "--trust" in told["cure"]
