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
    Ensure that a topic exists with the given attributes and subscriptions. Arguments left at ``None`` are not managed.

    A subscription that its recipient has not confirmed is a warning, not a change. One whose recipient has unsubscribed is an error.

    name
        The topic. The name of a FIFO topic ends in ``.fifo``.
    display_name
        The sender's name in email.
    fifo
        ``True`` for a FIFO topic.
    content_based_deduplication
        ``True`` to deduplicate messages of a FIFO topic by their contents.
    kms_master_key_id
        The KMS key that messages are encrypted with; ``""`` for none.
    publishers
        A list of AWS's services, such as ``ses.amazonaws.com``, that may publish for this account. Others are kept, unless
        ``purge``.
    subscriptions
        A list of email addresses, or of mappings of ``protocol`` and ``endpoint``; or the pillar key of such a list, which
        keeps a URL's password out of Salt's logs. Others are kept, unless ``purge``.
    tags
        A mapping. Other tags of the topic are kept, unless ``purge``.
    purge
        ``True`` to remove publishers, subscriptions and tags that are not listed here.
    region, profile, keyid, key
        The region of the topic, and the connection to the account.
    """
    return states.planned("sns_topic", locals(), converge.Salt(globals()), subject=f"SNS topic {name}")


def absent(name, remove_subscriptions=False, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a topic does not exist.

    name
        The topic. The state fails while it has subscriptions.
    remove_subscriptions
        ``True`` to delete its subscriptions too.
    region, profile, keyid, key
        The region of the topic, and the connection to the account.
    """
    return states.absent("sns_topic", locals(), converge.Salt(globals()))
