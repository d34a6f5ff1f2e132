"""
What is wanted, in view of what is there: for kinds whose module has a ``resolve`` function.

``converge.present`` compares attributes for equality. Where more decides (a version that may not be raised, an id that
means the same as a name, an attribute that AWS never changes), the module's ``resolve(name, current, attributes, …)``
returns ``{"attributes": …, "warnings": […]}``, or raises.
"""


def by_module(kind, name, salt, **arguments):
    """The ``resolve`` function of ``kind``, as ``converge.present`` calls it."""

    def resolve(current, wanted):
        answer = salt.call(f"{kind}.resolve", name, current, wanted, **arguments)
        return answer["attributes"], answer["warnings"]

    return resolve
