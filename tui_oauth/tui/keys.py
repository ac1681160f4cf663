"""Every key of the screens, in one place: bindings, key bar, help and documentation come from here.

Lists use letters, forms use ctrl combinations, because a field takes letters as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from textual.binding import BindingType


class Key(NamedTuple):
    """One thing a person can do with a key.

    `keys` are Textual's names, separated by commas, `shown` is what the key bar prints, `words`
    the short label there and `help` the sentence of the help screen. `bar` says whether the key
    bar shows it; the order in the group is the order there. `bound` False: the widget with the
    focus handles the key itself, it is here to be explained. `priority`: before that widget.
    """

    id: str
    keys: str
    shown: str
    words: str
    action: str
    help: str
    bar: bool = False
    bound: bool = True
    priority: bool = False


class Group(NamedTuple):
    """The keys of one screen, under the title that the help screen gives them."""

    title: str
    keys: tuple[Key, ...]


# [group] title, then one key a line: id | keys | shown | words | action | flags | help.
# An empty action is the id with underscores, "-" is none. Flags: "bar" shows it in the key bar,
# "widget" leaves the binding to the widget with the focus, "first" comes before that widget.
_TABLE = """
[manage] Manage OAuth
new           | n,plus          | n     | New               |                 | bar        | Create OAuth Entry: pick a service, give it a name.
configure     | enter           | enter | Configure         |                 | bar widget | Configure OAuth: client ID and client secret of the entry.
authorize     | a               | a     | Authorize         |                 | bar        | Open the Authorization link and wait for the provider's answer.
copy-callback | c               | c     | Copy URL          |                 | bar        | Copy the Callback URL, to be registered at the provider.
help          | question_mark   | ?     | Help              | app.help        | bar        | These keys and a short explanation.
guide         | g               | g     | Guide             |                 | bar        | The steps at the provider that lead to a client ID and secret.
callbacks     | u               | u     | Callback URLs     |                 |            | Every Callback URL that can be served, what the service accepts, and which one is sent.
copy-token    | t               | t     | Token             |                 |            | Copy a valid access token; it is refreshed first if it ends soon.
refresh       | r               | r     | Refresh           | refresh_entry   |            | Fetch a new access token now.
check         | k               | k     | Check             |                 |            | Ask the provider whose token it is, and whether it is active.
extract       | e               | e     | Extract           |                 |            | Extract the entry's data, where that is declared for its service: into DuckDB, files or a warehouse.
revoke        | x               | x     | Revoke            |                 |            | End the entry's access at the service, then remove its tokens here; after a question.
rename        | f2,m            | F2    | Rename            |                 |            | Give the entry another name (m does the same).
delete        | d,delete        | d     | Delete            |                 |            | Delete the entry from this vault, after a question; it can be revoked first.
details       | i               | i     | Details           |                 |            | Everything known about the entry, without secrets.
audit         | w               | w     | Who took it       |                 |            | Who took which token when: program, process, and what was refused.
marks         | p               | p     | Programs          |                 |            | Programs that may take the token, a token file, and what ends one day.
search        | slash           | /     | Search            |                 |            | Narrow the list by typing; esc shows all again.
sort          | s               | s     | Sort              |                 |            | Sort by name, status, service or expiry, in turn.
elsewhere     | b               | b     | For elsewhere     |                 |            | Sign in for another machine, which printed a line for it, and give it the sealed answer.
vault         | v               | v     | Vault             |                 |            | The vault: what protects it, its keys, backup, export and import, health.
stop          | escape          | esc   | Cancel            |                 |            | Stop what is running, or clear the search.
quit          | q               | q     | Quit              | app.quit        | bar        | Leave tui-oauth.

[search] Search in the list
into-list     | enter           | enter | Into the list     |                 | bar widget | Go on in the list that the search leaves; the arrows do the same.
stop          | escape          | esc   | Show all          |                 | bar widget | Clear the search.
help          | f1              | F1    | Help              | app.help        | bar widget | These keys and a short explanation.

