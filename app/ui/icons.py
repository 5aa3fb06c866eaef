"""Icons from ``assets/icons``, drawn in the theme's colours and redrawn when the theme changes."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from app.ui import theme

SCALES = (1, 2)
"""Device pixel ratios for which icons are drawn."""

_PROPERTY = "icon_name"


@cache
def _source(name: str) -> str:
    return (theme.ICONS / f"{name}.svg").read_text("utf-8")


@cache
def pixmap(name: str, color: str, size: int, scale: float = 1) -> QPixmap:
    """The icon in one colour (``#rrggbb``), ``size`` logical pixels wide. Kept: rows ask for it at every paint.

    Raises ``FileNotFoundError`` for a name that has no file.
    """
    picture = QPixmap(round(size * scale), round(size * scale))
    picture.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode()))
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, picture.width(), picture.height()))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture


@cache
def _icon(name: str, normal: str, on: str, faint: str, size: int) -> QIcon:
    result = QIcon()
    for scale in SCALES:
        result.addPixmap(pixmap(name, normal, size, scale), QIcon.Mode.Normal, QIcon.State.Off)
        result.addPixmap(pixmap(name, on, size, scale), QIcon.Mode.Normal, QIcon.State.On)
        result.addPixmap(pixmap(name, faint, size, scale), QIcon.Mode.Disabled, QIcon.State.Off)
    return result


def icon(name: str, role: str = "soft", size: int = 18) -> QIcon:
    """The icon in the current theme: ``role`` normally, light when checked, faint when disabled."""
    now = theme.current()
    return _icon(name, getattr(now, role), now.on_fill, now.faint, size)


def bind(target: QAbstractButton | QAction, name: str, role: str = "soft") -> None:
    """Give a button or action an icon that follows the theme."""
    target.setProperty(_PROPERTY, f"{name}:{role}")
    target.setIcon(icon(name, role))


def rebind(root: QObject) -> None:
    """Redraw every bound icon below ``root`` in the current theme."""
    targets: list[QAbstractButton | QAction] = [*root.findChildren(QAbstractButton), *root.findChildren(QAction)]
    for target in targets:
        stated = target.property(_PROPERTY)
        if stated:
            target.setIcon(icon(*stated.split(":")))
