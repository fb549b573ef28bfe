"""PostgreSQL's primary lost and its synchronous standby promoted, again and again, under an address with both."""

from __future__ import annotations

import time

import psycopg

from tests.faults.cluster import Cluster, cluster
from tests.faults.trials import Trial, times, wait_for
from tests.servers import onrecord, serving

REPLICATING = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}


def standby_promoted(trial: Trial) -> None:
    """SIGKILL of the primary, then its standby is promoted; what was the primary becomes the next standby."""
    primary = trial.until_the_end.enter_context(cluster())
    standby = trial.until_the_end.enter_context(cluster(lambda made: None))
    primary.start(**REPLICATING)
    url = f"postgresql://keeper@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    with serving(f"{url}?target_session_attrs=read-write") as server:
        for _ in times(6):
            pair(primary, standby)
            with trial.load.running(server, 8):
                time.sleep(0.8)
                primary.kill()
                away = {server.ask("GET", "/v1/statements").status for _ in range(8)}
                trial.expect(away == {503}, f"while it was away, reading was answered {away}")
                before = len(trial.load.acknowledged)
                promote(standby)
                waited = wait_for(lambda before=before: len(trial.load.acknowledged) > before)  # type: ignore[misc]
                trial.expect(waited <= 10, f"writing again after {waited:.1f} s")
            trial.settle(server)
            primary, standby = standby, primary
            trial.trials += 1
        trial.expect(set(trial.load.statuses) <= {201, 503}, f"answers of {set(trial.load.statuses)}")
    trial.expect(onrecord(primary.url(), "verify", check=False).returncode == 0, "onrecord verify finds something")


def pair(primary: Cluster, standby: Cluster) -> None:
    """Make one the synchronous standby of the other: what is acknowledged from now on is on both disks."""
    standby.follow(primary)
    standby.start(**REPLICATING)
    with psycopg.connect(primary.url(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        admin.execute("SELECT pg_reload_conf()")
        ready = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
        waited = wait_for(lambda: admin.execute(ready).fetchone() == (1,))
        assert waited < 20, "the standby does not follow"


def promote(standby: Cluster) -> None:
    """Make a standby the primary, of which nobody is a standby yet."""
    with psycopg.connect(standby.url(), autocommit=True) as admin:
        assert admin.execute("SELECT pg_promote()").fetchone() == (True,), "it was not promoted"
        # Copied with everything else, this would have it wait for a standby that is not there.
        admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
        admin.execute("SELECT pg_reload_conf()")
