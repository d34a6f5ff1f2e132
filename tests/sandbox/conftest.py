import pytest


@pytest.fixture
def sandbox_conditions():
    """The sandbox's own tests make their own conditions."""
    return lambda _: None
