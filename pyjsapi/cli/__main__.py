"""``python -m pyjsapi.cli``."""

import sys

from pyjsapi.cli.main import main

sys.exit(main())
