"""Blobs in an S3 bucket."""

from __future__ import annotations

from pathlib import Path

from homeport.backends.storage.dialects.opendal import OpendalStorage
from homeport.backends.storage.drivers.s3.spec import SPEC, S3Settings
from homeport.backends.storage.errors import Misconfigured
from homeport.backends.storage.port import Storage


async def open_driver(settings: S3Settings, data_dir: Path) -> Storage:  # noqa: ARG001 - all drivers open alike
    """The bucket named by the settings; it is not looked for yet. Raises `Misconfigured` when a setting is missing."""
    if settings.uses_opendal_options():
        options, hint = settings.options_of("s3"), "Check the OPENDAL_S3_* settings."
    else:
        options = s3_options(settings)
        hint = "Check S3_ENDPOINT, S3_REGION, S3_BUCKET_NAME, S3_ACCESS_KEY and S3_SECRET_KEY."
    storage = OpendalStorage("s3", options, SPEC.name, SPEC.capabilities, hint)
    storage.require_options()
    return storage


def s3_options(settings: S3Settings) -> dict[str, str]:
    """The S3_* settings in OpenDAL's words. Raises `Misconfigured`."""
    bucket = settings.s3_bucket_name
    if not bucket:
        raise Misconfigured("S3_BUCKET_NAME is not set; accepted is the name of an existing bucket.")
    options = {"bucket": bucket, "region": settings.s3_region or "us-east-1"}
    if settings.s3_endpoint:
        options["endpoint"] = settings.s3_endpoint
    if _virtual(settings, bucket):
        options["enable_virtual_host_style"] = "true"
    if settings.s3_use_aws_managed_iam:
        return options
    if not settings.s3_access_key or not settings.s3_secret_key:
        raise Misconfigured(
            "S3_ACCESS_KEY and S3_SECRET_KEY are not both set.",
            hint="Set both, or S3_USE_AWS_MANAGED_IAM=true on a machine with an AWS role.",
        )
    # The two keys and nothing else: no profile of the machine may slip in.
    return options | {
        "access_key_id": settings.s3_access_key,
        "secret_access_key": settings.s3_secret_key.get_secret_value(),
        "disable_config_load": "true",
        "disable_ec2_metadata": "true",
    }


def _virtual(settings: S3Settings, bucket: str) -> bool:
    if settings.s3_address_style == "auto":
        # A dot in the bucket's name breaks the certificate of the host made from it.
        return settings.s3_endpoint is None and "." not in bucket
    return settings.s3_address_style == "virtual"
