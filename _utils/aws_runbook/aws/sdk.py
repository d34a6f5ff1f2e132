"""What is used of AWS's own library, imported in one place: so whichever module is asked for says what to install."""

try:
    import boto3
    from botocore import exceptions
    from botocore.config import Config
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials, ProcessProvider
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.validate import ParamValidator
except ImportError as error:
    raise ImportError(f"saltext.aws-runbook needs boto3 ({error}): install it with 'salt-pip install boto3'") from error

__all__ = [
    "AssumeRoleCredentialFetcher",
    "BotoCoreError",
    "ClientError",
    "Config",
    "DeferredRefreshableCredentials",
    "NoCredentialsError",
    "ParamValidator",
    "ProcessProvider",
    "boto3",
    "exceptions",
]
