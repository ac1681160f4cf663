"""One HTTP/1.1 exchange over a socket, every wait of which ends with the caller's deadline.

`connecting` reaches a host, directly or through a proxy, `tunnel` encrypts within an encrypted
connection, `exchange` sends a request and reads its answer piece by piece, `kept` has connections
that serve the next one. They know neither entries nor what an answer means; `tui_oauth.net` has the
rules and the words. Plain sockets that wait: a refresh that `token` makes loads no event loop for it,
and of many side by side each costs one thread that sleeps.
"""
