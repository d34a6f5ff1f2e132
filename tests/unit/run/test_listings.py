"""What a listing of the account says, and what it does not say any more."""

import threading

import pytest

from aws_runbook.run import cache as run_cache
from aws_runbook.run import coalescing, waiting
from aws_runbook.run.eventual_consistency import Recent
from aws_runbook.run.listings import Listed

ARN = "arn:aws:iam::123456789012:policy"
PAGES = [
    {
        "UserDetailList": [
            {
                "UserName": "web",
                "Arn": "arn:aws:iam::123456789012:user/web",
                "GroupList": ["backup"],
                "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": f"{ARN}/p"}],
                "Tags": [{"Key": "team", "Value": "data"}],
            }
        ],
        "GroupDetailList": [{"GroupName": "backup", "Arn": "arn:aws:iam::123456789012:group/backup"}],
    },
    {
        "Policies": [
            {
                "PolicyName": "p",
                "Arn": f"{ARN}/p",
                "DefaultVersionId": "v2",
                "PolicyVersionList": [
                    {"VersionId": "v1", "Document": {"old": True}},
                    {"VersionId": "v2", "Document": {"new": True}},
                ],
            }
        ]
    },
]


@pytest.fixture
def recent():
    return Recent()


@pytest.fixture
def listed():
    found = Listed("iam")
    found.fill(PAGES)
    return found


def says(listed, recent, method, absent=True, own=False, **parameters):
    told = listed.answer(method, parameters, recent, absent=absent, own=own)
    return told[0] if told else "unknown"


