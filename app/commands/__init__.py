"""Commands of the command line, a file for each group; :mod:`app.cli` puts them together."""
