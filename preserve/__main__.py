"""``python -m preserve``."""

import sys

from preserve.cli.main import main

sys.exit(main())
