"""Programs from npm that tests run: a policy simulator, and axe-core, which checks a page in a browser."""
