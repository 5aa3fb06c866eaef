"""Dialogs, one per file: only where a form is really needed."""
