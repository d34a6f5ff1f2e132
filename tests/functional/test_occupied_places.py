"""A value in a store is not overwritten if its owner is unknown."""

import pytest
import yaml

LIVE, OTHER = "canary-live-password", "canary-other-password"
DATABASE = {"name": "analysis", "preset": "data-analysis", "vpc_security_groups": ["default"]}


@pytest.fixture
def private(tmp_path):
    return tmp_path / "private.sls"


@pytest.fixture
def iam(sandbox):
    client = sandbox.client("iam")
    for user in ("registry-backup", "files-main"):
        client.create_user(UserName=user)
    return client


@pytest.fixture
def rds(sandbox):
    sandbox.stop_clock()
    sandbox.database_times(creating=0, modifying=0)
    return sandbox.client("rds")


def store(path, **keys):
    return {"pillar_file": str(path), "keys": keys}


def held(path, **values):
    path.write_text(yaml.safe_dump(values))
    return path.read_text()


def said(ret):
    return f"{ret.comment}{ret.changes}{getattr(ret, 'warnings', '')}"


def test_an_smtp_store_overwrites_no_key_beside_the_smtp_values(converge, iam, private):
    key = iam.create_access_key(UserName="files-main")["AccessKey"]
    before = held(private, aws={"access_key": key["AccessKeyId"], "secret_key": LIVE})
    keys = {"smtp_username": "smtp:username", "smtp_password": "smtp:password"}
    place = store(private, **keys, access_key="aws:access_key", secret_key="aws:secret_key")
    ret = converge("ses_smtp_user.present", name="ses-smtp", store=place)
    assert ret.result is False
    assert f"{key['AccessKeyId']}" in ret.comment
    assert "belongs to the user files-main" in ret.comment
    assert LIVE not in said(ret)
    assert private.read_text() == before


def test_an_smtp_store_with_the_halves_of_the_key_too(converge, iam, private):
    keys = {"smtp_username": "smtp:username", "smtp_password": "smtp:password"}
    place = store(private, **keys, access_key="aws:access_key", secret_key="aws:secret_key")
    assert converge("ses_smtp_user.present", name="ses-smtp", store=place).result is True
    data = yaml.safe_load(private.read_text())
    (key,) = iam.list_access_keys(UserName="ses-smtp")["AccessKeyMetadata"]
    assert data["smtp"]["username"] == data["aws"]["access_key"] == key["AccessKeyId"]


@pytest.mark.parametrize("other", [{"secret": OTHER}, {}])
def test_a_secret_without_a_place_for_its_id_is_overwritten_by_nothing(states, modules, iam, private, other):
    key = iam.create_access_key(UserName="registry-backup")["AccessKey"]
    before = held(private, pg={"id": key["AccessKeyId"], "secret": LIVE}, aws=other)
    place = store(private, access_key="pg:id", secret_key=["pg:secret", "aws:secret"])
    ret = states["iam_access_key.present"]("registry-backup", store=place)
    assert ret.result is False
    assert "2 for secret_key, so the owner of the key in" in ret.comment
    with pytest.raises(Exception, match="Name equally many places for both") as caught:
        modules["iam_access_key.rotate"]("registry-backup", store=place)
    assert "canary" not in said(ret) + str(caught.value)
    assert private.read_text() == before


def test_two_places_for_one_secret_whose_id_has_one_go_on_as_long_as_they_agree(converge, modules, iam, private):
    place = store(private, access_key="pg:id", secret_key=["pg:secret", "aws:secret"])
    assert converge("iam_access_key.present", name="registry-backup", store=place).result is True
    modules["iam_access_key.rotate"]("registry-backup", store=place)
    data = yaml.safe_load(private.read_text())
    assert data["pg"]["secret"] == data["aws"]["secret"]


@pytest.mark.parametrize("test", [True, False])
def test_of_two_passwords_that_differ_neither_is_overwritten(states, rds, private, test):
    before = held(private, a=LIVE, b=OTHER)
    ret = states["rds_instance.present"](**DATABASE, store=store(private, password=["a", "b"]), test=test)
    assert ret.result is False
    assert "differ, and neither is overwritten" in ret.comment
    assert "canary" not in said(ret)
    assert private.read_text() == before
    assert rds.describe_db_instances()["DBInstances"] == []


def test_nor_in_two_files(states, rds, private, tmp_path):
    other = tmp_path / "other.sls"
    before = held(private, a=LIVE), held(other, a=OTHER)
    places = [store(private, password="a"), store(other, password="a")]
    ret = states["rds_instance.present"](**DATABASE, store=places)
    assert ret.result is False
    assert "differ, and neither is overwritten" in ret.comment
    assert (private.read_text(), other.read_text()) == before


def test_a_password_in_one_of_two_places_is_the_new_databases(converge, rds, private):
    held(private, a=LIVE)
    ret = converge("rds_instance.present", **DATABASE, store=store(private, password=["a", "b"]))
    assert ret.result is True, ret.comment
    assert yaml.safe_load(private.read_text()) == {"a": LIVE, "b": LIVE}
    assert "canary" not in said(ret)


def test_a_stored_password_becomes_that_of_a_database_whose_own_was_managed(converge, states, rds, private):
    states["rds_instance.present"](**DATABASE, master_password="managed")
    held(private, a=LIVE)
    ret = converge("rds_instance.present", **DATABASE, store=store(private, password="a"))
    assert ret.result is True, ret.comment
    assert yaml.safe_load(private.read_text()) == {"a": LIVE}
    assert "canary" not in said(ret)


@pytest.mark.gpg
def test_a_password_that_cannot_be_read_comes_back_when_aws_refuses_a_new_one(
    states, modules, sandbox, rds, private, keyring
):
    _, fingerprint, public = keyring
    place = {**store(private, password="a"), "gpg": {"recipients": [fingerprint], "homedir": str(public)}}
    assert states["rds_instance.present"](**DATABASE, store=place).result is True
    before = private.read_text()
    sandbox.fault("ModifyDBInstance", "access_denied")
    with pytest.raises(Exception, match="need rds:ModifyDBInstance"):
        modules["rds_instance.reset_password"]("analysis", store=place)
    assert private.read_text() == before


def _key(states, iam, place):
    return lambda: states["iam_access_key.present"]("registry-backup", store=place(access_key="a", secret_key="b"))


def _smtp_user(states, iam, place):
    return lambda: states["ses_smtp_user.present"]("ses-smtp", store=place(smtp_username="a", smtp_password="b"))


def _instance(states, iam, place):
    return lambda: states["rds_instance.present"](**DATABASE, store=place(password="a"))


@pytest.mark.parametrize("kind", [_key, _smtp_user, _instance])
def test_what_a_killed_run_left_is_removed_by_the_next_also_where_nothing_is_written(states, iam, rds, private, kind):
    present = kind(states, iam, lambda **keys: store(private, **keys))
    assert present().result is True
    leftover = private.with_name(f".{private.name}.aws-runbook-abcd1234")
    leftover.write_text(f"secret: {LIVE}\n")
    again = present()
    assert (again.result, again.changes) == (True, {})
    assert sorted(private.parent.glob(".*")) == []
