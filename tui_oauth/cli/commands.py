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
        "write",
        "adapters:write",
        "write the token to a file for another program, once or whenever it is a new one",
        "tui-oauth write my-intercom ./secrets/intercom --keep\n"
        "  tui-oauth write my-intercom ./intercom.env --format env\n"
        "compose.yaml, where the folder is mounted rather than the file, so that each new one is seen:\n"
        "  volumes: [./secrets:/run/secrets:ro]\n"
        "~/.aws/config, for a role that trusts the OpenID provider (AssumeRoleWithWebIdentity):\n"
        "  role_arn = arn:aws:iam::123456789012:role/extract\n"
        "  web_identity_token_file = FILE of --format id-token --keep",
        program_options.write,
    ),
    Command(
        "curl",
        "adapters:curl",
        "print a configuration for curl that sends the token",
        "curl -K <(tui-oauth curl my-intercom) https://api.intercom.io/me\n"
        "  tui-oauth curl my-intercom https://api.intercom.io/me | curl -K -",
        program_options.curl,
    ),
    Command(
        "git-credential",
        "adapters:git_credential",
        "answer git as a credential helper, for the service's own hosts only",
        "git config --global credential.https://gitlab.com.helper "
        "'!tui-oauth git-credential my-gitlab'",
        program_options.git_credential,
    ),
    Command(
        "kubectl-credential",
        "adapters:kubectl_credential",
        "print an ExecCredential for kubectl",
        "tui-oauth kubectl-credential my-cluster --id-token\n"
        "for a user of the kubeconfig:\n"
        "  kubectl config set-credentials ann --exec-api-version=client.authentication.k8s.io/v1 \\\n"
        "    --exec-command=tui-oauth --exec-arg=kubectl-credential --exec-arg=my-cluster "
        "--exec-arg=--id-token \\\n    --exec-interactive-mode=Never",
        program_options.kubectl_credential,
    ),
    Command(
        "xoauth2",
        "adapters:xoauth2",
        "print what a mail server is sent to sign in with the token",
        "tui-oauth xoauth2 my-gmail --user ann@example.com\n"
        "Most mail programs make that themselves and want the token alone:\n"
        '  mutt     set imap_oauth_refresh_command = "tui-oauth token my-gmail"\n'
        "  msmtp    auth oauthbearer\n"
        "           passwordeval tui-oauth token my-gmail\n"
        "  mbsync   AuthMechs XOAUTH2\n"
        '           PassCmd "tui-oauth token my-gmail"',
        program_options.xoauth2,
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
        "audit",
        "audit:show",
        "who took which token when: the program, by what the kernel says of it",
        "tui-oauth audit my-intercom --json",
        agent_options.audit,
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
        options.json_result,
    ),
    Command(
        "agent file",
        "agent:token_file",
        "have the agent keep an entry's token in a file in memory, for whatever can read one",
        'tui-oauth agent file my-intercom\n  cat "$XDG_RUNTIME_DIR/tui-oauth/my-intercom"',
        agent_options.token_file,
    ),
    Command(
        "agent allow",
        "agent:allow",
        "give an entry's token to some programs only: it keeps mistakes apart, not attacks",
        "tui-oauth agent allow my-intercom /usr/bin/curl\n  tui-oauth agent allow my-intercom --anyone",
        agent_options.allow,
    ),
    Command(
        "agent install",
        "agent:install",
        "write a systemd user unit for the agent, and say how to enable it",
        "tui-oauth agent install --print",
        agent_options.install,
    ),
    Command(
        "extract",
        "extract:extract",
        "extract data with an authorized entry, into DuckDB, files or a data warehouse",
        "tui-oauth extract my-intercom --list\n"
        "  tui-oauth extract my-intercom contacts conversations --to duckdb:crm.duckdb\n"
        "  tui-oauth extract my-intercom tags --to jsonl:./data --json",
        options.extract,
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
    "service": (
        "services:group",
        "add, show or check service files",
        "tui-oauth service show intercom",
    ),
    "vault": ("vault:group", "the vault's keys and copies", "tui-oauth vault backup"),
    "vault key": (
        "keys:group",
        "list, add or remove the keys that open the vault",
        "tui-oauth vault key list",
    ),
}

# Commands that run alone and have others below them. They stand before those in COMMANDS.
WITH_COMMANDS_BELOW = {"agent"}
