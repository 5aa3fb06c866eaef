"""Both themes can be read, nothing in the style sheet is left open, every icon exists."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from window_helpers import MakeWindow

from app.ui import icons, theme
from app.ui.actions import ACTIONS
from app.ui.theme import DARK, LIGHT, Theme

UI = Path(icons.__file__).parent


def luminance(color: str) -> float:
    """Relative luminance as the WCAG defines it."""
    channels = [QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF()]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [DARK, LIGHT], ids=lambda t: t.name)
@pytest.mark.parametrize("ground", ["panel", "raised", "control", "row"])
def test_text_can_be_read_on_every_ground(colors: Theme, ground: str) -> None:
    behind = getattr(colors, ground)
    assert contrast(colors.text, behind) >= 7
    assert contrast(colors.soft, behind) >= 4.5
    assert contrast(colors.faint, behind) >= (3.0 if ground in ("control", "row") else 4.5)


@pytest.mark.parametrize("colors", [DARK, LIGHT], ids=lambda t: t.name)
def test_signs_stand_out(colors: Theme) -> None:
    assert contrast(colors.on_fill, colors.fill) >= 4.5
    for role in ("accent", "good", "warning", "error"):
        assert contrast(getattr(colors, role), colors.panel) >= 4.5, role


@pytest.mark.parametrize("colors", [DARK, LIGHT], ids=lambda t: t.name)
def test_the_style_sheet_is_filled_in(colors: Theme) -> None:
    sheet = theme.style_sheet(colors)
    assert "$" not in sheet and sheet.count("{") == sheet.count("}")
    for file in re.findall(r'url\("([^"]+)"\)', sheet):
        assert Path(file).is_file()


def test_figures_have_equal_widths(qapp: QApplication) -> None:
    metrics = QFontMetrics(theme.font())
    assert len({metrics.horizontalAdvance(digit) for digit in "0123456789"}) == 1


def test_every_icon_that_is_named_exists(qapp: QApplication) -> None:
    sources = "\n".join(path.read_text("utf-8") for path in UI.rglob("*.py") if path.name != "icons.py")
    named = set(re.findall(r'icons\.(?:bind|pixmap|icon)\([^"\n]*"([a-z_]+)"', sources))
    named |= set(re.findall(r'icon="([a-z_]+)', sources)) | {a.icon for a in ACTIONS if a.icon}
    assert len(named) > 25
    for name in named:
        assert not icons.pixmap(name, "#ffffff", 18).isNull(), name


def test_icons_follow_the_theme(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    root = QWidget()
    button = QToolButton(root)
    icons.bind(button, "close")
    dark = button.icon().pixmap(18, 18).toImage()
    theme.apply(qapp, "light")
    icons.rebind(root)
    assert button.icon().pixmap(18, 18).toImage() != dark


def test_no_word_of_a_button_is_cut(make_window: MakeWindow, drive: Path) -> None:
    """Every visible tool button is as wide as it wants to be."""
    window = make_window(drive)
    frames = (window.header, *window.area.views.values())
    for button in chain.from_iterable(frame.findChildren(QToolButton) for frame in frames):
        if button.isVisible() and button.text():
            assert button.width() >= button.sizeHint().width(), button.text()
