"""Words and points: what the methods that ask CLIP share. See ``docs/ask_in_words.md``."""
