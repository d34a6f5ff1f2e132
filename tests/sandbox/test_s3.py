"""S3's defaults, places and lifecycle configurations."""

import json
from io import BytesIO

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

RULE = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}


def code(excinfo):
    return excinfo.value.response["Error"]["Code"]


def create(sandbox, name="backups", region="us-east-1"):
    s3 = sandbox.client("s3", region=region)
    extra = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **extra)
    return s3


def put(s3, *rules, **extra):
    return s3.put_bucket_lifecycle_configuration(
        Bucket="backups", LifecycleConfiguration={"Rules": list(rules)}, **extra
    )


def test_documents_are_called_as_s3_calls_them(sandbox):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html; PutBucketPolicy answers nothing at all."""
    s3, bodies = create(sandbox), {}
    s3.meta.events.register(
        "before-parse",
        lambda operation_model, response_dict, **_: bodies.update({operation_model.name: response_dict["body"]}),
    )
    for status in (None, "Enabled"):
        if status:
            s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket="backups").get("Status") == status
        assert b"<VersioningConfiguration xmlns" in bodies["GetBucketVersioning"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::backups/*"}
    s3.put_bucket_policy(Bucket="backups", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert bodies["PutBucketPolicy"] == b""


def test_a_new_bucket_has_awss_defaults(sandbox):
    s3 = create(sandbox, region="eu-west-2")
    assert set(s3.get_public_access_block(Bucket="backups")["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_encryption(Bucket="backups")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    controls = s3.get_bucket_ownership_controls(Bucket="backups")["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "Status" not in s3.get_bucket_versioning(Bucket="backups")


def owned(rule):
    return {"Bucket": "backups", "OwnershipControls": {"Rules": [{"ObjectOwnership": rule}]}}


def test_acls_are_off_or_give_something_to_others(sandbox):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html"""
    s3 = create(sandbox)
    with pytest.raises(ClientError) as excinfo:
        s3.put_bucket_acl(Bucket="backups", ACL="public-read")
    assert code(excinfo) == "AccessControlListNotSupported"
    s3.put_bucket_acl(Bucket="backups", ACL="private")
    s3.put_bucket_ownership_controls(**owned("ObjectWriter"))
    s3.put_bucket_acl(Bucket="backups", ACL="public-read")
    with pytest.raises(ClientError) as excinfo:
        s3.put_bucket_ownership_controls(**owned("BucketOwnerEnforced"))
    assert code(excinfo) == "InvalidBucketAclWithObjectOwnership"
    s3.put_bucket_acl(Bucket="backups", ACL="private")
    s3.put_bucket_ownership_controls(**owned("BucketOwnerEnforced"))


def test_default_encryption_cannot_be_taken_away(sandbox):
    s3 = create(sandbox)
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    s3.put_bucket_encryption(Bucket="backups", ServerSideEncryptionConfiguration=kms)
    s3.delete_bucket_encryption(Bucket="backups")
    rules = s3.get_bucket_encryption(Bucket="backups")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_creating_a_bucket_again_succeeds_in_the_first_region_only(sandbox):
    create(sandbox)
    create(sandbox)
    create(sandbox, "london", "eu-west-2")
    with pytest.raises(ClientError) as refused:
        create(sandbox, "london", "eu-west-2")
    assert code(refused) == "BucketAlreadyOwnedByYou"


def test_creating_a_bucket_again_does_not_reset_it(sandbox):
    s3 = create(sandbox)
    s3.delete_public_access_block(Bucket="backups")
    create(sandbox)
    with pytest.raises(ClientError) as missing:
        s3.get_public_access_block(Bucket="backups")
    assert code(missing) == "NoSuchPublicAccessBlockConfiguration"


