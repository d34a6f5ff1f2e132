"""
Poll AWS. The cache is cleared before each read, so that AWS answers it.
"""

from functools import partial

from aws_runbook import polling
from aws_runbook.run import cache as run_cache
from aws_runbook.run import coalescing

# ``aws_runbook.polling.until``, asking AWS.
until = partial(polling.until, pause=coalescing.pause, between=run_cache.forget)