def test_it_answers_what_single_reads_would(listed, recent):
    user = says(listed, recent, "get_user", UserName="web")["User"]
    assert (user["Arn"], user["Tags"]) == ("arn:aws:iam::123456789012:user/web", [{"Key": "team", "Value": "data"}])
    attached = says(listed, recent, "list_attached_user_policies", UserName="web")["AttachedPolicies"]
    assert attached == [{"PolicyName": "p", "PolicyArn": f"{ARN}/p"}]
    assert says(listed, recent, "list_groups_for_user", UserName="web")["Groups"] == [{"GroupName": "backup"}]
    assert says(listed, recent, "get_group", GroupName="backup")["Users"] == [{"UserName": "web"}]
    assert says(listed, recent, "list_attached_group_policies", GroupName="backup")["AttachedPolicies"] == []
    version = says(listed, recent, "get_policy_version", PolicyArn=f"{ARN}/p", VersionId="v2")
    assert version["PolicyVersion"]["Document"] == {"new": True}
    assert says(listed, recent, "list_policies", Scope="Local")["Policies"] == [{"PolicyName": "p", "Arn": f"{ARN}/p"}]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("get_policy_version", {"PolicyArn": f"{ARN}/p", "VersionId": "v1"}),
        ("get_policy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("list_attached_user_policies", {"UserName": "gone"}),
        ("list_groups_for_user", {"UserName": "gone"}),
        ("get_user", {"UserName": "WEB"}),
        ("get_group", {"GroupName": "Backup"}),
        ("list_policies", {"Scope": "AWS"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_does_not_tell_is_not_taken_for_absent(listed, recent, method, parameters):
    assert says(listed, recent, method, **parameters) == "unknown"


def test_what_it_leaves_out_is_not_there_where_the_caller_can_be_told_so(listed, recent):
    assert says(listed, recent, "get_user", UserName="gone") is None
    assert says(listed, recent, "get_policy", PolicyArn=f"{ARN}/gone") is None
    assert says(listed, recent, "get_user", absent=False, UserName="gone") == "unknown"


def test_what_this_run_has_made_is_not_taken_for_absent(listed, recent):
    recent.note("here", "create_user", {"UserName": "new"}, {})
    recent.note("here", "create_policy", {"PolicyName": "new"}, {"Policy": {"Arn": f"{ARN}/new"}})
    assert says(listed, recent, "get_user", UserName="new") == "unknown"
    assert says(listed, recent, "get_policy", PolicyArn=f"{ARN}/new") == "unknown"
    assert says(listed, recent, "get_group", GroupName="new") is None


def test_what_has_been_written_is_old(listed, recent):
    listed.write({"UserName": "other"})
    assert says(listed, recent, "get_user", UserName="web") != "unknown"
    assert says(listed, recent, "get_user", UserName="other") == "unknown"
    assert says(listed, recent, "list_users") == "unknown"
    listed.write({"UserName": "web", "PolicyArn": f"{ARN}/p"})
    assert says(listed, recent, "list_attached_user_policies", UserName="web") == "unknown"
    assert says(listed, recent, "get_policy", PolicyArn=f"{ARN}/p") == "unknown"
    assert says(listed, recent, "get_group", GroupName="backup") != "unknown"
    listed.write({"AccountAlias": "x"})
    assert says(listed, recent, "get_group", GroupName="backup") == "unknown"


def test_what_is_written_while_it_is_asked_for_is_old_when_it_comes(recent):
    listed = Listed("iam")
    listed.write({"UserName": "web"})
    listed.fill(PAGES)
    assert says(listed, recent, "get_user", UserName="web") == "unknown"
    assert says(listed, recent, "get_group", GroupName="backup") != "unknown"


def test_what_was_asked_again_is_not_answered_by_what_was_read_before(listed, recent):
    listed.ask_again("get_user", {"UserName": "web"})
    assert says(listed, recent, "get_user", UserName="web") == "unknown"
    assert says(listed, recent, "list_groups_for_user", UserName="web") != "unknown"


def test_an_answer_is_the_callers_own(listed, recent):
    says(listed, recent, "get_user", UserName="web")["User"]["Tags"].clear()
    assert says(listed, recent, "get_user", UserName="web")["User"]["Tags"] != []


def test_buckets_without_their_region_are_asked_for(recent):
    listed = Listed("s3")
    listed.fill([{"Buckets": [{"Name": "a", "BucketRegion": "eu-west-2"}, {"Name": "b"}]}])
    assert says(listed, recent, "head_bucket", Bucket="a")["BucketRegion"] == "eu-west-2"
    assert says(listed, recent, "head_bucket", Bucket="b") == "unknown"
    assert says(listed, recent, "head_bucket", own=True, Bucket="b") == "unknown"
    assert says(listed, recent, "head_bucket", Bucket="of-another-account") == "unknown"
    assert says(listed, recent, "head_bucket", own=True, Bucket="of-another-account") is None


def test_a_run_with_few_things_makes_no_listing():
    cache, asked = run_cache.Cache(), []
    cache.expect({"iam": 2})
    assert cache.listed("account", "iam", lambda: asked.append(1) or PAGES) is None
    cache.expect({"iam": 1})
    assert cache.listed("account", "iam", lambda: asked.append(1) or PAGES) is not None
    assert cache.listed("account", "iam", lambda: asked.append(1) or PAGES) is not None
    assert asked == [1]


def test_where_it_is_refused_or_forgotten_it_is_not_asked_for_again():
    cache = run_cache.Cache()
    cache.expect({"iam": 9})
    assert cache.listed("account", "iam", lambda: None) is None
    assert cache.listed("account", "iam", lambda: PAGES) is None
    assert not cache.can_list("account", "iam", 100)
    cache.expect({"s3": 9})
    cache.listed("account", "s3", lambda: [{}])
    cache.clear()
    assert cache.listed("account", "s3", lambda: [{}]) is None
    assert cache.can_list("account", "s3", 100)


def test_a_listing_of_many_pages_is_made_again_for_as_many_threads_only():
    cache = run_cache.Cache()
    cache.expect({"iam": 9})
    cache.listed("account", "iam", lambda: [{}] * 5)
    assert not cache.can_list("account", "iam", 9)
    assert cache.can_list("account", "iam", 10)


def test_what_was_listed_ahead_is_not_believed_by_who_writes():
    cache = run_cache.Cache()
    cache.expect({"iam": 9})
    cache.read_ahead(lambda: cache.listed("account", "iam", lambda: PAGES))
    assert cache.early
    assert cache.listed("account", "iam", lambda: PAGES) is not None
    with cache.at_first_hand():
        assert cache.listed("account", "iam", lambda: PAGES) is None
        cache.list_again("account", "iam", lambda: PAGES)
        assert cache.listed("account", "iam", lambda: PAGES) is not None


def test_threads_that_need_the_same_are_answered_once(monkeypatch):
    monkeypatch.setattr(coalescing, "_PATIENCE", 60)
    group, asked, begun = coalescing.Group(8), [], threading.Barrier(8)

    def work(number):
        with group.member():
            begun.wait()
            if number:  # one of them needs nothing
                group.ask("iam", lambda: asked.append(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(asked) == 1


def test_one_that_pauses_is_waited_for_only_a_moment(monkeypatch):
    pauses, goes_on = threading.Event(), threading.Event()
    monkeypatch.setattr(coalescing.time, "sleep", lambda _seconds: pauses.set() or goes_on.wait(60))
    monkeypatch.setattr(coalescing, "_PATIENCE", 0.01)
    group, asked = coalescing.Group(2), []

    def work():
        with group.member():
            waiting.pause(60)

    thread = threading.Thread(target=work)
    thread.start()
    assert pauses.wait(60)
    with group.member():
        group.ask("iam", lambda: asked.append(1))
    assert asked == [1]
    goes_on.set()
    thread.join(60)


def test_one_that_has_not_had_its_turn_is_waited_for(monkeypatch):
    """However slow the machine is: otherwise many threads would ask for a listing each time that a few of them have got on."""
    monkeypatch.setattr(coalescing, "_PATIENCE", 0)
    monkeypatch.setattr(coalescing, "_LONG_PATIENCE", 60)
    group, asked = coalescing.Group(2), []

    def work(number):
        with group.member():
            group.ask("iam", lambda: asked.append(number))

    first = threading.Thread(target=work, args=(1,))
    first.start()
    while not asked and not group._waiting:
        first.join(0.001)
    work(2)
    first.join(60)
    assert asked == [2]  # what the last one asked for


def test_one_that_hangs_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(coalescing, "_PATIENCE", 0)
    monkeypatch.setattr(coalescing, "_LONG_PATIENCE", 0.01)
    group, asked = coalescing.Group(2), []
    with group.member():
        group.ask("iam", lambda: asked.append(1))
    assert asked == [1]


def test_who_is_interrupted_lets_the_others_go_on(monkeypatch):
    group, ended = coalescing.Group(3), []

    class Interrupted(BaseException):
        pass

    def interrupt(_seconds):
        while len(group._waiting) < 2:
            group._changed.release()
            group._changed.acquire()
        raise Interrupted

    monkeypatch.setattr(group._changed, "wait", interrupt)

    def work():
        try:
            group.ask("iam", lambda: ended.append("asked"))
        except Interrupted:
            ended.append("interrupted")
        else:
            ended.append("went on")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["interrupted", "went on"]


def test_an_error_of_the_leader_lets_the_others_go_on(monkeypatch):
    monkeypatch.setattr(coalescing, "_PATIENCE", 60)
    group, ended = coalescing.Group(3), []

    def fail():
        raise ValueError

    def work():
        with group.member():
            try:
                group.ask("iam", fail)
            except ValueError:
                ended.append("raised")
            else:
                ended.append("went on")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["raised", "went on", "went on"]


class _Interrupted(BaseException):
    pass


def test_who_is_interrupted_while_another_one_asks_does_not_lead(monkeypatch):
    """Ctrl-C reaches Salt's own thread only; the process ends when the others have."""
    monkeypatch.setattr(coalescing, "_PATIENCE", 0)
    monkeypatch.setattr(coalescing, "_LONG_PATIENCE", 0)
    group, asks, goes_on, ended = coalescing.Group(4), threading.Event(), threading.Event(), []

    def ask_long():
        asks.set()
        goes_on.wait(60)

    def work(load):
        with group.member():
            group.ask("iam", load)
            ended.append(load)

    def interrupt():
        threads.append(threading.Thread(target=work, args=(dict,), daemon=True))
        threads[-1].start()
        while len(group._waiting) < 3:
            goes_on.wait(0.001)
        raise _Interrupted

    class Request(coalescing._Request):
        def __init__(self, name, load):
            super().__init__(name, load)
            if load is print:
                monkeypatch.setattr(self.woken, "wait", interrupt)

    monkeypatch.setattr(coalescing, "_Request", Request)
    threads = [threading.Thread(target=work, args=(ask_long,), daemon=True)]
    threads[0].start()
    assert asks.wait(60)
    with pytest.raises(_Interrupted), group.member():
        group.ask("iam", print)
    goes_on.set()
    for thread in threads:
        thread.join(60)
    assert set(ended) == {ask_long, dict}


def test_who_is_interrupted_when_it_is_to_lead_lets_another_one(monkeypatch):
    group = coalescing.Group(2)
    monkeypatch.setattr(coalescing, "_LONG_PATIENCE", 60)

    def interrupt():
        raise _Interrupted

    monkeypatch.setattr(group, "_lead", interrupt)
    with pytest.raises(_Interrupted), group.member():
        group.ask("iam", dict)
    monkeypatch.undo()
    asked = []
    other = threading.Thread(target=group.ask, args=("iam", lambda: asked.append(1)), daemon=True)
    other.start()
    other.join(60)
    assert asked == [1]


def test_one_that_waits_for_the_same_answer_is_waited_for_only_a_moment(monkeypatch):
    """The first one asks all others for a listing, while it holds what the second one needs."""
    monkeypatch.setattr(coalescing, "_PATIENCE", 0.01)
    monkeypatch.setattr(coalescing, "_LONG_PATIENCE", 60)
    group, cache, asked = coalescing.Group(2), run_cache.Cache(), []
    holds, goes_on = threading.Event(), threading.Event()

    def names():
        holds.set()
        while not group._pausing:
            goes_on.wait(0.001)
        group.ask("iam", lambda: asked.append("listed"))
        return ["registry-backup"]

    def work(load):
        with group.member():
            asked.append(cache.get(("connection", "hints", None, "policy names"), {}, load)[0])

    threads = [threading.Thread(target=work, args=(load,), daemon=True) for load in (names, list)]
    threads[0].start()
    assert holds.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join(20)
    assert asked == ["listed", "registry-backup", "registry-backup"]
