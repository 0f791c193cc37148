"""``manage.py catalogue``: look at the catalogue of blocks, or make it again from the bucket."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.adapters.storages_bucket import blocks_bucket
from ingest.models import BlockRecord
from ingest.storage.errors import StorageError
from ingest.storage.shipper import META_NAME


class Command(BaseCommand):
    """Lists or rebuilds the catalogue."""

    help = "List the blocks that queries see, or rebuild that list from the bucket."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        parser.add_argument("action", choices=["list", "rebuild"], help="what to do")
        parser.add_argument("--tenant", help="list only the blocks of this tenant")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action."""
        if options["action"] == "rebuild":
            self._rebuild()
        else:
            self._list(options["tenant"])

    def _list(self, tenant: str | None) -> None:
        rows = BlockRecord.objects.filter(tenant=tenant) if tenant else BlockRecord.objects.all()
        for row in rows.iterator():
            self.stdout.write(
                f"{row.ulid}  {row.tenant}  {row.owner}  "
                f"{row.profiles} profiles  {row.series} series  {row.size_bytes} B"
            )
        self.stdout.write(f"{rows.count()} blocks")

    def _rebuild(self) -> None:
        """Read every meta.json of the bucket, then replace the catalogue in one transaction."""
        bucket, catalogue = blocks_bucket(), OrmCatalogue()
        damaged: list[str] = []
        try:
            keys = [key for key in bucket.list("") if key.endswith(f"/{META_NAME}")]
            with transaction.atomic():
                BlockRecord.objects.all().delete()
                for key in tqdm(keys, unit="block", disable=None):
                    prefix = key.rsplit("/", 2)[0]
                    try:
                        catalogue.add(json.loads(bucket.get(key)), prefix)
                    except (StorageError, ValueError, KeyError) as error:
                        damaged.append(f"{key}: {error}")
        except StorageError as error:
            raise CommandError(f"The bucket cannot be read, the catalogue is unchanged: {error}") from error
        for note in damaged:
            self.stderr.write(f"left out {note}")
        self.stdout.write(f"{BlockRecord.objects.count()} blocks in the catalogue, {len(damaged)} left out")
