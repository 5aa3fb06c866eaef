"""What is learnt, one objective per file, found by listing the folder: a batch in, named losses out."""
