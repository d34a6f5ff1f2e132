"""
Compare places in a bucket: directories by their names, and prefixes letter by letter, as S3 does.

A directory is written without slashes at its ends, and ``""`` is the whole bucket: ``king`` contains ``king/backup`` and not
``kingfisher``. A prefix of a lifecycle rule or of a listing is compared letter by letter: ``king`` also matches ``kingfisher/backup``.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
"""


def root(directory):
    """The prefix of all objects in a directory."""
    return f"{directory}/" if directory else ""


def contains(outer, inner):
    """Whether a directory is ``outer`` or is within it."""
    return root(inner).startswith(root(outer))


def overlap(one, other):
    """Whether two directories have objects in common."""
    return contains(one, other) or contains(other, one)


def matches(prefix, directory):
    """Whether a prefix matches some of the names that a directory can have."""
    return alike(prefix, root(directory))


def alike(prefix, other):
    """Whether some name begins with both prefixes."""
    return prefix.startswith(other) or other.startswith(prefix)
