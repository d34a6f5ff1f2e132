"""
The resources that this run has just created. AWS is eventually consistent: it may show them in one answer and not in the next.

AWS answers from many servers, including those of other services, and some of them learn of a change later than others. If AWS says
that a resource that this run has created does not exist, the call is repeated for a while. Any other missing resource is accepted at once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
"""

import re
import time

from aws_runbook import services

# How long AWS may take to propagate a write to all its servers. Seconds.
SETTLE_TIMEOUT = 60

_UNMAKING = ("delete", "detach")
# These codes have several meanings: they count only when the message names the resource.
_VAGUE = ("BadRequestException", "InvalidParameterValue")


_MADE = services.merged("made")
_CREATING = {method.removeprefix("create_"): method for method in _MADE if method.startswith("create_")}
_NAMING = {member for made in _MADE.values() for member in made.named_by}
_LISTINGS = services.merged("listings")
_ABOUT_SEVERAL = services.merged("about_several")


class Recent:
    """The resources that a run has created in the last minute. ``place`` is the account and region of a call."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        # (made by, name) → when, where, and in what; if it existed already: nowhere.
        self._made = {}
        # Resources named by a tag: id → name.
        self._names = {}

    def note(self, place, method, parameters, answer):
        """
        Note a write. If ``answer`` is ``None``, the resource existed already according to some of AWS's servers. Then no listing has to
        show it, because it may be in deletion, or inside another resource.
        """
        verb, _, what = method.partition("_")
        if verb in _UNMAKING:
            for made_by, name in list(self._made):
                named = {parameters.get(member) for member in (*_MADE[made_by].name, *_MADE[made_by].named_by)}
                if made_by.partition("_")[2] == what and any(_is(text, name) for text in named):
                    del self._made[made_by, name]
        if method == "create_tags":
            names = {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}
            self._names |= {
                resource: (self._clock(), names["Name"]) for resource in parameters["Resources"] if "Name" in names
            }
        kind = _MADE.get(method)
        if kind and answer is None and kind.in_any_case:
            return
        name = kind and _at(kind.name, {**parameters, **(answer or {})})
        if kind and name:
            self._made[method, name] = self._clock(), None if answer is None else place, parameters.get(kind.within)

    def brought_along(self, kind, name, by):
        """Note that AWS has created ``name``, a ``kind`` (``route_table``), together with ``by``, and treat both alike."""
        for (_, maker), made in list(self._made.items()):
            if maker == by:
                self._made[_CREATING[kind], name] = made

    def has_made(self, parameter, name):
        """Whether AWS may not show yet the resource that ``parameter`` names, because this run has created it."""
        return any(self._makers(parameter, name))

    def _makers(self, parameter, text):
        """Yield the calls that have just created what ``text``, the value of ``parameter``, names. A run may create thousands."""
        now = self._clock()
        for made_by, kind in _MADE.items():
            if parameter in kind.named_by:
                for name in _named_by(text):
                    told = self._made.get((made_by, name))
                    if told and now - told[0] < SETTLE_TIMEOUT:
                        yield made_by

    def _fresh(self):
        """Return ``(made by, name), (place, within)`` of the resources that AWS may not show yet."""
        now = self._clock()
        made = list(self._made.items())
        return [(key, (place, within)) for key, (since, place, within) in made if now - since < SETTLE_TIMEOUT]

    def doubts(self, code, message, parameters):
        """Whether the cause of an error may be that not all of AWS's servers know yet what this run has created."""
        if not self._made:
            return False
        named = [(member, text) for member, text in _texts(parameters) if member in _NAMING]
        named_here = _named_in([text for _, text in named], message)
        if not named_here and code in _VAGUE:
            return False
        return any(
            code in _MADE[made_by].codes
            for member, text in named
            if text in named_here or not named_here
            for made_by in self._makers(member, text)
        )

    def lacks(self, place, method, parameters, answer):
        """Whether an answer lacks something that this run has created and that it should contain, or has it under its old name."""
        if method in _ABOUT_SEVERAL:
            made_by, member = _ABOUT_SEVERAL[method]
            asked = {name for names in parameters.values() for name in names}
            missing = asked - answer[member].keys()
            return any(key[0] == made_by and key[1] in missing and where for key, (where, _) in self._fresh())
        listing = _LISTINGS.get(method)
        if listing is None:
            return False
        shown = {entry[listing.member]: entry for entry in answer[listing.entries]}
        expected = {
            name
            for (made_by, name), (where, within) in self._fresh()
            if made_by == listing.made_by and where == place and _is_about(listing, parameters, within)
        }
        return not expected <= shown.keys() or any(self._is_misnamed(name, entry) for name, entry in shown.items())

    def _is_misnamed(self, resource, entry):
        since, name = self._names.get(resource, (0, None))
        tags = {tag["Key"]: tag["Value"] for tag in entry.get("Tags", [])}
        return name is not None and self._clock() - since < SETTLE_TIMEOUT and tags.get("Name") != name


def _is_about(listing, parameters, within):
    """Whether a listing covers the resource that is ``within`` another one."""
    if set(parameters) - {"Filters"}:
        return False
    return all(entry["Name"] == listing.within and within in entry["Values"] for entry in parameters.get("Filters", ()))


def _named_in(texts, message):
    """Return the ``texts`` that a message names, except those that are only a part of another one."""
    found = {text for text in texts if text and text in message}
    return {text for text in found if not any(text != other and text in other for other in found)}


def _is(text, name):
    """Whether a parameter names ``name``, on its own or at the end of an ARN."""
    return name in _named_by(text)


def _named_by(text):
    """Yield what a parameter can name: its text, and each end of an ARN."""
    yield text
    if isinstance(text, str) and text.startswith("arn:"):
        yield from (text[match.end() :] for match in re.finditer("[/:]", text))


def _texts(value, member=None):
    """Yield ``(parameter, text)`` for each text in parameters, at any depth."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from _texts(entry, name)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry, member)
    elif isinstance(value, str):
        yield member, value


def _at(path, found):
    for member in path:
        found = found.get(member) if isinstance(found, dict) else None
    return found
