"""Every gate is held against a planted violation: a check that cannot fail protects nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent


def call(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which violations are planted."""
    target = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "app", target / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


@pytest.mark.parametrize(
    ("file", "code", "rule"),
    [
        ("app/core/geometry/planted.py", "import open3d.visualization\n", "TID251"),
        ("app/core/planted.py", "import torch\n\nw = torch.load('x')\n", "TID251"),
        ("app/core/planted.py", "def f(text: str) -> object:\n    return eval(text)\n", "S307"),
        ("app/core/planted.py", "try:\n    a = 1\nexcept Exception:\n    a = 2\n", "BLE001"),
        ("app/core/planted.py", "print('hello')\n", "T201"),
        ("app/core/planted.py", "import numpy as np\n\nnp.random.rand(3)\n", "NPY002"),
    ],
)
def test_ruff_bites(file: str, code: str, rule: str) -> None:
    result = subprocess.run(
        [str(SCRIPTS / "ruff"), "check", "--stdin-filename", file, "-"],
        input=code, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 1
    assert rule in result.stdout


def test_types_bite(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("def double(x: int) -> str:\n    return 2 * x\n\n\ndef untyped(x):\n    return x\n")
    result = call(
        SCRIPTS / "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", tmp_path / "c", planted
    )
    assert "Incompatible return value" in result.stdout
    assert "missing a type annotation" in result.stdout


def test_import_contracts_hold() -> None:
    result = call(SCRIPTS / "lint-imports", "--no-cache")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "code", "contract"),
    [
        ("app/core/geometry/planted.py", "import PySide6.QtCore\n", "no Qt below ui"),
        ("app/models/planted.py", "import app.core.types\n", "command line above ui above core above models"),
        ("app/core/planted.py", "import app.ui.theme\n", "command line above ui above core above models"),
        ("app/ui/panels/planted.py", "import app.core.datasets\n", "the window uses the front door"),
        ("app/core/geometry/planted.py", "import app.core.layers\n", "reading, geometry and layers"),
    ],
)
def test_import_contracts_bite(copy: Path, file: str, code: str, contract: str) -> None:
    planted = copy / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(code)
    try:
        result = call(SCRIPTS / "lint-imports", "--no-cache", cwd=copy)
    finally:
        planted.unlink()
    assert result.returncode == 1
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert any(contract in line for line in broken), result.stdout


WALK = """
import importlib, pkgutil, sys
for name in ("PySide6", "pyqtgraph", "superqt"):
    sys.modules[name] = None
import app
for package in ("app.core", "app.models", "app.discovery", "app.cli"):
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), package + "."):
        importlib.import_module(found.name)
print("walked")
"""


def test_core_models_and_command_line_run_with_qt_blocked() -> None:
    result = call(sys.executable, "-c", WALK)
    assert result.stdout.strip() == "walked", result.stderr


def test_blocked_qt_bites(copy: Path) -> None:
    planted = copy / "app" / "core" / "planted.py"
    planted.write_text("def f() -> None: ...\n\n\nimport PySide6.QtCore\n")
    try:
        result = call(sys.executable, "-c", WALK, cwd=copy)
    finally:
        planted.unlink()
    assert result.returncode == 1
    assert "PySide6" in result.stderr
