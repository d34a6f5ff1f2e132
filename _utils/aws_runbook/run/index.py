"""
Which cached answers a write can invalidate, found without going through all of them: there are several for each resource.
"""

from collections import defaultdict

from aws_runbook.run import invalidation


class Index:
    """
    The slots of answers by what their questions name. A slot is ``((connection, service, region, method), question)``.

    A slot may remain after its answer: it is only a candidate.
    """

    def __init__(self):
        self._all = defaultdict(set)
        self._by_name = defaultdict(set)
        self._of_no_resource = defaultdict(set)

    def add(self, slot):
        """Add a slot; twice is once."""
        service, question = slot[0][1], slot[1]
        if slot in self._all[service]:
            return
        self._all[service].add(slot)
        for name in _names(question):
            self._by_name[service, name].add(slot)
        if not invalidation.is_about_resources(service, question):
            self._of_no_resource[service].add(slot)

    def candidates(self, service, names):
        """Return the slots of ``service`` whose answers a write can invalidate that names ``names``; ``None``: any of them."""
        if names is None:
            return set(self._all[service])
        return set(self._of_no_resource[service]).union(*(self._by_name.get((service, name), ()) for name in names))


def _names(question):
    """Return the names in a question: a sorted tuple of pairs, or one of the names of a read about several resources."""
    if not isinstance(question, tuple):
        return {question}
    texts = {value for _, value in question if isinstance(value, str)}
    return texts | {invalidation.name_of(text) for text in texts}
