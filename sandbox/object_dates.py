"""
Objects and unfinished uploads are as old as the sandbox's clock says; moto dates them by real time, or not at all.
"""

import weakref
from datetime import timezone

from sandbox import wire

# A copy and an upload in parts are as old as their completion.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
_WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload")

# By moto's upload, so that a moment goes when its upload goes.
_begun = weakref.WeakKeyDictionary()


def keep(call, proceed):
    """Step of the application: date what a call to S3 has written or begun."""
    reply = proceed(call)
    if call.service == "s3" and reply.succeeded:
        if call.name in _WRITES:
            written = call.backend().buckets[call.parameters["Bucket"]].keys[call.parameters["Key"]]
            written.last_modified = call.now.astimezone(timezone.utc).replace(tzinfo=None)
        elif call.name == "CreateMultipartUpload":
            bucket = call.backend().buckets[call.parameters["Bucket"]]
            _begun[bucket.multiparts[wire.parse(call, reply)["UploadId"]]] = call.now
    return reply


def begun(upload):
    """When one of moto's unfinished uploads was begun."""
    return _begun[upload]
