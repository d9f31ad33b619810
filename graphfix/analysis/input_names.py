"""What the names of a model's inputs tell about what they hold."""

from __future__ import annotations

import re

AUDIO = re.compile(r"(?i)wav|audio|speech|sound|pcm|signal")
"""Names of inputs that hold samples of sound."""
