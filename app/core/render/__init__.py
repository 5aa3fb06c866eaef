"""Drawing without Qt: scene, camera, renderers, and the process they run in."""
