"""What docs/deployment.md shows is what is shipped."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_configuration_for_nginx_that_is_shown_is_the_one_that_is_shipped() -> None:
    shipped = (ROOT / "docker/nginx/onrecord.conf").read_text()
    assert f"```nginx\n{shipped}```\n" in (ROOT / "docs/deployment.md").read_text()
