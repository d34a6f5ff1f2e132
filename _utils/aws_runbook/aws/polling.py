"""
Poll AWS. The cache is cleared before each read, so that AWS answers it.
"""

from functools import partial

from aws_runbook import polling
from aws_runbook.run import cache as run_cache

# ``aws_runbook.polling.until``, asking AWS.
until = partial(polling.until, between=run_cache.forget)
