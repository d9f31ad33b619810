"""The version of graphfix, read by the package metadata and every report, and when this process imported it."""

import time

VERSION = "0.1.0"
IMPORTED = time.time()
"""When this process began to import the package, in seconds since 1970: sources that changed later are not what it runs."""
