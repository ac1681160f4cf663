"""The protocol checklist, rule by rule, and the tests that hold the program to it.

    python tests/rules.py            every rule with its tests
    python tests/rules.py 27 54      these rules only
    python tests/rules.py --missing  rules that have no test

A test of a rule is called `test_rule_N_...`, of two rules `test_rule_N_and_M_...`. Exits with 1 when
a rule has no test, unless it is a SHOULD or a MAY that CONTRIBUTING.md lists as left out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECTIONS = {
    1: "What is offered at all",
    6: "Authorization request",
    12: "PKCE, state, nonce",
    18: "Redirect URI",
    23: "The callback server",
    43: "Paste-back",
    48: "Opening and copying the link",
    54: "Authorization response",
    58: "Token request",
    64: "Transport",
    75: "Token response",
    83: "Expiry and refresh",
    92: "Using and ending tokens",
    98: "Device flow",
    103: "Discovery and registration",
    109: "OpenID Connect, resource, DPoP",
    111: "Secrets on this machine",
    116: "Handing tokens to scripts",
    118: "The terminal",
    121: "Messages",
}
RULES = dict(
    enumerate(
        (
            "MUST offer the code grant with PKCE in the person's own browser; never ask for a password",
            "MUST NOT implement the implicit or the password grant",
            "MUST offer the device flow only where listed, and not as the default beside a browser",
            "SHOULD offer client credentials; a refresh token in that answer is ignored",
            "MUST keep what a service does differently in one declared table, off by default",
            "MUST keep the endpoint's query, add each parameter once, refuse a fragment",
            "MUST percent-encode each value once, a blank as %20",
            "MUST send the parameters of RFC 6749 and PKCE, and nothing secret, in the link",
            "SHOULD let a service add fixed parameters, MUST refuse the reserved names",
            "MUST ask only for the chosen scopes and show them before the link is opened",
            "SHOULD push the authorization request where the server requires it (PAR)",
            "MUST make a fresh code verifier of 43 characters for each sign-in",
            "MUST use S256 only, and never fall back",
            "MUST make a fresh state for each sign-in, look it up, compare in constant time",
            "MUST take all randomness from the operating system",
            "MUST end a sign-in after its time and on cancel, closing the port",
            "SHOULD keep the record of a sign-in in memory, or sealed and deleted on use",
            "MUST repeat exactly the redirect URI at the token endpoint",
            "MUST keep the Callback URL stable, and announce the one that is bound",
            "MUST say when the port is taken, and never move to another one",
            "SHOULD listen on both addresses of localhost",
            "MUST match the registered path exactly, MAY put a part of the service's own in it",
            "MUST bind loopback only",
            "MUST open the port only while a sign-in waits",
            "MUST check Host exactly, against DNS rebinding",
            "MUST serve only GET, on the callback path and two helpers",
            "MUST look at the state first; nothing else may change a sign-in before it matched",
            "MUST refuse repeated parameters and ignore unknown ones",
            "MUST accept a state once; a reload gets a neutral page",
            "MUST survive abuse: limits on size, time and connections",
            "MUST parse requests strictly",
            "MUST NOT copy anything from the request into the page",
            "MUST send the security headers with every page, and no script or resource",
            "MUST NOT send any allowance for other origins",
            "SHOULD answer a prefetch with 503, and not use the state up",
            "MUST run several sign-ins at once",
            "MUST keep the page truthful: received is not yet authorized",
            "SHOULD let the code travel no further",
            "MUST always offer paste-back where only https can be registered",
            "SHOULD offer https with a certificate made on this machine",
            "MUST NOT touch a trust store; show the fingerprint",
            "MUST use TLS 1.2 or later, HTTP/1.1 only, a handshake deadline, and survive both mixes",
            "MUST accept the redirected address in every form it is pasted in",
            "MUST accept a bare code only where PKCE binds it to this sign-in",
            "MUST keep the code byte for byte after one decoding",
            "MUST not echo what was pasted, nor take it as an argument",
            "MUST say what is wrong with a paste",
            "MUST validate the link before it is opened, copied or shown",
            "MUST start a browser without any shell, the link as its last argument",
            "MUST not wait for the browser, nor let it write into the terminal",
            "MUST honour BROWSER safely, know SSH and headless sessions, always show the link",
            "SHOULD show the true host of the link before it is opened",
            "SHOULD copy by OSC 52 and by the platform's tool, and say which was used",
            "MUST check the issuer of an answer before anything is sent (RFC 9207)",
            "MUST keep authorization servers apart by redirect URI or issuer",
            "MUST turn error codes into sentences with a next step",
            "MUST refuse a code together with an error, and neither",
            "MUST post forms to the token endpoint, secrets never in the address",
            "MUST form-urlencode ID and secret before HTTP Basic",
            "MUST implement client_secret_post and none, one method for each request",
            "SHOULD choose the method from metadata, and suggest another on invalid_client",
            "MUST send verifier, redirect URI and the code once, never twice",
            "SHOULD exchange at once, at the endpoint of the sign-in's record",
            "MUST verify certificates and host names always",
            "MUST use https for every endpoint, http for loopback only",
            "MUST NOT follow a redirect with a secret",
            "SHOULD NOT follow redirects for metadata",
            "MUST bound every exchange by a total deadline",
            "MUST bound the size of what is read",
            "MUST use a client without cookies, referrer or netrc",
            "MUST treat proxies by a documented rule, loopback never through one",
            "SHOULD refuse discovered endpoints on private addresses",
            "SHOULD retry only what is idempotent, and honour Retry-After up to a cap",
            "SHOULD send a User-Agent with name and version",
            "MUST accept only a well-formed token answer",
            "MUST recognise errors in any status and shape",
            "MUST compare the token type without case and refuse unknown ones",
            "MUST parse JSON defensively",
            "MUST read expires_in leniently, and never guess",
            "MUST show the difference between asked and granted scopes",
            "MUST ignore unknown members, keep declared ones, cap what is stored",
            "MUST store a new refresh token durably before the access token is handed out",
            "MUST decide on expiry with a margin, and survive clock jumps",
            "MUST refresh single-flight, in the process and across processes",
            "MUST keep the old refresh token unless a new one comes",
            "MUST re-read the store on invalid_grant, and never delete tokens by itself",
            "MUST keep everything on what may pass",
            "SHOULD try a refresh once more whose answer was lost, and say why",
            "MUST NOT ask for more scope when refreshing",
            "MUST not invent refresh for tokens that do not expire",
            "SHOULD refresh lazily, and never while the vault is locked",
            "MUST send tokens only in the Authorization header",
            "MUST bind a token to the declared API origins, compared exactly",
            "SHOULD refresh once on invalid_token, and read WWW-Authenticate",
            "MUST revoke by RFC 7009, refresh token first",
            "MUST tell revoking at the service from deleting here",
            "SHOULD offer introspection, where active is boolean true",
            "MUST demand a well-formed device authorization answer",
            "MUST poll no faster than allowed, and stop when told",
            "MUST stop polling at once on cancel",
            "MUST show who is asked for what, and warn of codes from others",
            "SHOULD show the user code large, and open only an address of the same origin",
            "MUST try the well-known addresses in order",
            "MUST demand the identical issuer",
            "MUST validate every endpoint, and keep secrets pinned to those they were saved for",
            "SHOULD warn of endpoints on another origin than the issuer's",
            "SHOULD start from an API's URL too (RFC 9728)",
            "MAY register dynamically, and takes what the server returned as the truth",
            "MUST check an ID token that is used for anything shown",
            "SHOULD support resource indicators, MAY support DPoP",
            "MUST encrypt secrets at rest, in private files written safely",
            "MUST bind ciphertext to its place",
            "MUST NOT accept secrets as arguments",
            "MUST keep secrets out of logs, exceptions, repr and dumps",
            "SHOULD clear a copied token from the clipboard, and mask tokens on screen",
            "MUST print a token only on an explicit command, and nothing else with it",
            "MUST refuse control characters in line-based formats, and quote for the shell",
            "MUST neutralise every text from outside before it is shown",
            "MUST show texts from outside as text, never as markup",
            "MUST restore the terminal after a crash, without values in a traceback",
            "MUST say what happened, at which step, which host, and what to do next",
            "SHOULD help with the three usual mistakes",
        ),
        start=1,
    )
)
_NAME = re.compile(r"^ *(?:async )?def test_rule_(\d+(?:_and_\d+)*)(?!\d)(\w*)\(", re.MULTILINE)
_HEADING = "## Rules of the checklist that are left out"


def tests_of_rules() -> dict[int, list[str]]:
    """The tests of each rule, as `file::name`, by the number in their names."""
    found: dict[int, list[str]] = {number: [] for number in RULES}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for match in _NAME.finditer(path.read_text(encoding="utf-8")):
            name = f"test_rule_{match[1]}{match[2]}"
            for number in match[1].split("_and_"):
                place = f"{path.relative_to(ROOT).as_posix()}::{name}"
                found.setdefault(int(number), []).append(place)
    return found


def left_out() -> set[int]:
    """The rules that CONTRIBUTING.md says are left out."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(_HEADING)[2].partition("\n## ")[0]
    return {int(number) for number in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}


