"""The judge as a process, which serving.py describes."""

import os
import sys

# Before torch loads OpenMP: idle threads of the judge must not spin beside what it times.
os.environ["GOMP_SPINCOUNT"] = "20000"

from .start import start_baseline

if __name__ == "__main__":
    # It imports torch too, which takes seconds: both do so at the same time.
    baseline = start_baseline()
    from .serving import Serving

    # What a reference or a problem prints is no event.
    sys.stdout = sys.stderr
    Serving(baseline).serve()
