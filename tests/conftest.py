"""Shared set-up: the helpers of tests/support are importable as `support.x`, and Hypothesis is reproducible."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

# Exact arithmetic on random sizes has no steady time per example, so deadlines would only make noise.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("suite")