def test_a_foreign_bucket_is_forbidden_and_its_name_taken(sandbox):
    sandbox.foreign_bucket("theirs")
    s3 = sandbox.client("s3")
    with pytest.raises(ClientError) as forbidden:
        s3.head_bucket(Bucket="theirs")
    assert code(forbidden) == "403"
    with pytest.raises(ClientError) as denied:
        s3.list_objects_v2(Bucket="theirs")
    assert code(denied) == "AccessDenied"
    with pytest.raises(ClientError) as taken:
        s3.create_bucket(Bucket="theirs")
    assert code(taken) == "BucketAlreadyExists"


def test_a_bucket_in_another_region_is_redirected_to(sandbox):
    create(sandbox, region="eu-west-2")
    sandbox.clear_calls()
    head = sandbox.client("s3", region="us-east-1").head_bucket(Bucket="backups")
    assert head["BucketRegion"] == "eu-west-2"
    assert [(call["region"], call["status"]) for call in sandbox.calls()] == [("us-east-1", 301), ("eu-west-2", 200)]


def test_any_operation_is_redirected(sandbox):
    create(sandbox, region="eu-west-2")
    s3 = sandbox.client("s3", region="us-west-2")
    s3.put_object(Bucket="backups", Key="k", Body=b"v")
    assert s3.get_object(Bucket="backups", Key="k")["Body"].read() == b"v"
    location = sandbox.client("s3").get_bucket_location(Bucket="backups")
    assert location["LocationConstraint"] == "eu-west-2"


def test_a_missing_bucket_is_missing(sandbox):
    with pytest.raises(ClientError) as missing:
        sandbox.client("s3").head_bucket(Bucket="nothing-there")
    assert code(missing) == "404"


RULES = {
    "old form": [{"ID": "a", "Prefix": "x/", "Status": "Enabled", "Expiration": {"Days": 1}}],
    "delete marker": [
        {"ID": "a", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"ExpiredObjectDeleteMarker": True}}
    ],
    "sizes and tags": [
        {
            "ID": "a",
            "Filter": {
                "And": {
                    "Prefix": "x/",
                    "Tags": [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": ""}],
                    "ObjectSizeGreaterThan": 100,
                    "ObjectSizeLessThan": 9000,
                }
            },
            "Status": "Disabled",
            "Expiration": {"Days": 1},
        }
    ],
    "one size": [{"ID": "a", "Filter": {"ObjectSizeGreaterThan": 5}, "Status": "Enabled", "Expiration": {"Days": 1}}],
    "noncurrent": [
        {
            "ID": "a",
            "Filter": {"Prefix": "x/"},
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 2, "StorageClass": "GLACIER"}],
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}],
        }
    ],
}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_rules_read_back_as_they_were_put(sandbox, rules):
    s3 = create(sandbox)
    put(s3, *rules)
    assert s3.get_bucket_lifecycle_configuration(Bucket="backups")["Rules"] == rules


def test_a_rule_without_an_id_gets_one(sandbox):
    s3 = create(sandbox)
    put(s3, {name: value for name, value in RULE.items() if name != "ID"})
    assert s3.get_bucket_lifecycle_configuration(Bucket="backups")["Rules"][0]["ID"]


