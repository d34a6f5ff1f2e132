"""
The pillar of many minions, compiled here as a masterless minion compiles its own: everything that does not depend on the minion is created once.

For each pillar Salt creates loaders, which takes many times as long as rendering it. Here the first is compiled as Salt
does it, and its loaders are then pointed at the next minion: at its id, its grains, its options. A small template is rendered
with them first; where it does not see that minion, and where pillar comes from more than files, Salt does it all.
"""

import copy
import re
import sys
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import salt.pillar
from salt.loader.lazy import LOADED_BASE_NAME
from salt.template import compile_template

_RENDERER = "jinja|yaml"
# What a template sees of the minion that it is rendered for.
_PROBE = "seen: {{ [grains['id'], opts['id'], opts['minion_id'], opts['grains']['id'], pillar | length] | json }}\n"
# A target in the top file that is one minion's id.
_ID = re.compile(r"(?!(?:and|or|not)$)[\w.-]+")
# What may make a top file say something else to another minion.
_VARYING = re.compile(r"^#!|\{[{%#]|^\s*['\"]?include", re.MULTILINE)
_CONFIRM = "confirm_top.confirm_top"
# Where in Salt's ``__context__`` the modules keep :class:`Pillars`: no public function may show the private pillar of other servers.
PLACE = "aws_backup.pillars"


class Pillars(NamedTuple):
    """What was compiled, and for which: this minion's own pillar, and the run of states, if there is one."""

    own: Any
    run: Any
    by_minion: Any


@contextmanager
def compiler(opts, grains):
    """A :class:`Compiler`. Afterwards the modules that Salt has loaded before have the options again that they had."""
    before = [
        (vars(module), vars(module)["__opts__"])
        for name, module in list(sys.modules.items())
        if name.startswith(f"{LOADED_BASE_NAME}.") and "__opts__" in vars(module)
    ]
    try:
        yield Compiler(opts, grains)
    finally:
        # All loaders share a module: the one that loads it sets its options.
        for names, own in before:
            names["__opts__"] = own


class Compiler:
    """Compiles the pillar of minions by id; ``opts`` and ``grains`` are this minion's, ``opts`` without its pillar."""

    def __init__(self, opts, grains):
        self._opts, self._grains = opts, grains
        self._first: Any = None
        self._top = None
        self._can_point = False

    def compile(self, minion):
        """The pillar of ``minion``; rendering errors are in ``_errors``, as in Salt."""
        pillar = self._pointed(minion) if self._can_point else None
        if pillar is None:
            pillar = self._of_its_own(minion)
            if self._first is None:
                self._first, self._can_point = pillar, _comes_from_files(pillar)
        return pillar.compile_pillar()

    def _of_its_own(self, minion):
        opts = {**self._opts, **self._about(minion)}
        return salt.pillar.get_pillar(opts, opts["grains"], minion, opts.get("saltenv"))

    def _about(self, minion):
        # Without a master, the other minion's grains are unknown; its pillar is chosen by its id.
        return {"id": minion, "grains": {**self._grains, "id": minion}}

    def _pointed(self, minion):
        """The first :class:`salt.pillar.Pillar`, pointed at another minion; ``None`` where this Salt cannot do that."""
        pillar = copy.copy(self._first)
        try:
            pillar.minion_id = minion
            # A template could change them.
            pillar.opts = copy.deepcopy({**self._common, **self._about(minion), "minion_id": minion})
            pillar.pillar_data, pillar.pillar_override, pillar.ignored_pillars = {}, {}, {}
            pillar.functions = _Functions(partial(self._of_its_own, minion))
            matchers = self._first.matchers
            for loader in (pillar.rend._dict, matchers, matchers.pack["__context__"].get("matchers")):  # noqa: SLF001
                _point(loader, pillar)
            pillar.matchers = _Matchers(matchers, minion)
            if self._has_one_top:
                pillar.get_top = partial(self._get_top, pillar)
            seen = compile_template(
                ":string:", pillar.rend, _RENDERER, None, None, input_data=_PROBE, _pillar_rend=True
            )
        except Exception:
            seen = None
        if seen != {"seen": [minion, minion, minion, minion, 0]}:
            self._can_point = False
            return None
        return pillar

    @cached_property
    def _common(self):
        return {name: value for name, value in self._first.opts.items() if name != "grains"}

    @cached_property
    def _has_one_top(self):
        """Whether the top file says the same to every minion."""
        client, opts = self._first.client, self._first.opts
        paths = [client.cache_file(opts["state_top"], saltenv) for saltenv in self._first._get_envs()]  # noqa: SLF001
        return opts["renderer"] == _RENDERER and not any(
            _VARYING.search(Path(path).read_text()) for path in paths if path
        )

    def _get_top(self, pillar):
        if self._top is None:
            self._top = (*type(pillar).get_top(pillar), pillar.ignored_pillars)
        top, errors, pillar.ignored_pillars = self._top
        return top, list(errors)


def _comes_from_files(pillar):
    asked = ("ext_pillar", "decrypt_pillar", "pillar_opts")
    return type(pillar) is salt.pillar.Pillar and not any(pillar.opts.get(name) for name in asked)


def _point(loader, pillar):
    """Make the modules of a loader see another minion."""
    if loader is None:
        return
    loader.opts = pillar.opts
    loader.pack.update(__opts__=pillar.opts, __grains__=pillar.opts["grains"], __pillar__=pillar.pillar_data)
    if loader.pack.get("__salt__"):
        loader.pack["__salt__"] = pillar.functions
    for function in loader._dict.values():  # noqa: SLF001
        if "__opts__" in function.__globals__:
            function.__globals__["__opts__"] = pillar.opts


class _Functions:
    """Salt's functions for the templates of a minion: few templates call any, and for those that do Salt loads its own."""

    def __init__(self, make):
        self._make = make

    @cached_property
    def _loaded(self):
        return self._make().functions

    def __getitem__(self, name):
        return self._loaded[name]

    def __contains__(self, name):
        return name in self._loaded

    def __iter__(self):
        return iter(self._loaded)

    def __len__(self):
        return len(self._loaded)

    def __bool__(self):
        return True

    def get(self, name, default=None):
        """The function ``name``."""
        return self._loaded.get(name, default)

    def __getattr__(self, name):
        if name in ("pack", "_dunder_salt", "_loaded"):  # for checks of its type
            raise AttributeError(name)
        return getattr(self._loaded, name)


class _Matchers:
    """Salt's matchers, which need not be asked whether one minion's id is another's."""

    def __init__(self, matchers, minion):
        self._matchers, self._minion = matchers, minion

    def __getitem__(self, name):
        return self._confirm if name == _CONFIRM else self._matchers[name]

    def __getattr__(self, name):
        return getattr(self._matchers, name)

    def _confirm(self, match, data, nodegroups=None):
        otherwise = any(isinstance(item, dict) and "match" in item for item in data)
        if not otherwise and isinstance(match, str) and _ID.fullmatch(match):
            return match == self._minion
        return self._matchers[_CONFIRM](match, data, nodegroups)
