"""The complete example of a page of docs/, imported as the module it would be."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"


def load_example(page: str, folder: Path) -> Any:
    """The first Python block of ``docs/<page>`` as a module, written to ``folder``."""
    text = (DOCS / page).read_text(encoding="utf-8")
    path = folder / f"example_{Path(page).stem}.py"
    path.write_text(text.split("```python\n")[1].split("```")[0], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look there for the module they are in
    spec.loader.exec_module(module)
    return module
