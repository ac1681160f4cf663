"""What kubectl and other clients of Kubernetes take from a credential plugin.

client.authentication.k8s.io/v1, ExecCredential (kubernetes.io, "Client authentication (v1)").
"""

from __future__ import annotations

import json

from tui_oauth.errors import UsageProblem
from tui_oauth.text import rfc3339

GROUP = "client.authentication.k8s.io"
VERSIONS = ("v1", "v1beta1")


def asked_version(info: str) -> str:
    """The API version that the client wants, from its KUBERNETES_EXEC_INFO; v1 where that is not set.

    Raises UsageProblem for one that is not known here, and for a text that is no ExecCredential.
    """
    if not info:
        return f"{GROUP}/v1"
    try:
        version = json.loads(info)["apiVersion"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise UsageProblem(
            "KUBERNETES_EXEC_INFO is set, and is not what Kubernetes tells a credential plugin.",
            "Run: unset KUBERNETES_EXEC_INFO",
        ) from None
    if version not in [f"{GROUP}/{known}" for known in VERSIONS]:
        raise UsageProblem(
            "The client wants an ExecCredential of a version that is not known here.",
            f"In the kubeconfig write: apiVersion: {GROUP}/v1",
        )
    return str(version)


def exec_credential(version: str, token: str, expires_at: int | None) -> str:
    """The ExecCredential with `token`; the client asks again after `expires_at` (Unix seconds)."""
    status = {"token": token}
    if ends := rfc3339(expires_at):
        status["expirationTimestamp"] = ends
    value = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return json.dumps(value, ensure_ascii=True) + "\n"
