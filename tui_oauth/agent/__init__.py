"""The background keeper: `tui-oauth agent`. It refreshes entries before they end and hands tokens out.

    places      where its socket and its token files are
    client      asks a running agent; standard library only, since every `token` may do it
    protocol    one line in, one line out, as values
    schedule    when which entry is refreshed: pure functions over times
    holder      the vault as the agent holds it: open, locked, open again
    keeper      refreshes what is due, and one request for all who ask at once
    peers       which program is at the other end of the socket, from the kernel
    answers     what is answered to each request
    token_files the tokens of marked entries as files in memory
    events      what happens to entries
    hooks       a person's commands for that
    server      the socket and its line protocol
    http        HTTP on the same socket
    running     one agent from start to end: signals, lock, loop
    unit        the systemd user unit

Linux only: the kernel has to say who is at the other end of a Unix socket (SO_PEERCRED).
"""
