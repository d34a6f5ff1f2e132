"""
The note of a key's rotation, in a tag of its user, and the changes of a key's status.
"""

from aws_runbook import clock
from aws_runbook.access_keys.rotation import ROTATION_TAG, Rotation
from aws_runbook.aws import tags as tagging


def read(session, name):
    """The last :class:`Rotation` of the user's keys; ``None`` for none."""
    answer = session.read("iam", "get_user", f"read the user {name}", UserName=name)
    return Rotation.parse(tagging.mapping(answer["User"].get("Tags")).get(ROTATION_TAG))


def write(session, name, old):
    """Note that the key ``old`` is being replaced from now on."""
    note = Rotation(old, clock.now()).tag()
    session.write(
        "iam",
        "tag_user",
        f"note the rotation of its key on the user {name}",
        UserName=name,
        Tags=[{"Key": ROTATION_TAG, "Value": note}],
    )


def retire(session, name, old):
    """Deactivate a key. From now on it is kept for a while, which is noted first: an interrupted run must not shorten that."""
    before = read(session, name)
    note = Rotation(old, clock.now()).tag()
    with tagging.USER.noted(session, f"the user {name}", ROTATION_TAG, note, before and before.tag(), UserName=name):
        set_status(session, name, old, "Inactive")


def set_status(session, name, access_key_id, status):
    """Make a key ``Active`` or ``Inactive``."""
    session.write(
        "iam",
        "update_access_key",
        f"set the access key {access_key_id} of the user {name} to {status.lower()}",
        UserName=name,
        AccessKeyId=access_key_id,
        Status=status,
    )
