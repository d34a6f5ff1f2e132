"""
What holds for every state: see ``converge`` for test mode, the real run and the second one; and drift is found and mended.
"""

import pytest

from tests.functional.cases import CASES, FUNCTIONS


@pytest.fixture
def account(surroundings):
    return surroundings


@pytest.fixture(params=FUNCTIONS)
def function(request):
    """Each function of each state module; one without a case fails."""
    return request.param


@pytest.fixture
def case(function, account):
    case = CASES[function]
    case.before(account)
    return case


def test_a_state_converges_and_mends_drift(quick, function, case, converge, account):
    arguments = case.arguments_for(account)
    done = converge(function, **arguments)
    assert done.result is True, done.comment
    assert case.created <= set(done.changes)
    case.after(account)
    if case.drift:
        case.drift(account)
        mended = converge(function, **arguments)
        assert mended.result is True, mended.comment
        assert set(mended.changes) == case.changed


def test_a_failed_read_is_an_error_and_never_absent(function, case, sandbox, states, account):
    arguments = case.arguments_for(account)
    sandbox.fault("*", "access_denied", times=100)
    sandbox.clear_calls()
    ret = states[function](**arguments)
    assert ret.result is False
    assert ret.changes == {}
    assert "The credentials in use need" in ret.comment or "lack s3:ListBucket" in ret.comment
    assert sandbox.calls(write=True) == []


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("s3_bucket.present", {"versioning": "on"}, "bucket b: versioning is 'on'; allowed are Enabled, Suspended."),
        (
            "s3_bucket.present",
            {"public_access_block": {"block_public_acls": True}},
            "give True, False, or a mapping of all of",
        ),
        ("s3_bucket.present", {"tags": ["a"]}, "bucket b: tags is ['a']; give a mapping of names to texts."),
        ("s3_lifecycle.managed", {"rules": "none"}, "bucket b: rules is 'none'; give a list of lifecycle rules"),
        (
            "s3_lifecycle.managed",
            {"rules": [{"ID": "a"}]},
            'Missing required parameter in LifecycleConfiguration.Rules[0]: "Status"',
        ),
        ("iam_backup_policy.present", {"targets": []}, "policy b: targets is []; give a list of at least one target."),
        ("iam_user.present", {"groups": "backup"}, "user b: groups is 'backup'; give a list of names."),
        ("iam_group.present", {"policies": [1]}, "group b: policies is [1]; give a list of names."),
        ("iam_access_key.present", {"rotate_days": 0}, "rotate_days is 0; give a number of days, at least 1."),
        ("iam_access_key.present", {"store": "vault"}, "vault"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(function, arguments, sentence, states, sandbox):
    ret = states[function](name="b", **arguments)
    assert ret.result is False
    assert sentence in ret.comment
    assert "Traceback" not in ret.comment
    assert sandbox.calls() == []
