"""python -m scripts.lowest: prints the lowest version of each dependency, as constraints for pip.

They are read from the metadata of the installed tap: `requests<3,>=2.31` becomes `requests==2.31`.
"""

import re
from importlib import metadata

if __name__ == "__main__":
    for requirement in metadata.requires("tap-bigcommerce") or []:
        if "extra ==" not in requirement:
            found = re.match(r"([\w.-]+)[^;]*>=\s*([\w.]+)", requirement)
            assert found is not None, f"{requirement!r} has no lowest version"
            print(f"{found[1]}=={found[2]}")
