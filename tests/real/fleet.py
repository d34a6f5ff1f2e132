"""The sample fleet: the control minion that manages AWS, and the servers, whose files are made from the same pillar."""

from pathlib import Path

import yaml
from salt.utils.dictupdate import merge

from tests.fixtures import sample
from tests.fixtures.loaders import Loaders
from tests.functional.conftest import minion

SERVER_FILES = Path(__file__).with_name("salt")


class Minion:
    """A masterless minion within the test's own process."""

    def __init__(self, root, identity, pillar):
        opts = minion(root, identity)
        opts["pillar_roots"] = {"base": [str(pillar)]}
        opts["file_roots"]["base"].append(str(SERVER_FILES))
        self._loaders = Loaders(opts)

    def call(self, function, *args, **kwargs):
        """What an execution module function answers, with pillar as it is now."""
        self._loaders.reload_all()
        return self._loaders.modules[function](*args, **kwargs)

    def apply(self, sls, **kwargs):
        """``state.apply``: every state must succeed. Each one's changes by its id."""
        done = self.call("state.apply", sls, **kwargs).raw
        assert isinstance(done, dict), done
        assert {state["result"] for state in done.values()} == {True}, [state["comment"] for state in done.values()]
        return {key.split("_|-")[1]: state["changes"] for key, state in done.items()}

    def place(self, name, source, user=None, mode="0600", **context):
        """
        Write a server's file from its template and pillar, as the server's highstate does.

        Pillar is as it was the first time: to compile it for each file takes longer than to write them all.
        """
        state = self._loaders.states["file.managed"](
            name=str(name),
            source=f"salt://{source}",
            template="jinja",
            user=user,
            mode=mode,
            show_changes=False,
            context={key: str(value) for key, value in context.items()},
        )
        assert state.result, state.comment
        return name


class Fleet:
    """The minions, over one copy of the sample pillar."""

    def __init__(self, root, nameserver):
        self._root = root
        self._minions = {}
        self.pillar = sample.copy(root / "pillar", nameserver)

    def minion(self, identity):
        """A minion of the fleet, always the same one."""
        if identity not in self._minions:
            self._minions[identity] = Minion(self._root / identity, identity, self.pillar)
        return self._minions[identity]

    def amend(self, server, pillar):
        """Add to the public half of a server's pillar."""
        path = self.pillar / "public" / f"{server}.sls"
        known = yaml.safe_load(path.read_text().replace("{{ opts.pillar_roots.base[0] }}", str(self.pillar)))
        path.write_text(yaml.safe_dump(merge(known, pillar)))

    def keys(self, server):
        """The key of a server's user: id and secret, from private pillar."""
        aws = yaml.safe_load((self.pillar / "private" / f"{server}.sls").read_text())["aws"]
        return aws["access_key"], aws["secret_key"]
