"""
Making one VPC of a name, however many runs are at it in the same moment.

AWS lets two VPCs have one name, and has nothing to lock. So each run makes its VPC under a draft of the name. Who sees a
draft with a lesser id deletes its own; who has the least waits until the others are gone, and only then gives its VPC
the name. So no two ever have it, and a draft that an interrupted run has left behind is used by the next one.
"""

from aws_runbook import ec2
from aws_runbook.errors import RunbookError
from aws_runbook.waiting import until

# How long another run may take from making its VPC to looking for others. Seconds.
_PATIENCE = 15


def make(session, name, create):
    """Let there be a VPC ``name``: this run's, by ``create(draft)``, which returns its id; or another run's."""
    draft = f"{name} (being made)"

    def called(text):
        return sorted(entry["VpcId"] for entry in ec2.vpcs(session) if ec2.name_of(entry) == text)

    def overtaken():
        return bool(called(name)) or any(vpc_id < made for vpc_id in called(draft))

    made = None if called(draft) else create(draft)
    if made:
        others = f"other runs that make a VPC {name}"
        until(lambda: overtaken() or called(draft) == [made], what=others, timeout=_PATIENCE)
        if overtaken():
            _delete(session, name, made)
            made = None
    if not made and until(lambda: called(name), what=f"another run to make the VPC {name}", timeout=_PATIENCE):
        return
    drafts = called(draft)
    if not made and not drafts:
        raise RunbookError(f"Another run that was making the VPC {name} has not done so; run this again.")
    ec2.write_tags(session, f"the VPC {name}", made or drafts[0], {}, {"Name": name})


def _delete(session, name, vpc_id):
    session.write("ec2", "delete_vpc", f"delete the VPC {vpc_id}, a second one for the name {name}", VpcId=vpc_id)
