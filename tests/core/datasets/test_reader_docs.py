"""The pages about data formats and readers agree with the code."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np

from app.core.datasets import OpenOptions, readers
from app.core.datasets._columns import _NAMES
from app.core.label_files import load_label_set

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_every_format_and_every_column_name_has_its_line() -> None:
    page = (DOCS / "data_formats.md").read_text()
    for name in readers():
        assert f"`{name}`" in page
    for names in _NAMES.values():
        for name in names:
            assert f"`{name}`" in page


def test_the_label_map_of_the_page_is_one(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / "data_formats.md").read_text(), re.S)
    (label_map,) = [block for block in blocks if "classes:" in block]
    (tmp_path / "map.yaml").write_text(label_map)
    label_set = load_label_set(tmp_path / "map.yaml")
    assert [entry.name for entry in label_set.classes] == ["nothing", "forklift", "crate"]


def test_the_reader_of_the_page_reads(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "add_a_reader.md").read_text(), re.S)
    module = types.ModuleType("xyz_of_the_page")
    sys.modules[module.__name__] = module
    try:
        exec(compile(code, "add_a_reader.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    finally:
        del sys.modules[module.__name__]
    reader = module.ENTRY
    sequence = reader.open(reader.write_example(tmp_path), OpenOptions()).sequences[0]
    assert len(sequence) == 2
    assert np.array_equal(sequence.read(1).points, [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert not sequence.check_files(0)
