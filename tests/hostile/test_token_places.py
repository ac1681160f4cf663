"""Where tokens go when they are used, as a server's log would have it (RFC 6750 sections 2 and 5.3)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from tests.hostile.hostile_machine import OLD_ACCESS, SERVICE, machine
from tests.providers.misbehaving import answering
from tests.unit.oauth.making import make_tokens
from tui_oauth.accounts import check_entry
from tui_oauth.errors import UsageProblem
from tui_oauth.model import EntrySecrets
from tui_oauth.oauth.identity import identity_request
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue

PROBE = """
[identity_probe]
url = "http://127.0.0.1:{port}/me?fields=name"
name_path = "name"
"""
TOKEN = "canary-access-token/+~.A1b2"


async def test_rule_92_a_token_is_in_the_header_and_in_no_address_and_no_body() -> None:
    with machine(answering(b'{"name": "Ada"}')) as place:
        (place.workspace.places.own_services / "hostile.toml").write_text(SERVICE + PROBE)
        place.with_old_tokens()

        def lasting(entry: object, held: EntrySecrets) -> tuple[object, EntrySecrets]:
            tokens = held.tokens
            assert tokens is not None
            return entry, held._replace(tokens=tokens._replace(expires_at=None))

        place.workspace.vault.change(place.entry.id, lasting)  # type: ignore[arg-type]
        await check_entry(place.workspace, place.workspace.vault.get(place.entry.id))
        ((head, body),) = place.server.requests
    line, *headers = head.decode().split("\r\n")
    assert line == "GET /me?fields=name HTTP/1.1"
    assert f"Authorization: Bearer {OLD_ACCESS}" in headers
    assert [header for header in headers if OLD_ACCESS in header] == [
        f"Authorization: Bearer {OLD_ACCESS}"
    ]
    assert body == b""
    names = {header.partition(":")[0].lower() for header in headers}
    assert not names & {"cookie", "referer"}


def test_rule_92_no_service_wants_it_anywhere_else_unless_its_data_say_so(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    tokens = make_tokens(access_token=Secret(TOKEN))
    spellings = {TOKEN, quote(TOKEN, safe="")}
    probed = 0
    for listing in catalogue.all():
        service = catalogue.get(listing.id)
        if service.identity_probe is None:
            continue
        declared = "{access_token}" in service.identity_probe.url
        try:
            request = identity_request(service, tokens)
        except UsageProblem:  # a value that only a real sign-in gives
            continue
        assert request is not None
        probed += 1
        in_address = any(spelling in request.url for spelling in spellings)
        assert in_address == declared, service.id
        assert TOKEN.encode() not in request.body, service.id
        assert TOKEN in "".join(request.headers.values()), service.id
    assert probed > 30
