"""Leftovers of training: what is found in a program stands at the lines that say so, and nowhere else."""

from __future__ import annotations

import linecache
import re
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphfix.lowering.leftovers import find_leftovers, modules_in_training

MARK = re.compile(r"# ([a-z]+(?:-[a-z]+)+)\s*$")
Build = Callable[[str], Any]

BRANCHES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.deep, self.mode, self.limit = True, "mean", 3
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x, y: "Tensor", mask=None, flag: bool = False, count: int = 2):
        if x.sum() > 0:  # data-dependent-branch
            x = x * 2
        while (y * 2).max() < 9:  # data-dependent-branch
            y = y * 2
        z = x if y.mean() > x.mean() else y  # data-dependent-branch
        assert not torch.isnan(z).any()  # data-dependent-branch
        n = int(x.abs().max())
        for _ in range(n):  # data-dependent-branch
            z = z + 1
        k = y.argmax().item()  # data-dependent-branch
        z = z[:, :k]
        if mask is not None and mask.any():  # data-dependent-branch
            z = z * mask
        if self.scale > 2:  # data-dependent-branch
            z = z + 1
        return z + sum(float(v) for v in y.unbind(0))  # data-dependent-branch
"""
CALM = """
def halved(t, times):
    if times > 2:
        return t / 2
    return t

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.deep, self.mode, self.extra, self.sizes = True, "mean", None, [2, 3]
        self.table = {"a": 1}

    def forward(self, x: "Tensor", y: "Optional[Tensor]" = None, names=(), flag: bool = False, eps: float = 1e-5, kind="a"):
        if self.deep and self.mode == "mean":
            x = x + 1
        if not self.deep:
            x = x[int(x.sum())]
        if y is None:
            y = x
        if flag or eps > 0 or kind == "b":
            y = y + 1
        if x.dim() == 4 or x.ndim == 3 or len(x.shape) == 2 or x.dtype == y.dtype or x.is_floating_point():
            y = y + 1
        if isinstance(x, (list, tuple)):
            raise TypeError("one tensor")
        if hasattr(self, "nothing") and self.nothing(x) > 2:
            y = y * 2
        if self.training and x.max() > 1:
            y = y * 3
        assert x.shape[1] == 4, "four"
        if x.shape[1] != 4:
            raise ValueError(f"{x.shape[1]} channels")
        parts = []
        for size in self.sizes:
            parts.append(halved(x, size))
        while len(parts) < 3:
            parts.append(x)
        if parts and names:
            y = y + parts[0]
        out = {"x": x, "y": y}
        out["z"] = torch.where(x > 0, x, y)
        if "z" in out and self.table["a"] == 1:
            y = y + 1
        h, w = x.shape[-2:]
        first, *rest = x.chunk(2)
        return x.view(x.size(0), -1), x.reshape(h, w), out, [p.sum() for p in parts if p is not None]
