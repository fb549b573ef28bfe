"""The room can be used without the service."""

import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]

PROGRAM = """
import sys

BARRED = {"api", "apispec", "flask", "peewee", "playhouse", "psycopg", "werkzeug"}

class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BARRED:
            raise ImportError(name)

sys.meta_path.insert(0, Barred())
import schemas
from schemas.statements import StatementIn
StatementIn().load({"kind": "quote", "text": "x", "lang": "en-us", "speaker": "A", "outlet": "B"})
print("langcodes" in sys.modules, "difflib" in sys.modules)
"""


def test_it_needs_neither_flask_nor_peewee_and_loads_language_tables_only_for_rare_tags() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=HOUSE)
    assert done.stdout.split() == ["False", "False"]
