"""The style sheet's text; ``$name`` stands for a colour of :class:`app.ui.theme.Theme`."""

from __future__ import annotations

TEMPLATE = """
QWidget { color: $text; }
QMainWindow, QDialog { background: $panel; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; margin: 2px; }
QMainWindow::separator:hover { background: $accent; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 6px; }

#Header { background: $raised; border-bottom: 1px solid $line; }
#Brand { color: $text; }
#Crumbs { color: $soft; }
#Chip { background: transparent; border: 1px solid $line; border-radius: 12px; padding: 3px 11px; color: $soft; }
#CommandField { background: $panel; border: 1px solid $line; border-radius: 6px; padding: 4px 10px;
                color: $faint; text-align: left; }
#CommandField:hover { border-color: $faint; color: $soft; }
#Segments { background: $panel; border: 1px solid $line; border-radius: 7px; }
#Segments QToolButton { background: transparent; border: 0; border-radius: 5px; padding: 4px 14px; color: $soft; }
#Segments QToolButton:hover { color: $text; background: $control; }
#Segments QToolButton:checked { background: $fill; color: $on_fill; }

QMenuBar { background: transparent; spacing: 0; color: $soft; }
QMenuBar::item { padding: 5px 9px; border-radius: 5px; background: transparent; }
QMenuBar::item:selected { background: $control; color: $text; }
QMenu { background: $raised; border: 1px solid $line; padding: 5px; }
QMenu::item { padding: 5px 26px 5px 34px; border-radius: 4px; }
QMenu::item:selected { background: $fill; color: $on_fill; }
QMenu::item:disabled { color: $faint; background: transparent; }
QMenu::icon { margin-left: 9px; }
QMenu::icon:checked { background: $fill; border-radius: 4px; margin-left: 6px; padding: 3px; }
QMenu::separator { height: 1px; background: $line; margin: 5px 8px; }
QMenu::indicator { width: 14px; height: 14px; left: 9px; }
QMenu::indicator:non-exclusive:checked { image: url($tick); }

QDockWidget { color: $faint; }
#PanelTitle { background: $panel; }
#Heading { color: $faint; }
#Hint, #Faint, #InsetHint { color: $faint; }
#InsetHint { padding: 2px 10px 2px 9px; }
#Soft { color: $soft; }
#Warning { color: $warning; }
#Error { color: $error; }
#Good { color: $good; }

QPushButton, QToolButton { background: $control; border: 1px solid $line; border-radius: 6px; padding: 4px 12px; }
QToolButton { padding: 4px 8px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:checked, QToolButton:checked { background: $fill; color: $on_fill; border-color: $fill; }
QPushButton:disabled, QToolButton:disabled { color: $faint; background: transparent; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:default { background: $fill; color: $on_fill; border-color: $fill; }
QPushButton[flat="true"], QToolButton[quiet="true"] { background: transparent; border-color: transparent; }
QPushButton[flat="true"]:hover, QToolButton[quiet="true"]:hover { background: $control; }
QToolButton[quiet="true"]:checked { background: $fill; color: $on_fill; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit {
  background: $control; border: 1px solid $line; border-radius: 5px; padding: 3px 7px;
  selection-background-color: $fill; selection-color: $on_fill; }
QSpinBox, QDoubleSpinBox { padding: 3px 4px; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border-color: $accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: $faint; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox::down-arrow { image: url($chevron); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; outline: 0; padding: 3px;
  selection-background-color: $fill; selection-color: $on_fill; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
  width: 0; border: 0; }

QCheckBox { spacing: 8px; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $faint; border-radius: 4px;
  background: $control; }
QCheckBox::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked { background: $fill; border-color: $fill; image: url($check); }
QCheckBox:disabled { color: $faint; }

QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $control; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $fill; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; background: $accent; }
QSlider::handle:horizontal:hover { background: $text; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: $line; }

QRangeSlider { qproperty-barColor: $fill; }

QTreeView, QListView, QTableView, QScrollArea, QAbstractScrollArea { background: $panel; border: 0; outline: 0; }
QTreeView::item, QListView::item { padding: 3px 4px; border: 0; }
QTreeView::item:hover, QListView::item:hover { background: $raised; }
QTreeView::item:selected, QListView::item:selected { background: $row; color: $text; }
QTreeView::branch { background: transparent; }
QTreeView::branch:selected { background: $row; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $control; border-radius: 4px; margin: 1px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $hover; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QTabBar::tab { background: transparent; color: $soft; padding: 5px 12px; border: 0;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar { qproperty-drawBase: 0; }

QProgressBar { background: $control; border: 0; border-radius: 3px; max-height: 7px; min-height: 7px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QStatusBar { background: $raised; color: $soft; border-top: 1px solid $line; }
QStatusBar::item { border: 0; }

QLabel#ViewChip { padding: 3px 8px; }
#ViewChip, #ViewBar { background: $raised; border: 1px solid $line; border-radius: 6px; }
QToolButton#ViewChip { padding: 4px 10px; }
QToolButton#ViewChip:hover { background: $control; }
#ViewBar QToolButton { background: transparent; border: 0; border-radius: 4px; padding: 3px 8px; color: $soft; }
#ViewBar QToolButton:hover { background: $control; color: $text; }
#ViewBar QToolButton:checked { background: $fill; color: $on_fill; }
#ViewFrame { background: $view; }

QLineEdit#AskField { background: $control; border: 1px solid $line; border-radius: 8px; padding: 6px 8px; }
QLineEdit#AskField:focus { border-color: $accent; }
QToolButton#WordChip { background: $control; border: 1px solid $line; border-radius: 12px; padding: 1px 9px;
                       color: $text; }
QToolButton#WordChip:hover { background: $hover; }
QLineEdit#ChipField { background: transparent; border: 1px dashed $line; border-radius: 12px; padding: 1px 9px; }
QLineEdit#ChipField:focus { border: 1px solid $accent; background: $control; }
#PromptRow { border-radius: 6px; background: transparent; }
#PromptRow:hover { background: $raised; }
#PromptRow[active="true"] { background: $row; }

#Banner { background: $raised; border: 1px solid $line; border-radius: 8px; }
#Banner[level="error"] { border-color: $error; }
#Banner[level="warning"] { border-color: $warning; }
#Banner[level="info"] { border-color: $accent; }

#Palette { background: $raised; border: 1px solid $line; border-radius: 10px; }
#Palette QLineEdit { background: transparent; border: 0; border-bottom: 1px solid $line; border-radius: 0;
                     padding: 9px 6px; }
#Palette QListView { background: $raised; }
#Palette QListView::item:selected { background: $row; }

#StartPage { background: $panel; }
#StartCard { background: $raised; border: 1px solid $line; border-radius: 10px; }
#StartCard QPushButton { padding: 9px 16px; }
#DropHint { background: $veil; border: 2px dashed $accent; border-radius: 12px; }
"""
