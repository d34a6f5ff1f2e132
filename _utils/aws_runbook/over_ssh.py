"""
What follows from pillar, where salt-ssh runs.

salt-ssh renders SLS files on its own machine, and sends the states that come of it to the server. A function that an SLS
file calls is run on the server, without pillar, unless there is a wrapper of its name, which is run here.
https://docs.saltproject.io/en/latest/topics/ssh/index.html
"""

import salt.loader

from aws_runbook.errors import RunbookError


def call(function, opts, pillar, context, **arguments):
    """
    An execution module's function, run here for the server that salt-ssh talks to.

    ``opts``, ``pillar`` and ``context`` are those of the wrapper. The pillar of other servers is compiled here too, so the
    options are those of this machine.
    """
    if "aws_runbook.modules" not in context:
        here = {**opts["__master_opts__"], "file_client": "local", "saltenv": None, "pillarenv": None}
        server = {"id": opts["id"], "grains": opts["grains"], "pillar": dict(pillar)}
        context["aws_runbook.modules"] = salt.loader.minion_mods({**here, **server})
    return context["aws_runbook.modules"][function](**arguments)


def refuse(function):
    """Say why a function that needs pillar and the server's way to AWS cannot be had."""
    raise RunbookError(
        f"salt-ssh passes no pillar to {function}: run it with `salt-call --local` on the machine that has your pillar, or on a minion."
    )
