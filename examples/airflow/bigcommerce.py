"""An Airflow DAG: a sync of a BigCommerce store every hour. For Airflow 3.

The work is done by examples/cron/sync.sh, which keeps the state in the store's folder. Two
variables of the environment in which Airflow's workers run say where both are:

    BIGCOMMERCE_SYNC    the script, /opt/bigcommerce/sync.sh without it
    BIGCOMMERCE_FOLDER  the folder with config.json and target.json, /opt/bigcommerce/store

The folder has to outlive a worker: on Kubernetes and the like, a volume.
"""

from __future__ import annotations

import os
import shlex
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SCRIPT = os.environ.get("BIGCOMMERCE_SYNC", "/opt/bigcommerce/sync.sh")
FOLDER = os.environ.get("BIGCOMMERCE_FOLDER", "/opt/bigcommerce/store")

STILL_RUNS = 75
"""The script's exit status if the sync before has not ended."""

with DAG(
    dag_id="bigcommerce",
    description="Reads what has changed in the store, into the target",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # a sync brings all that has changed: there is nothing to catch up on
    max_active_runs=1,
    tags=["singer", "bigcommerce"],
) as dag:
    BashOperator(
        task_id="sync",
        bash_command=f"{shlex.quote(SCRIPT)} {shlex.quote(FOLDER)}",
        append_env=True,
        do_xcom_push=False,  # nobody wants the last line of the log
        skip_on_exit_code=STILL_RUNS,
        # The tap sits out short outages itself. A retry goes on where the try before was stopped.
        retries=2,
        retry_delay=timedelta(minutes=5),
        execution_timeout=timedelta(hours=12),
    )
