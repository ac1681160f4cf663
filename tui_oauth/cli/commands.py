"""Every command: its name, what runs it, one line of help, an example, and its options.

It is read on every run, so it imports nothing of weight; the module of a command is named by a text
(`handler`) and imported only when that command runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from tui_oauth.cli import agent_options, options, program_options, vault_options


class Command(NamedTuple):
    """One command: its name (several words below `service` and `vault`), what runs it, and its help."""

    name: str
    handler: str
    summary: str
    example: str
    fill: Callable[[argparse.ArgumentParser], None] = options.nothing


COMMANDS = (
    Command("init", "vault:init", "make the vault", "tui-oauth init", vault_options.init),
    Command(
        "status",
        "vault:status",
        "where things are, how the vault is protected, the callback URLs",
        "tui-oauth status --json",
        vault_options.status,
    ),
    Command(
        "services",
        "services:services",
        "the services one can pick",
        "tui-oauth services google",
        options.services,
    ),
    Command(
        "guide",
        "services:guide",
        "the steps to get credentials from a service",
        "tui-oauth guide intercom",
        options.guide,
    ),
    Command(
        "service add",
        "services:add",
        "add a service of one's own from a file",
        "tui-oauth service add my-service.toml",
        options.service_file,
    ),
    Command(
        "service show",
        "services:show",
        "all that is known of a service",
        "tui-oauth service show intercom --json",
        options.service_show,
    ),
    Command(
        "service check",
        "services:check",
        "look for mistakes in a service file",
        "tui-oauth service check my-service.toml",
        options.service_file,
    ),
    Command(
        "create",
        "entries:create",
        "create an OAuth entry",
        "tui-oauth create my-intercom --service intercom --set region=us\n"
        "  tui-oauth create my-api --discover https://mcp.example.com/mcp",
        options.create,
    ),
    Command(
        "discover",
        "discovery:discover",
        "look up what a server publishes: again for an entry made from a URL, or for any URL",
        "tui-oauth discover my-api\n  tui-oauth discover https://accounts.example.com --json",
        options.discover,
    ),
    Command(
        "callback-url",
        "entries:callback_url",
        "the Callback URL to register at the service",
        "tui-oauth callback-url my-intercom",
        options.callback_url,
    ),
    Command(
        "configure",
        "entries:configure",
        "give an entry its client ID and client secret",
        "tui-oauth configure my-intercom --client-id 1234 --client-secret-stdin < secret.txt",
        options.configure,
    ),
    Command(
        "authorize",
        "signin:authorize",
        "print the Authorization link and wait for the answer",
        "tui-oauth authorize my-intercom --timeout 300\n  tui-oauth authorize my-intercom --remote",
        options.authorize,
    ),
    Command(
        "list",
        "entries:list_entries",
        "the entries, without secrets",
        "tui-oauth list --expiring 7d --exit-code",
        options.list_entries,
    ),
    Command(
        "show",
        "entries:show",
        "one entry, without secrets",
        "tui-oauth show my-intercom",
        options.named_json,
    ),
    Command(
        "token",
        "tokens:token",
        "print a valid access token",
        'TOKEN="$(tui-oauth token my-intercom)"',
        options.token,
    ),
    Command(
        "header",
        "tokens:header",
        "print the request header that carries the token",
        'curl -H "$(tui-oauth header my-intercom)" https://api.intercom.io/me',
        options.header,
    ),
    Command(
        "exec",
        "programs:execute",
        "run a command with the tokens of entries in its environment",
        "tui-oauth exec my-intercom -- ./extract.py\n"
        "  tui-oauth exec src dst --env src=OLD_TOKEN --env dst=NEW_TOKEN -- ./copy.sh\n"
        "  tui-oauth exec my-intercom --header-file -- "
        "sh -c 'curl -H @\"$MY_INTERCOM_HEADER_FILE\" https://api.intercom.io/me'",
        program_options.execute,
    ),
    Command(
        "check",
        "tokens:check",
        "ask the service whose token it is, and whether it is active",
        "tui-oauth check my-intercom --json",
        options.check,
    ),
    Command(
        "refresh",
        "tokens:refresh",
        "get a new access token now",
        "tui-oauth refresh --all",
        options.refresh,
    ),
    Command(
        "revoke",
        "ending:revoke",
        "end an entry's access at the service, then remove its tokens here",
        "tui-oauth revoke my-intercom",
        options.revoke,
    ),
    Command(
        "rename",
        "entries:rename",
        "give an entry another name",
        "tui-oauth rename my-intercom intercom-eu",
        options.rename,
    ),
    Command(
        "delete",
        "ending:delete",
        "remove an entry and its secrets from this machine",
        "tui-oauth delete my-intercom --yes",
        options.delete,
    ),
    Command(
        "unlock",
        "unlocking:unlock",
        "keep the vault unlocked for a while, for scripts and cron",
        "tui-oauth unlock --for 8h",
        vault_options.unlock,
    ),
    Command("lock", "unlocking:lock", "forget the key that unlock kept", "tui-oauth lock"),
    Command(
        "vault key list",
        "keys:list_keys",
        "the keys that open the vault",
        "tui-oauth vault key list --json",
        options.json_result,
    ),
    Command(
        "vault key add",
        "keys:add",
        "add a key file, a passphrase, a recovery code or the system's keyring",
        "tui-oauth vault key add key-file ~/cron.key --label cron",
        vault_options.key_add,
    ),
    Command(
        "vault key remove",
        "keys:remove",
        "remove one of the keys; never the last one",
        "tui-oauth vault key remove 1f3c09ab",
        vault_options.key_remove,
    ),
    Command(
        "vault passphrase",
        "keys:passphrase",
        "change the passphrase",
        "tui-oauth vault passphrase",
        vault_options.change_passphrase,
    ),
    Command(
        "vault rekey",
        "keys:rekey",
        "seal everything anew under a new data key, after a key has leaked",
        "tui-oauth vault rekey",
        vault_options.rekey,
    ),
    Command(
        "vault backup",
        "backup:backup",
        "make a copy of the vault now, with every byte verified",
        "tui-oauth vault backup /mnt/stick/vault.bak",
        vault_options.backup,
    ),
    Command(
        "export",
        "bundle:export",
        "write entries to an encrypted bundle with a passphrase of its own",
        "tui-oauth export laptop.bundle my-intercom",
        vault_options.export,
    ),
    Command(
        "import",
        "bundle:import_bundle",
        "take in the entries of a bundle, or of a copy of this vault",
        "tui-oauth import laptop.bundle --dry-run",
        vault_options.import_bundle,
    ),
    Command(
        "doctor",
        "doctor:doctor",
        "look for anything wrong with the vault and around it; exit 0 clean, 1 findings, 6 damaged",
        "tui-oauth doctor --salvage rescued.json",
        vault_options.doctor,
    ),
    Command(
        "agent",
        "agent:run",
        "keep entries fresh in the background and hand their tokens out, until a signal ends it",
        "tui-oauth agent",
    ),
    Command(
        "agent status",
        "agent:status",
        "how the background keeper stands: each entry's next refresh and last error",
        "tui-oauth agent status --json",
        agent_options.status,
    ),
    Command(
        "agent file",
        "agent:token_file",
        "have the agent keep an entry's token in a file in memory, for whatever can read one",
        'tui-oauth agent file my-intercom\n  cat "$XDG_RUNTIME_DIR/tui-oauth/my-intercom"',
        agent_options.token_file,
    ),
    Command(
        "agent install",
        "agent:install",
        "write a systemd user unit for the agent, and say how to enable it",
        "tui-oauth agent install --print",
        agent_options.install,
    ),
    Command(
        "sandbox",
        "practice:sandbox",
        "run the practice provider until ^C",
        "tui-oauth sandbox --port 8977 --json",
        options.sandbox,
    ),
    Command(
        "demo",
        "practice:demo",
        "the whole walk, with a temporary vault and the practice provider",
        "tui-oauth demo",
    ),
)

# Words that need another one: who answers when it is missing, and the help.
GROUPS = {
    "service": ("services:group", "add, show or check service files"),
    "vault": ("vault:group", "the vault's keys and copies"),
    "vault key": ("keys:group", "list, add or remove the keys that open the vault"),
}

# Commands that run alone and have others below them. They stand before those in COMMANDS.
WITH_COMMANDS_BELOW = {"agent"}
