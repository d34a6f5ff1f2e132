"""
Search a bucket for objects that a lifecycle rule could delete although no pillar mentions them.

The searches go directory by directory, using S3's ``delimiter``: ``listing(prefix)`` returns the keys and the sub-directories
directly below ``prefix``.

A pgBackRest repository at ``REPO`` keeps ``REPO/archive/STANZA/archive.info`` and ``REPO/backup/STANZA/backup.info``, each with a
``.copy``. https://pgbackrest.org/configuration.html#section-repository
"""

from collections import deque

_EXAMPLES = 3
_INFO = {"archive": "archive.info", "backup": "backup.info"}


def repositories(prefixes, listing, skip=()):
    """
    Return the repositories that have objects below one of ``prefixes``: a mapping of each one's prefix to a key that proves it.

    Every directory there is searched, except those that begin with one of ``skip``, and the contents of a repository that has
    been found.
    """
    found = {}
    for prefix in prefixes:
        for directory in _enclosing(prefix):
            _look(directory, listing, found)
        queue = deque([prefix])
        while queue:
            directory = queue.popleft()
            if any(directory.startswith(known) for known in (*skip, *_parts(found))):
                continue
            if not (_is_part(directory) and _look(directory, listing, found)):
                queue.extend(listing(directory)[1])
    return found


def first_repository(listing, most):
    """
    Return a key that proves a repository, found with at most ``most`` listings, top directories first; ``None`` if none is found.
    """
    left = iter(range(most))

    def limited(prefix):
        return ([], []) if next(left, None) is None else listing(prefix)

    found, queue = {}, deque([""])
    while queue:
        for directory in limited(queue.popleft())[1]:
            if _is_part(directory) and _look(directory, limited, found):
                return next(iter(found.values()))
            queue.append(directory)
    return None


def _enclosing(prefix):
    """Return the directories ``…/archive/`` and ``…/backup/`` that contain ``prefix``."""
    parts = prefix.split("/")[:-1]
    return ["/".join(parts[: place + 1]) + "/" for place, part in enumerate(parts) if part in _INFO]


def _parts(found):
    return [f"{repository}/{part}/".removeprefix("/") for repository in found for part in _INFO]


def _is_part(directory):
    return directory.endswith("/") and directory[:-1].rpartition("/")[2] in _INFO


def _look(directory, listing, found):
    """Whether ``directory`` is the ``archive/`` or ``backup/`` of a repository, which is then added to ``found``."""
    repository, _, part = directory[:-1].rpartition("/")
    if repository in found:
        return True
    for stanza in listing(directory)[1]:
        evidence = [
            key for key in listing(stanza + _INFO[part])[0] if key.removesuffix(".copy") == stanza + _INFO[part]
        ]
        if evidence:
            found[repository] = min(evidence)
            return True
    return False


def undeclared(prefix, declared, listing):
    """
    Return a few examples of directories and keys below ``prefix`` that are not in one of the directories ``declared``.

    The names in ``declared`` have no slash at either end; an empty one is the whole bucket.
    """
    roots = [f"{place}/" if place else "" for place in declared]
    found, queue = [], deque([prefix])
    while queue and len(found) < _EXAMPLES:
        directory = queue.popleft()
        if any(directory.startswith(root) for root in roots):
            continue
        keys, directories = listing(directory)
        found += [key for key in keys if not any(key.startswith(root) for root in roots)]
        for entry in directories:
            if any(root.startswith(entry) for root in roots):
                queue.append(entry)
            elif not any(entry.startswith(root) for root in roots):
                found.append(entry)
    return sorted(found)[:_EXAMPLES]
