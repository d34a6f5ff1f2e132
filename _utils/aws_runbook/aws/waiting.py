"""
Poll AWS: the cache is cleared before each question, so that AWS answers it.
"""

from functools import partial

from aws_runbook import patience
from aws_runbook.run import cache as run_cache

# ``aws_runbook.patience.until``, asking AWS.
until = partial(patience.until, between=run_cache.forget)
