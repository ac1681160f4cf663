"""What the HTTP library leaves to us: connections every wait of which ends with the caller's deadline.

`connecting` reaches a host, whichever of its addresses answers; `line` is one exchange, which another
thread can break off, and the streams that httpcore reads and writes by it; `aside` lets a coroutine wait
for such an exchange. They know neither entries nor what an answer means; `tui_oauth.net` has the rules
and the words, httpcore has HTTP, TLS and proxies. Blocking calls: a refresh that `token` makes loads no
event loop for it, and of many side by side each costs one thread that sleeps.
"""
