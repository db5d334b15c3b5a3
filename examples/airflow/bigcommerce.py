"""An Airflow DAG: a sync of a BigCommerce store every hour. For Airflow 3.

It runs examples/cron/sync.sh, which saves the state in the folder of the store. Two environment
variables of Airflow's workers have the paths:

    BIGCOMMERCE_SYNC    the script; default: /opt/bigcommerce/sync.sh
    BIGCOMMERCE_FOLDER  the folder with config.json and target.json; default: /opt/bigcommerce/store

The folder has to persist when a worker ends: on Kubernetes, use a volume.
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
"""The script's exit status if the previous sync has not ended."""

with DAG(
    dag_id="bigcommerce",
    description="Reads what has changed in the store, into the target",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # Each sync reads all changes since the last one.
    max_active_runs=1,
    tags=["singer", "bigcommerce"],
) as dag:
    BashOperator(
        task_id="sync",
        bash_command=f"{shlex.quote(SCRIPT)} {shlex.quote(FOLDER)}",
        append_env=True,
        do_xcom_push=False,  # The last line of the log is not needed.
        skip_on_exit_code=STILL_RUNS,
        # The tap itself retries during short outages. A retry continues where the last one stopped.
        retries=2,
        retry_delay=timedelta(minutes=5),
        execution_timeout=timedelta(hours=12),
    )
