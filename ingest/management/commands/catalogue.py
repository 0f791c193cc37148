"""``manage.py catalogue``: look at the catalogue of blocks, or make it again from the bucket."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from ingest.adapters.catalogue_rebuild import rebuild_catalogue
from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.adapters.storages_bucket import blocks_bucket
from ingest.models import BlockRecord
from ingest.retention.plan import BlockState
from ingest.storage.errors import StorageError


class Command(BaseCommand):
    """Lists or rebuilds the catalogue."""

    help = (
        "List the blocks of the bucket, and those that retention hides from queries or has deleted, or rebuild that "
        "list from the bucket."
    )

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
                f"{'' if row.state == BlockState.KEPT else f'  {row.state}'}"
            )
        self.stdout.write(f"{rows.count()} blocks")

    def _rebuild(self) -> None:
        """Make the catalogue again; what is left out or removed is named."""
        try:
            done = rebuild_catalogue(
                blocks_bucket(), OrmCatalogue(), lambda keys: tqdm(keys, unit="block", disable=None)
            )
        except StorageError as error:
            raise CommandError(
                f"The bucket cannot be read; no block was removed from the catalogue: {error}"
            ) from error
        except DatabaseError as error:
            raise CommandError(f"The catalogue cannot be written; run this again: {error}") from error
        for note in done.left_out:
            self.stderr.write(f"left out {note}")
        for ulid in done.removed:
            self.stderr.write(f"removed {ulid}: no block of this name is complete in the bucket")
        self.stdout.write(
            f"{BlockRecord.objects.count()} blocks in the catalogue, {len(done.left_out)} left out, "
            f"{len(done.removed)} removed"
        )