def problems() -> list[str]:
    """What keeps the coverage from being whole, one sentence each."""
    found, without = tests_of_rules(), left_out()
    said = [f"There is no rule {number}." for number in sorted({*found, *without} - {*RULES})]
    for number, title in RULES.items():
        if number in without and title.startswith("MUST"):
            said.append(f"Rule {number} is a MUST and cannot be left out: {title}.")
        elif number not in without and not found[number]:
            said.append(f"Rule {number} has no test: {title}.")
    return said


def main(arguments: list[str]) -> int:
    """Print what was asked for; the exit status."""
    found, without, wrong = tests_of_rules(), left_out(), problems()
    wanted = [int(each) for each in arguments if each.isdigit()] or list(RULES)
    if "--missing" not in arguments:
        for number in wanted:
            if number in SECTIONS:
                print(f"\n{SECTIONS[number]}\n")
            print(f"{number:3}  {RULES[number]}")
            lines = [
                *found[number],
                *(["left out, see CONTRIBUTING.md"] if number in without else []),
            ]
            for line in lines or ["NO TEST"]:
                print(f"       {line}")
        print()
    for sentence in wrong:
        print(sentence)
    count = sum(len(tests) for tests in found.values())
    covered = sum(1 for number in RULES if found[number])
    print(f"{covered} of {len(RULES)} rules have tests ({count} in all), {len(without)} left out.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
