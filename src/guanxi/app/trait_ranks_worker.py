"""`python -m guanxi.app.trait_ranks_worker FOLDER`: makes the ranks of the day when nothing else runs; the keeper's."""

import os
import sys
from pathlib import Path

from guanxi.app.trait_ranks import make_ranks
from guanxi.app.workspace import Workspace
from guanxi.core import GuanxiError

_PATIENT = 15  # of 19: the gate, the desk and imports go first

if __name__ == "__main__":
    os.nice(_PATIENT)
    try:
        with Workspace.open(Path(sys.argv[1])) as workspace:
            make_ranks(workspace)
    except GuanxiError as error:
        sys.exit(str(error))
