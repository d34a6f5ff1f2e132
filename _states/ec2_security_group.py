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
    Ensure that a security group exists with the given rules. Arguments left at ``None`` are not managed.

    name
        The name of the security group in its VPC, or its id.
    vpc
        The name or id of its VPC. Default: the default VPC; of a group that is given by its id, any VPC.
    description
        The description. AWS cannot change it, so one that differs from the group's is an error.
    ingress, egress
        Lists of rules: see ``salt-call sys.doc ec2_security_group``. The group's other rules are kept.
    tags
        A mapping. The group's other tags are kept.
    purge
        ``True`` to remove rules (of the directions that are given) and tags that are not listed here.
    region, profile, keyid, key
        The region of the VPC, and the connection to the account.
    """
    return states.present("ec2_security_group", locals(), converge.Salt(globals()))


def absent(name, vpc=None, region=None, profile=None, keyid=None, key=None):
    """
    Ensure that a security group does not exist.

    name
        The security group. The state fails while anything uses it.
    vpc
        The name or id of its VPC. Default: the default VPC; of a group that is given by its id, any VPC.
    region, profile, keyid, key
        The region of the VPC, and the connection to the account.
    """
    return states.absent("ec2_security_group", locals(), converge.Salt(globals()))
