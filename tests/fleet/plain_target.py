"""A small target for tests: keeps the last row of each key in a file per stream, prints states.

Settings: `folder`; `fails_after`: the number of records after which it ends with status 3, if the
file `fails_once` exists, which it then removes; `sleeps`: seconds to wait after each record.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> int:
    with open(sys.argv[2]) as file:
        settings = json.load(file)
    folder = Path(settings["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    keys: dict[str, list[str]] = {}
    rows: dict[str, dict[str, Any]] = {}
    count = 0
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "SCHEMA":
            name = message["stream"]
            keys[name] = message["key_properties"]
            path = folder / f"{name}.json"
            rows[name] = json.loads(path.read_text()) if path.exists() else {}
        elif message["type"] == "RECORD":
            record, name = message["record"], message["stream"]
            rows[name][json.dumps([record[key] for key in keys[name]])] = record
            count += 1
            time.sleep(settings.get("sleeps", 0))
            once = Path(settings.get("fails_once", "/nowhere"))
            if count == settings.get("fails_after") and once.exists():
                once.unlink()
                print(f"cannot reach {settings.get('url')}", file=sys.stderr)
                return 3
        else:
            for name, found in rows.items():
                new = folder / f".{name}"
                new.write_text(json.dumps(found))
                os.replace(new, folder / f"{name}.json")
            print(json.dumps(message["value"]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
