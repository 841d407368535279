"""How large uploads may be, which are refused, and how links to files are made."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from homeport.runtime.config.section import CommaSeparated, PublicAddress, Section


class FilesSettings(Section):
    """Limits of uploads, and the addresses of files."""

    upload_file_size_limit: NonNegativeInt = Field(15, description="Megabytes one document or other file may have.")
    upload_image_file_size_limit: NonNegativeInt = Field(10, description="Megabytes one image may have.")
    upload_video_file_size_limit: NonNegativeInt = Field(100, description="Megabytes one video may have.")
    upload_audio_file_size_limit: NonNegativeInt = Field(50, description="Megabytes one audio file may have.")
    upload_file_extension_blacklist: CommaSeparated = Field(
        (), description="File name extensions that are refused, separated by commas."
    )
    workflow_file_upload_limit: PositiveInt = Field(
        10, description="Files in one list of an app's inputs, as client programs are told."
    )
    files_url: PublicAddress = Field("", description="Root of links to files; CONSOLE_API_URL when empty.")
    internal_files_url: PublicAddress = Field(
        "", description="Root of links to files for services inside; FILES_URL when empty."
    )
    console_api_url: PublicAddress = Field("", description="Public root of the console's API; empty: CONSOLE_WEB_URL.")
    files_access_timeout: PositiveInt = Field(300, description="Seconds a link to a file is valid.")

    @property
    def largest_upload(self) -> int:
        """The most bytes a file of any kind may have."""
        megabytes = max(
            self.upload_file_size_limit,
            self.upload_image_file_size_limit,
            self.upload_video_file_size_limit,
            self.upload_audio_file_size_limit,
        )
        return megabytes * 1024 * 1024