[create] Create OAuth Entry
save          | ctrl+s          | ^s    | OK                |                 | bar first  | Create the entry and go back to the list.
back          | escape          | esc   | Cancel            |                 | bar        | Leave; no entry is made.
from-url      | ctrl+l          | ^l    | From a URL        |                 | bar first  | From the URL of an issuer, an API or an MCP server instead of a service.
copy-callback | ctrl+y          | ^y    | Copy URL          |                 | bar        | Copy the Callback URL, to be registered at the provider.
details       | ctrl+e          | ^e    | Details           |                 | first      | What is known of the service under the cursor: grants, PKCE, refresh, scopes, portal.
guide         | ctrl+g          | ^g    | Guide             |                 | first      | The steps at the provider, before anything is created.
next          | tab             | tab   | Next field        | -               | bar widget | To the next field; shift+tab goes back.
pick          | up,down         | ↑ ↓   | Pick              | -               | bar widget | Move in the list of services while typing.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[from-url] Create OAuth Entry from a URL
look-up       | enter           | enter | Look up           |                 | bar widget | Ask the address what it publishes about signing in.
save          | ctrl+s          | ^s    | OK                |                 | bar first  | Create the entry; where a client is registered, go on to the Authorization link.
back          | escape          | esc   | Cancel            |                 | bar        | Stop the look-up, or go back to the services; no entry is made.
register      | ctrl+r          | ^r    | Client            |                 | bar        | Register a client there at OK, or use one that you have.
who           | ctrl+o          | ^o    | Authorized by     |                 | bar        | A person, or nobody: client credentials, where the server has both.
copy-callback | ctrl+y          | ^y    | Copy URL          |                 | bar        | Copy the Callback URL, to be registered at the provider.
next          | tab             | tab   | Next field        | -               | widget     | To the next field; shift+tab goes back.
further       | pagedown        | PgDn  | Scroll down       | scroll(1)       |            | Scroll what was found.
nearer        | pageup          | PgUp  | Scroll up         | scroll(-1)      |            | Scroll back.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[configure] Configure OAuth
save          | ctrl+s          | ^s    | Save and authorize |                | bar first  | Save and go on to the Authorization link.
back          | escape          | esc   | Back              |                 | bar        | Leave this screen; nothing is saved.
scopes        | ctrl+r          | ^r    | Defaults          | restore_scopes  | bar first  | Ask for the service's own scopes again, after others were typed.
guide         | ctrl+g          | ^g    | Guide             |                 | bar        | The steps at the provider.
copy-callback | ctrl+y          | ^y    | Copy URL          |                 | bar        | Copy the Callback URL, to be registered at the provider.
reveal        | ctrl+t          | ^t    | Show secret       |                 | bar        | Show the secret for ten seconds, or hide it.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[conflict] Changed elsewhere
save          | ctrl+s          | ^s    | Save              |                 | bar first  | Save what is chosen for each field.
side          | left,right      | ← →   | Mine or theirs    | -               | bar widget | Choose the other version of the field with the focus; m and t name one, a click does as well.
reload        | ctrl+r          | ^r    | Reload            |                 | bar        | Forget what was typed and show what is stored now.
back          | escape          | esc   | Back              |                 | bar        | Back to the form; nothing is saved.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[authorize] Authorization link
again         | ctrl+n,n        | ^n    | New link          |                 | bar        | A new link or code, after the sign-in or the code has ended.
configure     | ctrl+e,e        | ^e    | Configure         |                 | bar        | Configure OAuth, after a sign-in that ended.
copy-callback | ctrl+u,u        | ^u    | Copy Callback URL |                 | bar        | Copy the Callback URL, after the provider did not know it (also u).
copy-link     | ctrl+y,c        | ^y    | Copy link         |                 | bar        | Copy the Authorization link, or the code while it is shown (c does the same outside the paste field).
open          | ctrl+o,o        | ^o    | Open              | open_link       | bar        | Open the link, or the page of the code, in this machine's browser, where there is one (also o).
back          | escape          | esc   | Back              |                 | bar        | Leave; the sign-in goes on waiting.
other-way     | ctrl+g,g        | ^g    | Code              |                 | bar        | From the link to a code for another device, where the service offers it, and back; both go on waiting (also g).
qr            | ctrl+r,q        | ^r    | QR code           |                 | bar        | Show the link, or the page of the code, as a QR code, or hide it (also q).
cancel        | ctrl+x          | ^x    | Cancel            |                 | bar        | End this sign-in; nothing is changed.
bare          | ctrl+l,l        | ^l    | Plain             |                 | bar        | Leave the full screen and print the link, or the page of the code, in one piece (also l).
file          | ctrl+s,w        | ^s    | To a file         |                 |            | Write the link to a file that only you can read; it goes when the sign-in ends (also w).
first         | f4,p            | F4    | Way shown first   |                 |            | Show the next way first for this entry, from now on; then the surroundings decide again (also p).
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.
paste         | tab             | tab   | Paste field       | -               | widget     | Go to the field for the address that the browser ended on; a paste gets there by itself.
traffic       | f3              | F3    | Traffic           | app.traffic     | bar        | What was sent to the provider and what came back, without secrets.
ssh           | ctrl+t,s        | ^t    | ssh line          | copy_ssh        |            | Show the lines that lead a laptop's browser to this callback server, and copy the first (also s).
elsewhere     | ctrl+b,b        | ^b    | Elsewhere         |                 | bar        | Sign in on another machine that has a browser and tui-oauth; it gives one sealed line back (also b).

