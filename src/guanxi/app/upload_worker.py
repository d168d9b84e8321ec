"""`python -m guanxi.app.upload_worker FOLDER UPLOAD`: carries out one import that the page asked for; the keeper's."""

import sys
from pathlib import Path

from guanxi.app.upload_jobs import carry_out
from guanxi.core import GuanxiError

if __name__ == "__main__":
    try:
        carry_out(Path(sys.argv[1]), sys.argv[2])
    except GuanxiError as error:
        sys.exit(str(error))