"""
SIZES = """
def windows(t, side):
    n, h, w = t.shape
    return t.view(n, h // side, side, w // side, side)  # size-arithmetic

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.side = 2

    def pad(self, x):
        extra = -x.shape[-1] % self.side
        if extra:  # size-branch
            x = F.pad(x, (0, extra))  # size-arithmetic
        return x

    def forward(self, x, y):
        x = self.pad(x)
        half = int(x.size(2) / 2)
        low = x[:, :, :half]  # size-arithmetic
        rows = torch.arange(x.shape[1] * 2)  # size-arithmetic
        rows = rows.view(-1, x.shape[1])
        for step in range(y.size(1)):  # size-branch
            low = low + y[:, step]
        if x.shape[0] == y.shape[0]:  # size-branch
            low = low * 2
        return windows(x, self.side), low, rows.expand(max(x.shape[0], 2), -1)  # size-arithmetic
"""
WRITES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.zeros(4))

    def forward(self, x, index):
        y = torch.zeros_like(x)
        y[:, 0] = x[:, 0]  # indexed-write
        y[index] += 1  # indexed-write
        y[..., 1].copy_(x[..., 0])  # indexed-write
        y.scatter_(0, index, x)  # indexed-write
        y.select(0, 1).fill_(0.0)  # indexed-write
        constant = torch.zeros(3)
        constant[0] = 1.0
        late = torch.zeros(3)
        late[0] = x.sum()  # indexed-write
        many = [x, y]
        many[0] = y
        named = {}
        named["y"] = y
        y.relu_()
        y += 1
        return y, many, named, constant
"""
PACKING = """
from_rnn = torch.nn.utils.rnn.pack_padded_sequence

class Net(nn.Module):
    def __init__(self, packs):
        super().__init__()
        self.packs = packs
        self.rnn = nn.LSTM(3, 4)

    def forward(self, x, lengths):
        import torch.nn.utils.rnn as tools
        if self.packs:
            x = from_rnn(x, lengths)  # packed-sequence
        out, _ = self.rnn(x)
        if self.packs:
            out, lengths = tools.pad_packed_sequence(out)  # packed-sequence
        return out
"""
DROPS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = 0.0

    def forward(self, x):
        x = F.dropout(x, 0.3)  # training-mode
        x = F.dropout(x, 0.3, self.training)
        x = F.dropout(x, 0.3, training=False)
        x = F.dropout(x, self.rate)
        return F.dropout2d(x, p=0.1, training=True)  # training-mode
"""


def fake_torch() -> types.ModuleType:
    """As much of torch as the programs name, with nothing behind it."""

    class Tensor:
        pass

    class Module:
        def __init__(self) -> None:
            self._modules: dict[str, Module] = {}
            self._buffers: dict[str, Tensor] = {}
            self.training = False

        def __setattr__(self, name: str, value: Any) -> None:
            if isinstance(value, Module):
                self._modules[name] = value
            else:
                object.__setattr__(self, name, value)

        def register_buffer(self, name: str, value: Tensor) -> None:
            self._buffers[name] = value

        def forward(self, *args: Any) -> Any:
            raise NotImplementedError

        def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
            yield prefix, self
            for name, child in self._modules.items():
                yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    names = "pack_padded_sequence pad_packed_sequence dropout dropout2d pad zeros ones zeros_like arange where isnan"
    made = {name: type(name, (), {"__call__": lambda self, *a, **k: Tensor(), "__name__": name})() for name in names.split()}
    torch, nn, functional, rnn = (types.ModuleType(f"torch{end}") for end in ("", ".nn", ".nn.functional", ".nn.utils.rnn"))
    for home, members in ((torch, names.split()[5:]), (functional, names.split()[2:5]), (rnn, names.split()[:2])):
        for name in members:
            made[name].__module__ = home.__name__
            setattr(home, name, made[name])
    Module.__module__ = "torch.nn.modules.module"
    lstm = type("LSTM", (Module,), {"__init__": lambda self, *sizes: Module.__init__(self), "__module__": "torch.nn.modules.rnn"})
    vars(nn).update(Module=Module, LSTM=lstm, functional=functional, utils=types.SimpleNamespace(rnn=rnn))
    vars(torch).update(nn=nn, Tensor=Tensor)
    return torch


@pytest.fixture(params=["fake", pytest.param("torch", marks=pytest.mark.framework)])
def build(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A function that runs a program, which defines `Net`, and gives its names; with a stand-in for torch, or the real one."""
    if request.param == "torch":
        return builder(pytest.importorskip("torch"), tmp_path)
    torch = fake_torch()
    for module in (torch, torch.nn, torch.nn.utils.rnn):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return builder(torch, tmp_path)


@pytest.fixture
def real(tmp_path: Path) -> Build:
    """The same with the real torch alone."""
    return builder(pytest.importorskip("torch"), tmp_path)


def builder(torch: Any, folder: Path) -> Build:
    """A function that writes a program into a folder and runs it."""
    path = folder / "program.py"

    def build(source: str) -> Any:
        path.write_text(source)
        linecache.checkcache(str(path))
        names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "__name__": "program", "__file__": str(path)}
        exec(compile(source, path, "exec"), names)
        return types.SimpleNamespace(**names, path=str(path))

    return build


def marked(source: str) -> set[tuple[int, str]]:
    """The lines that a program marks, with what is to be found there."""
    lines = enumerate(source.splitlines(), 1)
    return {(line, found[1]) for line, text in lines if (found := MARK.search(text))}


def found(model: Any, path: str) -> set[tuple[int, str]]:
    """The lines at which something is found."""
    told = find_leftovers(model)
    assert all(each["file"] == path for each in told), told
    return {(each["line"], each["kind"]) for each in told}


@pytest.mark.parametrize("source", [BRANCHES, CALM, SIZES, WRITES, DROPS], ids=["branches", "calm", "sizes", "writes", "drops"])
def test_what_is_found_stands_at_the_marked_lines_and_nowhere_else(source: str, build: Build) -> None:
    program = build(source)
    assert found(program.Net().eval() if hasattr(program.Net, "eval") else program.Net(), program.path) == marked(source)


def test_packing_is_found_by_any_name_and_only_where_it_is_done(build: Build) -> None:
    program = build(PACKING)
    assert found(program.Net(True), program.path) == marked(PACKING)
    assert find_leftovers(program.Net(False)) == []


def test_a_module_is_read_with_what_its_caller_gives_it(build: Build) -> None:
    source = textwrap.dedent("""
        class Inner(nn.Module):
            def forward(self, x, stride, hot):
                if stride > 1:
                    x = x[::2]
                if hot > 0:  # data-dependent-branch
                    x = x + 1
                return x

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = Inner()

            def forward(self, x):
                return self.body(x, 2, hot=x.max())
    """)
    program = build(source)
    (told,) = find_leftovers(program.Net())
    assert (told["line"], told["kind"]) == next(iter(marked(source)))
    assert told["module"] == "body"
    assert "`if hot > 0`" in told["text"]


