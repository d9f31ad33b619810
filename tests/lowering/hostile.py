"""Model files that run code when they are opened carelessly: each leaves a marker file behind where its code ran.

Frameworks are imported inside the functions alone. `python hostile.py FRAMEWORK FOLDER` builds the files of `torch` or
`keras`, opens each as its framework would by itself, and prints as JSON for which of them that left the marker.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Toucher:
    """An object whose unpickling makes a file: what stands in for any command."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (self.marker, "w")


def checkpoint(path: Path, marker: Path) -> None:
    """A zip as torch.save makes it, of a dictionary that looks like weights and holds a Toucher; needs no torch."""
    held = {"state_dict": {"weight": Toucher(marker)}, "epoch": 3}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/data.pkl", pickle.dumps(held, 2))
        archive.writestr(f"{path.stem}/version", "3\n")


def bare_pickle(path: Path, marker: Path) -> None:
    """A pickle without torch's archive around it, under torch's suffix."""
    path.write_bytes(pickle.dumps([Toucher(marker)], 2))


def exported(path: Path, marker: Path, way: str) -> None:
    """An ExportedProgram that torch.export.load runs code of, by one of WAYS; without it the file is a sound one."""
    import torch

    class Scale(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(3))
            self.register_buffer("shift", torch.ones(3), persistent=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x * self.gain + self.shift)

    batch = torch.export.Dim("batch")
    program = torch.export.export(Scale().eval(), (torch.randn(4, 3),), dynamic_shapes=({0: batch},))
    torch.export.save(program, path)
    if way != "sound":
        WAYS[way](path, marker)


def in_sample_inputs(path: Path, marker: Path) -> None:
    """The example inputs are a pickle: what they hold is opened with weights_only, and when that fails, without."""
    _rewritten(path, {"data/sample_inputs/model.pt": lambda _: _archive(Toucher(marker))})


def in_weights(path: Path, marker: Path) -> None:
    """A weight says of itself that it is a pickle."""

    def said(text: bytes) -> bytes:
        config = json.loads(text)
        config["config"]["gain"]["use_pickle"] = True
        return json.dumps(config).encode()

    def weight(_: bytes) -> bytes:
        return _archive(Toucher(marker))

    _rewritten(path, {"data/weights/model_weights_config.json": said, "data/weights/weight_0": weight})


def in_constants(path: Path, marker: Path) -> None:
    """A constant is called an opaque object, which is unpickled by the standard library."""

    def said(text: bytes) -> bytes:
        config = json.loads(text)
        entry = next(iter(config["config"].values()))
        entry["path_name"] = "opaque_obj_0"
        return json.dumps(config).encode()

    code = pickle.dumps(Toucher(marker))
    more = {"data/constants/opaque_obj_0": code + bytes(-len(code) % 8)}  # as long as a tensor could be
    _rewritten(path, {"data/constants/model_constants_config.json": said}, more)


def in_symbols(path: Path, marker: Path) -> None:
    """A symbolic size is an expression in Python, which is evaluated."""
    code = f"open({str(marker)!r}, 'w').fileno() + Symbol('s77')"

    def said(text: bytes) -> bytes:
        found = json.loads(text)

        def walk(value: Any) -> None:
            if isinstance(value, dict):
                if "expr_str" in value:
                    value["expr_str"] = code
                for inner in value.values():
                    walk(inner)
            elif isinstance(value, list):
                for inner in value:
                    walk(inner)

        walk(found)
        return json.dumps(found).encode()

    _rewritten(path, {"models/model.json": said})


def in_old_archive(path: Path, marker: Path) -> None:
    """The form of older releases: its weights are a pickle, opened as the example inputs are."""
    with zipfile.ZipFile(path) as archive:
        model = next(archive.read(name) for name in archive.namelist() if name.endswith("models/model.json"))
    with zipfile.ZipFile(path, "w") as archive:
        version = json.loads(model)["schema_version"]
        archive.writestr("version", f"{version['major']}.{version['minor']}")
        archive.writestr("serialized_exported_program.json", model)
        for name in ("state_dict", "constants", "example_inputs"):
            archive.writestr(f"serialized_{name}.pt", _archive(Toucher(marker)))


WAYS: Mapping[str, Callable[[Path, Path], None]] = {
    "sample-inputs": in_sample_inputs,
    "weights": in_weights,
    "constants": in_constants,
    "symbols": in_symbols,
    "old-archive": in_old_archive,
}


def lambda_layer(path: Path, marker: Path) -> None:
    """A Keras model (.keras or .h5) with a layer of Python, which runs as soon as the layer is opened and called."""
    import keras

    touch = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x * 2.0)[1]")
    given = keras.Input((4,))
    keras.Model(given, keras.layers.Lambda(touch)(keras.layers.Dense(3)(given))).save(path)
    marker.unlink(missing_ok=True)  # building the layer ran it


def _archive(thing: object) -> bytes:
    """What torch.save would write of a thing, as bytes."""
    import io

    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(thing, 2))
        archive.writestr("archive/version", "3\n")
    return sink.getvalue()


def _rewritten(path: Path, changes: Mapping[str, Callable[[bytes], bytes]], more: Mapping[str, bytes] | None = None) -> None:
    """Write an archive anew with some members changed and others added, by their names below its top folder."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    top = next(iter(held)).partition("/")[0]
    for name, change in changes.items():
        held[f"{top}/{name}"] = change(held[f"{top}/{name}"])
    held |= {f"{top}/{name}": content for name, content in (more or {}).items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def torch_files(folder: Path, marker: Path) -> Mapping[Path, Callable[[Path], object]]:
    """The files of torch by how torch opens them carelessly; `sound.pt2` is the only one that holds no code."""
    import torch

    opened: dict[Path, Callable[[Path], object]] = {}
    for way in ("sound", *WAYS):
        path = folder / f"{way}.pt2"
        exported(path, marker, way)
        opened[path] = torch.export.load
    for build in (checkpoint, bare_pickle):
        path = folder / f"{build.__name__}.pt"
        build(path, marker)
        opened[path] = lambda path: torch.load(path, weights_only=False)
    return opened


def keras_files(folder: Path, marker: Path) -> Mapping[Path, Callable[[Path], object]]:
    """The files of Keras by how it opens them where it is told that they are safe."""
    import keras

    opened: dict[Path, Callable[[Path], object]] = {}
    for suffix in ("keras", "h5"):
        path = folder / f"layer.{suffix}"
        lambda_layer(path, marker)
        opened[path] = lambda path: keras.models.load_model(path, safe_mode=False)
    return opened


def main(framework: str, folder: Path) -> None:
    """Build, open, and tell."""
    marker = folder / "ran"
    files = {"torch": torch_files, "keras": keras_files}[framework](folder, marker)
    ran = {}
    for path, careless in files.items():
        marker.unlink(missing_ok=True)
        with contextlib.suppress(Exception):  # much of it is no model once it has done its work
            careless(path)
        ran[path.name] = marker.exists()
    marker.unlink(missing_ok=True)
    print(json.dumps(ran))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
