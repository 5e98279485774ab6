"""``python -m pyjsapi``."""

import sys

from pyjsapi.cli.main import main

sys.exit(main())
