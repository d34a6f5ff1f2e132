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

from aws_runbook.kinds import converge, states
from aws_runbook.run.prefetch import Role

ROLE = Role(read_ahead=True)


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
    return states.present("ec2_security_group", locals(), converge.Salt(globals()))


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
    return states.absent("ec2_security_group", locals(), converge.Salt(globals()))
