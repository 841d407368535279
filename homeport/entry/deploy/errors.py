"""What keeps deployment files from being made."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class TemplatesMissing(HomeportError):
    """The deployment files are not part of this installation."""

    code = "templates_missing"


class TemplateUnreadable(HomeportError):
    """A deployment file has a form that is not understood."""

    code = "template_unreadable"


class NotDeployable(HomeportError):
    """The configuration cannot be deployed this way."""

    code = "not_deployable"
