"""What the S3 driver is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.spec import DriverSpec


class S3Settings(StorageChoice):
    """With STORAGE_TYPE=s3: which bucket, and as whom."""

    s3_endpoint: str | None = Field(
        None, description="URL of the S3 service; Amazon's own for the region when unset.", pattern="^https?://"
    )
    s3_bucket_name: str | None = Field(None, description="The bucket; it must exist.")
    s3_region: str | None = Field(None, description="The bucket's region; us-east-1 when unset.")
    s3_access_key: str | None = Field(None, description="Access key id.")
    s3_secret_key: SecretStr | None = Field(None, description="Secret access key.")
    s3_address_style: Literal["auto", "virtual", "path"] = Field(
        "auto",
        description="Where the bucket stands in URLs: virtual (host name), path, or auto: path with S3_ENDPOINT.",
    )
    s3_use_aws_managed_iam: bool = Field(
        False, description="Take credentials from the AWS role of this machine instead of the two keys."
    )


SPEC = DriverSpec(
    name="s3",
    settings=S3Settings,
    capabilities=Capabilities(presign=True, keeps_content_type=True, keeps_modified=True, durable=True, shared=True),
)