[elsewhere] Sign in on another machine
copy-command  | ctrl+y,c        | ^y    | Copy command      |                 | bar        | Copy the command for the other machine, with its line (c does the same outside the paste field).
bare          | ctrl+l,l        | ^l    | Plain             |                 | bar        | Leave the full screen and print the command in one piece (also l).
back          | escape          | esc   | Back              |                 | bar        | Back to the Authorization link; the answer can be pasted there as well.
paste         | tab             | tab   | Paste field       | -               | widget     | Go to the field for the sealed answer; a paste gets there by itself.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[visit] Sign in for another machine
open          | ctrl+o,o        | ^o    | Open              | open_link       | bar        | Open the link in this machine's browser, where there is one, after a look at what it asks for (also o).
copy          | ctrl+y,c        | ^y    | Copy              | copy_text       | bar        | Copy the Authorization link, or the sealed answer once it is there (also c).
bare          | ctrl+l,l        | ^l    | Plain             |                 | bar        | Leave the full screen and print that in one piece (also l).
back          | escape          | esc   | Back              |                 | bar        | Leave; nothing is kept here.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[success] Authorization Successful
done          | enter,escape    | enter | Done              |                 | bar        | Back to Manage OAuth.
copy-command  | c               | c     | Copy command      |                 | bar        | Copy the command that prints a valid access token.
check         | k               | k     | Check             |                 | bar        | Ask the provider whose token it is.
extract       | e               | e     | Extract           |                 | bar        | Extract the entry's data, where that is declared for its service.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[guide] Guide
back          | escape,q        | esc   | Back              |                 | bar        | Back to where you came from.
register      | r               | r     | Register          |                 | bar        | Register a client at the entry's server, where it offers that.
copy-callback | c               | c     | Copy URL          |                 | bar        | Copy the Callback URL, to be registered at the provider.
value         | 1,2,3,4,5,6,7,8,9 | 1…  | Copy value        | -               | bar widget | Copy the value with this number: the app's name, the scopes, a variable.
copy-portal   | p               | p     | Copy portal       |                 | bar        | Copy the link to the provider's portal.
configure     | e,enter         | e     | Configure         |                 | bar        | Configure OAuth: client ID and client secret of the entry.
open-portal   | o               | o     | Open portal       |                 |            | Open the provider's portal in this machine's browser, where there is one; else its link is copied.
link          | tab             | tab   | Links             | -               | widget     | To the next link; enter opens it in this machine's browser, or copies it where there is none.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[vault] Vault
add-key       | a,plus          | a     | Add key           |                 | bar        | Add a way to open the vault: key file, passphrase, recovery code, system keyring.
remove-key    | d,delete        | d     | Remove            |                 | bar        | Remove the key under the cursor, after a question; the last one stays.
back          | escape,q,v      | esc   | Back              |                 | bar        | Back to Manage OAuth; stops a look-over that still runs.
passphrase    | p               | p     | Passphrase        |                 | bar        | Change the passphrase; with several, that under the cursor.
backup        | b               | b     | Back up           |                 | bar        | Make a verified copy beside the vault now.
doctor        | h               | h     | Doctor            |                 | bar        | What was found when the vault and its surroundings were looked over.
rekey         | r               | r     | Rekey             |                 |            | Seal everything anew under a new key, after a question.
unlock        | u               | u     | Unlock            |                 |            | Keep the vault unlocked for scripts for a while, without a question.
lock          | l               | l     | Lock              |                 |            | End that; scripts then need a key of their own again.
export        | x               | x     | Export            |                 |            | Write all entries to a bundle with a passphrase of its own, for another machine.
import        | i               | i     | Import            | import_bundle   |            | Read a bundle, see what would change, then take it over.
salvage       | s               | s     | Salvage           |                 |            | Write what can be saved of a damaged vault to a new file; this one is not touched.
accept-older  | o               | o     | Accept            |                 |            | Take the vault as it is for the right one, after you restored or copied it.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[unopened] The vault cannot be opened
salvage       | s               | s     | Salvage           |                 | bar        | Write what can be saved to a new file; this one is not touched.
doctor        | h               | h     | Doctor            |                 | bar        | Look over the vault and its surroundings, the copies beside it among them.
again         | r,enter         | r     | Try again         |                 | bar        | Open the vault once more, after something was done about it.
copy          | c               | c     | Copy              | copy_problem    | bar        | Copy the message for a support ticket.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.
quit          | q               | q     | Quit              | app.quit        | bar        | Leave tui-oauth.

