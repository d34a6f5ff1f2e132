"""
A double's answers, put into the form that those of AWS always have.

The product takes an answer of another form for a broken one, and uses nothing of it: without this, one missing element would hide all
that is tried behind it. What is put right is told, and must be a row of :mod:`tests.doubles.differences`.
"""

from contextlib import contextmanager

import botocore.endpoint

_TRUE = b"True"


class Completing:
    """``made`` has ``(service.Operation, what)`` for each answer that was put right."""

    def __init__(self):
        self.made = set()

    @contextmanager
    def running(self):
        """Put right all answers that botocore reads in this process."""
        convert = botocore.endpoint.convert_to_response_dict

        def completed(http_response, operation_model):
            return self._complete(convert(http_response, operation_model), operation_model)

        botocore.endpoint.convert_to_response_dict = completed
        try:
            yield self
        finally:
            botocore.endpoint.convert_to_response_dict = convert

    def _complete(self, answer, operation):
        if operation.has_streaming_output or not answer["body"]:
            return answer
        service = operation.service_model.service_name
        for what, complete in _FORMS.get(service, {}).items():
            body = complete(operation, answer["body"])
            if body != answer["body"]:
                answer["body"] = body
                answer["headers"]["content-length"] = str(len(body))
                self.made.add((f"{service}.{operation.name}", what))
        return answer


def _is_truncated(operation, body):
    """A listing of IAM says that there is no more."""
    shape = operation.output_shape
    end = f"</{operation.name}Result>".encode()
    if shape is None or "IsTruncated" not in shape.members or b"<IsTruncated>" in body:
        return body
    return body.replace(end, b"<IsTruncated>false</IsTruncated>" + end)


def _return(operation, body):
    """EC2 says that it was done."""
    shape = operation.output_shape
    end = f"</{operation.name}Response>".encode()
    if shape is None or "Return" not in shape.members or b"<return>" in body:
        return body
    return body.replace(end, b"<return>true</return>" + end)


def _root(operation, body):
    """The document of a bucket's versioning has its own name."""
    if operation.name != "GetBucketVersioning":
        return body
    return body.replace(b"GetBucketVersioningResponse", b"VersioningConfiguration")


def _nothing(_operation, body):
    """An answer of S3 without content is empty."""
    return b"" if body.strip() == _TRUE else body


_FORMS = {
    "ec2": {"return": _return},
    "iam": {"IsTruncated": _is_truncated},
    "s3": {"root": _root, "content": _nothing},
}