def test_the_minimum_size_for_transitions_is_in_the_reply(sandbox):
    s3 = create(sandbox)
    assert put(s3, RULE)["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    put(s3, RULE, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    read = s3.get_bucket_lifecycle_configuration(Bucket="backups")
    assert read["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def test_a_configuration_goes_with_its_bucket(sandbox):
    s3 = create(sandbox)
    put(s3, RULE)
    s3.delete_bucket_lifecycle(Bucket="backups")
    with pytest.raises(ClientError) as missing:
        s3.get_bucket_lifecycle_configuration(Bucket="backups")
    assert code(missing) == "NoSuchLifecycleConfiguration"
    put(s3, RULE)
    s3.delete_bucket(Bucket="backups")
    with pytest.raises(ClientError) as gone:
        put(s3, RULE)
    assert code(gone) == "NoSuchBucket"
    create(sandbox)
    with pytest.raises(ClientError) as fresh:
        s3.get_bucket_lifecycle_configuration(Bucket="backups")
    assert code(fresh) == "NoSuchLifecycleConfiguration"


REFUSED = {
    "days with marker": ("MalformedXML", [{**RULE, "Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}]),
    "no days": ("InvalidArgument", [{**RULE, "Expiration": {"Days": 0}}]),
    "same id": ("InvalidArgument", [RULE, {**RULE, "Filter": {"Prefix": "x/"}}]),
    "long id": ("InvalidArgument", [{**RULE, "ID": "i" * 256}]),
    "too many": ("MalformedXML", [{**RULE, "ID": str(number)} for number in range(1001)]),
    "no action": ("InvalidRequest", [{name: RULE[name] for name in ("ID", "Status", "Filter")}]),
    "neither filter nor prefix": ("MalformedXML", [{name: RULE[name] for name in ("ID", "Status", "Expiration")}]),
    "both forms": ("InvalidRequest", [RULE, {"ID": "o", "Prefix": "x", "Status": "Enabled", "Expiration": {"Days": 1}}]),
    "two filters": ("MalformedXML", [{**RULE, "Filter": {"Prefix": "x", "ObjectSizeLessThan": 5}}]),
    "tags with multipart": (
        "InvalidRequest",
        [
            {
                **RULE,
                "Filter": {"Tag": {"Key": "k", "Value": "v"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            }
        ],
    ),
    "expired before moved": (
        "InvalidArgument",
        [{**RULE, "Transitions": [{"Days": 60, "StorageClass": "GLACIER"}]}],
    ),
    "early to infrequent access": (
        "InvalidArgument",
        [{**RULE, "Transitions": [{"Days": 3, "StorageClass": "STANDARD_IA"}]}],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("expected", "rules"), REFUSED.values(), ids=REFUSED)
def test_rules_that_s3_refuses_are_refused_and_change_nothing(sandbox, expected, rules):
    s3 = create(sandbox)
    put(s3, RULE)
    with pytest.raises(ClientError) as refused:
        put(s3, *rules)
    assert code(refused) == expected
    assert s3.get_bucket_lifecycle_configuration(Bucket="backups")["Rules"] == [RULE]


def test_keys_with_any_character_are_kept(sandbox):
    s3 = create(sandbox)
    keys = ["a%2Fb", "a/b", "ü/é", "plus+space ", "q?x=1&y", "//double", "folder/"]
    for key in keys:
        s3.put_object(Bucket="backups", Key=key, Body=key.encode(), Metadata={"with_underscore": "1"})
    assert sorted(entry["Key"] for entry in s3.list_objects_v2(Bucket="backups")["Contents"]) == sorted(keys)
    for key in keys:
        got = s3.get_object(Bucket="backups", Key=key)
        assert got["Body"].read() == key.encode()
        assert got["Metadata"] == {"with_underscore": "1"}


def test_an_object_has_its_size_and_can_be_read_in_part_and_written_in_parts(sandbox):
    s3 = create(sandbox)
    content = bytes(range(256)) * 65_536
    config = TransferConfig(multipart_threshold=6 * 2**20, multipart_chunksize=6 * 2**20)
    s3.upload_fileobj(BytesIO(content), "backups", "large", Config=config)
    assert "UploadPart" in {call["operation"] for call in sandbox.calls()}
    assert s3.head_object(Bucket="backups", Key="large")["ContentLength"] == len(content)
    assert s3.get_object(Bucket="backups", Key="large", Range="bytes=250-260")["Body"].read() == content[250:261]
    assert s3.get_object(Bucket="backups", Key="large")["Body"].read() == content


def test_virtual_hosts_are_not_needed(sandbox):
    create(sandbox)
    s3 = sandbox.client("s3", config=Config(s3={"addressing_style": "path"}))
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["backups"]


def versions(pages):
    return [
        (entry["Key"], entry["VersionId"], "ETag" not in entry)
        for page in pages
        for entry in sorted([*page.get("Versions", []), *page.get("DeleteMarkers", [])], key=lambda entry: entry["Key"])
    ]


@pytest.fixture
def versioned(sandbox):
    s3 = create(sandbox)
    s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Enabled"})
    for key in ("a b", "c/d", "c/e"):
        for body in (b"1", b"2"):
            s3.put_object(Bucket="backups", Key=key, Body=body)
        s3.delete_object(Bucket="backups", Key=key)
    return s3


@pytest.mark.parametrize("size", [1, 2, 4, None])
def test_versions_are_listed_page_by_page_newest_first(sandbox, versioned, size):
    sandbox.page_size(size)
    pages = list(versioned.get_paginator("list_object_versions").paginate(Bucket="backups"))
    found = versions(pages)
    assert [key for key, *_ in found] == ["a b"] * 3 + ["c/d"] * 3 + ["c/e"] * 3
    assert len({version for _, version, _ in found}) == 9
    assert len(pages) == -(-9 // size) if size else len(pages) == 1
    assert all(len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) <= (size or 9) for page in pages)


@pytest.mark.parametrize("size", [1, 2, 4, None])
def test_a_versioned_bucket_can_be_emptied_while_it_is_listed(sandbox, versioned, size):
    sandbox.page_size(size)
    for page in versioned.get_paginator("list_object_versions").paginate(Bucket="backups"):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        versioned.delete_objects(Bucket="backups", Delete={"Objects": objects})
    versioned.delete_bucket(Bucket="backups")


def test_versions_below_a_prefix_and_between_delimiters(sandbox, versioned):
    listing = versioned.list_object_versions(Bucket="backups", Delimiter="/")
    assert [entry["Prefix"] for entry in listing["CommonPrefixes"]] == ["c/"]
    assert {entry["Key"] for entry in listing["Versions"]} == {"a b"}
    after = versioned.list_object_versions(Bucket="backups", KeyMarker="c/d")
    assert {entry["Key"] for entry in after["Versions"]} == {"c/e"}
    assert len(versioned.list_object_versions(Bucket="backups", Prefix="c/", MaxKeys=5)["Versions"]) < 5


def test_buckets_are_listed_with_their_regions_when_anything_is_asked(sandbox):
    regions = {"a-backups": "us-east-1", "b-backups": "eu-west-2", "other": "us-east-1"}
    for name, region in regions.items():
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        sandbox.client("s3", region=region).create_bucket(Bucket=name, **where)
    s3 = sandbox.client("s3")
    assert {tuple(sorted(bucket)) for bucket in s3.list_buckets()["Buckets"]} == {("CreationDate", "Name")}
    pages = list(s3.get_paginator("list_buckets").paginate(MaxBuckets=2))
    assert [[bucket["Name"] for bucket in page["Buckets"]] for page in pages] == [["a-backups", "b-backups"], ["other"]]
    assert {bucket["Name"]: bucket["BucketRegion"] for page in pages for bucket in page["Buckets"]} == regions
    assert [bucket["Name"] for bucket in s3.list_buckets(Prefix="b-")["Buckets"]] == ["b-backups"]


def test_a_listing_of_uploads_says_below_which_prefix(sandbox):
    """Without one it says none: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html"""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="backups")
    s3.create_multipart_upload(Bucket="backups", Key="a & b/1")
    listing = s3.list_multipart_uploads(Bucket="backups", Prefix="a & b/")
    assert (listing["Prefix"], [upload["Key"] for upload in listing["Uploads"]]) == ("a & b/", ["a & b/1"])
    assert "Prefix" not in s3.list_multipart_uploads(Bucket="backups")


def test_versioning_of_no_bucket_is_refused_with_a_code(sandbox):
    with pytest.raises(ClientError) as excinfo:
        sandbox.client("s3").put_bucket_versioning(Bucket="nobody", VersioningConfiguration={"Status": "Enabled"})
    assert excinfo.value.response["Error"]["Code"] == "NoSuchBucket"
