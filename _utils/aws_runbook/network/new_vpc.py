"""
Create exactly one VPC with a name, also when several runs do so at the same time.

AWS allows two VPCs with one name, and has no lock. So each run creates its VPC under a draft of the name. A run that sees a draft with
a lower id deletes its own. The run with the lowest id waits until the others are gone, and then gives its VPC the name. So the name is
never used twice, and the next run uses a draft that an interrupted run has left behind.
"""

from aws_runbook.aws import tags as tagging
from aws_runbook.errors import RunbookError
from aws_runbook.network import lookup as ec2
from aws_runbook.run.waiting import until

# How long another run may take from creating its VPC to looking for others. Seconds.
_PATIENCE = 15


def make(session, name, create):
    """Ensure that there is a VPC ``name``: this run's, created by ``create(draft)``, which returns its id, or another run's."""
    draft = f"{name} (being made)"

    def called(text):
        return sorted(entry["VpcId"] for entry in ec2.vpcs(session) if ec2.name_of(entry) == text)

    def overtaken():
        return bool(called(name)) or any(vpc_id < made for vpc_id in called(draft))

    made = None if called(draft) else create(draft)
    if made:
        others = f"other runs that create a VPC {name}"
        until(lambda: overtaken() or called(draft) == [made], what=others, timeout=_PATIENCE)
        if overtaken():
            _delete(session, name, made)
            made = None
    if not made and until(lambda: called(name), what=f"another run to create the VPC {name}", timeout=_PATIENCE):
        return
    drafts = called(draft)
    if not made and not drafts:
        raise RunbookError(f"Another run did not finish creating the VPC {name}; run this again.")
    tagging.EC2.write(session, f"the VPC {name}", {"Name": name}, {}, Resources=[made or drafts[0]])


def _delete(session, name, vpc_id):
    session.write("ec2", "delete_vpc", f"delete the VPC {vpc_id}, a second one for the name {name}", VpcId=vpc_id)
