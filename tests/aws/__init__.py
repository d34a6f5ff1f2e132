"""
``make aws``: the states against a real account, for whoever has one.

It runs only where ``AWS_RUNBOOK_TEST_ACCOUNT`` is the number of the account that the credentials belong to. See docs/testing.md.
"""
