"""
Manage security groups.

.. code-block:: yaml

    aws-security-group-postgresql-anywhere:
      ec2_security_group.present:
        - name: postgresql-anywhere
        - description: PostgreSQL from anywhere
        - ingress:
            - {service: postgresql, source: anywhere}
"""

from aws_runbook import converge
from aws_runbook.resolution import by_module

__instance_id__ = None  # this and the next are set by Salt while it runs states
__lowstate__ = ()


def _salt():
    return converge.Salt(__salt__, __opts__, __context__, __instance_id__, __states__, __lowstate__)


def present(
    name,
    vpc=None,
    description=None,
    ingress=None,
    egress=None,
    tags=None,
    purge=False,
    region=None,
    profile=None,
    keyid=None,
    key=None,
):
    """
    Ensure that a security group exists, with the given rules. What is left at ``None`` is not managed.

    name
        The security group, by its name in the VPC, or its id.
    vpc
        The name or id of its VPC. Left out: the default VPC.
    description
        What it is for. One that differs from what the group has is an error, as AWS cannot change it.
    ingress, egress
        Lists of rules: see ``salt-call sys.doc ec2_security_group``. Others of the group stay.
    tags
        A mapping. Others of the group stay.
    purge
        ``True`` to remove rules, in the directions given, and tags that are not named here.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    connection = {"vpc": vpc, "region": region, "profile": profile, "keyid": keyid, "key": key}
    return converge.present(
        "ec2_security_group",
        name,
        {"description": description, "ingress": ingress, "egress": egress, "tags": tags},
        _salt(),
        subject=f"Security group {name}",
        create_with=("description", "tags"),
        keep=() if purge else ("ingress", "egress", "tags"),
        resolve=by_module("ec2_security_group", name, _salt(), **connection),
        connection=connection,
    )


def absent(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a security group does not exist.

    name
        The security group. While anything uses it, it is not deleted, and the state fails.
    vpc
        The name or id of its VPC. Left out: the default VPC.
    region, profile, keyid, key
        Where the VPC is, and how to reach the account.
    """
    return converge.absent(
        "ec2_security_group",
        name,
        _salt(),
        subject=f"Security group {name}",
        connection={"vpc": vpc, "region": region, "profile": profile, "keyid": keyid, "key": key},
    )
