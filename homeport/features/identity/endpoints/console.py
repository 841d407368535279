"""Set-up, login, the own account, the workspace, and the keys for its datasets."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from homeport.features.identity import keys, repository
from homeport.features.identity.access import Administering, ProvidedIdentity, SignedIn, may_operate
from homeport.features.identity.change_password import change_password
from homeport.features.identity.cookies import clear_cookies, read_session_cookie, set_cookies
from homeport.features.identity.log_in import Credentials, log_in
from homeport.features.identity.log_out import log_out
from homeport.features.identity.schemas import (
    ApiKeyItem,
    ApiKeys,
    CurrentWorkspace,
    LoginRequest,
    PasswordChange,
    Profile,
    ProfileChange,
    SetupRequest,
    SetupState,
)
from homeport.features.identity.set_up import FirstAdministrator, set_up
from homeport.features.identity.tables import Account, Workspace
from homeport.runtime.http.pages import Done
from homeport.runtime.http.work import Reading, Work

router = APIRouter()


@router.get("/setup", tags=["setup"], summary="Whether the first administrator exists")
async def get_setup(session: Reading) -> SetupState:
    """Public."""
    found = await repository.find_setup(session)
    if found is None:
        return SetupState(step="not_started", setup_at=None)
    return SetupState.model_validate({"step": "finished", "setup_at": found.setup_at})


@router.post("/setup", status_code=201, tags=["setup"], summary="Create the first administrator")
async def post_setup(body: SetupRequest, request: Request, room: ProvidedIdentity) -> Done:
    """Works once; afterwards 403 `already_setup`."""
    first = FirstAdministrator(body.email, body.name, body.password, body.language)
    await set_up(room, first, init_password=body.init_password, ip=_ip(request))
    return Done()


@router.post("/login", tags=["account"], summary="Log in")
async def post_login(body: LoginRequest, request: Request, response: Response, room: ProvidedIdentity) -> Done:
    """Sets the cookies `access_token` (HttpOnly) and `csrf_token`, whose value unsafe methods send as X-CSRF-Token."""
    opened = await log_in(
        room,
        Credentials(
            email=body.email,
            password=body.password,
            remember=body.remember_me,
            ip=_ip(request),
            user_agent=request.headers.get("User-Agent", ""),
        ),
    )
    set_cookies(request, response, room.settings, token=opened.token, csrf=opened.csrf, max_age=opened.max_age)
    return Done()


@router.post("/logout", tags=["account"], summary="Log out")
async def post_logout(
    _member: SignedIn, request: Request, response: Response, room: ProvidedIdentity, session: Work
) -> Done:
    """Ends this session and takes its cookies away."""
    await log_out(session, read_session_cookie(request, room.settings))
    clear_cookies(request, response, room.settings)
    return Done()


@router.get("/account/profile", tags=["account"], summary="The own account")
async def get_profile(member: SignedIn, session: Reading) -> Profile:
    """Who is logged in."""
    return Profile.model_validate(await session.get_one(Account, member.account_id))


@router.patch("/account/profile", tags=["account"], summary="Change the own account")
async def patch_profile(body: ProfileChange, member: SignedIn, session: Work) -> Profile:
    """Changes what is given."""
    account = await session.get_one(Account, member.account_id)
    if body.name is not None:
        account.name = body.name
    return Profile.model_validate(account)


@router.post("/account/password", tags=["account"], summary="Change the own password")
async def post_password(body: PasswordChange, member: SignedIn, request: Request, room: ProvidedIdentity) -> Done:
    """Ends all other sessions of the account."""
    token = read_session_cookie(request, room.settings)
    await change_password(room, member, body.password, body.new_password, token)
    return Done()


@router.get("/workspaces/current", tags=["workspace"], summary="The current workspace")
async def get_current_workspace(member: SignedIn, session: Reading) -> CurrentWorkspace:
    """Where the person works, and as what."""
    found = await session.get_one(Workspace, member.workspace_id)
    return CurrentWorkspace.model_validate(
        {
            "id": found.id,
            "name": found.name,
            "role": member.role,
            "created_at": found.created_at,
            "operates": await may_operate(member, session),
        }
    )


@router.get("/datasets/api-keys", tags=["dataset keys"], summary="List the keys for the datasets")
async def get_dataset_keys(member: SignedIn, session: Reading) -> ApiKeys:
    """Masked; newest first."""
    found = await keys.list_keys(session, "dataset", member.workspace_id)
    return ApiKeys(data=[ApiKeyItem.masked(key) for key in found])


@router.post("/datasets/api-keys", status_code=201, tags=["dataset keys"], summary="Make a key for the datasets")
async def post_dataset_key(member: Administering, session: Work) -> ApiKeyItem:
    """The only answer that has the key in full. At most 10."""
    return ApiKeyItem.in_full(await keys.issue_key(session, "dataset", member.workspace_id), "dataset")


@router.delete("/datasets/api-keys/{key_id}", status_code=204, tags=["dataset keys"], summary="Revoke a dataset key")
async def delete_dataset_key(key_id: UUID, member: Administering, session: Work) -> None:
    """It opens nothing any more."""
    await keys.revoke_key(session, str(key_id), "dataset", member.workspace_id)


def _ip(request: Request) -> str:
    return request.client.host if request.client else ""
