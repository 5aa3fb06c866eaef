"""Training: recipes, data, the loop, runs on disk and the processes they run in."""
