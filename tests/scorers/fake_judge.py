"""A judge that judges nothing: it says what each job's source tells it to.  Argument: a folder.

A file `broken-N` in the folder makes the judge on GPU N answer infra_error, `dead-N` die.
"""

import json
import os
import sys
import time
from pathlib import Path

folder, gpu = Path(sys.argv[1]), os.environ.get("CUDA_VISIBLE_DEVICES", "cpu")
for line in sys.stdin:
    job = json.loads(line)
    if (folder / f"dead-{gpu}").exists():
        sys.exit(3)
    if job["source"] == "refused":
        event = {"event": "refused", "id": job["id"], "reason": "as the test says"}
    else:
        broken = (folder / f"broken-{gpu}").exists()
        # A measurement takes its time, and a fault none.
        time.sleep(0 if broken else 0.02)
        verdict = "infra_error" if broken else job["source"]
        event = {"event": "evidence", "id": job["id"], "verdict": verdict, "reason": gpu}
        event["cores"] = sorted(os.sched_getaffinity(0))
    print(json.dumps(event), flush=True)
