"""Long work as generators, and the engine process that runs it."""