[result] What came of it
back          | escape,enter,q  | esc   | Back              |                 | bar        | Close it.
copy          | c               | c     | Copy              | copy_words      | bar        | Copy the whole text.
scroll        | up,down         | ↑ ↓   | Scroll            | -               | bar widget | Scroll; page up and page down do it as well.

[findings] Doctor
back          | escape,q        | esc   | Back              |                 | bar        | Back to where you came from.
again         | r               | r     | Look again        |                 | bar        | Look everything over once more.
copy-findings | c               | c     | Copy              |                 | bar        | Copy what was found, for a support ticket.
scroll        | up,down         | ↑ ↓   | Scroll            | -               | bar widget | Scroll; page up and page down do it as well.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[salvaged] Salvage
back          | escape,q        | esc   | Back              |                 | bar        | Back to where you came from.
copy          | c               | c     | Copy              | copy_words      | bar        | Copy what was saved, what is lost, and the commands.
scroll        | up,down         | ↑ ↓   | Scroll            | -               | bar widget | Scroll; page up and page down do it as well.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[import] Import
save          | ctrl+s,y        | ^s    | Import            |                 | bar first  | Take over what is listed, in one step.
replace       | r               | r     | Replace mine      |                 | bar        | Let the bundle win over entries of yours that differ, or not.
back          | escape,q        | esc   | Cancel            |                 | bar        | Leave; nothing is imported.
scroll        | up,down         | ↑ ↓   | Scroll            | -               | bar widget | Scroll; page up and page down do it as well.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[callbacks] Callback URLs
pick          | enter           | enter | Send this one     | -               | bar widget | Send this Callback URL for the entry from now on.
rule          | r               | r     | By the rule       | by_rule         | bar        | Send what the service's rule says.
copy          | c               | c     | Copy              | copy_callback   | bar        | Copy the Callback URL under the cursor.
back          | escape,q        | esc   | Close             |                 | bar        | Leave; nothing is changed.

