"""Start LidarScope: without arguments the window, otherwise the command line."""

import sys

from app.cli import main
from app.core.training import memory

if __name__ == "__main__":
    memory.keep(sys.argv[1:])
    sys.exit(main(sys.argv[1:]))
