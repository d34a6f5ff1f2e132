"""
Manage SNS topics and their subscriptions.

.. code-block:: yaml

    aws-topic-noreply-example-org:
      sns_topic.present:
        - name: noreply-example-org
        - subscriptions:
            - ops@example.org
            - {protocol: https, endpoint: https://hooks.example.org/ses}
"""

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True)


def present(
    name,
    display_name=None,
    fifo=None,
    content_based_deduplication=None,
    kms_master_key_id=None,
    publishers=None,
    subscriptions=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a topic exists with the given attributes and subscriptions. What is left at ``None`` is not managed.

    A subscription that waits for its recipient's confirmation is a warning, not a change; one whose recipient has
    unsubscribed is an error.

    name
        The topic. That of a FIFO topic ends in ``.fifo``.
    display_name
        The sender's name in email.
    fifo
        ``True`` for a FIFO topic.
    content_based_deduplication
        ``True`` when messages of a FIFO topic with the same contents are one.
    kms_master_key_id
        The KMS key that messages are encrypted with; ``""`` for none.
    publishers
        A list of AWS's services, such as ``ses.amazonaws.com``, that may publish for this account. Others stay, unless
        ``purge``.
    subscriptions
        A list of email addresses, or of mappings of ``protocol`` and ``endpoint``; or the pillar key of such a list, which
        keeps a URL's password out of Salt's logs. Others stay, unless ``purge``.
    tags
        A mapping. Other tags of the topic stay, unless ``purge``.
    purge
        ``True`` to remove publishers, subscriptions and tags that are not named here.
    region, profile, keyid, key
        Where the topic is, and how to reach the account.
    """
    return states.planned("sns_topic", locals(), converge.Salt(globals()), subject=f"SNS topic {name}")


def absent(name, remove_subscriptions=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a topic does not exist.

    name
        The topic. While anybody is subscribed it is not deleted, and the state fails.
    remove_subscriptions
        ``True`` to delete it although somebody is: they hear no more.
    region, profile, keyid, key
        Where the topic is, and how to reach the account.
    """
    return states.absent("sns_topic", locals(), converge.Salt(globals()))