[vault-form] Forms of the vault
save          | ctrl+s          | ^s    | OK                |                 | bar first  | Do it; enter in the last field does the same.
back          | escape          | esc   | Cancel            |                 | bar        | Leave; nothing is changed.
next          | tab             | tab   | Next field        | -               | bar widget | To the next field; shift+tab goes back.
reveal        | ctrl+t          | ^t    | Show              | -               | bar widget | Show what is typed in a hidden field for ten seconds, or hide it.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[traffic] Traffic
back          | escape,q,f3     | esc   | Back              |                 | bar        | Back to where you came from.
copy-one      | c               | c     | Copy              |                 | bar        | Copy the exchange under the cursor, for a support ticket.
copy-all      | a               | a     | Copy all          |                 | bar        | Copy all of them.
read          | tab,shift+tab   | tab   | Read              |                 | bar        | Into the text of the exchange, to scroll it, and back to the list.
forget        | d,delete        | d     | Clear             |                 | bar        | Forget what was recorded so far.
pick          | up,down         | ↑ ↓   | Pick              | -               | widget     | To another exchange, or, in the text, another line.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[audit] Who took which token
back          | escape,q,w      | esc   | Back              |                 | bar        | Back to where you came from.
only          | e               | e     | This entry        |                 | bar        | Only what was taken of the entry under the cursor, or of all again.
refused       | f               | f     | Refused           |                 | bar        | Only what was refused, or everything again.
programs      | p               | p     | Programs          |                 | bar        | The programs that may take the entry's token, its token file, and its dates.
allow         | o               | o     | Allow             |                 | bar        | Let a program that was refused take the entry's token, after a question.
copy-one      | c               | c     | Copy              |                 | bar        | Copy what is known of the line under the cursor.
read          | tab,shift+tab   | tab   | Read              |                 | bar        | Into the text of the line, to scroll it, and back to the list.
pick          | up,down         | ↑ ↓   | Pick              | -               | widget     | To another line.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[marks] Programs and dates
save          | ctrl+s          | ^s    | Save              |                 | bar first  | Store what was changed.
back          | escape          | esc   | Cancel            |                 | bar        | Leave; nothing is changed.
audit         | ctrl+o          | ^o    | Who took it       |                 | bar first  | Who took the entry's tokens, instead.
next          | tab             | tab   | Next field        | -               | bar widget | To the next field; shift+tab goes back.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[extract] Extract
run           | ctrl+s          | ^s    | Extract           |                 | bar first  | Extract what is picked, into the destination.
back          | escape          | esc   | Back              |                 | bar        | Back to where you came from.
pick          | space           | space | Pick              |                 | bar        | Pick the resource under the cursor, or leave it out; enter or a click does the same. One that takes a word has a field for it then.
all           | a               | a     | All               |                 | bar        | Pick all that can be read, or none.
preview       | p               | p     | First rows        |                 | bar        | Ask for the first rows of the resource under the cursor; nothing is kept.
check         | k               | k     | Check             |                 | bar        | Ask once more which resources the app may read.
next          | tab             | tab   | Next field        | -               | widget     | From the list to the destination, and on; shift+tab goes back.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.

