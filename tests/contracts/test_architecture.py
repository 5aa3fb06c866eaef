"""The page of the structure and the structure agree, and the house rules that can be counted hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^- `([\w./]+)/`: \S.*$", re.MULTILINE)


def tracked(*patterns: str) -> list[Path]:
    """Files of the project: those git knows, or all Python files where there is no checkout."""
    found = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if found.returncode == 0 and found.stdout:
        return [ROOT / line for line in found.stdout.splitlines() if (ROOT / line).is_file()]
    rooms = ("app", "tests", "benchmarks", "docs", "assets", "scripts", "requirements")
    return [
        path
        for room in rooms
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def test_every_folder_has_its_line_and_every_line_its_folder() -> None:
    described = set(LINE.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")))
    folders = {path.parent.relative_to(ROOT) for path in tracked()}
    rooms = {folder for folder in folders if folder.parts and not folder.parts[0].startswith(".")}
    # tests mirror app/: one line for each of its first two levels says it all
    wanted = {str(folder) for folder in rooms if folder.parts[0] != "tests" or len(folder.parts) <= 2}
    assert described == wanted


def test_files_stay_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 420
    }
    assert not long, f"split these: {long}"


def test_two_commands_are_what_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command}" in readme
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
