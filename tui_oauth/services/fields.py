"""What Configure OAuth asks for, as data: the screens and the command line build on it."""

from __future__ import annotations

from dataclasses import dataclass

from tui_oauth.services.format import Choice, Service, Variable
from tui_oauth.services.resolve import asked_variables

CLIENT_ID = "client_id"
CLIENT_SECRET = "client_secret"
SCOPES = "scopes"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. `help` is one line; `default` is filled in where nothing is known."""

    name: str
    label: str
    secret: bool = False
    required: bool = True
    help: str = ""
    default: str = ""
    choices: tuple[Choice, ...] = ()


def configure_fields(service: Service) -> tuple[Field, ...]:
    """The fields for `service`, in the order in which they are asked: credentials first."""
    labels = service.credential_labels
    fields = [
        Field(
            CLIENT_ID,
            labels.client_id,
            help=f"Copy it from {service.name}. Blanks around it are removed.",
        )
    ]
    if service.client_auth != ("none",):
        optional = "none" in service.client_auth
        fields.append(
            Field(
                CLIENT_SECRET,
                labels.client_secret,
                secret=True,
                required=not optional,
                help=f"Copy it from {service.name}. It is stored encrypted."
                + (" Leave it empty for a public client, which has none." if optional else ""),
            )
        )
    fields += [_variable_field(variable) for variable in asked_variables(service)]
    if service.quirks.authorize.scope:
        fields.append(
            Field(
                SCOPES,
                "Scopes",
                required=False,
                help=_scopes_help(service.scope_separator),
                default=" ".join(service.default_scopes),
            )
        )
    return tuple(fields)


def _scopes_help(separator: str) -> str:
    sent = "commas" if separator == "," else "blanks"
    return f"One a line, or divided by blanks or commas; sent with {sent} between them."


def _variable_field(variable: Variable) -> Field:
    if variable.choices:
        words = "Choose one."
    elif variable.example:
        words = f"For instance: {variable.example}"
        if variable.optional:
            words += ". API calls carry it; empty, they go without."
    else:
        words = "Part of this service's addresses."
    return Field(
        variable.name,
        variable.label,
        required=variable.default is None and not variable.optional,
        help=words,
        default=variable.default or "",
        choices=variable.choices,
    )
