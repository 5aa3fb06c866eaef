"""The guided tour: opens a drive in the real window and tries what a user would, a picture and checks for each.

``main.py tour PATH --out DIR`` runs it; with no screen it drives an off-screen window.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from app.core.errors import UsageError
from app.core.files import write_atomically
from app.core.settings import home_of_its_own
from app.ui.application import window_on
from app.ui.tour_driver import Driver, Step
from app.ui.tour_steps import STEPS


def run(
    path: Path | None,
    out: Path,
    *,
    demo_folder: Path | None = None,
    checkpoint: Path | None = None,
    size: tuple[int, int] = (1680, 1020),
    theme: str = "dark",
) -> list[Step]:
    """Drive the window over ``path`` and write pictures and ``tour.json`` to ``out``.

    ``path`` None: the demo drive, written to ``demo_folder``. ``checkpoint``: of the network for the steps with
    one; None takes the built-in one, and where there is none these steps are left out. The user's own settings
    and saved session are neither used nor changed.

    ``tour.json``: ``steps``, each ``name``, ``picture`` (file name), ``seconds``, ``checked`` (sentences);
    ``left_out``: sentences, why steps could not be taken.

    Raises
    ------
    LidarScopeError
        The data cannot be opened, or something did not happen that must; the pictures so far stay.
    """
    out = out.expanduser().resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out} cannot be made ({error.strerror}); name another folder with --out.") from None
    with home_of_its_own(), window_on() as (window, session):
        session.update_settings(theme=theme)
        window.resize(*size)
        window.show()
        driver = Driver(window, out, checkpoint=checkpoint or window.desk.models.built_in)
        try:
            for step in STEPS:
                step(driver, path, demo_folder)
        finally:
            write(out / "tour.json", driver.steps, driver.left_out)
    return driver.steps


def write(file: Path, steps: list[Step], left_out: list[str]) -> None:
    """Write ``tour.json``."""
    text = json.dumps({"steps": [asdict(step) for step in steps], "left_out": left_out}, indent=2) + "\n"
    write_atomically(file, text.encode())
