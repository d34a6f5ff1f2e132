"""
What stands between a client and the sandbox and spoils things: the sandbox itself answers too well.

``chaos.proxy.Proxy`` forwards every request, and lets single answers go wrong on the way back, or the request on its way.
``chaos.answers`` holds the ways in which an answer goes wrong: cut off, empty, a web page, an error inside a success,
another operation's answer, and connections that end before the request was forwarded or after it was carried out.

``chaos.in_process`` gives such answers without any network, where there are thousands of them, and connects this process with a sandbox
in it. ``chaos.faults`` has the faults of the matrix (``tests/chaos``) by name, ``chaos.processes`` runs that are killed or run at once, and
``chaos.lapse`` lets time pass that nobody waits for.

A test asks for the fixture ``proxy``. boto3 then goes through it, and ``sandbox`` in the same test still looks and
prepares behind it::

    def test_a_list_that_is_cut(proxy, sandbox, states):
        proxy.fault("s3:ListObjectsV2", answers.cut(40), calls=2)
        …
        assert proxy.struck == ["s3:ListObjectsV2", "s3:ListObjectsV2"]

An operation is named as in ``sandbox.faults``: ``ListObjectsV2``, ``s3:ListObjectsV2``, ``s3:*`` or ``*``. botocore
sends again what was cut, reset or answered with 5xx: ``calls=None`` spoils every call, where one is not enough.

What a spoiled answer may hold beside AWS's own words is ``answers.CANARY``: a test looks for it in whatever was said or
logged. It is not installed with the project.
"""