[extracting] Extract: a run
back          | escape,q        | esc   | Back              |                 | bar        | While it runs: stop, after a question, with all that was fetched kept. After its end: back to the choice.
authorize     | a               | a     | Authorize         |                 | bar        | Authorize the entry anew, where the service no longer takes its token.
rows          | enter           | enter | First rows        |                 | bar widget | The first rows of the resource under the cursor, as they were loaded.
copy-place    | c               | c     | Copy path         |                 | bar        | Copy where the rows are.
table         | tab             | tab   | Into the table    | -               | widget     | To the table of the first rows, to scroll it, and back.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[rows] First rows
back          | escape,q        | esc   | Back              |                 | bar        | Back to where you came from.
read          | enter,tab,shift+tab | enter | Read          |                 | bar        | Into the text of the row, to scroll it, and back to the table.
move          | up,down         | ↑ ↓   | Row               | -               | bar widget | To another row, or, in the text, another line.
scroll        | left,right      | ← →   | Columns           | -               | bar widget | Scroll to the columns that have no room.
help          | question_mark,f1 | ?     | Help              | app.help        | bar        | These keys and a short explanation.

[help] Help
close         | escape,q,question_mark,f1,enter | esc | Back |               | bar        | Back to where you came from.
scroll        | up,down         | ↑ ↓   | Scroll            | -               | bar widget | Scroll; j, k, page up and page down do it as well.

[problem] A problem
mend          | f               | f     | Mend it           |                 | bar        | Do what mends it: the first button says what that is.
back          | escape,enter,q  | esc   | Back              |                 | bar        | Close the message.
copy          | c               | c     | Copy              | copy_problem    | bar        | Copy the message for a support ticket.
traffic       | t,f3            | t     | Traffic           |                 | bar        | What was sent to the provider and what came back, where something was.

[first-run] First start
save          | ctrl+s          | ^s    | Make the vault    |                 | bar first  | Make the vault with the protection chosen.
next          | tab             | tab   | Next field        | -               | bar widget | To the next field; shift+tab goes back.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.
quit          | ctrl+q          | ^q    | Quit              | app.quit        | bar        | Leave; nothing is made.

[unlock] Unlock
save          | enter           | enter | Unlock            |                 | bar widget | Unlock the vault with this passphrase.
help          | f1              | F1    | Help              | app.help        | bar        | These keys and a short explanation.
quit          | ctrl+q          | ^q    | Quit              | app.quit        | bar        | Leave; the vault stays locked.

[anywhere] Anywhere
help          | f1              | F1    | Help              |                 |            | These keys.
traffic       | f3              | F3    | Traffic           |                 |            | What was sent to providers and what came back, without secrets.
palette       | ctrl+p          | ^p    | Commands          | command_palette | widget     | All commands, found by typing.
quit          | ctrl+q          | ^q    | Quit              |                 | widget     | Leave tui-oauth.
"""


def _read(table: str) -> Mapping[str, Group]:
    groups: dict[str, Group] = {}
    for block in table.strip().split("\n\n"):
        head, *lines = block.splitlines()
        name, title = head[1:].split("] ")
        groups[name] = Group(title, tuple(_key(line) for line in lines))
    return groups


def _key(line: str) -> Key:
    name, keys, shown, words, action, flags, text = (part.strip() for part in line.split("|"))
    return Key(
        id=name,
        keys=keys,
        shown=shown,
        words=words,
        action="" if action == "-" else action or name.replace("-", "_"),
        help=text,
        bar="bar" in flags,
        bound="widget" not in flags,
        priority="first" in flags,
    )


GROUPS: Mapping[str, Group] = _read(_TABLE)


def bindings(group: str) -> list[BindingType]:
    """The bindings of the screen that the keys of `group` belong to."""
    from textual.binding import Binding

    return [
        Binding(
            key.keys,
            key.action,
            key.words,
            tooltip=key.help,
            key_display=key.shown,
            priority=key.priority,
            id=f"{group}.{key.id}",
        )
        for key in GROUPS[group].keys
        if key.bound
    ]


def bar_keys(group: str) -> tuple[Key, ...]:
    """The keys that the key bar of `group` shows, the most important first."""
    return tuple(key for key in GROUPS[group].keys if key.bar)
