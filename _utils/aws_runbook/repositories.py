"""
Finding pgBackRest repositories in a bucket, although no pillar mentions them.

A repository at ``REPO`` keeps ``REPO/archive/STANZA/archive.info`` and ``REPO/backup/STANZA/backup.info``, each with a
``.copy``. https://pgbackrest.org/configuration.html#section-repository

The search goes directory by directory, as the bucket's own ``delimiter`` lists them: it looks at every directory that a
lifecycle rule reaches, and never into a repository that it has found.
"""

from collections import deque

_INFO = {"archive": "archive.info", "backup": "backup.info"}


def search(prefixes, listing, skip=()):
    """
    The repositories that have objects below one of ``prefixes``: a mapping of each one's prefix to a key that proves it.

    ``listing(prefix)`` gives the keys and the sub-directories directly below ``prefix``, as S3 does with the delimiter
    ``/``. Directories that begin with one of ``skip`` are not looked into.
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


def _enclosing(prefix):
    """The directories ``…/archive/`` and ``…/backup/`` that ``prefix`` itself lies in."""
    parts = prefix.split("/")[:-1]
    return ["/".join(parts[: place + 1]) + "/" for place, part in enumerate(parts) if part in _INFO]


def _parts(found):
    return [f"{repository}/{part}/".removeprefix("/") for repository in found for part in _INFO]


def _is_part(directory):
    return directory.endswith("/") and directory[:-1].rpartition("/")[2] in _INFO


def _look(directory, listing, found):
    """Whether ``directory`` is the ``archive/`` or ``backup/`` of a repository, which is then noted in ``found``."""
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