def test_helpers_inherited_methods_and_properties_are_followed(build: Build) -> None:
    source = textwrap.dedent("""
        class Base(nn.Module):
            def gate(self, x):
                return x * 2 if x.max() > 0 else x  # data-dependent-branch

            @property
            def factor(self):
                return 3

            def forward(self, x):
                return self.gate(x)

        class Net(Base):
            @staticmethod
            def turn(t):
                if t.min() > 0:  # data-dependent-branch
                    return -t
                return t

            def forward(self, x):
                def inner(t):
                    return t.tolist()  # data-dependent-branch

                if self.factor > 2:
                    x = super().forward(x)
                return inner(self.turn(x)), (lambda t: t + 1)(x)
    """)
    program = build(source)
    assert found(program.Net(), program.path) == marked(source)


def test_what_asks_whether_it_is_exported_is_taken_at_its_word(build: Build) -> None:
    source = textwrap.dedent("""
        def is_tracing():
            return False

        class Net(nn.Module):
            def forward(self, x):
                if not is_tracing():
                    assert x.max() < 1
                return x
    """)
    assert find_leftovers(build(source).Net()) == []


def test_recursion_and_endless_nesting_end(build: Build) -> None:
    source = textwrap.dedent("""
        class Net(nn.Module):
            def again(self, x, n):
                return self.again(x + 1, n - 1) if n else self.forward(x)

            def forward(self, x):
                while True:
                    x = self.again(x, len([x]))
                    if x.sum() > 2:  # data-dependent-branch
                        break
                return x
    """)
    program = build(source)
    assert found(program.Net(), program.path) == marked(source)


@pytest.mark.parametrize(
    "model", [None, 3, types.SimpleNamespace(named_modules=lambda: iter([("", object())]))], ids=["none", "number", "no-source"]
)
def test_what_is_no_module_or_has_no_source_is_passed_over(model: Any) -> None:
    assert find_leftovers(model) == []


def test_what_cannot_be_read_is_passed_over(build: Build) -> None:
    program = build("class Net(nn.Module):\n    pass\n")
    exec("def forward(self, x):\n    if x.sum() > 0:\n        return x\n", space := {"__name__": "elsewhere"})
    program.Net.forward = space["forward"]
    assert find_leftovers(program.Net()) == []


@pytest.mark.framework
def test_layers_in_training_mode_are_told_by_the_line_that_makes_them(real: Build) -> None:
    source = textwrap.dedent("""
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.drop = nn.Dropout(0.1)  # training-mode
                self.calm = nn.Dropout(0.0)
                self.norm = nn.InstanceNorm1d(4)

            def forward(self, x):
                return self.norm(self.calm(self.drop(x)))

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(*(Block() for _ in range(5)))
                self.head = nn.Sequential(nn.Conv1d(4, 4, 1), nn.BatchNorm1d(4))  # training-mode
                self.rnn = nn.LSTM(4, 4, 2, dropout=0.5)  # training-mode
                self.plain = nn.LSTM(4, 4, dropout=0.0)

            def forward(self, x):
                return self.rnn(self.head(self.body(x)))[0]
    """)
    program = real(source)
    told = find_leftovers(program.Net())
    assert {(each["line"], each["kind"]) for each in told} == marked(source)
    (drops,) = (each for each in told if "Dropout" in each["text"])
    assert drops["text"] == "5 `Dropout` modules are in training mode: `body.0.drop`, `body.1.drop`, `body.2.drop` and 2 more"
    net = program.Net()
    before = modules_in_training(net)
    assert find_leftovers(net.eval()) == []
    was = find_leftovers(net, before)
    assert {(each["line"], each["kind"], each["severity"]) for each in was} == {(*mark, "note") for mark in marked(source)}
    (drops,) = (each["text"] for each in was if "Dropout" in each["text"])
    assert drops.startswith("5 `Dropout` modules were in training mode before `model.eval()`: `body.0.drop`, ")
    nn = program.nn
    assert find_leftovers(program.torch.jit.script(nn.Sequential(nn.ReLU()))) == []
    assert find_leftovers(nn.Sequential(nn.Dropout(0.5)))[0]["module"] == "0"


@pytest.mark.framework
def test_a_train_that_pins_is_named_and_one_that_freezes_is_not(real: Build) -> None:
    source = textwrap.dedent("""
        class Pinned(nn.Dropout):
            def train(self, mode=True):
                return super().train(True)  # training-mode

        class Frozen(nn.BatchNorm2d):
            def train(self, mode=True):
                return super().train(False)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.drop = Pinned(0.2)  # training-mode
                self.norm = Frozen(3)

            def forward(self, x):
                return self.norm(self.drop(x))
    """)
    program = real(source)
    net = program.Net()
    before = modules_in_training(net)
    assert before == {"drop", "norm"}
    assert found(net.eval(), program.path) == marked(source)
    told = find_leftovers(net, before)
    assert {(each["module"], each.get("severity", "")) for each in told} == {("drop", ""), ("norm", "note")}
