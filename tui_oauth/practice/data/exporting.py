"""The content export: a job that is asked for, waited for and downloaded as compressed CSV."""

from __future__ import annotations

import csv
import gzip
import io
import json
import secrets
import threading
from dataclasses import dataclass

from tui_oauth.practice.data import workspace_rows
from tui_oauth.practice.data.calls import Call, Route, Rows
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.listing import NotUnderstood

PERMISSION = "Export message data"
PATH = "/export/content/data"


@dataclass
class Job:
    """What was asked for. It is pending when it is looked at first, and done the next time."""

    after: int
    before: int
    looked: int = 0


class Exports:
    """The jobs of every app; one of each may be unfinished."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], Job] = {}
        self._lock = threading.Lock()

    def begin(self, caller: str, after: int, before: int) -> str:
        with self._lock:
            if any(key[0] == caller and job.looked < 2 for key, job in self._jobs.items()):
                words = "Exceeded rate limit of 1 pending message data export jobs"
                raise NotUnderstood(words, "rate_limit_exceeded", 429)
            name = secrets.token_hex(8)
            self._jobs[caller, name] = Job(after, before)
        return name

    def look(self, caller: str, name: str) -> Job:
        with self._lock:
            job = self._jobs.get((caller, name))
            if job is None:
                raise NotUnderstood("Job not found", "job_not_found", 404)
            job.looked += 1
            return job

    def finished(self, caller: str, name: str) -> Job:
        with self._lock:
            job = self._jobs.get((caller, name))
        if job is None or job.looked < 2:
            raise NotUnderstood("Job not found", "job_not_found", 404)
        return job


def _begin(call: Call) -> Rows:
    body = call.body if isinstance(call.body, dict) else {}
    after, before = body.get("created_at_after"), body.get("created_at_before")
    if not isinstance(after, int) or not isinstance(before, int):
        raise NotUnderstood("Send created_at_after and created_at_before", "parameter_not_found")
    name = call.exports.begin(call.caller, after, before)
    return _status(name, "pending", "")


def _look(call: Call) -> Rows:
    name = call.named["job"]
    if call.exports.look(call.caller, name).looked < 2:
        return _status(name, "pending", "")
    return _status(name, "completed", call.here.replace("/export/", "/download/", 1))


def _status(name: str, status: str, address: str) -> Rows:
    answer = {
        "job_identifier": name,
        "status": status,
        "download_url": address,
        "download_expires_at": "",
    }
    return Rows(json.dumps(answer), 0)


def _download(call: Call) -> Rows:
    if call.accepts != "application/octet-stream":
        raise NotUnderstood("Accept application/octet-stream", "not_acceptable", 406)
    job = call.exports.finished(call.caller, call.named["job"])
    numbers = exported(call.dataset, job.after, job.before)
    file = io.StringIO(newline="")
    lines = csv.DictWriter(file, workspace_rows.SENT_COLUMNS)
    lines.writeheader()
    lines.writerows(call.dataset.row("content_export", number) for number in numbers)
    packed = gzip.compress(file.getvalue().encode(), 1, mtime=0)
    return Rows(packed, len(numbers), "application/octet-stream")


def exported(dataset: Dataset, after: int, before: int) -> list[int]:
    """The numbers of the deliveries between two moments, both included."""
    created = dataset.stamps["content_export"].created
    count = dataset.count("content_export")
    return [number for number in range(1, count + 1) if after <= created(number) <= before]


ROUTES = (
    Route("POST", PATH, "content_export", PERMISSION, _begin),
    Route("GET", PATH + "/{job}", "content_export", PERMISSION, _look),
    Route("GET", "/download/content/data/{job}", "content_export", PERMISSION, _download),
)
