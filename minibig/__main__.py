"""`python -m minibig` is the command `minibig`."""

import sys

from minibig.cli import main

if __name__ == "__main__":
    sys.exit(main())
