"""
What a write makes old of what a run has read.

In doubt all of the service's answers are old. A fleet's run would then ask for a hundred buckets again because one was
changed: where what a call is about can be told by its parameters, only the answers about the same things are.
"""

# What a call of these services is about: each of its reads and writes says it by some of these parameters, or is a listing.
_SUBJECTS = {
    "iam": ("GroupName", "PolicyArn", "PolicyName", "UserName"),
    "s3": ("Bucket",),
}


def after(service, parameters):
    """
    A function of a read's method and question that says whether its answer is old after a write with ``parameters``.

    A question is as the reader has it: ``(parameter, value)`` pairs, sorted.
    """
    known = _SUBJECTS.get(service, ())
    written = {_name(parameters[subject]) for subject in known if subject in parameters}

    def is_old(_method, question):
        if not written:
            return True
        asked = {_name(value) for subject, value in question if subject in known}
        return not asked or bool(written & asked)

    return is_old


def of_one(methods, name):
    """The same for who knows exactly: only what these ``methods`` tell of the thing called ``name``."""

    def is_old(method, question):
        return method in methods and (
            question == name or (isinstance(question, tuple) and any(value == name for _, value in question))
        )

    return is_old


def _name(value):
    """A policy is made by its name and then called by its ARN."""
    return value.rpartition("/")[2]
