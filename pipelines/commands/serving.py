"""The commands of the API and the page: serve them, and make, list and revoke the tokens that open them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from pipelines.commands.options import CONFIG, Config, Json, answer, day, now, today

token = typer.Typer(
    name="token",
    help="Make, list and revoke the tokens that open what `debtscape serve` serves.",
    no_args_is_help=True,
)


def serve(
    config: Config = CONFIG,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Address to listen on. Default: serve.host of the configuration."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port; 0: any free one. Default: serve.port."),
    ] = None,
) -> None:
    """Serve the latest published run as an API and as a page, until stopped. New runs are noticed."""
    from pipelines.serving.server import serve as serve_until_stopped

    serve_until_stopped(config, host=host, port=port, today=today, now=now, say=typer.echo)


@token.command("new")
def new_token(
    name: Annotated[str, typer.Argument(help="Whose it is: a person or a tool.", metavar="NAME")],
    config: Config = CONFIG,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read or write; give both for both. Default: read.", metavar="SCOPE"),
    ] = None,
    expires: Annotated[
        date | None, typer.Option("--expires", parser=day, metavar="DAY", help="Its last day. Default: none.")
    ] = None,
) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    secret = _tokens(config).new(name, scope or ["read"], expires=expires, now=now())
    typer.echo(secret)
    typer.echo("Keep it safe: it is not shown again. Send it as: Authorization: Bearer TOKEN", err=True)


@token.command("list")
def list_tokens(config: Config = CONFIG, as_json: Json = False) -> None:
    """List the tokens: whose, what they may, whether they are still good; never the tokens themselves."""
    answer(
        {
            "tokens": [
                {
                    "name": each.name,
                    "scopes": list(each.scopes),
                    "created_at": each.created_at,
                    "expires_on": each.expires_on,
                    "revoked_at": each.revoked_at,
                    "valid": each.is_valid(today()),
                }
                for each in _tokens(config).all()
            ]
        },
        as_json,
        _show,
    )


@token.command("revoke")
def revoke_token(
    name: Annotated[str, typer.Argument(help="The name it was made with.", metavar="NAME")],
    config: Config = CONFIG,
) -> None:
    """Close a token for good; a server that runs refuses it from the next request on."""
    _tokens(config).revoke(name, now=now())
    typer.echo(f"{name} opens nothing any more.")


def _tokens(config: Config) -> Any:
    from pipelines.serving.tokens import TokenFile
    from pipelines.settings_file import load_settings

    return TokenFile(load_settings(config).output_folder)


def _show(result: dict[str, Any]) -> None:
    from pipelines.showing.terminal import show_table

    found = result["tokens"]
    if not found:
        typer.echo("There are no tokens yet. Make one: debtscape token new NAME --scope read")
        return
    states = [
        (each, "yes" if each["valid"] else "revoked" if each["revoked_at"] else "expired") for each in found
    ]
    show_table(
        "Tokens",
        ["name", "may", "made", "last day", "opens"],
        [
            [each["name"], " and ".join(each["scopes"]), each["created_at"], each["expires_on"], state]
            for each, state in states
        ],
    )
