"""Colours, fonts and the style sheet of the window, all made from one table per theme."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from string import Template

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

FAMILIES = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "DejaVu Sans")
"""Preferred first: Inter has figures of equal width and reads well at 12 pixels."""

ICONS = Path(__file__).resolve().parents[2] / "assets" / "icons"
MARKS = ("mark_check.svg", "mark_chevron.svg", "mark_tick.svg")
"""Pictures the style sheet itself names: a ticked box, a combo box's arrow, a ticked menu entry."""

TEXT_SIZE = 13
"""Pixels; everything else is in proportion to it."""


@dataclass(frozen=True)
class Theme:
    """Every colour of the window, by what it is for."""

    name: str
    view: str  # behind the points
    panel: str
    raised: str  # header, menus, dialogs, chips
    control: str  # buttons, fields, grooves
    hover: str
    line: str
    text: str
    soft: str  # values, second line
    faint: str  # headings, units, hints
    accent: str
    fill: str  # pressed or checked buttons
    on_fill: str
    row: str  # selected row
    good: str
    warning: str
    error: str

    def color(self, role: str) -> QColor:
        """The colour of a role, e.g. ``accent``."""
        return QColor(getattr(self, role))

    def rgb(self, role: str) -> tuple[int, int, int]:
        """The same as three numbers 0..255."""
        color = self.color(role)
        return color.red(), color.green(), color.blue()


DARK = Theme(
    name="dark",
    view="#000000",
    panel="#171a20",
    raised="#1d2128",
    control="#272d37",
    hover="#323a46",
    line="#2b313b",
    text="#e8ebf0",
    soft="#a6afbc",
    faint="#7f8997",
    accent="#58c4ff",
    fill="#2a6cb0",
    on_fill="#ffffff",
    row="#22384b",
    good="#4fd07f",
    warning="#f2b04a",
    error="#ff7b72",
)

LIGHT = Theme(
    name="light",
    view="#ffffff",
    panel="#f5f7f9",
    raised="#ffffff",
    control="#e6eaef",
    hover="#d8dee6",
    line="#d3d9e1",
    text="#161b22",
    soft="#4a5462",
    faint="#667180",
    accent="#0a6fc2",
    fill="#0a6fc2",
    on_fill="#ffffff",
    row="#d7e9fa",
    good="#167a3b",
    warning="#9a5b00",
    error="#c02b22",
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


_current = DARK


def current() -> Theme:
    """The theme in use."""
    return _current


def apply(app: QApplication, name: str) -> Theme:
    """Switch the whole application to the theme of that name."""
    global _current
    if _current is THEMES[name] and app.styleSheet():
        return _current
    _current = THEMES[name]
    if not app.styleSheet():  # each of these calls restyles every widget; a switch of colours needs only two
        app.setStyle("Fusion")
        app.setFont(font())
    app.setPalette(_palette(_current))
    app.setStyleSheet(style_sheet(_current))
    return _current


@cache
def font(size: int = TEXT_SIZE, *, bold: bool = False, spaced: bool = False) -> QFont:
    """The window's font at ``size`` pixels, with figures of equal width so that numbers align. Do not change it.

    ``spaced`` widens the letters, for headings in capitals.
    """
    known = set(QFontDatabase.families())
    family = next((name for name in FAMILIES if name in known), None)
    result = QFont(family) if family else QFont()
    result.setPixelSize(size)
    result.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    result.setFeature(QFont.Tag("tnum"), 1)
    if spaced:
        result.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.8)
    return result


def _palette(theme: Theme) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: "panel",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "panel",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "control",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.BrightText: "error",
        QPalette.ColorRole.Highlight: "fill",
        QPalette.ColorRole.HighlightedText: "on_fill",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "faint",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.Mid: "line",
    }
    palette = QPalette()
    for role, name in roles.items():
        palette.setColor(role, theme.color(name))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, theme.color("faint"))
    return palette


def style_sheet(theme: Theme) -> str:
    """The style sheet with the theme's colours filled in; an unknown colour name raises ``KeyError``."""
    from app.ui.style_sheet import TEMPLATE

    names = {field.name: getattr(theme, field.name) for field in fields(theme)}
    names["check"], names["chevron"], names["tick"] = (f'"{(ICONS / name).as_posix()}"' for name in MARKS)
    veil = theme.color("row")
    names["veil"] = f"rgba({veil.red()}, {veil.green()}, {veil.blue()}, 205)"
    return Template(TEMPLATE).substitute(names)
