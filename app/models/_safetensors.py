"""The safetensors format, read and written without a package: a length, a JSON header, raw little-endian arrays."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
    "BOOL": torch.bool,
}  # fmt: skip
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}

HEADER_LIMIT = 100 << 20
"""Longest header that is read, as in the format's own reader."""


def read(path: Path, names: Container[str] | None = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors (of those ``names`` alone, where given) and metadata of a file; ``ValueError`` saying what is wrong
    with it."""
    with path.open("rb") as file:
        header, metadata = _start(file, path.stat().st_size)
        if names is not None:
            chosen = {name: entry for name, entry in header.items() if name in names}
            return {name: _tensor_alone(name, entry, file) for name, entry in chosen.items()}, metadata
        data = bytearray(file.read())
    return {name: _tensor(name, entry, data) for name, entry in header.items()}, metadata


def _tensor_alone(name: str, entry: Any, file: BinaryIO) -> Tensor:
    """One tensor of a file that stands at its first one, and does so again afterwards."""
    first = file.tell()
    try:
        start, stop = map(int, entry["data_offsets"])
        file.seek(first + start)
        data = bytearray(file.read(max(stop - start, 0)))
        file.seek(first)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the entry of tensor {name} cannot be read ({error})") from error
    return _tensor(name, {**entry, "data_offsets": [0, stop - start]}, data)


def shapes(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Shapes of a file's tensors by name, and its metadata, from its first bytes alone.

    ``ValueError`` saying what is wrong with it, a file that ends before its last tensor included.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header, metadata = _start(file, size)
        held = size - file.tell()
    try:
        found = {name: tuple(map(int, entry["shape"])) for name, entry in header.items()}
        wanted = max((int(entry["data_offsets"][1]) for entry in header.values()), default=0)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"its list of tensors cannot be read ({error})") from error
    if wanted > held:
        raise ValueError(f"its tensors take {wanted} bytes and {held} are there: truncated")
    return found, metadata


def _start(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The list of tensors and the metadata, leaving the file at its first tensor."""
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(HEADER_LIMIT, size - 8):
        raise ValueError("its header is longer than the file: it is truncated or not safetensors")
    header = _header(file.read(length))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata are not text")
    return header, metadata


def _header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    return header


def _tensor(name: str, entry: Any, data: bytearray) -> Tensor:
    try:
        dtype, shape, (start, stop) = (
            _DTYPES[entry["dtype"]],
            tuple(map(int, entry["shape"])),
            entry["data_offsets"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the entry of tensor {name} cannot be read ({error})") from error
    wanted = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or not 0 <= start <= stop <= len(data) or stop - start != wanted:
        raise ValueError(f"tensor {name} {shape} should lie at bytes {start} to {stop} of {len(data)}: truncated")
    if wanted == 0:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(data, dtype=torch.uint8, count=wanted, offset=start).clone().view(dtype).reshape(shape)


def write(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write beside the target and move over it, so that a half-written file never stands in its place."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    offset = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.dtype.itemsize
        header[name] = {
            "dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size],
        }  # fmt: skip
        offset += size
    raw = json.dumps(header).encode("utf-8")
    raw += b" " * (-len(raw) % 8)
    beside = path.with_name(path.name + ".partial")
    try:
        with beside.open("wb") as file:
            file.write(len(raw).to_bytes(8, "little") + raw)
            for tensor in tensors.values():
                flat = tensor.detach().cpu().contiguous().reshape(-1)
                file.write(flat.view(torch.uint8).numpy().tobytes())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
