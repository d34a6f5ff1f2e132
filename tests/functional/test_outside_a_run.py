"""State functions called by the loader alone, as tools of other people do: there is no run then."""

import inspect

import pytest
import salt.loader

from tests.functional.conftest import TREE

# What Salt gives to the states of a run. Outside one it gives nothing, or None.
_OF_A_RUN = ("__lowstate__", "__instance_id__", "__running__")
MODULES = sorted(path.stem for path in (TREE / "_states").glob("*.py"))


@pytest.fixture(params=["missing", "none", "none-with-instance"])
def bare(request, sandbox, minion_opts, modules):
    """The states by Salt's bare loader, with what a run would give them left out, or None."""
    loaded = salt.loader.states(minion_opts, modules, None, None)
    for name in _OF_A_RUN:
        loaded.pack.pop(name, None)
        if request.param != "missing":
            loaded.pack[name] = None
    if request.param == "none-with-instance":
        loaded.pack["__instance_id__"] = "instance"
    return loaded


@pytest.mark.parametrize("module", MODULES)
def test_outside_a_run_every_state_returns_a_state(bare, module):
    functions = [name for name in bare if name.startswith(f"{module}.")]
    assert functions
    for name in functions:
        function = bare[name]
        required = [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        # Most refuse such a value, with a sentence: that is an answer too.
        returned = function(**dict.fromkeys(required, "outside-a-run"))
        assert returned["name"] == "outside-a-run", name
        assert returned["result"] in (True, False, None), name
        assert "Error:" not in returned["comment"], returned["comment"]
        assert "unexpected" not in returned["comment"], returned["comment"]
