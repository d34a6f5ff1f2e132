import pytest

from aws_runbook.buckets.object_lock import consequences

NONE, GOVERNANCE, COMPLIANCE = (None, None), ("GOVERNANCE", 60), ("COMPLIANCE", 60)
FINAL = "This cannot be undone: "


@pytest.mark.parametrize("setting", [NONE, GOVERNANCE, COMPLIANCE])
def test_no_change_has_no_consequence(setting):
    assert consequences("b", setting, setting, enabled=True) == []


@pytest.mark.parametrize("after", [GOVERNANCE, COMPLIANCE])
def test_the_first_lock_is_final(after):
    (sentence,) = consequences("b", NONE, after, enabled=False)
    assert sentence.startswith(FINAL)
    assert "locks of existing objects" not in sentence


def test_it_says_who_can_still_delete():
    assert "s3:BypassGovernanceRetention" in consequences("b", NONE, GOVERNANCE, enabled=True)[0]
    assert "nobody, including the account's root user" in consequences("b", NONE, COMPLIANCE, enabled=True)[0]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (("COMPLIANCE", 90), COMPLIANCE, ["for a shorter time (60 instead of 90 days)"]),
        (COMPLIANCE, GOVERNANCE, ["less strictly (GOVERNANCE instead of COMPLIANCE)"]),
        (("COMPLIANCE", 90), GOVERNANCE, ["for a shorter time", "less strictly"]),
        (GOVERNANCE, ("COMPLIANCE", 90), []),
    ],
)
def test_a_weaker_lock_says_so(before, after, words):
    (sentence,) = consequences("b", before, after, enabled=True)
    assert not sentence.startswith(FINAL)
    assert ("locks of existing objects stay" in sentence) == bool(words)
    assert all(word in sentence for word in words)
