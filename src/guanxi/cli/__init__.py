"""The command line: `guanxi <noun> <verb>`. Exit 0 done, 1 refused or failed, 2 wrong usage."""

import sys

from guanxi.cli.commands import cli
from guanxi.core import GuanxiError

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line; an error on purpose is two lines on stderr, not a trace."""
    try:
        cli()
    except GuanxiError as error:
        sys.stderr.write(f"error: {error.what}\n  mend: {error.mend}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
