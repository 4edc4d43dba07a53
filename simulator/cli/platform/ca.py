"""`simulator ca`: the local certificate authority, and how to trust it."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.cli.exit_codes import cannot
from simulator.cli.outputs import written
from simulator.cli.state.folder import state_folder
from simulator.edge.live.authority import local_authority

HOW_TO_TRUST = """\
The service URLs' certificates are signed by this authority, which exists on this machine only:
  {root}

One command         curl --cacert {root} URL
Python              SSL_CERT_FILE={root} python ...        (requests: REQUESTS_CA_BUNDLE, boto3: AWS_CA_BUNDLE)
Node.js             NODE_EXTRA_CA_CERTS={root} node ...
Debian, Ubuntu      cp {root} /usr/local/share/ca-certificates/simulator.crt && update-ca-certificates
Fedora, RHEL        trust anchor {root}
macOS               security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {root}
Windows             certutil -addstore -f ROOT {root}
Firefox             Settings, Certificates, Authorities, Import
(the last five but Firefox as administrator)

It can sign for these names and names below them only (X.509 name constraints):
{names}
A custom domain is added when it is associated; trust the file again for that domain then.
A program that can read the key beside it can impersonate these names to you, so trust it for a command rather than for
the system where you can; the folder is readable by you alone. To withdraw it, undo the line above and delete it.\
"""


def ca(
    export: Path | None = typer.Option(None, metavar="F.pem", help="Copy the root certificate (not the key) to F.pem."),
    pem: bool = typer.Option(False, "--pem", help="Print the root certificate itself."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="The state folder."),
) -> None:
    """Show the local certificate authority (created if there is none) and how to trust it."""
    try:
        authority = local_authority(state_folder(state))
        root = authority.certificate_path
    except (OSError, ValueError) as error:
        cannot(error)
    if export is not None:
        with written("--export", export) as stream:
            stream.write(root.read_text(encoding="ascii"))
    typer.echo(
        root.read_text(encoding="ascii").rstrip()
        if pem
        else HOW_TO_TRUST.format(root=root, names=", ".join(authority.names))
    )
